/** ncnn models over pictures of one size, as nihui's programs run them. */
import { leftToCpu, openSession, type OpenSession } from '../../../nn/session.ts';
import type { Tensor } from '../../../onnx/graph.ts';
import type { EngineSetup } from '../../engine.ts';
import type { NetworkPicture, PictureNetwork } from '../../picture-network.ts';
import { Recursion } from '../../recursion.ts';
import { confidenceOf, cut, lay, padded, upTo, type Margin, type Size } from '../padding.ts';
import type { Diagnostics } from '../run.ts';
import { modelGraph, type NcnnGraphOptions } from './graphs.ts';
import type { NcnnModel } from './open.ts';

/** What a picture becomes on its way in. */
interface Manners {
  readonly margin: Margin;
  readonly around: 'zeros' | 'edge';
  /** Added to every sample of the planes of a picture. */
  readonly shift: (picture: Float32Array) => readonly number[];
  /** Knows only the middle: other moments by [Note: recursion]. */
  readonly middle: boolean;
}

/** CAIN sees this much of the border repeated on every side. */
const CAIN_MARGIN = 64;

function mannersOf(model: NcnnModel, size: Size, half: boolean): Manners {
  const plain = { around: 'zeros', shift: () => [0, 0, 0], middle: false } as const;
  if (model.convention === 'rife 1 to 3') return { ...plain, margin: upTo(size, half ? 64 : 32), middle: true };
  const { convention } = model;
  if (convention.network === 'rife 4.x' || convention.network === 'rife 3.x')
    return { ...plain, margin: upTo(size, convention.multiple), middle: convention.network === 'rife 3.x' };
  if (convention.network === 'ifrnet') return { ...plain, margin: upTo(size, 32), shift: () => [-0.5, -0.5, -0.5] };
  const { right, bottom } = upTo(size, 32);
  const margin = { left: CAIN_MARGIN, top: CAIN_MARGIN, right: right + CAIN_MARGIN, bottom: bottom + CAIN_MARGIN };
  return { margin, around: 'edge', shift: (picture) => means(picture).map((mean) => -mean), middle: true };
}

function means(picture: Float32Array): number[] {
  const plane = picture.length / 3;
  return [0, 1, 2].map(
    (n) => picture.subarray(n * plane, (n + 1) * plane).reduce((sum, value) => sum + value, 0) / plane,
  );
}

export class NcnnPictures implements PictureNetwork {
  readonly #model: NcnnModel;
  readonly #setup: EngineSetup;
  readonly #half: boolean;
  readonly #manners: Manners;
  readonly #size: Size;
  readonly #recursion = new Recursion(async (a, b, signal) => (await this.#between(a, b, 0.5, signal)).picture);
  #session: Promise<OpenSession> | null = null;
  #device = '';

  /** Opens nothing yet. `half`: RIFE up to 3.x finds flow in pictures of half the size. */
  constructor(model: NcnnModel, setup: EngineSetup, half = false) {
    this.#model = model;
    this.#setup = setup;
    this.#half = half;
    this.#manners = mannersOf(model, setup, half);
    this.#size = padded(setup, this.#manners.margin);
  }

  get device(): string {
    return this.#device || (this.#setup.device ?? 'cpu');
  }

  async between(a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal): Promise<NetworkPicture> {
    signal?.throwIfAborted();
    if (!this.#manners.middle) return await this.#between(a, b, t, signal);
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
    const inputs = { a: this.#prepared(a), b: this.#prepared(b), ...(this.#manners.middle ? {} : { t: time }) };
    return await opened.run(inputs, { signal });
  }

  #open(options: NcnnGraphOptions): Promise<OpenSession> {
    const { threads, device } = this.#setup;
    const graph = (size: Size) => modelGraph(this.#model, size, { ...options, half: this.#half });
    return openSession(graph(this.#size), { threads, device, trial: () => graph({ width: 256, height: 256 }) });
  }

  #prepared(picture: Float32Array): Tensor {
    const { width, height } = this.#size;
    const data = new Float32Array(3 * width * height);
    const { margin, around, shift } = this.#manners;
    lay(picture, this.#setup, margin, data, around, shift(picture));
    return { dtype: 'float32', dims: [1, 3, height, width], data };
  }

  /** Cut out, and what was taken from both pictures given back. */
  #finished(picture: Tensor, a: Float32Array, b: Float32Array): Float32Array {
    const made = cut(picture.data as Float32Array, this.#setup, this.#manners.margin);
    const [before, after] = [this.#manners.shift(a), this.#manners.shift(b)];
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
