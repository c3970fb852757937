/** The runner's side of a worker process: starts it, hears it, and ends it with everything it started. */
import { spawnSync } from 'node:child_process';
import type { Readable } from 'node:stream';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { JobEvent, RetimeResult } from '../../contract/jobs.ts';
import { serveProcesses } from '../base/asked-process.ts';
import { oomKills, saysMemory } from '../base/memory.ts';
import { tailOf } from '../base/lines.ts';
import { drained, startProcess, type OwnProcess, type ProcessExit } from '../base/node-process.ts';
import { ownModulePath } from '../base/own-files.ts';
import { endMarked } from './marked.ts';
import { jobEventSchema, type RunMessage } from './messages.ts';

/** Milliseconds after a cancel's message at which the worker's group is sent SIGTERM, then SIGKILL. */
const TERM_MS = 300;
const KILL_MS = 900;
/** Milliseconds a worker may take to end after its answer before it is ended. */
const LINGER_MS = 1000;

/** To a worker that has its order: stop. */
const CANCEL = { type: 'cancel' };

const WORKER = ownModulePath('./worker', import.meta.url);

export interface ChildRun {
  readonly order: RunMessage;
  readonly signal: AbortSignal;
  readonly onEvent: (event: Extract<JobEvent, { type: 'progress' | 'note' }>) => void;
  /** Called before the worker is given its order. What it throws ends the worker and is the outcome. */
  readonly onStart: (pid: number) => void;
}

/** Does a job's order in a process of its own, as `workInChild`. */
export async function runInChild({ order, ...run }: ChildRun): Promise<RetimeResult> {
  return await workInChild({ ...run, entry: WORKER, mark: order.id, order, read: readEvent });
}

/** What a worker said: that it goes on, or how it ended. */
export type Heard<Event, Result> = { event: Event } | { result: Result } | { error: AppError };

export interface ChildWork<Event, Result> {
  /** Path of the module to run; it takes one order from its parent port, and 'cancel' later. */
  readonly entry: string;
  /** In the environment of every process of the work. */
  readonly mark: string;
  readonly order: unknown;
  readonly read: (message: unknown) => Heard<Event, Result>;
  readonly signal: AbortSignal;
  readonly onEvent: (event: Event) => void;
  readonly onStart?: (pid: number) => void;
}

/**
 * Does the order in a process of its own; settles when that process and its group have been ended. Rejects with the task's AppError, with the
 * signal's reason when that came first, or with `worker-died`.
 */
export async function workInChild<Event, Result>(run: ChildWork<Event, Result>): Promise<Result> {
  run.signal.throwIfAborted();
  // Of everything that may end the run the first is told.
  let outcome: { result: Result } | { error: unknown } | undefined;
  const timers: NodeJS.Timeout[] = [];
  const later = (ms: number, signal: NodeJS.Signals): void =>
    void timers.push(setTimeout(() => end(worker.process, signal), ms));
  const order = (message: unknown): void => worker.process.send(message);
  const stop = (error: unknown): void => {
    outcome ??= { error };
    order(CANCEL);
    later(TERM_MS, 'SIGTERM');
    later(KILL_MS, 'SIGKILL');
  };
  const processes = serveProcesses(run.mark, (message) => worker.process.send(message));
  const worker = startWorker(run.entry, run.mark, {
    onSpawn: (pid) => {
      try {
        run.onStart?.(pid);
        order(run.order);
        // Cancelled before there was anybody to tell.
        if (outcome !== undefined) order(CANCEL);
      } catch (error) {
        stop(error);
      }
    },
    onMessage: (message) => {
      if (processes.hear(message)) return;
      const heard = run.read(message);
      if ('event' in heard) {
        if (outcome === undefined) run.onEvent(heard.event);
        return;
      }
      outcome ??= heard;
      later(LINGER_MS, 'SIGKILL');
    },
  });
  const onAbort = (): void => stop(run.signal.reason);
  run.signal.addEventListener('abort', onAbort, { once: true });
  const death = await worker.ended;
  processes.end();
  run.signal.removeEventListener('abort', onAbort);
  for (const timer of timers) clearTimeout(timer);
  outcome ??= { error: death };
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
}

interface Worker {
  readonly process: OwnProcess;
  /** Resolves when it has ended and all it said was read, with the error to tell if it had not answered. */
  readonly ended: Promise<AppError>;
}

function startWorker(
  entry: string,
  job: string,
  on: { onSpawn(pid: number): void; onMessage(message: unknown): void },
): Worker {
  const exit = Promise.withResolvers<ProcessExit>();
  const own = process.platform !== 'win32';
  const started = startProcess(entry, {
    ...on,
    onExit: exit.resolve,
    // A process group of its own. [Note: no orphans]
    lead: true,
    // INBETWEEN_JOB marks every process of the job, for whoever has to clear up after a crash.
    env: { ...process.env, INBETWEEN_JOB: job, INBETWEEN_GROUP: own ? 'own' : '' },
  });
  return { process: started, ended: obituary(job, started, exit.promise) };
}

async function obituary(job: string, worker: OwnProcess, exit: Promise<ProcessExit>): Promise<AppError> {
  const tail = worker.stderr === null ? [] : tailOf(worker.stderr, { count: 8 });
  const [said, kills] = [heardMemory(worker.stderr), oomKills()];
  worker.stdout?.resume();
  const { code, signal, error } = await exit;
  if (error) return new AppError('worker-died', `The job's process could not be started: ${error.message}.`);
  end(worker, 'SIGKILL');
  if (!worker.leads) endMarked(job);
  await drained([worker.stdout, worker.stderr]);
  const starved = said() || (signal === 'SIGKILL' && (oomKills() ?? 0) > (kills ?? Infinity));
  const memory = signal === 'SIGKILL' ? ', as the system does when memory runs out' : '';
  const how = signal === null ? `with exit code ${code}` : `by ${signal}${memory}`;
  const last = tail.length === 0 ? '' : ` It last said: ${tail.join(' | ')}`;
  return new AppError(
    starved ? 'out-of-memory' : 'worker-died',
    `The job's process ended ${how}; run the job again to go on where it stopped.${last}`,
  );
}

/** Listens for the last words of V8 and of the C++ library when there is no memory; more than the tail comes after them. */
function heardMemory(stderr: Readable | null): () => boolean {
  let heard = false;
  stderr?.on('data', (words: Buffer | string) => (heard ||= saysMemory(String(words))));
  return () => heard;
}

/** Signals a worker and what it started: its group or tree where it leads one, itself where it does not. */
function end(worker: OwnProcess, signal: NodeJS.Signals): void {
  if (worker.leads || process.platform === 'win32') killTree(worker.pid, signal);
  else worker.kill(signal);
}

function readEvent(message: unknown): Heard<Extract<JobEvent, { type: 'progress' | 'note' }>, RetimeResult> {
  const parsed = jobEventSchema.safeParse(message);
  if (!parsed.success) return { error: notUnderstood(parsed.error.issues[0]?.message) };
  const { data } = parsed;
  if (data.type === 'done') return { result: data.result };
  return data.type === 'failed' ? { error: new AppError(data.error.code, data.error.message) } : { event: data };
}

/** The error for what a worker said that fits no schema. */
export function notUnderstood(why = ''): AppError {
  return toAppError(new Error(`the worker said something that is not understood (${why})`));
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
