/** What a run says of its clip, from the scores in the library: no network runs for it, whatever the rules. */
import type { SpanFact, SpanRules, TagSummary } from '../../contract/tags.ts';
import { clipById } from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { readScores, runTotals, type TagRunRow } from '../library/tag-runs.ts';
import { NOTHING, SpanMaker } from './spans.ts';
import type { ScoreCurves, TagReport } from './write.ts';

export interface ReportOptions {
  /** Path of the clip. */
  readonly input: string;
  readonly rules: SpanRules;
  /** Only these; null for all. As the engine spells them. */
  readonly labels: readonly string[] | null;
  /** Labels of the summary. */
  readonly top: number;
}

/** Scores read at a time. */
const PAGE = 4096;
/** Points of a curve a second and in all, and labels that have one. */
const POINTS_A_SECOND = 2;
const MOST_POINTS = 2000;
const MOST_CURVES = 50;

export function tagReport(db: Library, run: TagRunRow, options: ReportOptions): TagReport {
  const { input, rules, labels } = options;
  const ends = clipById(db, run.clip)?.duration ?? Infinity;
  const spans = spansOfRun(db, run, rules)
    .filter(({ label }) => labels === null || labels.includes(label))
    .map(({ label, start, end, score }) => ({
      // The last score stands for some time after the last picture.
      ...{ label, start: round(start), end: round(ends > start ? Math.min(end, ends) : end) },
      score: score === null ? null : round(score),
    }));
  const top = topLabels(db, run, options);
  const shown = [...new Set([...top, ...spans].map(({ label }) => label))].slice(0, MOST_CURVES);
  return {
    ...{ input, engine: run.engine, version: run.version, rules, labels, rate: run.rate },
    ...{ duration: round(run.scores / run.rate), top, spans, curves: curvesOf(db, run, shown) },
  };
}

/** The spans that rules make of a run, by start. Throws 'bad-rules'. */
export function spansOfRun(db: Library, run: TagRunRow, rules: SpanRules): SpanFact[] {
  const maker = new SpanMaker(run.labels, run.rate, rules);
  for (let from = 0; from < run.scores; from += PAGE) maker.push(readScores(db, run, from, from + PAGE));
  return maker.finish();
}

/** Labels by their mean probability over the clip, highest first. That nothing happens is no label of it. */
function topLabels(db: Library, run: TagRunRow, { labels, top }: ReportOptions): TagSummary['top'] {
  return runTotals(db, run)
    .filter(({ label }) => label !== NOTHING && (labels === null || labels.includes(label)))
    .toSorted((a, b) => b.mean - a.mean)
    .slice(0, top)
    .map(({ label, mean }) => ({ label, score: round(mean) }));
}

function curvesOf(db: Library, run: TagRunRow, labels: readonly string[]): ScoreCurves {
  const each = Math.max(1, Math.floor(run.rate / POINTS_A_SECOND), Math.ceil(run.scores / MOST_POINTS));
  const wanted = labels.map((label) => run.labels.indexOf(label));
  const values: number[][] = labels.map(() => []);
  for (let from = 0; from < run.scores; from += PAGE) {
    const page = readScores(db, run, from, from + PAGE, wanted);
    for (let i = 0; i < page.length; i++) {
      const curve = values[i % labels.length]!;
      const point = Math.floor((from + Math.floor(i / labels.length)) / each);
      curve[point] = Math.max(curve[point] ?? 0, page[i]!);
    }
  }
  const entries = labels.map((label, i) => [label, values[i]!.map(round)] as const);
  return { step: round(each / run.rate), values: Object.fromEntries(entries) };
}

/** To thousandths and a little finer: what a reader can use. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
