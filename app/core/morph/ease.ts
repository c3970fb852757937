/**
 * How the way is divided over the frames of a gap. Pure.
 *
 * [Note: ease] Frames of the film are counted off on one axis, the way on another: keyframe i is way i. A gap of n frames is n + 1 steps long, so
 * going evenly its pace is 1/(n + 1) of a way a step. An ease bends the way within a gap and leaves its ends where they are. 'through' is the cubic
 * whose pace at each end is that of the neighbouring gap there: between two gaps that both pass through it is 2/(h1 + h2) with h the steps of
 * each, the harmonic mean of their paces, which is at most twice the slower one, so that the way never turns back (Fritsch and Butland, 1984). Next to a
 * gap with another ease it is that ease's pace at that end, at most twice the own: beyond, the cubic would stall in the middle. With no neighbour, and
 * next to a gap without frames (a cut), it is the own even pace.
 */
import type { MorphEase, MorphGap } from '../../contract/morph.ts';

type Timed = Pick<MorphGap, 'frames' | 'ease'>;

/** Paces at the two ends of each ease in ways of an even pace; 'through' has those of its neighbours. */
const ENDS: Readonly<Record<Exclude<MorphEase, 'through'>, readonly [number, number]>> = {
  linear: [1, 1],
  in: [0, 2],
  out: [2, 0],
  'in-out': [0, 0],
};

/** Most a pass's pace is at its ends, in ways of its even one. */
const FASTEST = 2;

/** The way at u, both 0..1, of the cubic that begins at pace `a` and ends at pace `b`; ascending for 0 <= a, b <= 2. */
function cubic(u: number, a: number, b: number): number {
  return u * (a + u * (3 - 2 * a - b + u * (a + b - 2)));
}

/** The neighbour's pace at the end that it shares, against the own even one, 0..FASTEST. */
function paceAt(own: Timed, neighbour: Timed | undefined, end: 0 | 1): number {
  if (neighbour === undefined || neighbour.frames === 0) return 1;
  const [h, other] = [own.frames + 1, neighbour.frames + 1];
  const pace = neighbour.ease === 'through' ? (2 * h) / (h + other) : (ENDS[neighbour.ease][end] * h) / other;
  return Math.min(FASTEST, pace);
}

/**
 * Fractions of the way of a gap's frames: as many as it has, ascending, each 0 < t < 1. `gaps` are all of the film's, in order; of a loop the last one is
 * before the first. [Note: ease]
 */
export function gapTimes(gaps: readonly Timed[], index: number, loop: boolean): number[] {
  const gap = gaps[index]!;
  const [before, after] = loop
    ? [gaps.at(index - 1), gaps[(index + 1) % gaps.length]]
    : [index > 0 ? gaps[index - 1] : undefined, gaps[index + 1]];
  const [a, b] = gap.ease === 'through' ? [paceAt(gap, before, 1), paceAt(gap, after, 0)] : ENDS[gap.ease];
  return Array.from({ length: gap.frames }, (_, k) => cubic((k + 1) / (gap.frames + 1), a, b));
}
