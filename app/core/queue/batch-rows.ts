/** Rows of batches and their files. */
import { z } from 'zod';
import { AUDIO_MODES, CODECS, DEVICES } from '../../contract/jobs.ts';
import type { BatchSpec } from '../../contract/queue.ts';
import { parseJson } from '../base/json.ts';
import type { Library } from '../library/db.ts';

const rational = z.object({ num: z.int(), den: z.int().positive() });

const recipe = z.object({
  speed: rational,
  factor: z.int().positive(),
  fps: rational.optional(),
  engine: z.string(),
  device: z.enum(DEVICES).optional(),
  codec: z.enum(CODECS).optional(),
  quality: z.number().optional(),
  container: z.string().optional(),
  audio: z.enum(AUDIO_MODES).optional(),
});

const specSchema: z.ZodType<BatchSpec> = z.object({
  input: z.string(),
  output: z.string(),
  recipe,
  recursive: z.boolean(),
  watch: z.boolean(),
  overrides: z.record(z.string(), recipe.partial().nullable()),
});

const batchSchema = z.object({ id: z.string(), spec: z.string(), started_at: z.number(), watching: z.number() });

export interface BatchRow {
  readonly id: string;
  readonly spec: BatchSpec;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly watching: boolean;
}

/** Batches shown. */
const MOST = 100;

/** Newest first. One that another version wrote and this one cannot read is left out. */
export function batchRows(db: Library): BatchRow[] {
  const rows = db.all(batchSchema, 'SELECT * FROM batches ORDER BY started_at DESC, id LIMIT ?', MOST);
  return rows.flatMap(({ id, spec, started_at, watching }) => {
    const parsed = parseJson(specSchema, spec);
    return parsed === undefined ? [] : [{ id, spec: parsed, startedAt: started_at, watching: watching === 1 }];
  });
}

export function batchRow(db: Library, id: string): BatchRow | undefined {
  return batchRows(db).find((row) => row.id === id);
}

export function putBatch(db: Library, { id, spec, startedAt, watching }: BatchRow): void {
  db.run(
    `INSERT INTO batches (id, spec, started_at, watching) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, watching = excluded.watching`,
    ...[id, JSON.stringify(spec), startedAt, watching ? 1 : 0],
  );
}

export function setWatching(db: Library, id: string, watching: boolean): void {
  db.run('UPDATE batches SET watching = ? WHERE id = ?', watching ? 1 : 0, id);
}

const fileSchema = z.object({
  path: z.string(),
  output: z.string(),
  state: z.enum(['new', 'valid', 'queued', 'failed', 'left out']),
  problem: z.string().nullable(),
  job: z.string().nullable(),
  stamp: z.string(),
});

/** A file of a batch. 'queued': its job says how it is. `stamp` is its size and time when it was taken. */
export type FileRow = z.infer<typeof fileSchema>;

/** In the order of their paths. */
export function fileRows(db: Library, batch: string): FileRow[] {
  return db.all(
    fileSchema,
    'SELECT path, output, state, problem, job, stamp FROM batch_files WHERE batch = ? ORDER BY path',
    batch,
  );
}

export function putFiles(db: Library, batch: string, files: readonly FileRow[]): void {
  db.write(() => {
    for (const { path, output, state, problem, job, stamp } of files) {
      db.run(
        `INSERT INTO batch_files (batch, path, output, state, problem, job, stamp) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (batch, path) DO UPDATE SET output = excluded.output, state = excluded.state, problem = excluded.problem,
           job = excluded.job, stamp = excluded.stamp`,
        ...[batch, path, output, state, problem, job, stamp],
      );
    }
  });
}
