/** Rooms, orders and processes for the tests of the job system. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { JobEvent, RetimeSpec } from '../../../app/contract/jobs.ts';
import { openHome, type Home } from '../../../app/core/base/home.ts';
import { liveness } from '../../../app/core/base/process-identity.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import { openLibrary, type Library } from '../../../app/core/library/db.ts';
import { identify } from '../../../app/core/library/file-identity.ts';
import { countBytes, type CountOrder } from './count-task.ts';

export const TASKS_URL = new URL('count-task.ts', import.meta.url).href;
const RUN_COUNT = fileURLToPath(new URL('run-count.ts', import.meta.url));

export function countSpec(input: string, output: string, changes: Partial<RetimeSpec> = {}): RetimeSpec {
  return {
    kind: 'retime',
    input,
    output,
    speed: { num: 1, den: 4 },
    factor: 1,
    engine: 'count',
    cuts: 'auto',
    holds: 'off',
    maxHold: 2,
    shutter: 0,
    codec: 'h264',
    force: false,
    ...changes,
  };
}

/** A folder with a library and one order to count. */
export class Room implements AsyncDisposable {
  readonly folder: string;
  readonly home: Home;
  readonly db: Library;
  readonly input: string;
  readonly output: string;

  constructor(folder: string, home: Home) {
    this.folder = folder;
    this.home = home;
    this.db = openLibrary(home);
    this.input = join(folder, 'order.json');
    this.output = join(folder, 'out put.bin');
  }

  static async make(order: CountOrder = {}): Promise<Room> {
    const folder = await mkdtemp(join(tmpdir(), 'inbetween-jobs-'));
    const room = new Room(folder, await openHome({ library: join(folder, 'library') }));
    await room.order(order);
    return room;
  }

  async order(order: CountOrder): Promise<void> {
    await writeFile(this.input, JSON.stringify(order));
  }

  spec(changes: Partial<RetimeSpec> = {}): RetimeSpec {
    return countSpec(this.input, this.output, changes);
  }

  get id(): string {
    return prepareJob(this.spec()).id;
  }

  /** What the output must be for the order that is there now. */
  async expected(): Promise<Buffer> {
    const order = JSON.parse(await readFile(this.input, 'utf8')) as CountOrder;
    return countBytes(order, (await identify(this.input)).fingerprint);
  }

  /** Names in the output's folder, in the scratch folder, and of unfinished chunks: what should not be left behind. */
  async litter(): Promise<string[]> {
    const beside = (await readdir(this.folder)).filter((name) => name.startsWith('.inbetween-'));
    const scratch = await readdir(this.home.scratch);
    const chunks = (await readdir(this.home.chunks, { recursive: true })).filter((name) => name.includes('.tmp-'));
    return [...beside, ...scratch, ...chunks];
  }

  start(force = false): Run {
    return new Run([this.home.root, this.input, this.output, ...(force ? ['force'] : [])]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.db.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A process of its own that runs a counting job. */
export class Run {
  readonly process: ChildProcess;
  readonly events: JobEvent[] = [];
  /** Exit code, or the signal's name. */
  readonly exit: Promise<number | string>;
  #stderr = '';

  constructor(args: readonly string[]) {
    this.process = spawn(process.execPath, [RUN_COUNT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let rest = '';
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.events.push(JSON.parse(line) as JobEvent);
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.exit = new Promise((resolve) =>
      this.process.on('close', (code, signal) => resolve(code ?? signal ?? 'nothing')),
    );
  }

  /** The last event. Throws what the process said on stderr when there is none. */
  get last(): JobEvent {
    const last = this.events.at(-1);
    if (last === undefined) throw new Error(`no event; stderr: ${this.#stderr}`);
    return last;
  }

  get failure(): string {
    return this.last.type === 'failed' ? this.last.error.code : this.last.type;
  }
}

/** Waits until `done` says so; fails after `ms`. */
export async function until(done: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`did not happen within ${ms} ms: ${done.toString()}`);
    await sleep(10);
  }
}

/** Whether no process has this pid any more (a zombie has ended). Only for pids that were seen alive moments ago. */
export function gone(pid: number): boolean {
  return liveness({ pid, start: '' }) === 'dead';
}
