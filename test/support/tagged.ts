/** Runs of a recogniser put into a library as a tag job puts them there, with probabilities that a function says: for specs of what is done with them. */
import { SPAN_RULES, type SpanRules } from '../../app/contract/tags.ts';
import { homeAt } from '../../app/core/base/home.ts';
import { openLibrary, type Library } from '../../app/core/library/db.ts';
import { finishRun } from '../../app/core/library/span-rows.ts';
import { appendScores, beginRun, readScores } from '../../app/core/library/tag-runs.ts';
import { spansOf } from '../../app/core/tags/spans.ts';

export interface SeededRun {
  /** Id of the clip. */
  readonly clip: string;
  readonly engine?: string;
  readonly version?: string;
  readonly labels: readonly string[];
  readonly seconds: number;
  /** Scores a second. */
  readonly rate?: number;
  readonly rules?: SpanRules;
  /** Probability of a label at a second. */
  readonly of: (label: string, second: number) => number;
}

/** A finished run, with the spans its rules make. */
export function seedRun(db: Library, run: SeededRun): void {
  const { clip, engine = 'seeded', version = '1', labels, seconds, rate = 10, rules = SPAN_RULES, of } = run;
  const count = Math.round(seconds * rate);
  const began = beginRun(db, { clip, engine, version, content: clip, labels, rules, rate, embedding: 0 });
  const values = Array.from({ length: count }, (_, i) => labels.map((label) => of(label, (i + 0.5) / rate))).flat();
  appendScores(db, began, 0, Float32Array.from(values), null, null);
  finishRun(db, began, spansOf(readScores(db, began), labels, rate, rules));
}

/** A hill of probability `peak` between two seconds, low elsewhere. */
export function hill(second: number, from: number, to: number, peak: number): number {
  const middle = (from + to) / 2;
  const away = Math.abs(second - middle) / Math.max(1e-6, (to - from) / 2);
  return away >= 1.15 ? 0.03 : away <= 0.85 ? peak : 0.03 + ((1.15 - away) / 0.3) * (peak - 0.03);
}

/** Opens the library at `home` beside the app that has it open; close it at once. */
export function withLibrary<T>(home: string, work: (db: Library) => T): T {
  const db = openLibrary(homeAt(home));
  try {
    return work(db);
  } finally {
    db.close();
  }
}
