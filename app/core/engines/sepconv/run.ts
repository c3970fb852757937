/**
 * SepConv on pictures: padding, the U-Net, then band by band the taps and what they make of the pictures.
 *
 * [Note: padding] The official code repeats the last row and column until both sides are multiples of 128 and cuts the result. 32 would be enough
 * for the network, but its doublings stretch with the padded size, so other padding is another result: 128 it is, for narrower networks too, unless
 * a file of ours says that it was made with less ("pad"). Keras' code cuts pictures into tiles of 128 that know nothing of each other; here that
 * network gets whole pictures, without their seams, padded likewise to multiples of 32, which shift nothing there: its doublings are the same
 * everywhere. Outside the picture its taps see zeros, as in its training. SepConv++ is padded to even sides, as published.
 *
 * [Note: aborts] An aborted run of a session goes to its end unheard and may still write features or taps; the session's next run waits for it,
 * and nothing reads them before that.
 */
import { LocalConvolution } from '../../kernels/local.ts';
import { leftToCpu, openSession, sharedTensor, type OpenSession } from '../../nn/session.ts';
import type { Graph, Tensor } from '../../onnx/graph.ts';
import type { EngineSetup } from '../engine.ts';
import type { NetworkPicture, PictureNetwork } from '../picture-network.ts';
import { Recursion } from '../recursion.ts';
import type { Weights } from '../weights.ts';
import { HEADS, type SepconvConfig } from './config.ts';
import { bandsOf, headsGraph, trunkGraph, type Band } from './graph.ts';

/**
 * Bytes of taps at a time; the heads take as much again three times. 64 rows of 1920 pixels and 51 taps, of which a quarter's features are
 * computed twice. The same everywhere: where bands are cut shows in the last bits of the result.
 */
const BAND_BYTES = 96 * 2 ** 20;

export function paddedSize({ pad }: SepconvConfig, width: number, height: number): { width: number; height: number } {
  return { width: Math.ceil(width / pad) * pad, height: Math.ceil(height / pad) * pad };
}

/** Rows of taps made at a time, for pictures that are `width` wide once padded. */
function bandRows({ kernel }: SepconvConfig, width: number, height: number, bytes = BAND_BYTES): number {
  return Math.min(height, Math.max(8, Math.floor(bytes / (4 * 4 * kernel * width)) & ~7));
}

/** Planar pictures [3, height, width], repeated at the right and below, as the network's input [1, 6, ...]. */
export function fillInput(
  input: Float32Array,
  padded: { readonly width: number; readonly height: number },
  pictures: readonly Float32Array[],
  size: { readonly width: number; readonly height: number },
  { channels }: SepconvConfig,
): void {
  pictures.forEach((picture, n) => {
    for (let c = 0; c < 3; c++) {
      const plane = channels === 'bgr' ? 2 - c : c;
      for (let y = 0; y < padded.height; y++) {
        const from = (plane * size.height + Math.min(y, size.height - 1)) * size.width;
        const to = ((3 * n + c) * padded.height + y) * padded.width;
        input.set(picture.subarray(from, from + size.width), to);
        input.fill(picture[from + size.width - 1]!, to + size.width, to + padded.width);
      }
    }
  });
}

/** A float32 tensor in memory that threads share. */
function shared(dims: readonly number[]): Floats {
  const tensor = sharedTensor('float32', dims);
  return { dims, data: tensor.data as Float32Array, tensor };
}

interface Floats {
  readonly dims: readonly number[];
  readonly data: Float32Array;
  readonly tensor: Tensor;
}

export interface RunOptions extends EngineSetup {
  /** For tests: bytes of taps at a time. */
  readonly bandBytes?: number;
}

export interface BandTaps {
  readonly top: number;
  readonly rows: number;
  readonly width: number;
  readonly maps: readonly Float32Array[];
}

export class SepconvNetwork implements PictureNetwork {
  readonly #config: SepconvConfig;
  readonly #size: { readonly width: number; readonly height: number };
  readonly #padded: { readonly width: number; readonly height: number };
  readonly #bands: readonly Band[];
  readonly #trunk: OpenSession;
  readonly #heads: OpenSession;
  readonly #local: LocalConvolution;
  readonly #pictures: Floats;
  readonly #features: Floats;
  readonly #seen: Floats;
  readonly #recursion = new Recursion((a, b, signal) => this.#middle(a, b, signal));
  /** How sure each picture made is; those given are not in here. */
  readonly #trust = new WeakMap<Float32Array, number>();

  private constructor(
    config: SepconvConfig,
    { width, height }: EngineSetup,
    { seen, bands }: ReturnType<typeof bandsOf>,
    parts: { readonly trunk: OpenSession; readonly heads: OpenSession; readonly local: LocalConvolution },
  ) {
    this.#config = config;
    this.#size = { width, height };
    this.#padded = paddedSize(config, width, height);
    this.#bands = bands;
    this.#trunk = parts.trunk;
    this.#heads = parts.heads;
    this.#local = parts.local;
    const channels = config.widths[1]!;
    const half = this.#padded.width / 2;
    this.#pictures = shared([1, 6, this.#padded.height, this.#padded.width]);
    this.#features = shared([1, channels, this.#padded.height / 2, half]);
    this.#seen = shared([1, channels, seen, half]);
  }

  /** Loads the network for pictures of one size. Throws what openSession and LocalConvolution throw. */
  static async open(config: SepconvConfig, weights: Weights, setup: RunOptions): Promise<SepconvNetwork> {
    const { width, height, threads, device } = setup;
    const padded = paddedSize(config, width, height);
    const made = bandRows(config, padded.width, height, setup.bandBytes);
    const cut = bandsOf(config, padded.height / 2, height, made);
    await using stack = new AsyncDisposableStack();
    const load = async (graph: Graph, trial: () => Graph): Promise<OpenSession> =>
      stack.adopt(await openSession(graph, { threads, device, trial }), (session) => session.close());
    // Devices are tried on pictures of 256x256, or the next larger size there is.
    const small = paddedSize(config, 256, 256).width;
    const shape = { width: padded.width / 2, seen: cut.seen, made };
    const trunk = await load(trunkGraph(config, weights, padded.width, padded.height), () =>
      trunkGraph(config, weights, small, small),
    );
    const heads = await load(headsGraph(config, weights, shape), () =>
      headsGraph(config, weights, { width: small / 2, seen: 40, made: 64 }),
    );
    const local = stack.use(
      new LocalConvolution(
        {
          kind: 'separable',
          kernel: config.kernel,
          padding: config.variant === 'keras' ? 'zero' : 'replicate',
          normalise: config.variant === 'plus',
          width,
          height,
          region: { width: padded.width, height: made },
        },
        threads,
      ),
    );
    const network = new SepconvNetwork(config, setup, cut, { trunk, heads, local });
    stack.move();
    return network;
  }

  get device(): string {
    const { threads } = this.#local;
    const networks = [...new Set([this.#trunk, this.#heads].map((part) => part.device + leftToCpu(part)))].join(
      ' and ',
    );
    return `${networks}, taps on the CPU (WebAssembly SIMD, ${threads === 1 ? '1 thread' : `${threads} threads`})`;
  }

  /**
   * By halving, since the network only knows the middle: whole 256ths, else the nearest sixteenth ([Note: recursion]). Confidence is how far what the two pictures
   * give agrees, the least of all the pictures this one was made from.
   */
  async between(a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal): Promise<NetworkPicture> {
    const { picture } = await this.#recursion.at(a, b, t, signal);
    return { picture, confidence: this.#trust.get(picture) ?? 1 };
  }

  async #middle(a: Float32Array, b: Float32Array, signal?: AbortSignal): Promise<Float32Array> {
    const { width, height } = this.#size;
    this.#local.load(0, a);
    this.#local.load(1, b);
    const picture = new Float32Array(3 * width * height);
    let trust = 0;
    let made = 0;
    for await (const { top, rows } of this.taps(a, b, signal)) {
      trust += await this.#local.run({ left: 0, top, width, height: rows }, picture, signal);
      made += rows * width;
    }
    this.#trust.set(picture, Math.min(trust / made, this.#trust.get(a) ?? 1, this.#trust.get(b) ?? 1));
    return picture;
  }

  /**
   * The taps for the picture halfway between two, band by band. `maps` are those of HEADS, [kernel, rows, padded width] each, and hold
   * until the next band is asked for.
   */
  async *taps(a: Float32Array, b: Float32Array, signal?: AbortSignal): AsyncGenerator<BandTaps> {
    const options = signal ? { signal } : {};
    fillInput(this.#pictures.data, this.#padded, [a, b], this.#size, this.#config);
    await this.#trunk.run(
      { pictures: this.#pictures.tensor },
      { ...options, into: { features: this.#features.tensor } },
    );
    const { maps, shape } = this.#local;
    const { width, height: rows } = shape.region;
    const dims = [1, shape.kernel, rows, width];
    const into = Object.fromEntries(
      HEADS.map((head, n) => [head, { dtype: 'float32', dims, data: maps[n]! } as const]),
    );
    for (const band of this.#bands) {
      this.#copySeen(band);
      await this.#heads.run({ features: this.#seen.tensor, ...band.inputs }, { ...options, into });
      yield { top: band.top, rows, width, maps };
    }
  }

  /** The band's rows of every channel of the features. */
  #copySeen({ first }: Band): void {
    const [from, to] = [this.#features, this.#seen];
    const [, channels, rows, width] = from.dims as [number, number, number, number];
    const seen = to.dims[2]!;
    for (let c = 0; c < channels; c++) {
      const start = (c * rows + first) * width;
      to.data.set(from.data.subarray(start, start + seen * width), c * seen * width);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#recursion.clear();
    await Promise.all([this.#trunk.close(), this.#heads.close(), this.#local[Symbol.asyncDispose]()]);
  }
}
