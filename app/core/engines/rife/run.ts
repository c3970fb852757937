/** RIFE 4.x over pictures of one size: padding, features kept from picture to picture, and the graphs behind it. */
import { leftToCpu, openSession, sharedTensor, type OpenSession } from '../../nn/session.ts';
import type { Graph, Tensor } from '../../onnx/graph.ts';
import type { EngineSetup } from '../engine.ts';
import type { NetworkPicture, PictureNetwork } from '../picture-network.ts';
import type { Weights } from '../weights.ts';
import { checkOptions, multipleOf, type RifeConfig, type RifeOptions } from './config.ts';
import { encoderGraph, flowGraph } from './graph.ts';
import { confidenceOf, cut, lay, padded, upTo, type Margin, type Size, type Surround } from './padding.ts';

/**
 * [Note: large motion] 4.0 and 4.1 as published look at how far block 1 moves: where both directions exceed this many pixels, the pair is done again
 * with all scales doubled. (The ncnn port leaves that out.)
 */
const LARGE_MOTION = 32;

/** What `RifeNetwork.diagnose` gives, padding included: flow [1, 4, h, w] and so on, each with its sizes. */
export type Diagnostics = Readonly<Record<string, Tensor>>;

export class RifeNetwork implements PictureNetwork {
  readonly #config: RifeConfig;
  readonly #weights: Weights;
  readonly #setup: EngineSetup;
  readonly #options: RifeOptions;
  readonly #watch: boolean;
  readonly #around: Surround;
  readonly #margin: Margin;
  readonly #size: Size;
  /** Both pictures with their features, [2, 3 + features, h, w]. */
  #frames: Tensor | null = null;
  #held: readonly [Float32Array | null, Float32Array | null] = [null, null];
  #encoder: Promise<OpenSession> | null = null;
  #flow: Promise<OpenSession> | null = null;
  /** The same network at twice the scales. */
  #larger: RifeNetwork | null = null;
  #device = '';

  /** Opens nothing yet: the first picture does. `watch`: [Note: large motion]. `around`: what pads pictures, zeros as published. Throws 'usage' as `checkOptions`. */
  constructor(
    config: RifeConfig,
    weights: Weights,
    setup: EngineSetup,
    options: RifeOptions = {},
    watch = config.skip && !options.ensemble,
    around: Surround = 'zeros',
  ) {
    checkOptions(config, options);
    this.#config = config;
    this.#weights = weights;
    this.#setup = setup;
    this.#options = options;
    this.#watch = watch;
    this.#around = around;
    this.#margin = upTo(setup, multipleOf(config, options.scale));
    this.#size = padded(setup, this.#margin);
  }

  get device(): string {
    return this.#device || (this.#setup.device ?? 'cpu');
  }

  async between(a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal): Promise<NetworkPicture> {
    signal?.throwIfAborted();
    await this.#look(a, b, signal);
    const graph = { ...this.#options, reach: this.#watch };
    this.#flow ??= this.#open((size) => flowGraph(this.#config, this.#weights, size, graph));
    const made = await this.#run(this.#flow, t, signal);
    const reach = made['reach']?.data[0];
    if (reach !== undefined && Number(reach) > LARGE_MOTION) return await this.#again(a, b, t, signal);
    // The padding agrees with itself.
    const share = (this.#size.width * this.#size.height) / (this.#setup.width * this.#setup.height);
    return {
      picture: cut(made['picture']!.data as Float32Array, this.#setup, this.#margin),
      confidence: confidenceOf(Number(made['difference']!.data[0]) * share),
    };
  }

  /** The picture (`out`), cut; and of the padded pictures flow, mask_logit, flow_block0 and, where there is an encoder, f0 and f1. */
  async diagnose(a: Float32Array, b: Float32Array, t: number): Promise<Diagnostics> {
    const { width, height } = this.#size;
    await this.#look(a, b);
    const options = { ...this.#options, diagnostics: true };
    const opening = this.#open((size) => flowGraph(this.#config, this.#weights, size, options));
    try {
      const { picture, difference: _, ...rest } = await this.#run(opening, t);
      const out = cut(picture!.data as Float32Array, this.#setup, this.#margin);
      const dims = [1, this.#pictures.dims[1]! - 3, height, width];
      const features = (n: number): Tensor => ({
        dtype: 'float32',
        dims,
        data: this.#frame(n).slice(3 * width * height),
      });
      return {
        ...rest,
        ...(dims[1]! > 0 && { f0: features(0), f1: features(1) }),
        out: { dtype: 'float32', dims: [1, 3, this.#setup.height, this.#setup.width], data: out },
      };
    } finally {
      await (await opening).close();
    }
  }

  /** [Note: large motion] */
  async #again(a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal): Promise<NetworkPicture> {
    const config = { ...this.#config, scales: this.#config.scales.map((scale) => 2 * scale) };
    this.#larger ??= new RifeNetwork(config, this.#weights, this.#setup, this.#options, false, this.#around);
    return await this.#larger.between(a, b, t, signal);
  }

  async #run(session: Promise<OpenSession>, t: number, signal?: AbortSignal) {
    const time: Tensor = { dtype: 'float32', dims: [1, 1, 1, 1], data: Float32Array.of(t) };
    const opened = await session;
    this.#device = `${opened.device}${leftToCpu(opened)}, ${this.#setup.threads} threads`;
    return await opened.run({ frames: this.#pictures, t: time }, { signal });
  }

  #open(graph: (size: Size) => Graph): Promise<OpenSession> {
    const { threads, device } = this.#setup;
    const side = Math.max(256, multipleOf(this.#config, this.#options.scale));
    return openSession(graph(this.#size), { threads, device, trial: () => graph({ width: side, height: side }) });
  }

  get #pictures(): Tensor {
    const { width, height } = this.#size;
    this.#frames ??= sharedTensor('float32', [2, 3 + (this.#config.encoder?.outputs ?? 0), height, width]);
    return this.#frames;
  }

  #frame(n: number): Float32Array {
    const data = this.#pictures.data as Float32Array;
    return data.subarray((n * data.length) / 2, ((n + 1) * data.length) / 2);
  }

  /** Fills `frames`; a picture that was there already keeps its features. */
  async #look(a: Float32Array, b: Float32Array, signal?: AbortSignal): Promise<void> {
    const [first, second] = this.#held;
    if (first === a && second === b) return;
    this.#held = [null, null];
    if (second === a && first !== a) this.#frame(0).set(this.#frame(1));
    else if (first !== a) await this.#lookAt(0, a, signal);
    if (second !== b) await this.#lookAt(1, b, signal);
    this.#held = [a, b];
  }

  async #lookAt(n: number, picture: Float32Array, signal?: AbortSignal): Promise<void> {
    const { width, height } = this.#size;
    const frame = this.#frame(n);
    lay(picture, this.#setup, this.#margin, frame.subarray(0, 3 * width * height), this.#around);
    if (!this.#config.encoder) return;
    this.#encoder ??= this.#open((size) => encoderGraph(this.#config, this.#weights, size));
    const encoder = await this.#encoder;
    const data = frame.slice(0, 3 * width * height);
    const made = await encoder.run({ picture: { dtype: 'float32', dims: [1, 3, height, width], data } }, { signal });
    frame.set(made['features']!.data as Float32Array, 3 * width * height);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = [this.#encoder, this.#flow].filter((session) => session !== null);
    this.#encoder = null;
    this.#flow = null;
    this.#frames = null;
    this.#held = [null, null];
    for (const session of opened)
      await session.then(
        (open) => open.close(),
        () => {},
      );
    await this.#larger?.[Symbol.asyncDispose]();
  }
}
