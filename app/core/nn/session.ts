/**
 * Networks run by ONNX Runtime, each in a thread of its own: a run blocks its thread, and the job's must go on decoding.
 *
 * [Note: tensors between threads] Inputs in shared memory (`sharedTensor`) are read where they are; others are copied once, into shared
 * memory that the session keeps. Outputs are written where `into` says, or come in an array of their own, which moves over.
 */
import { Worker } from 'node:worker_threads';
import { AppError } from '../../contract/errors.ts';
import type { Device } from '../../contract/jobs.ts';
import { ownModule } from '../base/own-files.ts';
import { bytesOf, DTYPES, type Dtype } from '../onnx/dtype.ts';
import type { Tensor } from '../onnx/graph.ts';
import { DEVICE_FACTS, deviceChoice } from './device.ts';
import { chooseDevice, modelFor, type Model } from './devices.ts';
import type { Tensors } from './ort.ts';
import { INSIDE, OUTSIDE, SHUT, type FromSession, type SessionInit, type ToSession } from './session-messages.ts';

export interface RunOptions {
  /** Tensors in shared memory (`sharedTensor`) that outputs of these names are written into. */
  readonly into?: Tensors;
  /** Aborting rejects at once; the run that is under way ends by itself, and the session's next one waits for it. */
  readonly signal?: AbortSignal;
}

/** A model loaded by ONNX Runtime. */
export interface OpenSession {
  /** What it runs on: 'cpu', 'webgpu', 'cuda', ... */
  readonly device: Device;
  /** Nodes that were handed to the CPU when the device was tried, as 'Resize name'. */
  readonly onCpu: readonly string[];
  /**
   * Outputs by name for inputs by name. Runs of one session come one after the other. Inputs must stay as they are until the
   * run is over. Throws engine-failed with what ONNX Runtime says of inputs that are missing, of another type or another shape.
   */
  readonly run: (inputs: Tensors, options?: RunOptions) => Promise<Tensors>;
  /** Ends the thread; what is still running is rejected. Returns at once: the run that is under way goes to its end unheard. */
  readonly close: () => Promise<void>;
}

export interface SessionOptions {
  /** Threads of its own that it computes with on the CPU. */
  readonly threads: number;
  /** Absent, it is the CPU; 'auto' is what --device takes where nobody says. [Note: the device chain] */
  readonly device?: string | undefined;
  /** A small build of the same network (256x256 or so), on which devices are tried; without it they are tried on `model`. */
  readonly trial?: () => Model;
  readonly signal?: AbortSignal | undefined;
}

/** Up to here a tensor is sent as it is. */
const SMALL_BYTES = 4096;

/**
 * Loads a model: a graph, or the bytes of an ONNX file. A graph is cheaper: its bytes are made for the session alone, and those of a file are
 * copied first. Throws engine-failed with what ONNX Runtime says against it, device-unavailable where the device that was chosen
 * does not work, usage for one that there is not; the signal's reason on abort.
 */
export async function openSession(model: Model, options: SessionOptions): Promise<OpenSession> {
  const { threads, trial = () => model, signal } = options;
  signal?.throwIfAborted();
  const choice = deviceChoice(options.device ?? 'cpu');
  const { device, onCpu } = await chooseDevice({ device: choice, model: trial, threads, signal });
  const made = modelFor(device, model);
  const bytes = made === model ? new Uint8Array(made) : made;
  const { provider: wanted } = DEVICE_FACTS[device];
  // What runs in small may not fit in full: 'auto' then takes the CPU.
  const providers = choice === 'auto' && wanted !== 'cpu' ? [wanted, 'cpu'] : [wanted];
  const thread = new SessionThread({ model: bytes, providers, threads });
  try {
    const { provider } = await thread.loaded(signal);
    return {
      device: provider === wanted ? device : 'cpu',
      onCpu: provider === wanted ? onCpu : [],
      run: (inputs, run) => thread.run(inputs, run),
      close: () => thread.close(),
    };
  } catch (error) {
    void thread.close();
    throw error;
  }
}

/** What the device hands to the CPU, for after its name: ' (on the CPU: 3 Resize, 1 Pad)', or nothing. */
export function leftToCpu({ onCpu }: Pick<OpenSession, 'onCpu'>): string {
  const counts = new Map<string, number>();
  for (const node of onCpu) {
    const operator = node.split(' ')[0] ?? node;
    counts.set(operator, (counts.get(operator) ?? 0) + 1);
  }
  if (counts.size === 0) return '';
  return ` (on the CPU: ${[...counts].map(([operator, count]) => `${count} ${operator}`).join(', ')})`;
}

/** A tensor of zeros in memory that threads share: as an input or as `into` it goes to a session without a copy. */
export function sharedTensor(dtype: Dtype, dims: readonly number[]): Tensor {
  const length = dims.reduce((a, b) => a * b, 1);
  const { bytes, make } = DTYPES[dtype];
  return { dtype, dims, data: make(new SharedArrayBuffer(length * bytes), 0, length) };
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

type Loaded = Extract<FromSession, { type: 'loaded' }>;

class SessionThread {
  readonly #worker: Worker;
  readonly #gate = new Int32Array(new SharedArrayBuffer(4));
  readonly #loading = Promise.withResolvers<Loaded>();
  readonly #runs = new Map<number, Waiting<Tensors>>();
  /** Shared memory for inputs that is free, by its size. */
  readonly #spare = new Map<number, SharedArrayBuffer[]>();
  #nextId = 0;
  #failure: AppError | undefined;
  #ended: Promise<void>;

  constructor(init: Omit<SessionInit, 'gate'>) {
    gates.add(this.#gate);
    this.#loading.promise.catch(() => {});
    this.#worker = new Worker(ownModule('./session-worker', import.meta.url), {
      name: 'session',
      workerData: { ...init, gate: this.#gate } satisfies SessionInit,
      transferList: [init.model.buffer as ArrayBuffer],
      // Flags of this thread (the test runner's) are not the session's.
      execArgv: [],
    });
    this.#worker.on('message', (message: FromSession) => this.#hear(message));
    this.#worker.on('error', (error) => this.#fail(`its thread failed: ${error.message}`, error));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        gates.delete(this.#gate);
        this.#fail(`its thread ended with code ${code}`);
        resolve();
      });
    });
  }

  /** Resolves when the model is loaded. */
  async loaded(signal?: AbortSignal): Promise<Loaded> {
    return await orAborted(this.#loading.promise, signal).finally(() => this.#rest());
  }

  async run(inputs: Tensors, { into, signal }: RunOptions = {}): Promise<Tensors> {
    signal?.throwIfAborted();
    if (this.#failure) throw this.#failure;
    for (const [name, { data }] of Object.entries(into ?? {}))
      if (!(data.buffer instanceof SharedArrayBuffer))
        throw new AppError('internal', `The memory for output ${name} is not shared.`);
    const id = this.#nextId++;
    const lent: SharedArrayBuffer[] = [];
    const sent = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, this.#shared(tensor, lent)]));
    const outputs = new Promise<Tensors>((resolve, reject) => this.#runs.set(id, { resolve, reject }));
    // Not only while somebody waits: the memory is lent until the run is over.
    const over = outputs.finally(() => {
      for (const memory of lent) this.#spare.set(memory.byteLength, [...this.#free(memory.byteLength), memory]);
      this.#rest();
    });
    over.catch(() => {});
    this.#worker.ref();
    this.#tell({ type: 'run', id, inputs: sent, ...(into && { into }) });
    const made = await orAborted(over, signal);
    return into ? { ...made, ...into } : made;
  }

  async close(): Promise<void> {
    if (this.#failure) return;
    this.#failure = new AppError('engine-failed', 'The session is closed.');
    // The process does not end while the thread is inside: it would not survive that.
    this.#worker.ref();
    this.#tell({ type: 'close' });
    const busy = this.#runs.size > 0 || Atomics.load(this.#gate, 0) === INSIDE;
    this.#reject(this.#failure);
    if (!busy) await this.#ended;
  }

  #tell(message: ToSession): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromSession): void {
    if (message.type === 'loaded') return this.#loading.resolve(message);
    const error = message.type === 'failed' ? new AppError(message.code, message.message) : undefined;
    if (message.id === undefined) return this.#loading.reject(error);
    const run = this.#runs.get(message.id);
    this.#runs.delete(message.id);
    if (message.type === 'ran') run?.resolve(message.outputs);
    else run?.reject(error);
  }

  #fail(why: string, cause?: unknown): void {
    this.#failure ??= new AppError('engine-failed', `ONNX Runtime stopped working: ${why}.`, { cause });
    this.#reject(this.#failure);
  }

  #reject(error: AppError): void {
    this.#loading.reject(error);
    for (const run of this.#runs.values()) run.reject(error);
    this.#runs.clear();
  }

  /** A thread without work keeps no process alive. */
  #rest(): void {
    if (this.#runs.size === 0 && !this.#failure) this.#worker.unref();
  }

  /** The tensor in memory the thread sees; what was taken for it is added to `lent`. */
  #shared(tensor: Tensor, lent: SharedArrayBuffer[]): Tensor {
    const { dtype, dims, data } = tensor;
    if (data.buffer instanceof SharedArrayBuffer || data.byteLength <= SMALL_BYTES) return tensor;
    const memory = this.#free(data.byteLength).pop() ?? new SharedArrayBuffer(data.byteLength);
    lent.push(memory);
    new Uint8Array(memory).set(bytesOf(data));
    return { dtype, dims, data: DTYPES[dtype].make(memory, 0, data.length) };
  }

  #free(bytes: number): SharedArrayBuffer[] {
    return this.#spare.get(bytes) ?? [];
  }
}

/** `promise`, or the signal's reason if that comes first. */
async function orAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await promise;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The gates of all sessions of this process. */
const gates = new Set<Int32Array>();

/** process.exit() ends threads wherever they are; this waits until none of ours is inside. [Note: native code cannot be stopped] */
process.on('exit', () => {
  for (const gate of gates)
    while (Atomics.compareExchange(gate, 0, OUTSIDE, SHUT) === INSIDE) Atomics.wait(gate, 0, INSIDE);
});
