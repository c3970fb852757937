/**
 * Which frames show a picture again. [Note: holds]
 *
 * Drawings on twos and threes, telecine, recorders that dropped frames: the same picture comes several times, and motion rests
 * where it should flow. A compressed copy is not identical, and real motion can be small, so no fixed threshold parts
 * them. What tells a copy is that it changes abruptly less than what surrounds it. By frame we keep, from thumbnails 128 wide (narrow
 * enough to average grain away, wide enough that a moving ball is more than a rounding error), the mean of the greatest
 * half per cent of differences to the frame before, and of all differences. A frame repeats when
 * - its change is at most 0.35 of the third greatest among eight neighbours to either side (or rounding only), and
 * - the frames that end the run, on both sides, change at least 2.5 times as much as any within (6 times for four repeats or more).
 * So slow motion of a small thing is no hold (its neighbours move as little), nor motion that slows down and picks up again (its
 * changes shrink gradually), nor a scene in which nothing moves: it is left as it is.
 * Thresholds were chosen on every other clip of ../shared/clips/train, repeated on twos and threes, every fifth frame, and frozen,
 * then encoded at CRF 23; the figures on the others are printed by `inbetween shots --score`.
 */

/** Frames `first` to `last` show one picture: `first` is where it is new, `last` its last repeat. */
export interface Hold {
  readonly first: number;
  readonly last: number;
}

/** How much a frame differs from the one before, in code values of 255. */
export interface Change {
  /** Mean of the greatest half per cent. */
  readonly most: number;
  readonly greatest: number;
  readonly mean: number;
}

const NEIGHBOURS = 8;
const RANK = 2;
const SHARE = 0.35;
const MEAN_SHARE = 0.6;
/** Above this no frame is a copy, whatever surrounds it. */
const MOST_NOISE = 12;
/** Below this surroundings do not move. */
const LEAST_MOTION = 3;
/** A run's ends change this many times as much as anything within; more for a run of many, which may be a moving scene at rest. */
const EDGE = 2.5;
const LONG_EDGE = 6;
const LONG = 4;

/** Finds the holds in a stream of thumbnails (at best 128 wide). Memory: one thumbnail, and three numbers a frame. */
export class HoldDetector {
  readonly #size: number;
  #before: Uint8Array | undefined;
  readonly #changes: Change[] = [];

  constructor({ width, height }: { width: number; height: number }) {
    this.#size = width * height;
  }

  /** Takes the next frame's thumbnail; `index` counts from 0. The bytes are not kept. */
  push(index: number, bytes: Uint8Array): void {
    if (index !== this.#changes.length) throw new RangeError(`frame ${index} instead of ${this.#changes.length}`);
    if (bytes.length !== this.#size) throw new RangeError(`a thumbnail of ${bytes.length} bytes, not ${this.#size}`);
    this.#changes.push(this.#before ? changeBetween(this.#before, bytes) : { most: 0, greatest: 0, mean: 0 });
    this.#before ??= new Uint8Array(this.#size);
    this.#before.set(bytes);
  }

  /** All holds, ascending and apart. */
  finish(): { holds: Hold[] } {
    return { holds: findHolds(this.#changes) };
  }
}

/** The change from picture `a` to picture `b` of the same size. */
export function changeBetween(a: Uint8Array, b: Uint8Array): Change {
  const counts = new Int32Array(256);
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    counts[difference]!++;
    sum += difference;
  }
  let greatest = 255;
  while (greatest > 0 && counts[greatest] === 0) greatest--;
  const wanted = Math.max(1, Math.round(a.length / 200));
  let taken = 0;
  let most = 0;
  for (let value = greatest; value > 0 && taken < wanted; value--) {
    const count = Math.min(counts[value]!, wanted - taken);
    taken += count;
    most += count * value;
  }
  return { most: most / wanted, greatest, mean: sum / a.length };
}

/** The holds among frames whose changes these are; changes[0] is not looked at. */
export function findHolds(changes: readonly Change[]): Hold[] {
  const holds: Hold[] = [];
  const frames = changes.length;
  for (let first = 1; first < frames;) {
    const end = quietUntil(changes, first);
    if (end > first && standsOut(changes, first, end)) holds.push({ first: first - 1, last: end - 1 });
    first = Math.max(end, first + 1);
  }
  // Before the first motion it may just be still: only further repeats make a hold of the clip's beginning.
  if (holds[0]?.first === 0 && !(holds[1] && holds[1].first - holds[0].last <= NEIGHBOURS)) holds.shift();
  return holds;
}

/** The end (exclusive) of the run of possible repeats that starts at `first`; `first` when there is none. */
function quietUntil(changes: readonly Change[], first: number): number {
  const motion = third(changes, first - NEIGHBOURS, first);
  let noise = 0;
  for (let i = first; i < changes.length; i++) {
    const change = changes[i]!;
    if (isQuiet(changes, i)) noise = Math.max(noise, change.most);
    // In the middle of a long freeze no neighbour moves: what counts is the motion before it, and the noise so far.
    else if (i === first || change.most > SHARE * motion || change.most > noise) return i;
  }
  return changes.length;
}

function isQuiet(changes: readonly Change[], i: number): boolean {
  const { most, greatest, mean } = changes[i]!;
  if (greatest <= 2 && most <= 1) return true;
  const motion = third(changes, i - NEIGHBOURS, i + NEIGHBOURS + 1, i);
  const meanMotion = third(changes, i - NEIGHBOURS, i + NEIGHBOURS + 1, i, 'mean');
  return most <= MOST_NOISE && motion >= LEAST_MOTION && most <= SHARE * motion && mean <= MEAN_SHARE * meanMotion;
}

/** Both ends of the run are abrupt. The clip's own start and end count as such. */
function standsOut(changes: readonly Change[], first: number, end: number): boolean {
  let noise = 0.8;
  for (let i = first; i < end; i++) noise = Math.max(noise, changes[i]!.most);
  const edge = Math.max(LEAST_MOTION, (end - first >= LONG ? LONG_EDGE : EDGE) * noise);
  if (end < changes.length && changes[end]!.most < edge) return false;
  return first === 1 || changes[first - 1]!.most >= edge;
}

/** The third greatest change of frames from..to (exclusive), but `except`; 0 when there are fewer. */
function third(
  changes: readonly Change[],
  from: number,
  to: number,
  except = -1,
  of: 'most' | 'mean' = 'most',
): number {
  const values: number[] = [];
  for (let i = Math.max(1, from); i < Math.min(changes.length, to); i++) if (i !== except) values.push(changes[i]![of]);
  return values.toSorted((a, b) => b - a)[RANK] ?? 0;
}
