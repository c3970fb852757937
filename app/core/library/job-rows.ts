/** Rows of the jobs table. A spec, result or error is JSON that this layer does not look into. */
import { z } from 'zod';
import type { WireError } from '../../contract/errors.ts';
import { JOB_STATES, type JobState } from '../../contract/jobs.ts';
import type { Library } from './db.ts';

const rowSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    spec: z.string(),
    state: z.enum(JOB_STATES),
    stage: z.string().nullable(),
    fraction: z.number(),
    created_at: z.number(),
    updated_at: z.number(),
    source: z.string().nullable(),
    result: z.string().nullable(),
    error: z.string().nullable(),
    lease_token: z.string().nullable(),
    holder_pid: z.number().nullable(),
    holder_start: z.string().nullable(),
    holder_host: z.string().nullable(),
    heartbeat_at: z.number().nullable(),
    worker_pid: z.number().nullable(),
    worker_start: z.string().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    kind: row.kind,
    spec: row.spec,
    state: row.state,
    stage: row.stage ?? undefined,
    fraction: row.fraction,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    source: row.source ?? undefined,
    result: row.result ?? undefined,
    error: row.error ?? undefined,
    holder:
      row.lease_token === null
        ? undefined
        : {
            token: row.lease_token,
            pid: row.holder_pid ?? 0,
            start: row.holder_start ?? '',
            host: row.holder_host ?? '',
            heartbeatAt: row.heartbeat_at ?? 0,
          },
    worker: row.worker_pid === null ? undefined : { pid: row.worker_pid, start: row.worker_start ?? '' },
  }));

/** A job as stored. Times are milliseconds since 1970. */
export type JobRow = z.output<typeof rowSchema>;

/** Who holds a job now. */
export type Holder = NonNullable<JobRow['holder']>;

const anyRow = rowSchema as z.ZodType<JobRow>;

/** The job with exactly this id. */
export function jobById(db: Library, id: string): JobRow | undefined {
  return db.get(anyRow, 'SELECT * FROM jobs WHERE id = ?', id);
}

/** The jobs whose id begins with `prefix` (hex digits), at most `limit`. */
export function jobsByPrefix(db: Library, prefix: string, limit = 2): JobRow[] {
  return db.all(anyRow, 'SELECT * FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?', prefix, `${prefix}~`, limit);
}

/** Newest first. */
export function listJobs(db: Library, { limit = 1000, state }: { limit?: number; state?: JobState } = {}): JobRow[] {
  return state === undefined
    ? db.all(anyRow, 'SELECT * FROM jobs ORDER BY created_at DESC, id LIMIT ?', limit)
    : db.all(anyRow, 'SELECT * FROM jobs WHERE state = ? ORDER BY created_at DESC, id LIMIT ?', state, limit);
}

/** The jobs of the queue, and those that are being run without being in it. */
export function queuedJobs(db: Library): JobRow[] {
  return db.all(anyRow, `SELECT * FROM jobs WHERE state = 'running' OR id IN (SELECT job FROM queue)`);
}

/** Makes the job known, waiting, unless it is already. */
export function registerJob(
  db: Library,
  job: { id: string; hash: string; kind: string; spec: string },
  now = Date.now(),
): void {
  db.run(
    `INSERT INTO jobs (id, spec_hash, kind, spec, state, created_at, updated_at) VALUES (?, ?, ?, ?, 'waiting', ?, ?)
     ON CONFLICT (id) DO NOTHING`,
    job.id,
    job.hash,
    job.kind,
    job.spec,
    now,
    now,
  );
}

/** Another spec for a job that nobody runs; it differs in what is no part of the job's identity. JSON. */
export function setJobSpec(db: Library, id: string, spec: string): void {
  db.run('UPDATE jobs SET spec = ? WHERE id = ? AND lease_token IS NULL AND spec <> ?', spec, id, spec);
}

/** Ends a job that was refused, or cancelled, before it was begun; what its own run has said of it stays. */
export function failJob(db: Library, id: string, error: WireError, now = Date.now()): void {
  const state = error.code === 'cancelled' ? 'cancelled' : 'failed';
  db.write(() => {
    const row = jobById(db, id);
    const stored = JSON.stringify(error);
    if (row === undefined || row.holder !== undefined || row.error === stored) return;
    db.run('UPDATE jobs SET state = ?, error = ?, updated_at = ? WHERE id = ?', state, stored, now, id);
    logJob(db, id, `${state}: ${error.message}`, now);
  });
}

/** Lines kept of each job's log. */
const LOG_LINES = 200;

/** Adds a line to the job's log. */
export function logJob(db: Library, id: string, message: string, now = Date.now()): void {
  db.soft(() => {
    db.run('INSERT INTO job_log (job, at, message) VALUES (?, ?, ?)', id, now, message);
    db.run(
      'DELETE FROM job_log WHERE job = ? AND id <= (SELECT id FROM job_log WHERE job = ? ORDER BY id DESC LIMIT 1 OFFSET ?)',
      id,
      id,
      LOG_LINES,
    );
  });
}

const logSchema = z.object({ at: z.number(), message: z.string() });

/** The job's log, oldest first. */
export function jobLog(db: Library, id: string): { at: number; message: string }[] {
  return db.all(logSchema, 'SELECT at, message FROM job_log WHERE job = ? ORDER BY id', id);
}
