/** Which labels a picture of probabilities shows, and what of each. */
import { AppError } from '../../contract/errors.ts';
import type { Library } from '../library/db.ts';
import { readScores, runState, type TagRunRow } from '../library/tag-runs.ts';

/** What a recogniser said of a clip: `count` scores, score i about the moment i / rate seconds. */
export interface Scores {
  readonly labels: readonly string[];
  /** Scores a second. */
  readonly rate: number;
  readonly count: number;
  /** Scores [from, to) of `labels` (by index, in that order; all unless given), [to - from, labels], 0..1. */
  read(from: number, to: number, labels?: readonly number[]): Float32Array;
}

/** Scores that are in memory: `probabilities` is [scores, labels]. */
export function scoresIn(probabilities: Float32Array, labels: readonly string[], rate: number): Scores {
  const width = labels.length;
  return {
    ...{ labels, rate, count: width === 0 ? 0 : Math.floor(probabilities.length / width) },
    read: (from, to, wanted = [...labels.keys()]) =>
      Float32Array.from(
        { length: (to - from) * wanted.length },
        (_, i) => probabilities[(from + Math.floor(i / wanted.length)) * width + wanted[i % wanted.length]!]!,
      ),
  };
}

/** Scores of a run in the library: of `labels` only, where given. */
export function scoresOfRun(db: Library, run: TagRunRow, labels: readonly string[] | null = null): Scores {
  const known = run.labels.map((label, i) => ({ label, i })).filter(({ label }) => labels?.includes(label) ?? true);
  return {
    ...{ labels: known.map(({ label }) => label), rate: run.rate, count: runState(db, run).scores },
    read: (from, to, wanted = [...known.keys()]) =>
      readScores(
        db,
        run,
        from,
        to,
        wanted.map((i) => known[i]!.i),
      ),
  };
}

export interface Curve {
  readonly label: string;
  /** One for each score. */
  readonly values: Float32Array;
}

/** Scores read at a time. */
const PAGE = 4096;

/**
 * The labels whose curves are drawn, chosen as the MoViNet notebook does (tensorflow/models, official/projects/movinet): the one that is first at the end, then
 * those that are oftenest among the `top` at a time; at most top + 1. Of those equally often the one with the larger sum. Throws 'no-frames' where there is no score.
 */
export function chooseCurves(scores: Scores, top: number): Curve[] {
  const { labels, count } = scores;
  if (count === 0) throw notTagged();
  const often = new Uint32Array(labels.length);
  const sums = new Float64Array(labels.length);
  let last = 0;
  for (let from = 0; from < count; from += PAGE) {
    const page = scores.read(from, Math.min(count, from + PAGE));
    for (let at = 0; at < page.length; at += labels.length) {
      const row = page.subarray(at, at + labels.length);
      const best = strongest(row, top);
      for (const label of best) often[label]!++;
      for (let label = 0; label < labels.length; label++) sums[label]! += row[label]!;
      last = best[0]!;
    }
  }
  const ranked = labels
    .map((_, label) => label)
    .filter((label) => often[label]! > 0)
    .toSorted((a, b) => often[b]! - often[a]! || sums[b]! - sums[a]! || a - b);
  return curvesOf(scores, [...new Set([last, ...ranked.slice(0, top)])]);
}

/** The curve of one label. Throws 'usage' for a label that the scores do not have, 'no-frames' where there is no score. */
export function curveOf(scores: Scores, label: string): Curve {
  const at = scores.labels.indexOf(label);
  if (at < 0) throw new AppError('usage', `There is no label '${label}' in these scores.`);
  if (scores.count === 0) throw notTagged();
  return curvesOf(scores, [at])[0]!;
}

function notTagged(): AppError {
  return new AppError('no-frames', 'There are no scores to draw: the clip has not been tagged.');
}

function curvesOf(scores: Scores, wanted: readonly number[]): Curve[] {
  const { count, labels } = scores;
  const curves = wanted.map((label): Curve => ({ label: labels[label]!, values: new Float32Array(count) }));
  for (let from = 0; from < count; from += PAGE) {
    const page = scores.read(from, Math.min(count, from + PAGE), wanted);
    for (const [i, value] of page.entries()) {
      curves[i % wanted.length]!.values[from + Math.floor(i / wanted.length)] = value;
    }
  }
  return curves;
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
