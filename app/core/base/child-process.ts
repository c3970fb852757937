/** A child process whose end is told once: exit, failure to start or abort, with the last lines it said. */
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { tailOf } from './lines.ts';

/** How a child ended. `error` is set when it could not be started at all. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

export interface ChildOptions {
  /** Aborting asks the child to stop, as `stop` does. */
  readonly signal?: AbortSignal;
  readonly stdin?: 'pipe' | 'ignore';
  /** Every line of standard error, without its line end; one it answers with true is not kept in `tail`. */
  readonly onLine?: (line: string) => boolean | void;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Child {
  readonly pid: number | undefined;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  /** Settles when the process has ended and its standard error is closed. Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** The last lines of standard error, oldest first. */
  tail(): readonly string[];
  /** Asks with SIGTERM, kills after KILL_AFTER_MS, resolves when it is gone. */
  stop(): Promise<ChildExit>;
}

const KILL_AFTER_MS = 2000;

/** Starts `path` with `args` (never through a shell). A failure to start shows in `exited`, not as a throw. */
export function startChild(path: string, args: readonly string[], options: ChildOptions = {}): Child {
  const child = spawn(path, [...args], {
    stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe'],
    windowsHide: true,
    env: options.env ?? process.env,
  });
  const { stdin, stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('spawn gave no pipes');
  const lines = tailOf(stderr, { onLine: options.onLine });
  // A dead reader shows as EPIPE here as well as in the exit; the exit has the reason, so the stream's word is dropped.
  stdin?.on('error', () => {});
  stdout.on('error', () => {});

  let killer: NodeJS.Timeout | undefined;
  const exited = new Promise<ChildExit>((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error });
    });
    let exit: ChildExit | undefined;
    child.on('exit', (code, signal) => (exit = { code, signal }));
    // `close` waits for stdout to be read to its end; the exit must not depend on a reader that has gone away.
    child.on('exit', () => {
      const told = (): void => resolve(exit ?? { code: null, signal: null });
      if (stderr.closed) told();
      else stderr.once('close', told);
    });
  }).finally(() => {
    clearTimeout(killer);
    options.signal?.removeEventListener('abort', onAbort);
  });

  const stop = (): Promise<ChildExit> => {
    if (!killer && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      killer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      // ffmpeg only notices SIGTERM between writes: nothing may keep it waiting in one.
      stdin?.destroy();
      stdout.resume();
    }
    return exited;
  };
  const onAbort = (): void => void stop();
  if (options.signal?.aborted) onAbort();
  else options.signal?.addEventListener('abort', onAbort, { once: true });
  return { pid: child.pid, stdin, stdout, exited, tail: () => lines, stop };
}
