/** One attempt at a job whose lease is held: from clearing up after the last one to the terminal state. */
import { AppError, toAppError } from '../../contract/errors.ts';
import type { JobEvent, RetimeResult } from '../../contract/jobs.ts';
import type { Home } from '../base/home.ts';
import { processStart } from '../base/process-identity.ts';
import { throttle } from '../base/throttle.ts';
import type { Library } from '../library/db.ts';
import type { FileIdentity } from '../library/file-identity.ts';
import { logJob } from '../library/job-rows.ts';
import { beat, endLease, pollLease, recordProgress, recordWorker, STALE_MS } from '../library/leases.ts';
import { runInChild } from './child.ts';
import { withRelief, type Relief } from './relief.ts';
import { clearAttempt, clearJobFiles, endOrphans, scratchPath, sweepScratch } from './leftovers.ts';
import { partPath, specOutputs, type PreparedJob } from './spec.ts';

export interface Attempt {
  readonly db: Library;
  readonly home: Home;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: JobEvent) => void;
  readonly job: PreparedJob;
  readonly sources: readonly FileIdentity[];
  readonly token: string;
  readonly threads: number;
  readonly cacheBytes: number;
  readonly tasks?: string;
  /** The worker of a holder that died. */
  readonly orphan: { readonly pid: number; readonly start: string } | undefined;
}

/** The reason to abort a job with that is to go on later: it waits, and what it has made so far is kept for it. */
export class Paused extends AppError {
  constructor() {
    super('cancelled', 'Paused.');
  }
}

/** Milliseconds between two looks at the lease and its cancel flag, between heartbeats, and between progress written to the database. */
const POLL_MS = 250;
const BEAT_MS = 2000;
const STORE_MS = 200;

/** Between two attempts to store how it ended, while the library cannot be written to; an hour of them. */
const AGAIN_MS = 1000;
const AGAIN_TIMES = 3600;

/** Does the job under the lease `token` and gives the lease back. The first cause of an ending is the one that is stored and thrown. */
export async function attempt(run: Attempt): Promise<RetimeResult> {
  const { db, home, job, token } = run;
  // The reason of an AbortController is that of its first abort, so it is what ended the attempt, if not the worker itself.
  const stop = new AbortController();
  const unwatch = watchLease(db, job.id, token, stop);
  const onAbort = (): void => stop.abort(run.signal?.reason);
  run.signal?.addEventListener('abort', onAbort, { once: true });
  if (run.signal?.aborted === true) onAbort();
  try {
    await endOrphans(job.id, run.orphan);
    await clearJobFiles(home.scratch, job.id, specOutputs(job.spec));
    await sweepScratch(db, home.scratch);
    let device: string | undefined;
    const result = await withRelief(
      {
        threads: run.threads,
        signal: stop.signal,
        device: () => device,
        note: (message) => {
          logJob(db, job.id, message);
          run.onEvent?.({ type: 'note', message });
        },
      },
      (relief) => work(run, stop.signal, relief, (runsOn) => (device = runsOn)),
    );
    if (!endLease(db, job.id, token, { state: 'done', result: JSON.stringify(result) })) throw lostLease();
    return result;
  } catch (thrown) {
    const error = toAppError(thrown);
    storeFailure(run, error);
    throw error;
  } finally {
    unwatch();
    run.signal?.removeEventListener('abort', onAbort);
  }
}

function storeFailure({ db, job, token }: Attempt, error: AppError): void {
  const state = error instanceof Paused ? 'waiting' : error.kind === 'cancelled' ? 'cancelled' : 'failed';
  const reason = JSON.stringify({ code: error.code, message: error.message });
  const store = (): void => {
    const stored = endLease(db, job.id, token, { state, ...(state !== 'waiting' && { error: reason }) });
    if (stored && state === 'waiting') logJob(db, job.id, error.message);
    else if (stored) logJob(db, job.id, `${state}: ${error.message}`);
  };
  try {
    store();
  } catch {
    // The database is what failed, most likely: the error at hand says so better than a second one.
    storeLater(store);
  }
}

async function work(
  run: Attempt,
  signal: AbortSignal,
  relief: Relief | undefined,
  onDevice: (device: string) => void,
): Promise<RetimeResult> {
  const { db, home, job, token, sources, threads, cacheBytes, tasks } = run;
  const scratch = scratchPath(home.scratch, job.id, token);
  const part = partPath(job.id, job.spec.output, token);
  const store = throttle(STORE_MS, (event: { stage: string; fraction: number }) =>
    quietly(() => recordProgress(db, job.id, token, event.stage, event.fraction)),
  );
  const base = {
    type: 'run',
    id: job.id,
    token,
    spec: job.spec,
    sources,
    home: home.root,
    scratch,
    part,
    threads,
    cacheBytes,
    ...(relief && { relief: { shrink: relief.shrink, threads: relief.threads, cpu: relief.cpu } }),
  } as const;
  try {
    return await runInChild({
      signal,
      order: tasks === undefined ? base : { ...base, tasks },
      onStart: (pid) => {
        if (!recordWorker(db, job.id, token, { pid, start: processStart(pid) ?? '' })) throw lostLease();
      },
      onEvent: (event) => {
        if (event.type === 'progress') {
          store(event);
          if (event.device !== undefined) onDevice(event.device);
        } else quietly(() => logJob(db, job.id, event.message));
        run.onEvent?.(event);
      },
    });
  } finally {
    store.cancel();
    await clearAttempt(home.scratch, job.id, specOutputs(job.spec), token);
  }
}

/** Tries again while this process lives, which would else be taken for the job's holder; of one that has ended nobody takes it. */
function storeLater(store: () => void): void {
  let left = AGAIN_TIMES;
  const timer = setInterval(() => {
    try {
      store();
      left = 0;
    } catch {
      left--;
    }
    if (left === 0) clearInterval(timer);
  }, AGAIN_MS).unref();
}

/** What is only told may fail: a full disk ends the job where its work is written, and a database long out of reach where the lease is watched. */
function quietly(write: () => void): void {
  try {
    write();
  } catch {
    // It is called from timers and listeners, where nobody would catch it.
  }
}

/** Keeps the lease fresh, and aborts `stop` when the job is to be cancelled, the lease is lost, or the database has long been out of reach. */
function watchLease(db: Library, id: string, token: string, stop: AbortController): () => void {
  // [Note: clocks]
  let beaten = performance.now();
  const timer = setInterval(() => {
    try {
      const state = pollLease(db, id, token);
      if (state === 'cancel') stop.abort(new AppError('cancelled', 'Cancelled.'));
      if (state === 'lost') stop.abort(lostLease());
      if (performance.now() - beaten < BEAT_MS) return;
      beat(db, id, token);
      beaten = performance.now();
    } catch (error) {
      if (performance.now() - beaten > STALE_MS) stop.abort(error);
    }
  }, POLL_MS);
  return () => clearInterval(timer);
}

function lostLease(): AppError {
  return new AppError('job-busy', 'Another process has taken this job over.');
}
