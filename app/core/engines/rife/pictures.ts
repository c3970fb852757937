/** Networks that are one graph from two pictures to one, over pictures of one size. */
import { leftToCpu, openSession, type OpenSession } from '../../nn/session.ts';
import type { Graph, Tensor } from '../../onnx/graph.ts';
import type { EngineSetup } from '../engine.ts';
import type { NetworkPicture, PictureNetwork } from '../picture-network.ts';
import { Recursion } from '../recursion.ts';
import { confidenceOf, cut, lay, padded, type Margin, type Size, type Surround } from './padding.ts';
import type { Diagnostics } from './run.ts';

/** How a network wants its pictures, and its graph. */
export interface Recipe {
  readonly margin: Margin;
  readonly around: Surround;
  /** Added to every sample of the planes of a picture. */
  readonly shift: (picture: Float32Array) => readonly number[];
  /** Knows only the middle: other moments by [Note: recursion]. */
  readonly middle: boolean;
  /** `a`, `b` and, unless `middle`, `t` to `picture` and, where it warps, `difference`. */
  readonly graph: (size: Size, options: GraphOptions) => Graph;
}

export interface GraphOptions {
  /** Also give these blobs, as blob_NAME. */
  readonly blobs?: readonly string[];
  /** Also give flow, mask_logit and flow_block0, where there are such. */
  readonly diagnostics?: boolean;
}

export class GraphPictures implements PictureNetwork {
  readonly #setup: EngineSetup;
  readonly #recipe: Recipe;
  readonly #size: Size;
  readonly #recursion = new Recursion(async (a, b, signal) => (await this.#between(a, b, 0.5, signal)).picture);
  #session: Promise<OpenSession> | null = null;
  #device = '';

  /** Opens nothing yet. */
  constructor(recipe: Recipe, setup: EngineSetup) {
    this.#recipe = recipe;
    this.#setup = setup;
    this.#size = padded(setup, this.#recipe.margin);
  }

  get device(): string {
    return this.#device || (this.#setup.device ?? 'cpu');
  }

  async between(a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal): Promise<NetworkPicture> {
    signal?.throwIfAborted();
    if (!this.#recipe.middle) return await this.#between(a, b, t, signal);
    const { picture } = await this.#recursion.at(a, b, t, signal);
    return { picture, confidence: confidenceOf(differenceOf(a, b)) };
  }

  /** The picture (`out`, cut), and of the padded pictures flow, mask_logit, flow_block0 and the `blobs` as blob_NAME. */
  async diagnose(a: Float32Array, b: Float32Array, t: number, blobs: readonly string[] = []): Promise<Diagnostics> {
    const opening = this.#open({ diagnostics: true, blobs });
    try {
      const { picture, difference: _, ...rest } = await this.#run(opening, a, b, t);
      const dims = [1, 3, this.#setup.height, this.#setup.width];
      return { ...rest, out: { dtype: 'float32', dims, data: this.#finished(picture!, a, b) } };
    } finally {
      await (await opening).close();
    }
  }

  async #between(a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal): Promise<NetworkPicture> {
    this.#session ??= this.#open({});
    const { picture, difference } = await this.#run(this.#session, a, b, t, signal);
    const share = (this.#size.width * this.#size.height) / (this.#setup.width * this.#setup.height);
    const apart = difference ? Number(difference.data[0]) * share : differenceOf(a, b);
    return { picture: this.#finished(picture!, a, b), confidence: confidenceOf(apart) };
  }

  async #run(session: Promise<OpenSession>, a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal) {
    const opened = await session;
    this.#device = `${opened.device}${leftToCpu(opened)}, ${this.#setup.threads} threads`;
    const time: Tensor = { dtype: 'float32', dims: [1, 1, 1, 1], data: Float32Array.of(t) };
    const inputs = { a: this.#prepared(a), b: this.#prepared(b), ...(this.#recipe.middle ? {} : { t: time }) };
    return await opened.run(inputs, { signal });
  }

  #open(options: GraphOptions): Promise<OpenSession> {
    const { threads, device } = this.#setup;
    const graph = (size: Size) => this.#recipe.graph(size, options);
    return openSession(graph(this.#size), { threads, device, trial: () => graph({ width: 256, height: 256 }) });
  }

  #prepared(picture: Float32Array): Tensor {
    const { width, height } = this.#size;
    const data = new Float32Array(3 * width * height);
    const { margin, around, shift } = this.#recipe;
    lay(picture, this.#setup, margin, data, around, shift(picture));
    return { dtype: 'float32', dims: [1, 3, height, width], data };
  }

  /** Cut out, and what was taken from both pictures given back. */
  #finished(picture: Tensor, a: Float32Array, b: Float32Array): Float32Array {
    const made = cut(picture.data as Float32Array, this.#setup, this.#recipe.margin);
    const [before, after] = [this.#recipe.shift(a), this.#recipe.shift(b)];
    const plane = made.length / 3;
    for (let n = 0; n < 3; n++) {
      const back = (before[n]! + after[n]!) / 2;
      if (back !== 0) for (let i = n * plane; i < (n + 1) * plane; i++) made[i]! -= back;
    }
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.#recursion.clear();
    await session?.then(
      (open) => open.close(),
      () => {},
    );
  }
}

/** Mean absolute difference, from every 37th sample. */
function differenceOf(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 37) sum += Math.abs(a[i]! - b[i]!);
  return sum / Math.ceil(a.length / 37);
}
