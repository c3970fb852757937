/** What one may ask of jobs besides running them: list, show, cancel, go on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../contract/errors.ts';
import type { JobSpec, JobSummary } from '../../contract/jobs.ts';
import type { Home } from '../base/home.ts';
import { parseJson } from '../base/json.ts';
import type { Library } from '../library/db.ts';
import { jobById, jobLog, jobsByPrefix, listJobs, type JobRow } from '../library/job-rows.ts';
import { holderAlive, requestCancel } from '../library/leases.ts';
import { clearAttempt, endOrphans } from './leftovers.ts';
import { resultSchema, wireErrorSchema } from './messages.ts';
import { jobSpecSchema, specOutputs } from './spec.ts';

/** A job with what it said. Times are ISO 8601. */
export interface JobDetails extends JobSummary {
  log: { at: string; message: string }[];
  /** Pid of the process that runs it now. */
  holder?: number;
}

/** All jobs, newest first. One whose spec this version cannot read is left out. */
export function jobSummaries(db: Library): JobSummary[] {
  return listJobs(db).flatMap((row) => jobSummary(row) ?? []);
}

/** One job, by its id or the unique beginning of it. Throws `job-unknown`. */
export function jobDetails(db: Library, idOrPrefix: string): JobDetails {
  const row = findJob(db, idOrPrefix);
  const found = jobSummary(row);
  if (found === undefined)
    throw new AppError('bad-job', `Job ${row.id} was made by another version of Inbetween and cannot be read.`);
  const log = jobLog(db, row.id).map(({ at, message }) => ({ at: iso(at), message }));
  return {
    ...found,
    log,
    ...(found.state === 'running' && row.holder !== undefined ? { holder: row.holder.pid } : {}),
  };
}

/** The spec of a job, to run it again. Throws `job-unknown`. */
export function jobSpec(db: Library, idOrPrefix: string): JobSpec {
  return jobDetails(db, idOrPrefix).spec;
}

/** Milliseconds to wait for another process to cancel its job, and between two looks. */
const CANCEL_MS = 5000;
const LOOK_MS = 50;

/**
 * Cancels a job, whichever process runs it, and waits until it has stopped (within a second, as a rule). A job that has ended stays as it is.
 * Throws `job-unknown`, and `job-busy` when its process does not answer.
 */
export async function cancelJob(
  { db, home }: { db: Library; home: Home },
  idOrPrefix: string,
  signal?: AbortSignal,
): Promise<JobSummary> {
  const row = findJob(db, idOrPrefix);
  const { id } = row;
  const answer = requestCancel(db, id, JSON.stringify({ code: 'cancelled', message: 'Cancelled.' }));
  if (answer === 'cancelled') await clearDead(home, row);
  const until = performance.now() + CANCEL_MS;
  for (;;) {
    const now = jobDetails(db, id);
    if (now.state !== 'running' && now.state !== 'waiting') return summaryOf(now);
    if (performance.now() > until)
      throw new AppError('job-busy', `Job ${id} was asked to stop, but process ${now.holder ?? '?'} does not answer.`);
    await sleep(LOOK_MS, undefined, signal === undefined ? {} : { signal });
  }
}

/** What the processes of a job left behind that were killed, and those of them that are still there. */
async function clearDead(home: Home, row: JobRow): Promise<void> {
  const spec = parseJson(jobSpecSchema, row.spec);
  if (row.holder === undefined || spec === undefined) return;
  await endOrphans(row.id, row.worker);
  await clearAttempt(home.scratch, row.id, specOutputs(spec), row.holder.token);
}

function summaryOf({ log: _log, holder: _holder, ...rest }: JobDetails): JobSummary {
  return rest;
}

/** The row of the job whose id is, or uniquely begins with, `idOrPrefix`. */
function findJob(db: Library, idOrPrefix: string): JobRow {
  const wanted = idOrPrefix.toLowerCase();
  const exact = jobById(db, wanted);
  if (exact !== undefined) return exact;
  const [first, second] = /^[0-9a-f]+$/.test(wanted) ? jobsByPrefix(db, wanted) : [];
  if (first === undefined)
    throw new AppError('job-unknown', `There is no job ${idOrPrefix}; jobs list shows those there are.`);
  if (second !== undefined)
    throw new AppError('job-unknown', `More than one job begins with ${idOrPrefix}; give more of its id.`);
  return first;
}

/** A row as it is listed; undefined where this version cannot read its spec. */
export function jobSummary(row: JobRow): JobSummary | undefined {
  const spec = parseJson(jobSpecSchema, row.spec);
  if (spec === undefined) return undefined;
  const result = row.result === undefined ? undefined : parseJson(resultSchema, row.result);
  const error = row.error === undefined ? undefined : parseJson(wireErrorSchema, row.error);
  const base = {
    id: row.id,
    state: row.state,
    spec,
    fraction: row.fraction,
    createdAt: iso(row.createdAt),
    updatedAt: iso(row.updatedAt),
  };
  if (row.state === 'running' && row.holder !== undefined && !holderAlive(row.holder)) {
    // Stored as running because nobody was left to say otherwise.
    const message = `Process ${row.holder.pid}, which ran this job, is gone; jobs resume ${row.id} goes on where it stopped.`;
    return { ...base, state: 'failed', error: { code: 'worker-died', message } };
  }
  return { ...base, ...(result === undefined ? {} : { result }), ...(error === undefined ? {} : { error }) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
