/** From margins to probabilities: Platt's sigmoid (Platt 1999; the Newton steps after Lin, Lin and Weng 2007), with a prior on the slope. */
import { sigmoid } from './logistic.ts';

/** The slope that is assumed until margins say otherwise, and how many margins that assumption is worth. */
const SLOPE = 6;
const SLOPE_SPREAD = 3;

export interface Margin {
  readonly positive: boolean;
  readonly margin: number;
}

/** Slope and offset of sigmoid(slope * margin + offset). Positive and negative margins have the same weight together; there are some of both. */
export function platt(margins: readonly Margin[]): { slope: number; offset: number } {
  const positives = margins.filter(({ positive }) => positive).length;
  const negatives = margins.length - positives;
  const points = margins.map(({ positive, margin }) => ({
    margin,
    weight: margins.length / 2 / (positive ? positives : negatives),
    // Platt's targets: never quite sure.
    target: positive ? (positives + 1) / (positives + 2) : 1 / (negatives + 2),
  }));
  let [slope, offset] = [SLOPE, 0];
  for (let iteration = 0; iteration < 50; iteration++) {
    let [a, b] = [(slope - SLOPE) / SLOPE_SPREAD ** 2, 0];
    let [aa, ab, bb] = [1 / SLOPE_SPREAD ** 2, 0, 1e-9];
    for (const { margin, weight, target } of points) {
      const p = sigmoid(slope * margin + offset);
      const [pull, bend] = [weight * (p - target), weight * p * (1 - p)];
      a += pull * margin;
      b += pull;
      aa += bend * margin * margin;
      ab += bend * margin;
      bb += bend;
    }
    const determinant = aa * bb - ab * ab;
    const steps = [(bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant] as const;
    // A full Newton step may run away where all points are sure.
    const scale = Math.min(1, 4 / Math.hypot(...steps));
    slope -= scale * steps[0];
    offset -= scale * steps[1];
    if (Math.hypot(...steps) < 1e-9) break;
  }
  // A label whose left-out examples lie nearer to the others than to it is one that cannot be told: it is still not turned round.
  return { slope: Math.max(slope, 0.5), offset };
}
