/** Rows of the chunk store: what is there, how large, when last used, and by which job. */
import { z } from 'zod';
import type { Library } from './db.ts';
import { holderAlive } from './leases.ts';
import { listJobs } from './job-rows.ts';

export interface ChunkRow {
  readonly key: string;
  /** Name within its folder. */
  readonly file: string;
  readonly bytes: number;
}

const rowSchema: z.ZodType<ChunkRow> = z.object({ key: z.string(), file: z.string(), bytes: z.number() });

export function chunkByKey(db: Library, key: string): ChunkRow | undefined {
  return db.get(rowSchema, 'SELECT key, file, bytes FROM chunks WHERE key = ?', key);
}

export function allChunks(db: Library): ChunkRow[] {
  return db.all(rowSchema, 'SELECT key, file, bytes FROM chunks');
}

/** Writes a chunk down and notes that `job` uses it. */
export function putChunk(db: Library, chunk: ChunkRow, job: string, now = Date.now()): void {
  db.soft(() => {
    db.run(
      `INSERT INTO chunks (key, file, bytes, last_used) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET file = excluded.file, bytes = excluded.bytes, last_used = excluded.last_used`,
      chunk.key,
      chunk.file,
      chunk.bytes,
      now,
    );
    useChunk(db, chunk.key, job, now);
  });
}

/** Writes down a chunk that was found on disk without a row. */
export function adoptChunk(db: Library, chunk: ChunkRow, lastUsed: number): void {
  db.run(
    'INSERT OR IGNORE INTO chunks (key, file, bytes, last_used) VALUES (?, ?, ?, ?)',
    chunk.key,
    chunk.file,
    chunk.bytes,
    lastUsed,
  );
}

/** Notes that `job` uses the chunk now; false when it is not there. */
export function useChunk(db: Library, key: string, job: string, now = Date.now()): boolean {
  return db.soft(() => {
    if (db.run('UPDATE chunks SET last_used = ? WHERE key = ?', now, key) === 0) return false;
    db.run('INSERT OR IGNORE INTO chunk_uses (job, key) SELECT id, ? FROM jobs WHERE id = ?', key, job);
    return true;
  });
}

export function forgetChunk(db: Library, key: string): void {
  db.soft(() => db.run('DELETE FROM chunks WHERE key = ?', key));
}

const sumSchema = z.object({ bytes: z.number() });

/** Bytes of all chunks written down. */
export function chunkBytes(db: Library): number {
  return db.get(sumSchema, 'SELECT COALESCE(SUM(bytes), 0) AS bytes FROM chunks')?.bytes ?? 0;
}

/** Chunks that may go, least recently used first: none that a job has used which a live process runs, or which is in the queue to go on. */
export function evictable(db: Library): ChunkRow[] {
  const running = listJobs(db, { state: 'running' }).filter((job) => job.holder && holderAlive(job.holder));
  return db.all(
    rowSchema,
    `SELECT key, file, bytes FROM chunks
     WHERE NOT EXISTS (SELECT 1 FROM chunk_uses WHERE chunk_uses.key = chunks.key AND job IN
       (SELECT value FROM json_each(?) UNION SELECT job FROM queue WHERE state <> 'ended'))
     ORDER BY last_used, rowid`,
    JSON.stringify(running.map((job) => job.id)),
  );
}
