/** The composition root: what a host (command, window, server) gets to work with. */
import { availableParallelism } from 'node:os';
import type { JobEvent, JobSpec, RetimeResult } from '../contract/jobs.ts';
import { openHome } from './base/home.ts';
import { finishedResult, runJob } from './jobs/runner.ts';
import { openLibrary } from './library/db.ts';

export interface RunRequest {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: JobEvent) => void;
}

export interface App extends AsyncDisposable {
  /** Runs a job, or goes on with it where it stopped. Throws AppErrors ([runJob]). */
  run(spec: JobSpec, request?: RunRequest): Promise<RetimeResult>;
  /** The result of a job that is done, if its input and outputs are still as they were. */
  finished(spec: JobSpec): Promise<RetimeResult | undefined>;
}

/**
 * Opens the library at INBETWEEN_HOME or the platform's data folder. `lanes` is how many jobs the host runs at the same time: they
 * share the cores. Throws 'database' and what openHome throws.
 */
export async function openApp({ lanes = 1 }: { lanes?: number } = {}): Promise<App> {
  const home = await openHome();
  const db = openLibrary(home);
  const threads = Math.max(1, Math.floor(availableParallelism() / lanes));
  return {
    run: (spec, request = {}) => runJob(spec, { db, home, threads, ...request }),
    finished: (spec) => finishedResult(spec, { db }),
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]();
    },
  };
}
