/** What a job leaves behind when its processes are killed, and how it is cleared away before the job goes on. */
import { randomUUID } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { syncFolder } from '../base/durable.ts';
import { liveness, processStart } from '../base/process-identity.ts';
import type { Library } from '../library/db.ts';
import { jobById } from '../library/job-rows.ts';
import { holderAlive } from '../library/leases.ts';
import { killTree } from './child.ts';
import { killOne, markedProcesses } from './marked.ts';
import { partPath, partPrefix } from './spec.ts';

/** Milliseconds that killed processes are given to be gone. */
const GONE_MS = 2000;

/**
 * Ends the worker of a holder that died, and what that worker started. Usually both ended with it; but a worker that is busy in native code, or
 * an encoder whose worker was killed with the holder, may still be writing.
 */
export async function endOrphans(job: string, worker: { pid: number; start: string } | undefined): Promise<void> {
  if (worker === undefined || process.platform === 'win32') return;
  const until = performance.now() + GONE_MS;
  while (performance.now() < until) {
    const orphans = orphansOf(job, worker);
    if (orphans.length === 0) return;
    if (liveness(worker) === 'alive') killTree(worker.pid, 'SIGKILL');
    for (const pid of orphans) killOne(pid);
    await sleep(10);
  }
}

/** Pids of the job's processes: the worker if it lives, and on Linux every living process that carries the job's mark. */
function orphansOf(job: string, worker: { pid: number; start: string }): number[] {
  const marked = markedProcesses(job).filter((pid) => processStart(pid) !== undefined);
  return liveness(worker) === 'alive' ? [worker.pid, ...marked] : marked;
}

/** Removes the job's scratch folder and its unfinished outputs. The caller holds the lease. */
export async function clearJobFiles(scratchRoot: string, job: string, outputs: readonly string[]): Promise<void> {
  await removeTree(join(scratchRoot, job));
  for (const folder of new Set(outputs.map((output) => dirname(output)))) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names) if (name.startsWith(partPrefix(job))) await removeTree(join(folder, name));
  }
}

/** The scratch folder of the attempt under the lease `token`. Each attempt has its own: an orphan of the last one may still write. */
export function scratchPath(scratchRoot: string, job: string, token: string): string {
  return join(scratchRoot, job, token.slice(0, 8));
}

/**
 * Removes what one attempt wrote besides its chunks and its outputs; another attempt may be working beside it. For good: a job that is done is not
 * gone on with, so a part that a power cut brought back would stay.
 */
export async function clearAttempt(
  scratchRoot: string,
  job: string,
  outputs: readonly string[],
  token: string,
): Promise<void> {
  await removeTree(scratchPath(scratchRoot, job, token));
  for (const output of outputs) {
    const part = partPath(job, output, token);
    if (!existsSync(part)) continue;
    await removeTree(part);
    // Where the folder itself is gone there is nothing to come back to.
    await syncFolder(dirname(part)).catch(() => {});
  }
  await rmdir(join(scratchRoot, job)).catch(() => {});
}

/** Removes scratch folders of jobs that nobody works on: of crashed jobs that were never resumed, and of deleted ones. */
export async function sweepScratch(db: Library, scratchRoot: string): Promise<void> {
  for (const name of await readdir(scratchRoot).catch(() => [])) {
    const trash = join(scratchRoot, `.trash-${randomUUID()}`);
    // Renaming under the write lock: whoever takes the job after it makes a new folder.
    const renamed = db.soft(() => {
      const holder = jobById(db, name)?.holder;
      if (name.startsWith('.trash-') || (holder !== undefined && holderAlive(holder))) return false;
      try {
        renameSync(join(scratchRoot, name), trash);
        return true;
      } catch {
        return false;
      }
    });
    if (renamed) await removeTree(trash);
    else if (name.startsWith('.trash-')) await removeTree(join(scratchRoot, name));
  }
}

/** Removes a file or a folder. Killed processes may be in the middle of a last write, and Windows may still hold a name: it is tried again. */
async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
