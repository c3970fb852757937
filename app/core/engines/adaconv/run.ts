/**
 * AdaConv on pictures: tile by tile the features, band by band of each tile the taps, and what they make of the pictures.
 *
 * [Note: memory] The taps of the published network are 13 KB a pixel, its features 8: only a band's taps and a tile's features are ever there. Tiles
 * see the 77 rows and columns around them, zeros outside the picture, so no pixel knows of tiles: it comes out as from the whole.
 */
import { LocalConvolution } from '../../kernels/local.ts';
import { leftToCpu, openSession, sharedTensor, type OpenSession } from '../../nn/session.ts';
import type { Tensor } from '../../onnx/graph.ts';
import type { EngineSetup } from '../engine.ts';
import type { NetworkPicture, PictureNetwork } from '../picture-network.ts';
import { Recursion } from '../recursion.ts';
import type { Weights } from '../weights.ts';
import { AROUND, PAD, type AdaconvConfig } from './config.ts';
import { headGraph, trunkGraph, type Size } from './graph.ts';

/** Largest side of a tile and bytes of its features: wider layers get smaller tiles. */
export const TILE_SIDE = 256;
const FEATURE_BYTES = 64 * 2 ** 20;
/** Pixels of a band: so few that their taps stay in cache, and not fewer than the last layer has inputs, whose weights are read for each band. */
const BAND_PIXELS = 512;

export interface RunOptions extends EngineSetup {
  /** For tests: the largest side of a tile. */
  readonly tileSide?: number;
}

/** A part of the picture with its taps, [K * K, height, width] for each picture; they hold until the next one is asked for. */
export interface Taps extends Size {
  readonly left: number;
  readonly top: number;
  readonly maps: readonly Float32Array[];
}

/** Cuts `whole` into equal parts of at most `most`; the last may begin before the one before it ends. */
function cut(whole: number, most: number): { size: number; starts: number[] } {
  const count = Math.ceil(whole / most);
  const size = Math.ceil(whole / count);
  return { size, starts: Array.from({ length: count }, (_, i) => Math.min(i * size, whole - size)) };
}

function plan({ filters }: AdaconvConfig, { width, height, tileSide = TILE_SIDE }: RunOptions) {
  const channels = filters.at(-2)!;
  const side = Math.max(8, Math.min(tileSide, Math.floor(Math.sqrt(FEATURE_BYTES / (4 * channels)))));
  const [x, y] = [cut(width, side), cut(height, side)];
  const bands = cut(y.size, Math.max(1, Math.floor(Math.max(BAND_PIXELS, channels) / x.size)));
  return { x, y, bands };
}

export class AdaconvNetwork implements PictureNetwork {
  readonly #config: AdaconvConfig;
  readonly #size: Size;
  readonly #plan: ReturnType<typeof plan>;
  readonly #trunk: OpenSession;
  readonly #head: OpenSession;
  readonly #local: LocalConvolution;
  readonly #pictures: Tensor;
  readonly #features: Tensor;
  readonly #band: Tensor;
  readonly #recursion = new Recursion((a, b, signal) => this.#middle(a, b, signal));
  /** How sure each picture made is; those given are not in here. */
  readonly #trust = new WeakMap<Float32Array, number>();

  private constructor(
    config: AdaconvConfig,
    { width, height }: Size,
    cuts: ReturnType<typeof plan>,
    parts: { readonly trunk: OpenSession; readonly head: OpenSession; readonly local: LocalConvolution },
  ) {
    this.#config = config;
    this.#size = { width, height };
    this.#plan = cuts;
    this.#trunk = parts.trunk;
    this.#head = parts.head;
    this.#local = parts.local;
    const channels = config.filters.at(-2)!;
    const [w, h] = [cuts.x.size, cuts.y.size];
    this.#pictures = sharedTensor('float32', [1, 6, h + AROUND, w + AROUND]);
    this.#features = sharedTensor('float32', [1, channels, h, w]);
    this.#band = sharedTensor('float32', [1, channels, cuts.bands.size, w]);
  }

  /** Loads the network for pictures of one size. Throws engine-failed. */
  static async open(config: AdaconvConfig, weights: Weights, setup: RunOptions): Promise<AdaconvNetwork> {
    const { width, height, threads, device } = setup;
    const cuts = plan(config, setup);
    const options = { threads, ...(device !== undefined && { device }) };
    await using stack = new AsyncDisposableStack();
    const load = async (graph: Parameters<typeof openSession>[0]): Promise<OpenSession> =>
      stack.adopt(await openSession(graph, options), (session) => session.close());
    const trunk = await load(trunkGraph(config, weights, { width: cuts.x.size, height: cuts.y.size }));
    const region = { width: cuts.x.size, height: cuts.bands.size };
    const head = await load(headGraph(config, weights, region));
    const local = stack.use(
      new LocalConvolution(
        { kind: 'adaptive', kernel: config.kernel, padding: 'zero', width, height, region },
        threads,
      ),
    );
    const network = new AdaconvNetwork(config, setup, cuts, { trunk, head, local });
    stack.move();
    return network;
  }

  get device(): string {
    const { threads } = this.#local;
    return `${this.#trunk.device}${leftToCpu(this.#trunk)}, taps on the CPU (WebAssembly SIMD, ${threads === 1 ? '1 thread' : `${threads} threads`})`;
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
    this.#local.load(0, a);
    this.#local.load(1, b);
    const picture = new Float32Array(a.length);
    let trust = 0;
    let made = 0;
    for await (const { maps: _, ...place } of this.taps(a, b, signal)) {
      trust += await this.#local.run(place, picture, signal);
      made += place.width * place.height;
    }
    this.#trust.set(picture, Math.min(trust / made, this.#trust.get(a) ?? 1, this.#trust.get(b) ?? 1));
    return picture;
  }

  /** The taps for the picture halfway between two, part by part; parts may overlap. */
  async *taps(a: Float32Array, b: Float32Array, signal?: AbortSignal): AsyncGenerator<Taps> {
    const options = signal ? { signal } : {};
    const { x, y, bands } = this.#plan;
    const { maps, shape } = this.#local;
    const dims = [1, shape.kernel ** 2, bands.size, x.size];
    const [first, second] = maps.map((data): Tensor => ({ dtype: 'float32', dims, data }));
    const into = { first: first!, second: second! };
    for (const tileTop of y.starts)
      for (const left of x.starts) {
        this.#fillPictures([a, b], left, tileTop);
        await this.#trunk.run({ pictures: this.#pictures }, { ...options, into: { features: this.#features } });
        for (const top of bands.starts) {
          this.#copyBand(top);
          await this.#head.run({ features: this.#band }, { ...options, into });
          yield { left, top: tileTop + top, width: x.size, height: bands.size, maps };
        }
      }
  }

  /** The tile at left, top of both pictures, as the network takes them, with what lies around. */
  #fillPictures(pictures: readonly Float32Array[], left: number, top: number): void {
    const { channels, range } = this.#config;
    const { width, height } = this.#size;
    const [, , rows, columns] = this.#pictures.dims as [number, number, number, number];
    const data = this.#pictures.data as Float32Array;
    const from = Math.max(0, left - PAD);
    const to = Math.min(width, left - PAD + columns);
    for (let n = 0; n < 6; n++) {
      const picture = pictures[Math.floor(n / 3)]!;
      const plane = channels === 'bgr' ? 2 - (n % 3) : n % 3;
      for (let row = 0; row < rows; row++) {
        const out = data.subarray((n * rows + row) * columns, (n * rows + row + 1) * columns);
        const y = top - PAD + row;
        out.fill(0);
        if (y < 0 || y >= height) continue;
        const start = (plane * height + y) * width;
        for (let x = from; x < to; x++) out[x - left + PAD] = picture[start + x]! * range;
      }
    }
  }

  /** The band's rows of every channel of the features. */
  #copyBand(top: number): void {
    const [, channels, rows, width] = this.#features.dims as [number, number, number, number];
    const size = this.#band.dims[2]! * width;
    const [source, band] = [this.#features.data as Float32Array, this.#band.data as Float32Array];
    for (let c = 0; c < channels; c++) {
      const start = (c * rows + top) * width;
      band.set(source.subarray(start, start + size), c * size);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#recursion.clear();
    await Promise.all([this.#trunk.close(), this.#head.close(), this.#local[Symbol.asyncDispose]()]);
  }
}
