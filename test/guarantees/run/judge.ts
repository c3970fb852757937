/** What became of each promise. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/command.ts';
import type { Keeper, Promised } from '../promise.ts';
import { declares } from './declared.ts';
import type { TestRun } from './run-files.ts';

/** A test that keeps a promise, as it ended. */
export interface Kept {
  readonly file: string;
  /** null: all of the file's. */
  readonly name: string | null;
  readonly result: 'passed' | 'failed' | 'skipped' | 'evidence' | 'missing';
  readonly ms: number;
  readonly figures: readonly string[];
  readonly why?: string;
  /** Of a long one: when and where it last ran. */
  readonly measured?: { readonly date: string; readonly commit: string; readonly machine: string };
}

export interface Judged {
  readonly id: string;
  readonly area: string;
  readonly says: string;
  readonly answers: readonly number[];
  readonly tests: readonly Kept[];
  /** Some test was done or has evidence, and none failed. */
  readonly kept: boolean;
  /** A test failed, is not there, or was skipped without a reason. A promise that is neither was not tried here. */
  readonly broken: boolean;
}

export const isLong = (file: string): boolean => file.endsWith('.long.ts');

/** Why this keeper cannot keep anything, or null. */
export function flaw({ file, name, evidence, figure }: Keeper): string | null {
  const path = join(root, file);
  if (!existsSync(path)) return 'There is no such file.';
  if (name !== undefined && !declares(readFileSync(path, 'utf8'), name)) return 'The file has no test of this name.';
  if (evidence === undefined) return null;
  if (!existsSync(evidencePath(evidence))) return `docs/evidence/${evidence}.json is missing.`;
  try {
    evidenceFigures(contentOf(evidence), figure);
  } catch (error) {
    return (error as Error).message;
  }
  return null;
}

const contentOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(evidencePath(name), 'utf8')) as Record<string, unknown>;

const evidencePath = (name: string): string => join(root, 'docs', 'evidence', `${name}.json`);

const shown = (value: unknown): string =>
  String(typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value);

/** The evidence's own words where it has them (`figures`), else what `template` makes of it, else its plain figures. */
export function evidenceFigures(content: Record<string, unknown>, template?: string): string[] {
  if (template !== undefined) {
    const filled = template.replace(/\{([^}]+)\}/g, (_, path: string) => {
      const value = path
        .split('.')
        .reduce<unknown>((within, key) => (within as Record<string, unknown> | undefined)?.[key], content);
      if (value === undefined) throw new Error(`The evidence has no ${path}, which a promise speaks of.`);
      return shown(value);
    });
    return [filled];
  }
  const { figures, commit: _commit, date: _date, machine: _machine, ...rest } = content;
  if (Array.isArray(figures)) return figures.map(String);
  const plain = Object.entries(rest).filter(([, value]) => ['number', 'boolean', 'string'].includes(typeof value));
  return plain.length > 0 ? [plain.map(([key, value]) => `${key}: ${shown(value)}`).join(', ')] : [];
}

function byEvidence({ file, name, evidence = '', figure }: Keeper): Kept {
  const content = contentOf(evidence);
  const { date = '', commit = '', machine = '' } = content as Record<string, string>;
  const measured = { date, commit, machine };
  return { file, name: name ?? null, result: 'evidence', ms: 0, figures: evidenceFigures(content, figure), measured };
}

function byRun({ file, name }: Keeper, tests: readonly TestRun[]): Kept {
  const named = tests.filter((test) => (name === undefined ? test.nesting === 0 : test.name === name));
  const crash = tests.find((test) => test.name === '(the file)' && test.result === 'failed');
  const none = { file, name: name ?? null, ms: 0, figures: [] };
  if (named.length === 0) {
    if (crash) return { ...none, result: 'failed', why: crash.why ?? 'The file could not be run.' };
    return { ...none, result: 'missing', why: 'No such test ran.' };
  }
  const failed = named.find(({ result }) => result === 'failed');
  const skipped = named.filter(({ result }) => result === 'skipped');
  const silent = skipped.find(({ why }) => why === undefined);
  const result = failed ? 'failed' : silent || skipped.length === named.length ? 'skipped' : 'passed';
  // Of all that a file has, what is inside its tests has figures too.
  const figures = (name === undefined ? tests : named).flatMap((test) => test.figures);
  const why = failed?.why ?? (result === 'skipped' && !silent ? skipped[0]?.why : undefined);
  return { ...none, result, ms: named.reduce((sum, { ms }) => sum + ms, 0), figures, ...(why && { why }) };
}

/** How the promise was kept, by the tests that ran (by file) and the evidence of those that did not. */
export function judge(promised: Promised, area: string, ran: ReadonlyMap<string, readonly TestRun[]>): Judged {
  const tests = promised.keptBy.map((keeper): Kept => {
    const { file, name, evidence } = keeper;
    const missing = (why: string): Kept => ({ file, name: name ?? null, result: 'missing', ms: 0, figures: [], why });
    const done = ran.get(file);
    const wrong = flaw(keeper);
    if (wrong !== null) return missing(wrong);
    if (done) {
      const kept = byRun(keeper, done);
      const { figures, measured } = evidence === undefined ? kept : byEvidence(keeper);
      return { ...kept, figures: [...new Set([...kept.figures, ...figures])], ...(measured && { measured }) };
    }
    return evidence === undefined ? missing('It has neither run nor left evidence.') : byEvidence(keeper);
  });
  const broken =
    tests.length === 0 ||
    tests.some(({ result, why }) => result === 'failed' || result === 'missing' || (result === 'skipped' && !why));
  const kept = !broken && tests.some(({ result }) => result === 'passed' || result === 'evidence');
  const { id, says, answers } = promised;
  return { id, area, says, answers, tests, kept, broken };
}
