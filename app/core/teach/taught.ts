/** Taught labels of a library: made, found on every clip whose embeddings are stored, sent and received. */
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import { AppError } from '../../contract/errors.ts';
import { SPAN_RULES, type TaughtLabel, type TeachMethod } from '../../contract/tags.ts';
import type { Library } from '../library/db.ts';
import { finishRun, forgetEngine } from '../library/span-rows.ts';
import {
  appendScores,
  beginRun,
  findRun,
  finishedRun,
  readEmbeddings,
  runsOf,
  type TagRunRow,
} from '../library/tag-runs.ts';
import {
  deleteTaught,
  embeddedRuns,
  embeddedVersion,
  putTaught,
  taughtById,
  taughtRows,
  type TaughtRow,
} from '../library/taught-rows.ts';
import { asOutputError, renameIntoPlace, withTemporary } from '../media/output-file.ts';
import { spansOf } from '../tags/spans.ts';
import { makeClassifier, probabilities } from './classifier.ts';
import { gatherExamples, saidOf } from './gather.ts';
import { accuracyOf, leaveOut } from './left-out.ts';
import { parseTaught, taughtText, type Taught } from './taught-file.ts';

/** Probabilities a second of a taught label; embeddings are fewer, and what lies between two of them is interpolated. */
const RATE = 8;
const MOST_BYTES = 64 << 20;

/** The engine by whose name a taught label finds spans. */
export function taughtEngine(label: string): string {
  return `taught:${label}`;
}

export function taughtFacts(db: Library, row: TaughtRow): TaughtLabel {
  const { engine, engineVersion, positive, negative, accuracy, classifier } = taughtOf(row);
  const said = saidOf(db, row.label, engine);
  const outdated = (embeddedVersion(db, engine) ?? engineVersion) !== engineVersion;
  const stale = outdated || (row.said !== '' && row.said !== said.hash);
  return {
    ...{ id: row.id, label: row.label, engine, method: classifier.method, positive, negative },
    ...{ available: said.positive, stale, accuracy },
    ...{ seconds: row.seconds, at: new Date(row.at).toISOString() },
  };
}

export function listTaught(db: Library): TaughtLabel[] {
  return taughtRows(db).map((row) => taughtFacts(db, row));
}

/**
 * Makes `label` from the examples there are, in place of what it was, and finds it ([Note: taught spans]). Throws 'teach-too-few', the signal's reason.
 */
export async function makeTaught(
  db: Library,
  { label, engine, method }: { readonly label: string; readonly engine: string; readonly method: TeachMethod },
  signal?: AbortSignal,
): Promise<TaughtRow> {
  const clock = performance.now();
  const { examples, version, said } = await gatherExamples(db, label, engine, signal);
  const classifier = await makeClassifier(method, examples, signal);
  const left = await leaveOut(method, examples, signal);
  const positive = examples.filter((example) => example.positive).length;
  const taught: Taught = {
    ...{ label, engine, engineVersion: version, positive, negative: examples.length - positive },
    ...{ accuracy: left && accuracyOf(left), classifier },
  };
  const seconds = (performance.now() - clock) / 1000;
  const row = putTaught(db, { label, file: taughtText(taught), said, seconds });
  await findTaught(db, row, signal);
  return row;
}

/**
 * Finds a taught label on every clip its engine has looked at.
 *
 * [Note: taught spans] A taught label is an engine of its own, 'taught:LABEL', its version a hash of its weights: it has runs, curves and spans as every other,
 * people's spans stay as they are, and rules that were set for its last run of a clip hold. Where nothing changed nothing is done.
 */
export async function findTaught(db: Library, row: TaughtRow, signal?: AbortSignal): Promise<void> {
  const taught = taughtOf(row);
  for (const { id } of embeddedRuns(db, taught.engine)) {
    await breathe();
    signal?.throwIfAborted();
    const run = findRun(db, id);
    // Tagged anew meanwhile, which found it as well, or removed.
    if (run) applyTaught(db, row, taught, run);
  }
}

/** Finds all taught labels on a clip that was just tagged. */
export function findAllTaught(db: Library, run: TagRunRow): void {
  for (const row of taughtRows(db)) applyTaught(db, row, taughtOf(row), run);
}

function applyTaught(db: Library, row: TaughtRow, taught: Taught, run: TagRunRow): void {
  const { classifier } = taught;
  const same = run.engine === taught.engine && run.version === taught.engineVersion;
  if (!same || run.embedding !== classifier.centre.length) return;
  const engine = taughtEngine(row.label);
  const version = createHash('sha256').update(row.file).digest('hex').slice(0, 12);
  const key = { clip: run.clip, engine, version, content: run.content };
  if (finishedRun(db, key)) return;
  const { at, values } = readEmbeddings(db, run);
  const times = at.map((index) => index / run.rate);
  const scores = steady(times, probabilities(classifier, values), Math.ceil((run.scores / run.rate) * RATE));
  db.write(() => {
    const rules = runsOf(db, run.clip).findLast((old) => old.engine === engine)?.rules ?? SPAN_RULES;
    const found = beginRun(db, { ...key, labels: [row.label], rules, rate: RATE, embedding: 0 });
    const stored = appendScores(db, found, 0, scores, null, null);
    finishRun(db, found, spansOf(stored, found.labels, RATE, rules));
  });
}

/** `count` values RATE a second, the first at 0: between two times on the line that joins them, before the first and after the last as those. */
function steady(times: readonly number[], values: Float32Array, count: number): Float32Array {
  const out = new Float32Array(values.length === 0 ? 0 : count);
  let next = 0;
  for (let i = 0; i < out.length; i++) {
    const time = i / RATE;
    while (next < times.length && times[next]! < time) next++;
    const [before, after] = [Math.max(0, next - 1), Math.min(next, times.length - 1)];
    const gap = times[after]! - times[before]!;
    const share = gap > 0 ? (time - times[before]!) / gap : 0;
    out[i] = values[before]! + share * (values[after]! - values[before]!);
  }
  return out;
}

/** Forgets a taught label and what it found that nobody looked at. Throws 'label-unknown'. */
export function removeTaught(db: Library, id: string): void {
  const { label } = taughtById(db, id);
  db.write(() => {
    forgetEngine(db, taughtEngine(label));
    deleteTaught(db, id);
  });
}

/** Writes a taught label as a file ([Note: taught file]). Throws 'label-unknown', 'output-exists' unless forced, 'output-folder', 'disk-full'. */
export async function exportTaught(db: Library, id: string, path: string, force: boolean): Promise<void> {
  const { file } = taughtById(db, id);
  await withTemporary(path, async (temporary) => {
    await writeFile(temporary, file).catch((error: unknown) => {
      throw asOutputError(error, path);
    });
    await renameIntoPlace(temporary, path, { force });
  });
}

/** What is known of a recogniser that is here. */
export interface KnownEngine {
  readonly id: string;
  readonly version: string;
}

/**
 * Takes a taught label from a file, in place of one of the same label, and finds it. `engines` are the recognisers that are here. Throws 'not-found', 'bad-taught' with
 * the reason: no such file, another engine or version than are here, another length of embeddings.
 */
export async function importTaught(
  db: Library,
  path: string,
  engines: readonly KnownEngine[],
  signal?: AbortSignal,
): Promise<TaughtRow> {
  const clock = performance.now();
  const info = await stat(path).catch((cause: unknown) => {
    throw new AppError('not-found', `There is no file ${path}.`, { cause });
  });
  if (!info.isFile() || info.size > MOST_BYTES) throw new AppError('bad-taught', `${path} is no taught label.`);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError('unreadable', `${path} cannot be read.`, { cause });
  });
  const taught = parseTaught(text, path);
  const { label, engine, engineVersion, classifier } = taught;
  const here = engines.filter(({ id }) => id === engine);
  const whose = `'${label}' reads the embeddings of ${engine} ${engineVersion}`;
  if (here.length === 0) throw new AppError('bad-taught', `${whose}, which is not here.`);
  if (!here.some(({ version }) => version === engineVersion))
    throw new AppError(
      'bad-taught',
      `${whose}; here it is version ${here[0]!.version}, whose embeddings mean something else.`,
    );
  const run = embeddedRuns(db, engine).find(({ version }) => version === engineVersion);
  if (run && run.embedding !== classifier.centre.length) {
    const lengths = `${classifier.centre.length} numbers, and those of ${engine} have ${run.embedding}`;
    throw new AppError('bad-taught', `'${label}' reads embeddings of ${lengths}.`);
  }
  const row = putTaught(db, { label, file: taughtText(taught), said: '', seconds: (performance.now() - clock) / 1000 });
  await findTaught(db, row, signal);
  return row;
}

function taughtOf(row: TaughtRow): Taught {
  return parseTaught(row.file, `What the library holds of '${row.label}'`);
}
