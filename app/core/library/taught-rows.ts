/** Rows of taught labels, and where there is something to teach from. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { Library } from './db.ts';

export interface TaughtRow {
  readonly id: string;
  readonly label: string;
  /** Its text as a file. */
  readonly file: string;
  /** Hash of the spans it was made from; '' for an imported one. */
  readonly said: string;
  readonly seconds: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const rowSchema = z.object({
  id: z.string(),
  label: z.string(),
  file: z.string(),
  said: z.string(),
  seconds: z.number(),
  at: z.number(),
});
const COLUMNS = 'SELECT id, label, file, said, seconds, at FROM taught_labels';

/** By label. */
export function taughtRows(db: Library): TaughtRow[] {
  return db.all(rowSchema, `${COLUMNS} ORDER BY label`);
}

/** Throws 'label-unknown'. */
export function taughtById(db: Library, id: string): TaughtRow {
  const row = db.get(rowSchema, `${COLUMNS} WHERE id = ?`, id);
  if (row) return row;
  throw new AppError('label-unknown', 'That taught label is not there any more.');
}

/** Throws 'label-unknown'. */
export function taughtByLabel(db: Library, label: string): TaughtRow {
  const row = db.get(rowSchema, `${COLUMNS} WHERE label = ?`, label);
  if (row) return row;
  throw new AppError('label-unknown', `No label '${label}' was taught.`);
}

/** Puts a taught label in, in the place of one of the same label. */
export function putTaught(db: Library, row: Omit<TaughtRow, 'id' | 'at'>, now = Date.now()): TaughtRow {
  const { label, file, said, seconds } = row;
  db.run(
    `INSERT INTO taught_labels (id, label, file, said, seconds, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (label) DO UPDATE
     SET file = excluded.file, said = excluded.said, seconds = excluded.seconds, at = excluded.at`,
    ...[randomUUID(), label, file, said, seconds, now],
  );
  return taughtByLabel(db, label);
}

export function deleteTaught(db: Library, id: string): void {
  db.run('DELETE FROM taught_labels WHERE id = ?', id);
}

const idSchema = z.object({ id: z.string() });

/** A finished run with embeddings; all of it by runById. */
export interface EmbeddedRun {
  readonly id: string;
  /** Id of the clip. */
  readonly clip: string;
  readonly version: string;
  readonly embedding: number;
}

const runSchema = z.object({ id: z.string(), clip: z.string(), version: z.string(), embedding: z.number() });
const EMBEDDED = `r.engine = ? AND r.finished = 1 AND r.embedding > 0 AND r.version =
  (SELECT version FROM tag_runs WHERE engine = ? AND finished = 1 AND embedding > 0 ORDER BY number DESC LIMIT 1)`;

/** Finished runs of the engine that have embeddings, oldest first: of its newest version alone. */
export function embeddedRuns(db: Library, engine: string): EmbeddedRun[] {
  return db.all(
    runSchema,
    `SELECT r.id, c.id AS clip, r.version, r.embedding FROM tag_runs r JOIN clips c ON c.number = r.clip WHERE ${EMBEDDED} ORDER BY r.number`,
    engine,
    engine,
  );
}

/** The version those runs are of; undefined where there are none. */
export function embeddedVersion(db: Library, engine: string): string | undefined {
  return db.get(
    z.object({ version: z.string() }),
    'SELECT version FROM tag_runs WHERE engine = ? AND finished = 1 AND embedding > 0 ORDER BY number DESC LIMIT 1',
    engine,
  )?.version;
}

const saidSchema = z.object({
  clip: z.string(),
  label: z.string(),
  start: z.number(),
  end: z.number(),
  state: z.enum(['accepted', 'rejected', 'marked']),
});

/** What people said of `label` in clips that have such a run: by clip, then start. */
export function saidSpans(db: Library, label: string, engine: string): z.infer<typeof saidSchema>[] {
  return db.all(
    saidSchema,
    `SELECT c.id AS clip, l.label, s.start, s.end, s.state FROM tag_spans s JOIN tag_labels l ON l.number = s.label JOIN clips c ON c.number = s.clip
     WHERE l.label = ? AND s.hidden = 0 AND s.state IN ('accepted', 'rejected', 'marked') AND s.clip IN (SELECT r.clip FROM tag_runs r WHERE ${EMBEDDED})
     ORDER BY s.clip, s.start, s.end`,
    label,
    engine,
    engine,
  );
}

/** The engine that last finished a run with embeddings; undefined where none has. */
export function lastEmbeddingEngine(db: Library): string | undefined {
  return db.get(
    z.object({ engine: z.string() }),
    'SELECT engine FROM tag_runs WHERE finished = 1 AND embedding > 0 ORDER BY number DESC LIMIT 1',
  )?.engine;
}

/** Ids of the clips of which a person said something. */
export function judgedClips(db: Library): Set<string> {
  const rows = db.all(
    idSchema,
    `SELECT id FROM clips WHERE number IN (SELECT clip FROM tag_spans WHERE state IN ('accepted', 'rejected', 'marked'))`,
  );
  return new Set(rows.map(({ id }) => id));
}
