/**
 * Runs of recognisers over clips, and their scores. A run grows by appending, each append is one transaction that is on the disk before it is answered and
 * takes the same time however long the run is, and an interrupted run is gone on with. What spans are made of them is in span-rows.ts.
 */
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { SpanRules, TagRun } from '../../contract/tags.ts';
import { parseJson } from '../base/json.ts';
import { needClip } from './clip-rows.ts';
import type { Library } from './db.ts';
import { asStored, embeddingKept, packEmbeddings, packScores, unpackEmbeddings, unpackScores } from './score-pack.ts';

/** What tells a run from others of a clip. */
export interface RunKey {
  /** Id of the clip. */
  readonly clip: string;
  readonly engine: string;
  readonly version: string;
  /** Which content of the clip: whatever tells one from another, as a FileIdentity's fingerprint. */
  readonly content: string;
}

export interface NewRun extends RunKey {
  readonly labels: readonly string[];
  readonly rules: SpanRules;
  /** Scores a second. */
  readonly rate: number;
  /** Numbers of an embedding; 0 for none. */
  readonly embedding: number;
}

/** A run as it was when it was read: `scores`, `rules` and `finished` may have changed since. */
export interface TagRunRow extends NewRun {
  readonly number: number;
  readonly id: string;
  readonly clipNumber: number;
  readonly scores: number;
  readonly finished: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const rulesSchema: z.ZodType<SpanRules> = z.object({
  smooth: z.number(),
  on: z.number(),
  off: z.number(),
  gap: z.number(),
  shortest: z.number(),
  labels: z.record(z.string(), z.object({ on: z.number(), off: z.number() })),
});
const labelsSchema = z.array(z.string());

const rowSchema = z
  .object({
    number: z.number(),
    id: z.string(),
    clip: z.string(),
    clip_number: z.number(),
    engine: z.string(),
    version: z.string(),
    content: z.string(),
    labels: z.string(),
    rules: z.string(),
    rate: z.number(),
    embedding: z.number(),
    scores: z.number(),
    finished: z.number(),
    at: z.number(),
  })
  .transform(({ clip_number, labels, rules, finished, ...row }, context): TagRunRow => {
    const [known, said] = [parseJson(labelsSchema, labels), parseJson(rulesSchema, rules)];
    if (!known || !said) {
      context.addIssue({ code: 'custom', message: 'labels or rules of a run' });
      return z.NEVER;
    }
    return { ...row, clipNumber: clip_number, labels: known, rules: said, finished: finished !== 0 };
  });

const SELECT = `SELECT r.number, r.id, c.id AS clip, r.clip AS clip_number, r.engine, r.version, r.content, v.labels, r.rules, r.rate, r.embedding,
  r.scores, r.finished, r.at FROM tag_runs r JOIN clips c ON c.number = r.clip JOIN tag_vocabularies v ON v.number = r.vocabulary`;

/** The run, where it is still there. */
export function findRun(db: Library, id: string): TagRunRow | undefined {
  return db.get(rowSchema, `${SELECT} WHERE r.id = ?`, id);
}

/** Throws 'run-unknown'. */
export function runById(db: Library, id: string): TagRunRow {
  const row = findRun(db, id);
  if (row) return row;
  throw new AppError('run-unknown', 'That run is not there any more; the clip was tagged again.');
}

/** Runs of a clip, oldest first; unfinished ones too. */
export function runsOf(db: Library, clip: string): TagRunRow[] {
  return db.all(rowSchema, `${SELECT} WHERE c.id = ? ORDER BY r.number`, clip);
}

/** The finished run of exactly this content by exactly this engine: nothing need be run again. */
export function finishedRun(db: Library, { clip, engine, version, content }: RunKey): TagRunRow | undefined {
  return runsOf(db, clip).findLast(
    (run) => run.finished && run.engine === engine && run.version === version && run.content === content,
  );
}

/** The rules of the engine's last run of a clip that was finished, whatever its version: what a person chose there holds for the next one. */
export function chosenRules(db: Library, clip: string, engine: string): SpanRules | undefined {
  return runsOf(db, clip).findLast((run) => run.finished && run.engine === engine)?.rules;
}

export function runFacts(row: TagRunRow): TagRun {
  return {
    ...{ id: row.id, clip: row.clip, engine: row.engine, version: row.version, labels: [...row.labels] },
    ...{ rules: row.rules, rate: row.rate, scores: row.scores, until: row.scores / row.rate },
    ...{ finished: row.finished, at: new Date(row.at).toISOString() },
  };
}

/**
 * The unfinished run of the same clip, content, engine and version to go on with (with `rules` from now on), else a new one; other unfinished runs of the engine
 * are given up. Finished ones stay until finishRun. Throws 'clip-unknown'.
 */
export function beginRun(db: Library, run: NewRun, now = Date.now()): TagRunRow {
  return db.write(() => {
    const clip = needClip(db, run.clip);
    const same = (old: TagRunRow): boolean =>
      old.version === run.version &&
      old.content === run.content &&
      old.rate === run.rate &&
      old.embedding === run.embedding &&
      JSON.stringify(old.labels) === JSON.stringify(run.labels);
    const unfinished = runsOf(db, run.clip).filter((old) => !old.finished && old.engine === run.engine);
    const going = unfinished.find(same);
    for (const old of unfinished) if (old !== going) db.run('DELETE FROM tag_runs WHERE number = ?', old.number);
    if (going) {
      db.run('UPDATE tag_runs SET rules = ? WHERE number = ?', JSON.stringify(run.rules), going.number);
      return runById(db, going.id);
    }
    const id = randomUUID();
    db.run(
      `INSERT INTO tag_runs (id, clip, engine, version, content, vocabulary, rules, rate, embedding, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, clip.number, run.engine, run.version, run.content, vocabulary(db, run.labels)],
      ...[JSON.stringify(run.rules), run.rate, run.embedding, now],
    );
    return runById(db, id);
  });
}

const numberSchema = z.object({ number: z.number() });

function vocabulary(db: Library, labels: readonly string[]): number {
  const text = JSON.stringify(labels);
  const hash = createHash('sha256').update(text).digest('hex');
  db.run('INSERT OR IGNORE INTO tag_vocabularies (hash, labels) VALUES (?, ?)', hash, text);
  return db.get(numberSchema, 'SELECT number FROM tag_vocabularies WHERE hash = ?', hash)!.number;
}

const sizesSchema = z.object({ scores: z.number(), finished: z.number() });
const totalsSchema = z.object({ totals: z.instanceof(Uint8Array) });

/**
 * Appends scores: `probabilities` [n, labels], their embeddings [n, embedding] (of which two a second are kept), and the recogniser's state after them (null
 * forgets it). Returns the probabilities as they are stored, of which spans are to be made. Throws 'run-unknown', and 'internal' for a gap or an overlap.
 */
export function appendScores(
  db: Library,
  run: TagRunRow,
  first: number,
  probabilities: Float32Array,
  embeddings: Float32Array | null,
  state: Uint8Array | null,
): Float32Array {
  const labels = run.labels.length;
  const count = probabilities.length / labels;
  const size = embeddings === null ? 0 : embeddings.length / Math.max(1, count);
  if (!Number.isInteger(count) || (embeddings !== null && size !== run.embedding && count > 0)) {
    throw new AppError('internal', `Scores of ${probabilities.length} numbers are none of ${labels} labels.`);
  }
  const stored = asStored(probabilities);
  const packed = packScores(probabilities, labels);
  const vectors = embeddings === null ? new Uint8Array() : packEmbeddings(embeddings, run.embedding, first, run.rate);
  db.write(() => {
    const now = db.get(sizesSchema, 'SELECT scores, finished FROM tag_runs WHERE number = ?', run.number);
    if (!now)
      throw new AppError('run-unknown', 'The clip was removed from the library, or is tagged anew by another job.');
    if (now.scores !== first || now.finished !== 0) {
      throw new AppError('internal', `Scores from ${first} on do not follow the ${now.scores} there are.`);
    }
    if (count > 0) {
      db.run(
        'INSERT INTO tag_scores (run, first, count, probabilities, embeddings) VALUES (?, ?, ?, ?, ?)',
        ...[run.number, first, count, packed, vectors],
      );
      db.run('UPDATE tag_runs SET scores = ? WHERE number = ?', first + count, run.number);
    }
    const totals = addTotals(storedTotals(db, run), stored, labels);
    db.run(
      `INSERT INTO tag_states (run, totals, state) VALUES (?, ?, ?)
       ON CONFLICT (run) DO UPDATE SET totals = excluded.totals, state = excluded.state`,
      ...[run.number, new Uint8Array(totals.buffer), state],
    );
  });
  return stored;
}

/** For each label the largest probability, then their sums. */
function storedTotals(db: Library, run: TagRunRow): Float64Array {
  const row = db.get(totalsSchema, 'SELECT totals FROM tag_states WHERE run = ?', run.number);
  const totals = new Float64Array(2 * run.labels.length);
  if (row?.totals.byteLength === totals.byteLength) new Uint8Array(totals.buffer).set(row.totals);
  return totals;
}

function addTotals(totals: Float64Array, scores: Float32Array, labels: number): Float64Array {
  for (let i = 0; i < scores.length; i++) {
    const label = i % labels;
    totals[label] = Math.max(totals[label]!, scores[i]!);
    totals[labels + label] = totals[labels + label]! + scores[i]!;
  }
  return totals;
}

/** For each label the largest and the mean of all its probabilities. Reads no score. */
export function runTotals(db: Library, run: TagRunRow): { label: string; peak: number; mean: number }[] {
  const totals = storedTotals(db, run);
  const count = Math.max(
    1,
    db.get(sizesSchema, 'SELECT scores, finished FROM tag_runs WHERE number = ?', run.number)?.scores ?? 0,
  );
  return run.labels.map((label, i) => ({ label, peak: totals[i]!, mean: totals[run.labels.length + i]! / count }));
}

const stateSchema = z.object({ scores: z.number(), state: z.instanceof(Uint8Array).nullable() });

/** How far a run is, and the recogniser's state after its last score. Throws 'run-unknown'. */
export function runState(db: Library, run: TagRunRow): { scores: number; state: Uint8Array | null } {
  const row = db.get(
    stateSchema,
    'SELECT scores, (SELECT state FROM tag_states WHERE run = number) AS state FROM tag_runs WHERE number = ?',
    run.number,
  );
  if (row) return row;
  throw new AppError('run-unknown', 'That run is not there any more; the clip was tagged again.');
}

const packedSchema = z.object({ first: z.number(), count: z.number(), probabilities: z.instanceof(Uint8Array) });
const FROM_ROWS = 'FROM tag_scores WHERE run = ? AND first < ? AND first + count > ? ORDER BY first';

/** Scores [from, to) as far as there are any, [scores, labels]; of `labels` (indices into run.labels) in that order, all unless given. */
export function readScores(
  db: Library,
  run: TagRunRow,
  from = 0,
  to = Infinity,
  labels: readonly number[] = [...run.labels.keys()],
): Float32Array {
  const end = Math.min(to, runState(db, run).scores);
  const start = Math.max(0, from);
  const out = new Float32Array(Math.max(0, end - start) * labels.length);
  if (out.length === 0) return out;
  const rows = db.all(packedSchema, `SELECT first, count, probabilities ${FROM_ROWS}`, run.number, end, start);
  for (const { first, count, probabilities } of rows) {
    const part = { from: Math.max(0, start - first), to: Math.min(count, end - first) };
    const shape = { scores: count, labels: run.labels.length, wanted: labels, ...part };
    unpackScores(probabilities, shape, out, first + part.from - start);
  }
  return out;
}

export interface Embeddings {
  /** Index of the score each belongs to, ascending. */
  readonly at: number[];
  /** [at.length, run.embedding]. */
  readonly values: Float32Array;
}

const vectorsSchema = z.object({ first: z.number(), count: z.number(), embeddings: z.instanceof(Uint8Array) });

/** The embeddings kept of scores [from, to): two a second. None where the run was appended without. */
export function readEmbeddings(db: Library, run: TagRunRow, from = 0, to = Infinity): Embeddings {
  const end = Math.min(to, runState(db, run).scores);
  const rows = db.all(
    vectorsSchema,
    `SELECT first, count, embeddings ${FROM_ROWS}`,
    run.number,
    end,
    Math.max(0, from),
  );
  const at: number[] = [];
  const parts: Float32Array[] = [];
  for (const { first, count, embeddings } of rows) {
    if (embeddings.length === 0) continue;
    const kept = Array.from({ length: count }, (_, i) => first + i).filter((index) => embeddingKept(index, run.rate));
    const vectors = unpackEmbeddings(embeddings, run.embedding, kept.length);
    for (const [place, index] of kept.entries()) {
      if (index < from || index >= end) continue;
      at.push(index);
      parts.push(vectors.subarray(place * run.embedding, (place + 1) * run.embedding));
    }
  }
  const values = new Float32Array(at.length * run.embedding);
  for (const [place, part] of parts.entries()) values.set(part, place * run.embedding);
  return { at, values };
}

/** Rules that spans of the run are made by from now on. */
export function setRules(db: Library, run: TagRunRow, rules: SpanRules): void {
  db.run('UPDATE tag_runs SET rules = ? WHERE number = ?', JSON.stringify(rules), run.number);
}

const bytesSchema = z.object({ bytes: z.number() });

/** Bytes of all stored scores and embeddings. */
export function scoreBytes(db: Library): number {
  return db.get(
    bytesSchema,
    'SELECT COALESCE(SUM(length(probabilities) + length(embeddings)), 0) AS bytes FROM tag_scores',
  )!.bytes;
}
