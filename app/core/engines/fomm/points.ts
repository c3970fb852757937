/** Key points as numbers: 2x2 matrices, and the motion of one picture's points put on another's. */
import type { KeyPoint } from '../../../contract/morph.ts';

/** Row-major. */
export type Matrix = readonly [number, number, number, number];

export const IDENTITY: Matrix = [1, 0, 0, 1];

/** A determinant nearer to 0 than this is taken for it: the inverse would be all that is seen. As in training (models/training/fomm_net.py). */
const LEAST_DETERMINANT = 1e-6;

export function times([a, b, c, d]: Matrix, [e, f, g, h]: Matrix): [number, number, number, number] {
  return [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
}

export function determinant([a, b, c, d]: Matrix): number {
  return a * d - b * c;
}

export function inverse(m: Matrix): [number, number, number, number] {
  const [a, b, c, d] = m;
  const exact = determinant(m);
  const det = Math.abs(exact) < LEAST_DETERMINANT ? LEAST_DETERMINANT : exact;
  return [d / det, -b / det, -c / det, a / det];
}

/**
 * How a driving picture's key points move a source's (normalize_kp of the authors' animation): `relative`, by how they moved since `initial`, times how much larger
 * the source's points are spread where `scale` is given; else to where they are. Throws RangeError when the counts differ.
 */
export function drivenBy(
  source: readonly KeyPoint[],
  driving: readonly KeyPoint[],
  { initial, relative, scale = 1 }: { initial: readonly KeyPoint[]; relative: boolean; scale?: number },
): KeyPoint[] {
  if (source.length !== driving.length || source.length !== initial.length)
    throw new RangeError('the pictures have different numbers of key points');
  if (!relative) return driving.map((point) => ({ ...point }));
  return source.map((from, i) => {
    const [now, then] = [driving[i]!, initial[i]!];
    const moved = times(now.jacobian, inverse(then.jacobian));
    const x = from.x + scale * (now.x - then.x);
    const y = from.y + scale * (now.y - then.y);
    return { x, y, jacobian: times(moved, from.jacobian) };
  });
}

/** How much larger the source's points are spread than the driving picture's: the root of the areas of their convex hulls. 1 where one of them has none. */
export function spreadRatio(source: readonly KeyPoint[], initial: readonly KeyPoint[]): number {
  const [own, other] = [hullArea(source), hullArea(initial)];
  return own > 0 && other > 0 ? Math.sqrt(own) / Math.sqrt(other) : 1;
}

type Place = Pick<KeyPoint, 'x' | 'y'>;

/** Area of the convex hull, by Andrew's monotone chain. */
export function hullArea(points: readonly Place[]): number {
  const sorted = points.toSorted((a, b) => a.x - b.x || a.y - b.y);
  const turn = (o: Place, a: Place, b: Place): number => (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
  const half = (list: readonly Place[]): Place[] => {
    const kept: Place[] = [];
    for (const point of list) {
      while (kept.length >= 2 && turn(kept.at(-2)!, kept.at(-1)!, point) <= 0) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  const hull = [...half(sorted), ...half(sorted.toReversed())];
  const doubled = hull.reduce((sum, { x, y }, i) => {
    const next = hull[(i + 1) % hull.length]!;
    return sum + x * next.y - next.x * y;
  }, 0);
  return Math.abs(doubled) / 2;
}
