/** Which labels a picture of probabilities shows, and what of each. */
import { AppError } from '../../contract/errors.ts';

/** What a recogniser said of a clip: score i, about the moment i / rate seconds, is probabilities[i * labels.length ...]. */
export interface Scores {
  /** [scores, labels], 0..1. */
  readonly probabilities: Float32Array;
  readonly labels: readonly string[];
  /** Scores a second. */
  readonly rate: number;
}

export interface Curve {
  readonly label: string;
  /** One for each score. */
  readonly values: Float32Array;
}

/**
 * The labels whose curves are drawn, chosen as the MoViNet notebook does (tensorflow/models, official/projects/movinet): the one that is first at the end, then
 * those that are oftenest among the `top` at a time; at most top + 1. Of those equally often the one with the larger sum. Throws 'no-frames' where there is no score.
 */
export function chooseCurves(scores: Scores, top: number): Curve[] {
  const { labels } = scores;
  const count = scoreCount(scores);
  if (count === 0) throw new AppError('no-frames', 'There are no scores to draw: the clip has not been tagged.');
  const often = new Uint32Array(labels.length);
  const sums = new Float64Array(labels.length);
  let last = 0;
  for (let i = 0; i < count; i++) {
    const row = rowOf(scores, i);
    const best = strongest(row, top);
    for (const label of best) often[label]!++;
    for (let label = 0; label < labels.length; label++) sums[label]! += row[label]!;
    last = best[0]!;
  }
  const ranked = labels
    .map((_, label) => label)
    .filter((label) => often[label]! > 0)
    .toSorted((a, b) => often[b]! - often[a]! || sums[b]! - sums[a]! || a - b);
  const chosen = [...new Set([last, ...ranked.slice(0, top)])];
  return chosen.map((label) => curveAt(scores, label));
}

/** The curve of one label. Throws 'usage' for a label that the scores do not have. */
export function curveOf(scores: Scores, label: string): Curve {
  const at = scores.labels.indexOf(label);
  if (at < 0) throw new AppError('usage', `There is no label '${label}' in these scores.`);
  if (scoreCount(scores) === 0)
    throw new AppError('no-frames', 'There are no scores to draw: the clip has not been tagged.');
  return curveAt(scores, at);
}

export function scoreCount({ probabilities, labels }: Scores): number {
  return labels.length === 0 ? 0 : Math.floor(probabilities.length / labels.length);
}

function rowOf({ probabilities, labels }: Scores, i: number): Float32Array {
  return probabilities.subarray(i * labels.length, (i + 1) * labels.length);
}

function curveAt(scores: Scores, label: number): Curve {
  const values = Float32Array.from({ length: scoreCount(scores) }, (_, i) => rowOf(scores, i)[label]!);
  return { label: scores.labels[label]!, values };
}

/** Indices of the `top` largest of a row, the largest first. */
function strongest(row: Float32Array, top: number): number[] {
  const found: number[] = [];
  for (let label = 0; label < row.length; label++) {
    let at = found.length;
    while (at > 0 && row[found[at - 1]!]! < row[label]!) at--;
    if (at >= top) continue;
    found.splice(at, 0, label);
    if (found.length > top) found.pop();
  }
  return found;
}
