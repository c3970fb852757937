/**
 * A streaming MoViNet at work: frames in, one score for each, its state kept between them.
 *
 * [Note: memory] Published streams average from the first frame on: after an hour a second no longer counts, and a jump would be seen in the first minute alone. Here the
 * count of frames stops at `memory` seconds' worth, m: from then on the means are running ones, the newest frame has a share of 1 / (m + 1), and one m frames back e times
 * less. The state's sums stay those of m frames with that mean. What is told of time stops as well, at the frame after the m-th: a longer clip than it was taught is
 * nothing the network knows. It happens in the graph ([Note: shares]), frame by frame, so that the result does not depend on how frames are pushed.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../../../contract/errors.ts';
import { leftToCpu, sharedTensor, type OpenSession } from '../../nn/session.ts';
import type { Tensor } from '../../onnx/graph.ts';
import type { Score, Tagger } from '../tagger.ts';
import { statesOf, type State } from './layers.ts';
import type { MovinetConfig } from './config.ts';

/** Frames that go through the network at once, at most. */
const CHUNK = 8;

type States = Readonly<Record<string, Tensor>>;

export interface TaggerParts {
  readonly config: MovinetConfig;
  /** Of a graph for pictures of the configuration's resolution. */
  readonly session: OpenSession;
  readonly labels: readonly string[];
  readonly threads: number;
  /** What tells networks apart: a state is of one of them. */
  readonly version: string;
}

export class StreamTagger implements Tagger {
  readonly device: string;
  readonly labels: readonly string[];
  readonly size: number;
  readonly rate: number;
  readonly embedding: number;
  readonly #session: OpenSession;
  readonly #states: readonly State[];
  readonly #identity: Buffer;
  /** The state, and the memory the next one is written into. */
  #now: States;
  #next: States;
  /** Frames since the reset. */
  #seen = 0;

  /** `memory` is that of the graph. */
  constructor({ config, session, labels, threads, version }: TaggerParts, memory: number) {
    this.device = deviceText(session, threads);
    this.labels = labels;
    this.size = config.resolution;
    this.rate = config.rate;
    this.embedding = config.head;
    this.#session = session;
    this.#states = statesOf(config, this.size, this.size);
    this.#identity = createHash('sha256').update(`${version} ${this.size} ${memory}`).digest();
    this.#now = emptied(this.#states);
    this.#next = emptied(this.#states);
  }

  async push(pixels: Float32Array, frames: number, signal?: AbortSignal): Promise<Score[]> {
    const each = pixelsOf(pixels, frames, this.size);
    const scores: Score[] = [];
    for (let at = 0; at < frames;) {
      const count = Math.min(frames - at, CHUNK);
      scores.push(...(await this.#run(pixels.subarray(at * each, (at + count) * each), count, signal)));
      at += count;
    }
    return scores;
  }

  async #run(data: Float32Array, count: number, signal: AbortSignal | undefined): Promise<Score[]> {
    const image: Tensor = { dtype: 'float32', dims: [count, this.size, this.size, 3], data };
    const into = Object.fromEntries(Object.entries(this.#next).map(([name, tensor]) => [`next_${name}`, tensor]));
    const made = await this.#session.run({ image, ...this.#now }, { into, ...(signal && { signal }) });
    const scores = scoresOf(made, this.#seen, this.device);
    [this.#now, this.#next] = [this.#next, this.#now];
    this.#seen += count;
    return scores;
  }

  async finish(): Promise<Score[]> {
    return [];
  }

  reset(): void {
    this.#now = emptied(this.#states);
    this.#seen = 0;
  }

  /** What network it is of, the frames so far, then the tensors in the order of `statesOf`. */
  async state(): Promise<Uint8Array> {
    const seen = new Uint8Array(Float64Array.of(this.#seen).buffer);
    const tensors = this.#states.map(({ name }) => bytesOf(this.#now[name]!));
    return Buffer.concat([this.#identity, seen, ...tensors]);
  }

  async restore(state: Uint8Array): Promise<void> {
    const own = this.#identity.length;
    const tensors = this.#states.map(({ name }) => bytesOf(this.#now[name]!).length);
    const length = own + 8 + tensors.reduce((sum, each) => sum + each, 0);
    if (state.length !== length || !this.#identity.equals(state.subarray(0, own)))
      throw new AppError('weights-mismatch', 'The state is that of another network, or of another memory.');
    const [seen] = new Float64Array(Uint8Array.from(state.subarray(own, own + 8)).buffer);
    const restored = emptied(this.#states);
    let at = own + 8;
    for (const [i, { name }] of this.#states.entries()) {
      bytesOf(restored[name]!).set(state.subarray(at, at + tensors[i]!));
      at += tensors[i]!;
    }
    [this.#now, this.#seen] = [restored, seen!];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.close();
  }
}

function emptied(states: readonly State[]): States {
  return Object.fromEntries(states.map(({ name, dtype, dims }) => [name, sharedTensor(dtype, dims)]));
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export function deviceText(session: OpenSession, threads: number): string {
  if (session.device !== 'cpu') return session.device + leftToCpu(session);
  return `cpu, ${threads} thread${threads === 1 ? '' : 's'}`;
}

/** Numbers of one picture. Throws 'engine-failed' for an array that does not hold `frames` pictures. */
export function pixelsOf(pixels: Float32Array, frames: number, size: number): number {
  const each = 3 * size * size;
  if (pixels.length === frames * each) return each;
  throw new AppError('engine-failed', `${pixels.length} numbers are not ${frames} pictures of ${size}x${size}.`);
}

/** A score for each row, frames counted from `first`. Throws 'engine-failed' for what is no number. */
export function scoresOf(made: States, first: number, device: string): Score[] {
  const probabilities = rowsOf(made['probabilities']!);
  const embeddings = rowsOf(made['embedding']!);
  if (
    !probabilities.every((row) => row.every(Number.isFinite)) ||
    !embeddings.every((row) => row.every(Number.isFinite))
  )
    throw new AppError('engine-failed', `The network's scores, made on ${device}, hold what is no number.`);
  return probabilities.map((row, i) => ({ frame: first + i, probabilities: row, embedding: embeddings[i]! }));
}

function rowsOf({ dims, data }: Tensor): Float32Array[] {
  const [rows, width] = dims as [number, number];
  return Array.from({ length: rows }, (_, i) => (data as Float32Array).slice(i * width, (i + 1) * width));
}
