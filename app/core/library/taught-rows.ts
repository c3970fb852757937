/** Rows of taught labels, and where there is something to teach from. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { Library } from './db.ts';
import { runById, type TagRunRow } from './tag-runs.ts';

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

/** Finished runs of the engine that have embeddings, oldest first: of its newest version alone. */
export function embeddedRuns(db: Library, engine: string): TagRunRow[] {
  const rows = db.all(
    idSchema,
    `SELECT id FROM tag_runs r WHERE engine = ? AND finished = 1 AND embedding > 0 AND version =
       (SELECT version FROM tag_runs WHERE engine = ? AND finished = 1 AND embedding > 0 ORDER BY number DESC LIMIT 1) ORDER BY number`,
    engine,
    engine,
  );
  return rows.map(({ id }) => runById(db, id));
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
