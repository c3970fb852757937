/**
 * Processes that run our own code.
 *
 * [Note: own processes] What may crash, block or be cancelled runs in a process of its own: a job, a device's trial, a measurement. Here `fork` starts
 * it. The application cannot: its binary is built so that it never runs as plain Node. Its main process starts the same entries by Electron's
 * utilityProcess (app/main/processes.ts) and says so once, with `startProcessesBy`. A job's process there has nobody to start one by but its parent,
 * and asks it to (base/asked-process.ts).
 */
import { fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { tailOf } from './lines.ts';

export interface ProcessOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Starts it as the leader of a process group, where the system and the host can. */
  readonly lead?: boolean;
  /** It runs; with its id. Not called when it could not be started. */
  readonly onSpawn?: (pid: number) => void;
  readonly onMessage?: (message: unknown) => void;
  /** It is over, or could not be started (`error`). Called once. What it wrote may still be on its way. */
  readonly onExit?: (exit: ProcessExit) => void;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

export interface OwnProcess {
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Whether it leads a group, so that killing the group ends all it started. */
  readonly leads: boolean;
  /** Undefined until it runs. */
  readonly pid: number | undefined;
  /** A structured clone; nothing happens when it is gone. */
  send(message: unknown): void;
  /** Nothing happens when it is gone. */
  kill(signal: NodeJS.Signals): void;
}

/** Starts the module at path `entry`. Its flags are its own, not this process's (a debugger's port, the test runner's). Never throws. */
export type ProcessStarter = (entry: string, options: ProcessOptions) => OwnProcess;

let starter: ProcessStarter = startByFork;

export function startProcessesBy(other: ProcessStarter): void {
  starter = other;
}

export const startProcess: ProcessStarter = (entry, options) => starter(entry, options);

function startByFork(entry: string, { args = [], env = process.env, lead = false, ...on }: ProcessOptions): OwnProcess {
  const leads = lead && process.platform !== 'win32';
  const child = fork(entry, [...args], {
    execArgv: [],
    detached: leads,
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env,
  });
  child.on('message', (message) => on.onMessage?.(message));
  child.on('exit', (code, signal) => on.onExit?.({ code, signal }));
  child.on('error', (error) => {
    // Also emitted when a message cannot be sent; then the exit tells.
    if (child.pid === undefined) on.onExit?.({ code: null, signal: null, error });
  });
  const { pid } = child;
  if (pid !== undefined) process.nextTick(() => on.onSpawn?.(pid));
  return {
    stdout: child.stdout,
    stderr: child.stderr,
    leads,
    pid,
    send: (message) => {
      if (child.connected) child.send(message as NodeJS.Dict<unknown>, () => {});
    },
    kill: (signal) => void child.kill(signal),
  };
}

/**
 * Runs an entry to its end: what it wrote to standard output, and its last lines on standard error. Aborting kills it; that it was is the caller's to tell.
 * Never rejects.
 */
export async function runProcess(
  entry: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ text: string; tail: readonly string[]; exit: ProcessExit }> {
  const exit = Promise.withResolvers<ProcessExit>();
  const child = startProcess(entry, { args, onExit: exit.resolve });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
  const tail = child.stderr ? tailOf(child.stderr) : [];
  const stop = (): void => child.kill('SIGKILL');
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const ended = await exit.promise;
  signal.removeEventListener('abort', stop);
  await drained([child.stdout, child.stderr]);
  return { text, tail, exit: ended };
}

/** Milliseconds for the pipes of a process that ended to be read to their end: a grandchild that is just dying may still hold them. */
const DRAIN_MS = 200;

/** Waits until what a process that is over has written was read. */
export async function drained(streams: readonly (Readable | null)[]): Promise<void> {
  const closed = streams.map((stream) =>
    stream === null || stream.closed ? undefined : new Promise((resolve) => stream.once('close', resolve)),
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, DRAIN_MS)));
  await Promise.race([Promise.all(closed), late]);
  clearTimeout(timer);
}
