/** The runner's side of a worker process: starts it, hears it, and ends it with everything it started. */
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { JobEvent, RetimeResult } from '../../contract/jobs.ts';
import { tailOf } from '../base/lines.ts';
import { jobEventSchema, type RunMessage, type WorkerOrder } from './messages.ts';

/** Milliseconds after a cancel's message at which the worker's group is sent SIGTERM, then SIGKILL. */
const TERM_MS = 300;
const KILL_MS = 900;
/** Milliseconds a worker may take to end after its answer, and the pipes of a dead one to be read to their end. */
const LINGER_MS = 1000;
const DRAIN_MS = 200;

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

export interface ChildRun {
  readonly order: RunMessage;
  readonly signal: AbortSignal;
  readonly onEvent: (event: Extract<JobEvent, { type: 'progress' | 'note' }>) => void;
  /** Called before the worker is given its order. What it throws ends the worker and is the outcome. */
  readonly onStart: (pid: number) => void;
}

/**
 * Does the order in a process of its own; settles when that process and its group have been ended. Rejects with the task's AppError, with the
 * signal's reason when that came first, or with `worker-died`.
 */
export async function runInChild(run: ChildRun): Promise<RetimeResult> {
  run.signal.throwIfAborted();
  const child = startWorker(run.order.id);
  const { pid } = child;
  const end = ended(child);
  // Of everything that may end the run the first is told.
  let outcome: { result: RetimeResult } | { error: unknown } | undefined;
  const timers: NodeJS.Timeout[] = [];
  const later = (ms: number, signal: NodeJS.Signals): void =>
    void timers.push(setTimeout(() => killTree(pid, signal), ms));
  const order = (message: WorkerOrder): void => {
    if (child.connected) child.send(message, () => {});
  };
  const stop = (error: unknown): void => {
    outcome ??= { error };
    order({ type: 'cancel' });
    later(TERM_MS, 'SIGTERM');
    later(KILL_MS, 'SIGKILL');
  };
  const onAbort = (): void => stop(run.signal.reason);
  run.signal.addEventListener('abort', onAbort, { once: true });
  child.on('message', (message) => {
    const event = readEvent(message);
    if (event.type === 'progress' || event.type === 'note') {
      if (outcome === undefined) run.onEvent(event);
      return;
    }
    outcome ??=
      event.type === 'done' ? { result: event.result } : { error: new AppError(event.error.code, event.error.message) };
    later(LINGER_MS, 'SIGKILL');
  });
  try {
    if (pid !== undefined) run.onStart(pid);
    order(run.order);
  } catch (error) {
    stop(error);
  }
  const death = await end;
  run.signal.removeEventListener('abort', onAbort);
  for (const timer of timers) clearTimeout(timer);
  outcome ??= { error: death };
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
}

function startWorker(job: string): ChildProcess {
  const own = process.platform !== 'win32';
  return fork(WORKER, [], {
    // Flags of this process (a debugger's port, the test runner's) are not the worker's.
    execArgv: [],
    // A process group of its own. [Note: no orphans]
    detached: own,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // INBETWEEN_JOB marks every process of the job, for whoever has to clear up after a crash.
    env: { ...process.env, INBETWEEN_JOB: job, INBETWEEN_GROUP: own ? 'own' : '' },
  });
}

/** Resolves when the worker has ended and all it said was read, with the error to tell if it had not answered. */
function ended(child: ChildProcess): Promise<AppError> {
  const tail = child.stderr === null ? [] : tailOf(child.stderr, { count: 8 });
  child.stdout?.resume();
  return new Promise((resolve) => {
    child.on('error', (error) => {
      // Also emitted when a message cannot be sent; then the exit tells.
      if (child.pid === undefined)
        resolve(new AppError('worker-died', `The job's process could not be started: ${error.message}.`));
    });
    child.on('exit', (code, signal) => {
      killTree(child.pid, 'SIGKILL');
      const memory = signal === 'SIGKILL' ? ', as the system does when memory runs out' : '';
      const how = signal === null ? `with exit code ${code}` : `by ${signal}${memory}`;
      const finish = (): void => {
        clearTimeout(timer);
        const said = tail.length === 0 ? '' : ` It last said: ${tail.join(' | ')}`;
        resolve(
          new AppError(
            'worker-died',
            `The job's process ended ${how}; run the job again to go on where it stopped.${said}`,
          ),
        );
      };
      // A grandchild that is just dying may still hold the pipes.
      const timer = setTimeout(finish, DRAIN_MS);
      child.on('close', finish);
    });
  });
}

function readEvent(message: unknown): JobEvent {
  const event = jobEventSchema.safeParse(message);
  if (event.success) return event.data;
  const error = toAppError(
    new Error(`the worker said something that is not understood (${event.error.issues[0]?.message ?? ''})`),
  );
  return { type: 'failed', error: { code: error.code, message: error.message } };
}

/** Signals a worker and all it started: its process group, or on Windows its tree. Nothing happens when they are gone. */
export function killTree(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    // There is no asking on Windows: the message was that.
    if (signal === 'SIGKILL')
      spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true, stdio: 'ignore' });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: the group is gone.
  }
}
