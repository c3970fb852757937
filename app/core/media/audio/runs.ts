/**
 * A time map cut into runs of sound that can be made in one go. [Note: runs]
 *
 * The map is read every 20 ms, and at every start of a piece. Neighbouring cells belong to one run while the source
 * position is continuous and the sound stays of one kind. Where two runs meet, both are made for half a fade longer and
 * crossfaded; a freeze is a run without sound, so it fades in and out by the same rule.
 */
import type { TimeMap } from '../../time/map.ts';

/** Seconds between two readings of the map. */
export const TEMPO_STEP = 0.02;
/** Below this speed sound is a freeze: what is left is a drone (pitch kept) or below hearing (tape). */
export const FREEZE_SPEED = 0.02;
/** A stretch at speed 1 shorter than this is not worth two crossfades. Seconds. */
const SHORTEST_COPY = 0.25;

export type RunKind = 'freeze' | 'forward' | 'backward';

/** Output seconds `start` to `end` of one kind; `copy` when the speed is 1 or -1 throughout. */
export interface Run {
  readonly kind: RunKind;
  readonly copy: boolean;
  readonly start: number;
  readonly end: number;
}

/** 20 ms (or less, at a piece's end) of the map: output seconds from..to show source seconds a..b. */
export interface Cell {
  readonly from: number;
  readonly to: number;
  readonly a: number;
  readonly b: number;
}

/** A piece's last value is read just before its end, where the next piece may jump. Seconds. */
const BEFORE_END = 1e-6;

/** The cells of output seconds start..end, each within one piece. */
export function* cells(map: TimeMap, start = 0, end = map.duration): Generator<Cell> {
  for (const [i, pieceStart] of map.pieces.entries()) {
    const pieceEnd = Math.min(map.pieces[i + 1] ?? map.duration, end);
    const first = Math.max(pieceStart, start);
    if (pieceEnd - first <= 2 * BEFORE_END) continue;
    const count = Math.max(1, Math.ceil((pieceEnd - first) / TEMPO_STEP - 1e-9));
    let from = first;
    let a = map.sourceAt(first);
    for (let k = 1; k <= count; k++) {
      const to = k === count ? pieceEnd : first + k * TEMPO_STEP;
      const read = k === count ? to - BEFORE_END : to;
      const value = map.sourceAt(read);
      const b = value + ((value - a) / (read - from)) * (to - read);
      yield { from, to, a, b };
      from = to;
      a = b;
    }
  }
}

/**
 * The runs of a map, in order and without gaps. A jump of the source position by more than `jump` seconds starts a new
 * one. A copy shorter than a quarter second is joined to the neighbour it continues.
 */
export function runsOf(map: TimeMap, jump: number): Run[] {
  const runs: (Run & { joined: boolean })[] = [];
  let reached = Number.NaN;
  for (const cell of cells(map)) {
    const speed = (cell.b - cell.a) / (cell.to - cell.from);
    const kind: RunKind = Math.abs(speed) < FREEZE_SPEED ? 'freeze' : speed > 0 ? 'forward' : 'backward';
    const copy = Math.abs(Math.abs(speed) - 1) < 1e-6;
    const joined = Math.abs(cell.a - reached) <= jump;
    const last = runs.at(-1);
    const goesOn = last && kind === last.kind && (kind === 'freeze' || (joined && copy === last.copy));
    if (goesOn) runs[runs.length - 1] = { ...last, end: cell.to };
    else runs.push({ kind, copy, start: cell.from, end: cell.to, joined });
    reached = cell.b;
  }
  const merged: Run[] = [];
  for (const run of runs) {
    const last = merged.at(-1);
    const short = (r: Run): boolean => r.copy && r.end - r.start < SHORTEST_COPY;
    if (last && run.joined && last.kind === run.kind && run.kind !== 'freeze' && (short(last) || short(run))) {
      merged[merged.length - 1] = { kind: run.kind, copy: false, start: last.start, end: run.end };
    } else merged.push({ kind: run.kind, copy: run.copy, start: run.start, end: run.end });
  }
  return merged;
}

/** Source seconds of a run at any output second; outside the run it goes on at the speed of its first or last 20 ms. */
export function positionIn(map: TimeMap, run: Run): (output: number) => number {
  const span = Math.min(TEMPO_STEP, run.end - run.start - 2 * BEFORE_END);
  const last = run.end - BEFORE_END;
  const atStart = map.sourceAt(run.start);
  const atEnd = map.sourceAt(last);
  const startSpeed = (map.sourceAt(run.start + span) - atStart) / span;
  const endSpeed = (atEnd - map.sourceAt(last - span)) / span;
  return (output) => {
    if (output < run.start) return atStart + (output - run.start) * startSpeed;
    if (output > last) return atEnd + (output - last) * endSpeed;
    return map.sourceAt(output);
  };
}

/** The least and greatest source second that the map shows. */
export function sourceSpan(map: TimeMap): { from: number; to: number } {
  let from = Infinity;
  let to = -Infinity;
  for (const cell of cells(map)) {
    from = Math.min(from, cell.a, cell.b);
    to = Math.max(to, cell.a, cell.b);
  }
  return from <= to ? { from, to } : { from: 0, to: 0 };
}
