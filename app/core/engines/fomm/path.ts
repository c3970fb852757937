/**
 * The way of key points from one picture to the next.
 *
 * [Note: paths] Between two keyframes a point goes straight; where there is a keyframe before or after, it goes by the cubic of Catmull and Rom, whose
 * direction in a keyframe is that from its one neighbour to the other, so that it is passed without a corner. An end without a neighbour is natural: the way
 * does not bend there. Jacobians go likewise, number by number, as the network was trained; but on the straight way between two matrices there may be one
 * that cannot be inverted (half a turn has one in the middle), where all motion would be infinite. A point whose determinant would come near 0 turns and
 * stretches instead: the polar decomposition of J1 * J0^-1, by a share of its angle and of its stretch, which is invertible everywhere. Mirrored matrices
 * have no such way; theirs stays the straight one.
 */
import type { KeyPoint } from '../../../contract/morph.ts';
import { determinant, inverse, times, type Matrix } from './points.ts';

/** Key points at 0 <= t <= 1; at 0 and 1 those of the ends. */
export type PointPath = (t: number) => KeyPoint[];

export interface PathEnds {
  readonly before?: readonly KeyPoint[] | undefined;
  readonly first: readonly KeyPoint[];
  readonly last: readonly KeyPoint[];
  readonly after?: readonly KeyPoint[] | undefined;
}

/** Share of the ends' determinants that one on the way may not fall below. */
const LEAST_SHARE = 0.25;
/** Places on the way where that is looked at. */
const LOOKED_AT = 16;

/** [Note: paths] between keyframes; all have the same number of points. */
export function straightPath({ before, first, last, after }: PathEnds): PointPath {
  const ways = first.map((own, i) => wayOf({ before: before?.[i], first: own, last: last[i]!, after: after?.[i] }));
  return (t) => ways.map((way) => way(t));
}

interface PointEnds {
  readonly before: KeyPoint | undefined;
  readonly first: KeyPoint;
  readonly last: KeyPoint;
  readonly after: KeyPoint | undefined;
}

function wayOf({ before, first, last, after }: PointEnds): (t: number) => KeyPoint {
  const numbers = ({ x, y, jacobian }: KeyPoint): readonly number[] => [x, y, ...jacobian];
  const [a, b] = [numbers(first), numbers(last)];
  const cubic = (t: number): KeyPoint => {
    const at = a.map((p, n) => hermite(before && numbers(before)[n]!, p, b[n]!, after && numbers(after)[n]!, t));
    return { x: at[0]!, y: at[1]!, jacobian: at.slice(2) as KeyPoint['jacobian'] };
  };
  if (!comesNearZero(cubic, first.jacobian, last.jacobian)) return cubic;
  return (t) => ({ ...cubic(t), jacobian: turned(first.jacobian, last.jacobian, t) });
}

/** Number p at 0 and q at 1, with neighbours at -1 and 2 where there are any. */
function hermite(before: number | undefined, p: number, q: number, after: number | undefined, t: number): number {
  const step = q - p;
  let [from, to] = [step, step];
  if (before !== undefined) from = (q - before) / 2;
  if (after !== undefined) to = (after - p) / 2;
  if (before === undefined && after !== undefined) from = (3 * step - to) / 2;
  if (before !== undefined && after === undefined) to = (3 * step - from) / 2;
  // Exact at the ends, and p throughout where nothing moves.
  const bend = t * (1 - t);
  return p + t * t * (3 - 2 * t) * step + bend * ((1 - t) * from - t * to);
}

function comesNearZero(path: (t: number) => KeyPoint, j0: Matrix, j1: Matrix): boolean {
  const [d0, d1] = [determinant(j0), determinant(j1)];
  if (d0 * d1 <= 0) return false;
  const least = LEAST_SHARE * Math.min(Math.abs(d0), Math.abs(d1));
  const sign = Math.sign(d0);
  const places = Array.from({ length: LOOKED_AT - 1 }, (_, i) => (i + 1) / LOOKED_AT);
  return places.some((t) => sign * determinant(path(t).jacobian) < least);
}

/** From j0 to j1 by turning and stretching; determinants of one sign. */
function turned(j0: Matrix, j1: Matrix, t: number): KeyPoint['jacobian'] {
  const whole = times(j1, inverse(j0));
  const [a, b, c, d] = whole;
  const angle = Math.atan2(c - b, a + d);
  const [p, q, r, s] = times(rotation(-angle), whole);
  const stretch: Matrix = [1 + t * (p - 1), t * q, t * r, 1 + t * (s - 1)];
  return times(times(rotation(t * angle), stretch), j0);
}

function rotation(angle: number): Matrix {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [c, -s, s, c];
}

/** Through `steps`, evenly spaced from 0 to 1, smoothly: no two times have the same points unless nothing moves. */
export function sampledPath(steps: readonly (readonly KeyPoint[])[]): PointPath {
  const last = steps.length - 1;
  const pieces = Array.from({ length: last }, (_, i) =>
    straightPath({ before: steps[i - 1], first: steps[i]!, last: steps[i + 1]!, after: steps[i + 2] }),
  );
  return (t) => {
    const piece = Math.min(last - 1, Math.max(0, Math.floor(t * last)));
    return pieces[piece]!(t * last - piece);
  };
}
