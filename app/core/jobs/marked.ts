/** Processes of a job, known by the mark they inherit (INBETWEEN_JOB). Linux only: elsewhere nothing is found. */
import { readdirSync, readFileSync } from 'node:fs';

/** Pids of the processes that carry the job's mark. */
export function markedProcesses(job: string): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').map(Number);
  return pids.filter((pid) => Number.isInteger(pid) && pid !== process.pid && hasMark(pid, job));
}

/** Kills them. */
export function endMarked(job: string): void {
  for (const pid of markedProcesses(job)) killOne(pid);
}

export function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}

function hasMark(pid: number, job: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`INBETWEEN_JOB=${job}`);
  } catch {
    return false;
  }
}
