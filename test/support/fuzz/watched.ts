/** A process that is given hostile files one by one, and stopped when it takes too much time or memory. Linux: /proc tells what it and its children take. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locateFfmpeg } from '../../../app/core/media/ffmpeg.ts';

export interface Case {
  readonly path: string;
  readonly kind: 'film' | 'still';
  /** What is done with a film: what the library does, what a plan does, or all of a job. */
  readonly ways: 'library' | 'plan' | 'slow';
}

/** 'done' or an error's code, and of an error that is none of ours where it came from. */
export interface Outcome {
  readonly end: string;
  /** How far it came. */
  readonly stage: string;
  readonly message?: string;
  readonly stack?: string;
}

export interface Watched extends Outcome {
  /** Of the processor, children included. */
  readonly seconds: number;
  /** The most that the process and its children had together, as far as was seen, less what the idle process has. */
  readonly megabytes: number;
}

/** What a case may take. */
export const LIMIT = { seconds: 20, megabytes: 2048 };
/** Address space a child may have at all, so that a test does not bring the machine down. */
const MOST_KILOBYTES = 8 << 20;
/** By the clock, on a machine that has other work. */
const HUNG_MS = 240_000;
const LOOK_MS = 25;
const TICKS_A_SECOND = 100;

/** A folder with ffmpeg and ffprobe that cannot take all memory. */
async function boundedFfmpeg(folder: string): Promise<string> {
  const { path, ffprobe } = await locateFfmpeg();
  mkdirSync(folder, { recursive: true });
  for (const [name, real] of [
    ['ffmpeg', path],
    ['ffprobe', ffprobe],
  ] as const) {
    if (!real) continue;
    const script = join(folder, name);
    writeFileSync(script, `#!/bin/sh\nulimit -v ${MOST_KILOBYTES}\nexec '${real}' "$@"\n`);
    chmodSync(script, 0o755);
  }
  return join(folder, 'ffmpeg');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function children(pid: number): number[] {
  let tasks: string[];
  try {
    tasks = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return tasks.flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`).trim().split(' ').filter(Boolean).map(Number),
  );
}

/** Seconds of the processor: its own and of children that have ended. */
function cpuSeconds(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15);
  return fields.reduce((sum, field) => sum + Number(field), 0) / TICKS_A_SECOND;
}

function megabytes(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
}

export interface WatchOptions {
  /** Answers 'ready' and then each order with an Outcome. */
  readonly script?: string;
  readonly limit?: typeof LIMIT;
  /** Cases after which a new process takes its place: what is kept of many files would look like what one takes. */
  readonly renewAfter?: number;
}

export class WatchedProcess<Order extends object> {
  readonly #folder: string;
  readonly #options: Required<WatchOptions>;
  #child: ChildProcess | undefined;
  #idle = 0;
  #cases = 0;

  /** `folder` is its own. */
  constructor(folder: string, options: WatchOptions = {}) {
    this.#folder = folder;
    this.#options = { script: join(import.meta.dirname, 'victim.ts'), limit: LIMIT, renewAfter: 100, ...options };
  }

  async run(order: Order): Promise<Watched> {
    const { limit, renewAfter } = this.#options;
    if (this.#cases++ % renewAfter === 0) await this.close();
    const child = (this.#child ??= await this.#start());
    const pid = child.pid!;
    const before = cpuSeconds(pid);
    let most = 0;
    let stopped: string | undefined;
    const began = performance.now();
    const look = setInterval(() => {
      const below = children(pid);
      most = Math.max(
        most,
        megabytes(pid, 'VmRSS') - this.#idle + below.reduce((sum, one) => sum + megabytes(one, 'VmHWM'), 0),
      );
      const seconds = cpuSeconds(pid) - before + below.reduce((sum, one) => sum + cpuSeconds(one), 0);
      if (seconds > limit.seconds || performance.now() - began > HUNG_MS) stopped = 'too long';
      else if (most > limit.megabytes) stopped = 'too large';
      if (stopped) this.#kill(child);
    }, LOOK_MS);
    const gone = new AbortController();
    child.send(order);
    const answer = await Promise.race([
      once(child, 'message', { signal: gone.signal }).then(([outcome]) => outcome as Outcome),
      once(child, 'exit', { signal: gone.signal }).then(([code, signal]): Outcome => {
        this.#child = undefined;
        return { end: stopped ?? 'crash', stage: '?', message: `exit ${String(code)}, ${String(signal)}` };
      }),
    ]).finally(() => {
      clearInterval(look);
      gone.abort();
    });
    const taken = this.#child ? cpuSeconds(pid) - before : limit.seconds;
    return { ...answer, seconds: taken, megabytes: Math.round(Math.max(0, most)) };
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    const gone = once(child, 'exit');
    this.#kill(child);
    await gone;
  }

  #kill(child: ChildProcess): void {
    for (const pid of [...children(child.pid!), child.pid!]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
  }

  async #start(): Promise<ChildProcess> {
    const ffmpeg = await boundedFfmpeg(join(this.#folder, 'bin'));
    const child = fork(this.#options.script, [this.#folder], {
      env: { ...process.env, INBETWEEN_FFMPEG: ffmpeg, INBETWEEN_HOME: join(this.#folder, 'home') },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    this.#idle = megabytes(child.pid!, 'VmRSS');
    return child;
  }
}
