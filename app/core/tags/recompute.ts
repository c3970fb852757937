/** Spans made anew from stored scores: no network runs. */
import { AppError } from '../../contract/errors.ts';
import type { SpanFact, SpanRules } from '../../contract/tags.ts';
import type { Library } from '../library/db.ts';
import { replaceFound } from '../library/span-rows.ts';
import { setRules, type TagRunRow } from '../library/tag-runs.ts';
import { spansOfRun } from './report.ts';
import { NOTHING, spansOf } from './spans.ts';

/** The spans that other rules make of a run. Throws 'bad-rules', 'run-unknown'. `scores` are all of the run's, where they were read already. */
export function spansByRules(db: Library, run: TagRunRow, rules: SpanRules, scores?: Float32Array): SpanFact[] {
  return scores ? spansOf(scores, run.labels, run.rate, rules) : spansOfRun(db, run, rules);
}

/** Keeps spans and the rules they were made by. Throws 'bad-rules' for a run that is not finished: it goes by the rules of its job. */
export function keepRules(db: Library, run: TagRunRow, rules: SpanRules, spans: readonly SpanFact[]): void {
  db.write(() => {
    if (!run.finished)
      throw new AppError('bad-rules', 'The clip is still being tagged; other rules can be kept when that is done.');
    setRules(db, run, rules);
    replaceFound(db, run, spans);
  });
}

/** A curve of `points` values: the largest of the scores in each even part of [from, to) seconds, 0 where there is none. */
export function curveOf(
  scores: Float32Array,
  { label, labels, rate }: { readonly label: number; readonly labels: number; readonly rate: number },
  { from, to, points }: { readonly from: number; readonly to: number; readonly points: number },
): number[] {
  const count = scores.length / labels;
  const part = (to - from) / points;
  return Array.from({ length: points }, (_, i) => {
    const first = Math.max(0, Math.floor((from + i * part) * rate + 1e-6));
    const end = Math.min(count, Math.max(first + 1, Math.ceil((from + (i + 1) * part) * rate - 1e-6)));
    let most = 0;
    for (let score = first; score < end; score++) most = Math.max(most, scores[score * labels + label]!);
    return most;
  });
}

/** The labels of a run that say most anywhere in it; not that nothing happens. */
export function strongest(
  totals: readonly { label: string; peak: number; mean: number }[],
  most: number,
): { label: string; peak: number; mean: number }[] {
  return totals
    .filter(({ label }) => label !== NOTHING)
    .toSorted((a, b) => b.peak - a.peak || b.mean - a.mean)
    .slice(0, most);
}
