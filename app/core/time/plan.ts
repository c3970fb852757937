/**
 * The frame plan: what every output frame is. [Note: plan]
 *
 * A plan answers, for output frame k, which source frame it is, or which pair and timestep, or which of these are averaged.
 * It knows nothing of pixels. Frames are computed on demand (a plan of a million frames costs nothing to hold); each source
 * time is rounded once, to a tick, and everything after that is integers.
 *
 * The tail: between the last source frame and the end of the clip there is nothing to interpolate to, so the last frame holds:
 * factor N of n frames gives n*N frames, the last N-1 of them holding. In the same way the frames before a cut hold the last
 * frame of their shot. Inside a range [from, to) that ends before the clip does, frames interpolate towards the frame at `to`.
 */
import type { Rational } from '../../contract/time.ts';
import { TICKS } from '../../contract/time.ts';
import type { Piece } from './curve.ts';
import type { TimeMap } from './map.ts';
import { toNumber } from './rational.ts';

export type PlannedFrame =
  /** Source frame `index`; `held` when it is shown at a time that is not its own. */
  | { readonly kind: 'source'; readonly index: number; readonly held: boolean }
  /** The frame num/den of the way from source frame a to b, 0 < num < den, both in ticks. */
  | { readonly kind: 'between'; readonly a: number; readonly b: number; readonly num: number; readonly den: number }
  /** The mean of several (shutter). */
  | { readonly kind: 'average'; readonly parts: readonly Exclude<PlannedFrame, { kind: 'average' }>[] };

/** The source as planning sees it. */
export interface PlanSource {
  /** Ticks since the first frame, strictly ascending. */
  readonly times: readonly number[];
  readonly end: number;
  /** Frames that start a new shot, ascending; 0 is not listed. */
  readonly cuts: readonly number[];
  /** Runs of frames that show the same picture and are to be interpolated across. */
  readonly holds: readonly { first: number; last: number }[];
}

export interface FramePlan {
  readonly count: number;
  /** Unit of the output timestamps in seconds; at a constant rate its inverse. */
  readonly timeBase: Rational;
  /** Constant rate, or undefined for VFR. */
  readonly rate: Rational | undefined;
  /** Timestamp of output frame k in units of timeBase; k = count is the end. */
  timestamp(k: number): number;
  frame(k: number): PlannedFrame;
  /** Source time of output frame k in ticks, before clamping. */
  sourceTime(k: number): number;
  /** Number of the shot that output frame k shows. */
  shot(k: number): number;
  /** Changes where a piece or a shot starts: chunks never span such a place. */
  section(k: number): string;
  readonly map: TimeMap;
}

/** A source time within a millionth of the interval from a source frame is that frame. */
const SNAP = 1e-6;

/** Index of the last value <= x, or -1. */
function lastAtOrBefore(values: readonly number[], x: number): number {
  let [low, high] = [-1, values.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle]! <= x) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Finds the picture at any source time. */
export class PictureFinder {
  readonly #source: PlanSource;
  /** Source frames that stand for themselves: all but the repeats inside a hold that is interpolated across. */
  readonly #anchors: number[];
  readonly #anchorTimes: number[];

  constructor(source: PlanSource) {
    const repeats = new Set<number>();
    const starts = new Set(source.cuts);
    for (const { first, last } of source.holds) {
      for (let i = first + 1; i <= last; i++) {
        if (starts.has(i)) break;
        repeats.add(i);
      }
    }
    this.#source = source;
    this.#anchors = source.times.map((_, i) => i).filter((i) => !repeats.has(i));
    this.#anchorTimes = this.#anchors.map((i) => source.times[i]!);
  }

  /** Index of the shot that frame `index` belongs to. */
  shotOf(index: number): number {
    return lastAtOrBefore(this.#source.cuts, index) + 1;
  }

  /** The picture at `time` ticks; before the first frame and after the last, those hold. */
  at(time: number): Exclude<PlannedFrame, { kind: 'average' }> {
    const times = this.#anchorTimes;
    let i = lastAtOrBefore(times, time);
    if (i < 0) return { kind: 'source', index: this.#anchors[0]!, held: time < 0 };
    const near = (k: number) => {
      const gap = k + 1 < times.length ? times[k + 1]! - times[k]! : this.#source.end - times[k]!;
      return Math.max(1, Math.round(gap * SNAP));
    };
    if (i + 1 < times.length && times[i + 1]! - time <= near(i)) i++;
    const [index, start] = [this.#anchors[i]!, times[i]!];
    if (Math.abs(time - start) <= near(i)) return { kind: 'source', index, held: false };
    const next = this.#anchors[i + 1];
    if (next === undefined || this.shotOf(next) !== this.shotOf(index)) return this.#hold(index, time);
    return { kind: 'between', a: index, b: next, num: time - start, den: times[i + 1]! - start };
  }

  /** A hold keeps showing real frames at their own times: repeats of the last picture of a shot are passed through. */
  #hold(index: number, time: number): Exclude<PlannedFrame, { kind: 'average' }> {
    const i = Math.max(index, lastAtOrBefore(this.#source.times, time));
    return { kind: 'source', index: i, held: Math.abs(time - this.#source.times[i]!) > 1 };
  }
}

/** Clips of one source often share what is known of it: a finder of a long one takes memory and a moment. */
const finders = new WeakMap<PlanSource, PictureFinder>();

function finderOf(source: PlanSource): PictureFinder {
  let finder = finders.get(source);
  if (!finder) finders.set(source, (finder = new PictureFinder(source)));
  return finder;
}

/** A retime at a constant output rate, from pieces ([Note: curve]). `shutter` in degrees, 0 for none. */
export function constantRatePlan(
  source: PlanSource,
  pieces: readonly Piece[],
  rate: Rational,
  shutter: number,
): FramePlan {
  const starts: number[] = [];
  let count = 0;
  for (const piece of pieces) {
    starts.push(count);
    count += piece.frames;
  }
  const finder = finderOf(source);
  const last = source.times.at(-1)!;
  const locate = (k: number): [Piece, number, number] => {
    const p = lastAtOrBefore(starts, k);
    return [pieces[p]!, k - starts[p]!, p];
  };
  const sourceTime = (k: number) => {
    const [piece, j] = locate(k);
    return piece.sourceAt(j);
  };
  const frame = (k: number): PlannedFrame => {
    const [piece, j] = locate(k);
    const time = piece.sourceAt(j);
    const parts = shutter > 0 ? shutterTimes(piece, j, shutter, last / Math.max(1, source.times.length - 1)) : [];
    if (parts.length < 2) return finder.at(time);
    return { kind: 'average', parts: withinShot(finder, finder.at(time), parts) };
  };
  return {
    count,
    timeBase: { num: rate.den, den: rate.num },
    rate,
    timestamp: (k) => k,
    frame,
    sourceTime,
    shot: (k) => finder.shotOf(firstIndex(frame(k))),
    section: (k) => `${locate(k)[2]}/${finder.shotOf(firstIndex(frame(k)))}`,
    map: {
      duration: count / toNumber(rate),
      pieces: starts.map((start) => start / toNumber(rate)),
      sourceAt: (output) => {
        const k = Math.min(Math.max(output * toNumber(rate), 0), count);
        const [piece, , p] = locate(Math.min(Math.floor(k + 1e-9), count - 1));
        return piece.sourceAt(k - starts[p]!) / TICKS;
      },
    },
  };
}

/** Source times whose mean is output frame j of a piece with the shutter open; none where the speed is at most 1. */
function shutterTimes(piece: Piece, j: number, shutter: number, interval: number): number[] {
  const start = piece.sourceAt(j);
  const advance = piece.sourceAt(j + 1) - start;
  if (!(Math.abs(advance) > interval * (1 + SNAP))) return [];
  const open = shutter / 360;
  // Four sub-frames to a source interval blur evenly; more than 32 cannot be told apart.
  const parts = Math.min(32, Math.max(2, Math.ceil((4 * open * Math.abs(advance)) / interval)));
  return Array.from({ length: parts }, (_, i) => piece.sourceAt(j + (open * i) / parts));
}

/** The pictures at `times`, those of another shot than `main`'s left out: light does not leak through a cut. */
function withinShot(
  finder: PictureFinder,
  main: Exclude<PlannedFrame, { kind: 'average' }>,
  times: readonly number[],
): Exclude<PlannedFrame, { kind: 'average' }>[] {
  const shot = finder.shotOf(firstIndex(main));
  const parts = times.map((time) => finder.at(time)).filter((part) => finder.shotOf(firstIndex(part)) === shot);
  return parts.length > 0 ? parts : [main];
}

/** The first source frame a planned frame is made of. */
export function firstIndex(frame: PlannedFrame): number {
  if (frame.kind === 'source') return frame.index;
  if (frame.kind === 'between') return frame.a;
  return Math.min(...frame.parts.map(firstIndex));
}

/**
 * Constant speed: output frame k of a clip that plays [from, to) at `speed` shows from + k * speed / rate, for every k
 * that falls before `to`. Exact for any k. A negative speed starts at the last frame and takes as long.
 */
export function speedPiece(
  { from, last, to }: { from: number; last: number; to: number },
  speed: Rational,
  rate: Rational,
): Piece {
  const num = BigInt(TICKS) * BigInt(speed.num) * BigInt(rate.den);
  const den = BigInt(speed.den) * BigInt(rate.num);
  const start = speed.num > 0 ? from : last;
  const step = Math.abs((TICKS * toNumber(speed)) / toNumber(rate));
  // A whole number of frames may come out a hair above it, because `to` was rounded to a tick.
  const frames = Math.max(1, Math.ceil((to - from) / step - SNAP));
  const exact = (j: number) => {
    const twice = 2n * num * BigInt(j) + den;
    const q = twice / (2n * den);
    return start + Number(twice < 0n && twice % (2n * den) !== 0n ? q - 1n : q);
  };
  return {
    frames,
    sourceAt: (j) => (Number.isInteger(j) ? exact(j) : Math.round(start + j * step * Math.sign(speed.num))),
  };
}

/**
 * A plan with the source's own timing: every interval between source frames is divided into `divisions` equal parts and
 * stretched by 1/speed. Timestamps are in 1/den s. Real frames keep their places, so a VFR clip stays VFR.
 */
export function sourceTimingPlan(
  source: PlanSource,
  range: { first: number; last: number; to: number },
  divisions: number,
  speed: Rational,
  timeBase: Rational,
): FramePlan {
  const finder = finderOf(source);
  const frames = range.last - range.first + 1;
  const count = frames * divisions;
  const from = source.times[range.first]!;
  const next = (i: number) => (i < range.last ? source.times[i + 1]! : range.to);
  const sourceTime = (k: number) => {
    if (k >= count) return range.to;
    const i = range.first + Math.floor(k / divisions);
    const j = k % divisions;
    return source.times[i]! + Math.round(((next(i) - source.times[i]!) * j) / divisions);
  };
  const unit = TICKS * toNumber(timeBase) * toNumber(speed);
  const timestamp = (k: number) => Math.round((sourceTime(k) - from) / unit);
  const duration = timestamp(count) * toNumber(timeBase);
  const shot = (k: number) => finder.shotOf(firstIndex(finder.at(sourceTime(k))));
  return {
    count,
    timeBase,
    rate: undefined,
    timestamp,
    frame: (k) => finder.at(sourceTime(k)),
    sourceTime,
    shot,
    section: (k) => String(shot(k)),
    map: { duration, pieces: [0], sourceAt: (output) => from / TICKS + output * toNumber(speed) },
  };
}
