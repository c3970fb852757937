/** Our own processes started by Electron. [Note: own processes] */
import { utilityProcess } from 'electron';
import type { Readable } from 'node:stream';
import type { ProcessStarter } from '../core/base/node-process.ts';

/** A utility process leads no group: whoever needs its children gone has to end them ([Note: no orphans]). */
export const startByUtility: ProcessStarter = (entry, { args = [], env = process.env, ...on }) => {
  const child = utilityProcess.fork(entry, [...args], {
    stdio: 'pipe',
    env,
    execArgv: [],
    serviceName: 'Inbetween worker',
  });
  let alive = true;
  child.on('spawn', () => {
    if (child.pid !== undefined) on.onSpawn?.(child.pid);
  });
  child.on('message', (message: unknown) => on.onMessage?.(message));
  child.on('exit', (code) => {
    alive = false;
    on.onExit?.({ code, signal: null });
  });
  return {
    // Streams of Node in all but their type.
    stdout: child.stdout as Readable | null,
    stderr: child.stderr as Readable | null,
    leads: false,
    get pid() {
      return child.pid;
    },
    send: (message) => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a process, not a window
      if (alive) child.postMessage(message);
    },
    kill: (signal) => {
      if (!alive) return;
      if (signal === 'SIGKILL' && child.pid !== undefined) killHard(child.pid);
      else child.kill();
    },
  };
};

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}
