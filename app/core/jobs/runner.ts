/** Runs a job to its end: finds out whether there is anything to do, takes the lease, lets a worker do it, and writes down how it ended. */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { JobEvent, JobSpec, RetimeResult } from '../../contract/jobs.ts';
import type { Home } from '../base/home.ts';
import { canonicalJson, parseJson } from '../base/json.ts';
import { thisHost, thisProcess } from '../base/process-identity.ts';
import type { Library } from '../library/db.ts';
import { jobById, logJob, registerJob, type Holder, type JobRow } from '../library/job-rows.ts';
import { takeLease } from '../library/leases.ts';
import { findRun } from '../library/tag-runs.ts';
import { attempt } from './attempt.ts';
import { basisOf, basisSchema, sameBasis, type Basis } from './basis.ts';
import { CACHE_BYTES } from './chunk-files.ts';
import { resultSchema } from './messages.ts';
import {
  outputsIntact,
  refuseForeignOutput,
  refuseInputAsOutput,
  requireOutputFolder,
  withMorphFolder,
} from './publish.ts';
import { jobSpecSchema, prepareJob, type PreparedJob } from './spec.ts';

export interface RunOptions {
  readonly db: Library;
  readonly home: Home;
  /** Aborting cancels the job; the reason is what is thrown. */
  readonly signal?: AbortSignal;
  /** Progress at most ten times a second, then exactly one 'done' or 'failed'. */
  readonly onEvent?: (event: JobEvent) => void;
  /** Threads the engine may use; as many as there are cores unless told otherwise. */
  readonly threads?: number;
  /** Bytes the chunk store is kept to. */
  readonly cacheBytes?: number;
  /** URL of another table of tasks than the product's. */
  readonly tasks?: string;
}

/**
 * Runs a job, or goes on with it where it stopped. A job that is done, whose output is as it left it and that would be made from the same inputs
 * by the same versions of its engines is not run again, `force` or not: it would write the same file. `force` is about whose file may be replaced.
 *
 * Throws AppErrors: `bad-job`; `not-found`, `not-a-file`, `unreadable` for an input; `output-exists`; `job-busy` while another process runs
 * it; `cancelled`; `worker-died`; `database`; and whatever its task throws.
 */
export async function runJob(untrusted: JobSpec, options: RunOptions): Promise<RetimeResult> {
  const { onEvent } = options;
  try {
    options.signal?.throwIfAborted();
    const job = prepareJob(untrusted);
    const result = await withMorphFolder(job.spec, () => keepOrRun(job, options));
    onEvent?.({ type: 'done', result });
    return result;
  } catch (thrown) {
    const error = toAppError(thrown);
    onEvent?.({ type: 'failed', error: { code: error.code, message: error.message } });
    throw error;
  }
}

/** The result of a job that is done, if it still holds (see `runJob`); undefined otherwise. Starts nothing. */
export async function finishedResult(
  untrusted: JobSpec,
  { db }: Pick<RunOptions, 'db'>,
): Promise<RetimeResult | undefined> {
  const { id, spec } = prepareJob(untrusted);
  const row = jobById(db, id);
  return row && (await keptResult(db, row, await basisOf(spec)));
}

async function keepOrRun(job: PreparedJob, options: RunOptions): Promise<RetimeResult> {
  const { db } = options;
  const { id, spec } = job;
  for (;;) {
    const basis = await basisOf(spec);
    const row = jobById(db, id);
    const kept = row && (await keptResult(db, row, basis));
    if (kept !== undefined) return kept;
    await requireOutputFolder(spec);
    await refuseInputAsOutput(spec);
    await refuseForeignOutput(db, id, spec);
    // Not before: what is refused leaves no job behind.
    registerJob(db, { id, hash: job.hash, kind: spec.kind, spec: JSON.stringify(spec) });
    const token = randomUUID();
    const taken = takeLease(db, id, {
      token,
      self: thisProcess(),
      spec: JSON.stringify(spec),
      source: JSON.stringify(basis),
      seen: row?.updatedAt ?? 0,
    });
    if (taken.taken) {
      const { threads = availableParallelism(), cacheBytes = CACHE_BYTES } = options;
      if (taken.before.holder !== undefined)
        logJob(db, id, `Taken over from process ${taken.before.holder.pid}, which is gone.`);
      return await attempt({
        ...options,
        job,
        sources: basis.files,
        token,
        threads,
        cacheBytes,
        orphan: taken.before.worker,
      });
    }
    if (taken.reason === 'busy') throw busy(id, taken.holder);
    // Finished by another process between looking and taking: look again.
  }
}

/** The stored result, if it still holds: the same inputs and engines, and everything that was written is there as it was written. */
async function keptResult(db: Library, row: JobRow, basis: Basis): Promise<RetimeResult | undefined> {
  if (row.state !== 'done' || row.result === undefined || row.source === undefined) return undefined;
  const before = parseJson(basisSchema, row.source);
  if (before === undefined || !sameBasis(before, basis)) return undefined;
  if (!(await outputsIntact(db, row.id))) return undefined;
  const result = parseJson(resultSchema, row.result);
  return result && libraryHolds(db, row, result) ? result : undefined;
}

/** Whether the library still has what a tag job put there: its scores, and their spans by the same rules. */
function libraryHolds(db: Library, { spec }: JobRow, { tags }: RetimeResult): boolean {
  const asked = parseJson(jobSpecSchema, spec);
  if (asked?.kind !== 'tag') return true;
  const run = tags && findRun(db, tags.run);
  return run !== undefined && canonicalJson(run.rules) === canonicalJson(asked.rules);
}

function busy(id: string, holder: Holder | undefined): AppError {
  const who =
    holder === undefined
      ? 'another process'
      : `process ${holder.pid}${holder.host === thisHost() ? '' : ` on ${holder.host}`}`;
  return new AppError('job-busy', `Job ${id} is being run by ${who}; cancel it with: jobs cancel ${id}.`);
}
