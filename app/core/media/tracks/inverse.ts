/**
 * Where moments of the source are shown: the time map the other way round. [Note: inverse]
 *
 * A map may pass a source moment several times (reverse, jumps), stay on it (freezes) or never show it (trims), so a span of the source becomes any
 * number of spans of the output. The map is read as the sound reads it (every 20 ms, and at each start of a piece); within that it is straight,
 * and straight neighbours are put together: a constant speed is one leg, however long.
 */
import { cells } from '../audio/runs.ts';
import type { TimeMap } from '../../time/map.ts';

/** Output seconds from..to show source seconds a..b, evenly. */
export interface Leg {
  readonly from: number;
  readonly to: number;
  readonly a: number;
  readonly b: number;
}

/** A span of the source as it is shown. */
export interface Shown {
  /** Output seconds. */
  readonly from: number;
  readonly to: number;
  /** Forwards throughout, so that times within the span are in order. */
  readonly forwards: boolean;
  /**
   * Output second at which a source second within the span is shown; before and after what is shown, it goes on at the span's mean speed. Of a span
   * that is not forwards throughout, its share of the way.
   */
  at(source: number): number;
}

/** Legs that meet within this are one. Seconds. */
const SAME = 1e-5;

/** The map's legs, in order of output. */
export function legsOf(map: TimeMap): Leg[] {
  const legs: Leg[] = [];
  for (const cell of cells(map)) {
    const last = legs.at(-1);
    if (last && goesOn(last, cell)) legs[legs.length - 1] = { from: last.from, to: cell.to, a: last.a, b: cell.b };
    else legs.push(cell);
  }
  return legs;
}

function goesOn(last: Leg, next: Leg): boolean {
  if (Math.abs(last.b - next.a) > SAME) return false;
  const speed = (last.b - last.a) / (last.to - last.from);
  const still = (leg: Leg): boolean => leg.a === leg.b;
  return still(last) === still(next) && Math.abs(last.a + speed * (next.to - last.from) - next.b) <= SAME;
}

/**
 * For each span [start, end) of source seconds, the spans of the output that show it, in order. Empty spans are shown nowhere. Takes about as long as
 * there is to say: spans are looked up by their place.
 */
export function shownSpans(legs: readonly Leg[], spans: readonly { start: number; end: number }[]): Shown[][] {
  const order = spans.map((_, i) => i).toSorted((i, j) => spans[i]!.start - spans[j]!.start);
  const starts = order.map((i) => spans[i]!.start);
  // How far the spans up to here reach: beyond that there is nothing to look for further back.
  let reach = -Infinity;
  const reaches = order.map((i) => (reach = Math.max(reach, spans[i]!.end)));
  const parts: Leg[][] = spans.map(() => []);
  for (const leg of legs) {
    const [low, high] = [Math.min(leg.a, leg.b), Math.max(leg.a, leg.b)];
    for (let at = countUpTo(starts, high); at-- > 0 && reaches[at]! > low;) {
      const i = order[at]!;
      const part = clipped(leg, spans[i]!.start, spans[i]!.end);
      if (part) parts[i]!.push(part);
    }
  }
  return parts.map(joined);
}

/** How many of the ascending values are at most `value`. */
function countUpTo(values: readonly number[], value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function clipped({ from, to, a, b }: Leg, start: number, end: number): Leg | undefined {
  if (a === b) return start <= a && a < end ? { from, to, a, b } : undefined;
  const at = (source: number): number => from + ((source - a) / (b - a)) * (to - from);
  const [low, high] = [Math.max(Math.min(a, b), start), Math.min(Math.max(a, b), end)];
  if (low >= high) return undefined;
  return a < b ? { from: at(low), to: at(high), a: low, b: high } : { from: at(high), to: at(low), a: high, b: low };
}

function joined(parts: readonly Leg[]): Shown[] {
  const runs: Leg[][] = [];
  for (const part of parts) {
    const run = runs.at(-1);
    if (run && part.from - run.at(-1)!.to <= SAME) run.push(part);
    else runs.push([part]);
  }
  return runs.map(shown);
}

function shown(run: readonly Leg[]): Shown {
  const [first, last] = [run[0]!, run.at(-1)!];
  const { from } = first;
  const { to } = last;
  const forwards = run.every(({ a, b }, i) => a <= b && (i === 0 || run[i - 1]!.b <= a + SAME));
  const [a, b] = forwards ? [first.a, last.b] : [lowest(run), highest(run)];
  const pace = b > a ? (to - from) / (b - a) : 0;
  return {
    from,
    to,
    forwards,
    at(source) {
      if (!forwards || source <= a) return from + (source - a) * pace;
      if (source >= b) return to + (source - b) * pace;
      const leg = run.find((one) => source < one.b)!;
      if (source <= leg.a) return leg.from;
      return leg.from + ((source - leg.a) / (leg.b - leg.a)) * (leg.to - leg.from);
    },
  };
}

function lowest(run: readonly Leg[]): number {
  return run.reduce((least, { a, b }) => Math.min(least, a, b), Infinity);
}

function highest(run: readonly Leg[]): number {
  return run.reduce((most, { a, b }) => Math.max(most, a, b), -Infinity);
}
