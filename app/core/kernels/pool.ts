/** The main thread's side of a team of workers: [Note: team]. Nothing here blocks. */
import { Worker } from 'node:worker_threads';
import { AppError } from '../../contract/errors.ts';
import { RESERVED, STACK, compileKernels, createMemory, growMemory } from './module.ts';
import { requestStop, resetControl } from './team.ts';

/** What a worker is started with. */
export interface WorkerInit {
  readonly index: number;
  readonly size: number;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly stackTop: number;
}

/** A task for the team and, from each member, how it ended. */
export interface TaskMessage {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}
export interface DoneMessage {
  readonly id: number;
  readonly ended: 'done' | 'stopped' | 'failed';
  readonly message?: string;
}

interface Pending {
  readonly id: number;
  waiting: number;
  stopped: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

export class KernelPool implements AsyncDisposable {
  readonly memory: WebAssembly.Memory;
  readonly threads: number;
  /** First address an Arena may hand out. */
  readonly base: number;
  readonly #workers: Worker[] = [];
  #pending: Pending | null = null;
  #nextId = 1;
  #failure: AppError | null = null;
  #closing = false;
  /** The signal that is listened to, from one task to the next: a listener each time grows the heap until it is next swept as a whole. */
  #heard: AbortSignal | undefined;
  readonly #stop = (): void => {
    if (this.#pending) requestStop(this.memory);
  };

  /** Starts `threads` workers running `entry` (a module that calls serveTeam) on a new memory of at least `bytes`. Throws AppError 'out-of-memory'. */
  constructor(entry: URL, threads: number, bytes: number) {
    this.threads = Math.max(1, Math.floor(threads));
    this.base = RESERVED + this.threads * STACK;
    try {
      this.memory = createMemory(Math.max(bytes, this.base));
    } catch (cause) {
      throw new AppError('out-of-memory', 'The engine cannot reserve its 4 GiB of address space.', { cause });
    }
    const module = compileKernels();
    for (let index = 0; index < this.threads; index++) {
      const init: WorkerInit = {
        index,
        size: this.threads,
        module,
        memory: this.memory,
        stackTop: RESERVED + (index + 1) * STACK,
      };
      const worker = new Worker(entry, { workerData: init, name: `kernels-${index}` });
      worker.on('message', (done: DoneMessage) => this.#done(done));
      worker.on('error', (error) => this.#fail(error));
      worker.on('exit', (code) => {
        if (!this.#closing) this.#fail(new Error(`a worker thread ended with code ${code}`));
      });
      worker.unref();
      this.#workers.push(worker);
    }
  }

  /** Makes the memory at least `bytes` large. Throws AppError 'out-of-memory' where there is not that much. */
  reserve(bytes: number): void {
    try {
      growMemory(this.memory, bytes);
    } catch (cause) {
      const mb = Math.round(bytes / 1e6);
      throw new AppError('out-of-memory', `The engine needs ${mb} MB of memory, which is not there.`, { cause });
    }
  }

  /**
   * Runs the task `name` in every worker and resolves when all have ended. One task at a time.
   * Throws AppError 'engine-failed' when a worker fails or dies (the pool is then closed), and the signal's reason on abort.
   */
  async run(name: string, input: unknown, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#failure) throw this.#failure;
    if (this.#pending) throw new AppError('internal', 'The engine was asked for two things at once.');
    resetControl(this.memory);
    const id = this.#nextId++;
    this.#hear(signal);
    for (const worker of this.#workers) worker.ref();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#pending = { id, waiting: this.threads, stopped: false, resolve, reject };
        for (const worker of this.#workers) worker.postMessage({ id, name, input } satisfies TaskMessage);
      });
    } finally {
      for (const worker of this.#workers) worker.unref();
      this.#pending = null;
    }
    signal?.throwIfAborted();
  }

  #hear(signal: AbortSignal | undefined): void {
    if (signal === this.#heard) return;
    this.#heard?.removeEventListener('abort', this.#stop);
    signal?.addEventListener('abort', this.#stop);
    this.#heard = signal;
  }

  #done(done: DoneMessage): void {
    const pending = this.#pending;
    if (!pending || done.id !== pending.id) return;
    if (done.ended === 'failed') return this.#fail(new Error(done.message));
    if (--pending.waiting === 0) pending.resolve();
  }

  #fail(cause: unknown): void {
    if (this.#closing) return;
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#failure = new AppError('engine-failed', `The interpolation engine failed: ${why}.`, { cause });
    this.#pending?.reject(this.#failure);
    void this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#hear(undefined);
    this.#failure ??= new AppError('engine-failed', 'The engine is closed.');
    this.#pending?.reject(this.#failure);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
