/**
 * Local convolution of two pictures, summed: what SepConv and AdaConv do with the kernels their networks predict. Outside ONNX, in threads:
 * [Note: outside the graph].
 *
 * [Note: outside the graph] ONNX has no operator for a kernel a pixel. Written out in operators it is 51 products and sums over 51 shifted
 * copies of the picture: `bench --kernels` measures both, docs/sepconv.md records it.
 */
import { AppError } from '../../contract/errors.ts';
import { ownModule } from '../base/own-files.ts';
import { Arena } from './arena.ts';
import type { LocalTask } from './local-task.ts';
import { KernelPool } from './pool.ts';

const WORKER = ownModule('./local-worker', import.meta.url);
/** Floats that vectors may read past the end of the last row: local.c. */
const SLACK = 16;

export interface LocalShape {
  /** 'separable': a column and a row of taps a pixel and picture; 'adaptive': a square of them. */
  readonly kind: 'separable' | 'adaptive';
  /** Taps along a side: odd, at most 51. */
  readonly kernel: number;
  /** What lies outside the pictures: their outermost pixels, or zeros. */
  readonly padding: 'replicate' | 'zero';
  /** Whether the sum is divided by that of the pixel's taps, where that is at least 0.01. */
  readonly normalise?: boolean;
  /** Of the pictures. */
  readonly width: number;
  readonly height: number;
  /** The largest part of a picture made at a time; the maps have its size. */
  readonly region: { readonly width: number; readonly height: number };
}

/** A part of the picture, at most a region large. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export class LocalConvolution implements AsyncDisposable {
  readonly shape: LocalShape;
  /**
   * The kernels of a region, in shared memory, to be filled before `run`: [taps, region.height, region.width] each, `taps` being
   * K or K * K. Separable: v and h of the first picture, v and h of the second. Adaptive: of the first and of the second.
   */
  readonly maps: readonly Float32Array[];
  readonly #pool: KernelPool;
  readonly #mapAt: readonly number[];
  readonly #sources: readonly number[];
  readonly #stride: number;
  readonly #halves: readonly [number, number];
  readonly #outStride: number;
  readonly #sums: number;

  /** Takes all its memory and starts the threads. Throws AppError 'out-of-memory' where there is not that much. */
  constructor(shape: LocalShape, threads: number) {
    const { kind, kernel, width, height, region } = shape;
    if (kernel % 2 !== 1 || kernel < 1 || kernel > 51) throw new AppError('internal', `No kernel has ${kernel} taps.`);
    this.shape = shape;
    this.#pool = new KernelPool(WORKER, threads, 0);
    const arena = new Arena(this.#pool.base);
    const floats = (count: number): number => arena.take((count + SLACK) * 4);
    this.#stride = (width + kernel - 1 + 3) & ~3;
    this.#outStride = (region.width + 3) & ~3;
    const taps = kind === 'separable' ? kernel : kernel ** 2;
    this.#mapAt = Array.from({ length: kind === 'separable' ? 4 : 2 }, () =>
      floats(taps * region.width * region.height),
    );
    this.#sources = [0, 1].map(() => floats(3 * this.#stride * (height + kernel - 1)));
    const half = 4 * this.#outStride * region.height;
    this.#halves = [floats(half), floats(half)];
    this.#sums = floats(region.height);
    this.#pool.reserve(arena.end);
    const memory = this.#pool.memory.buffer;
    this.maps = this.#mapAt.map((at) => new Float32Array(memory, at, taps * region.width * region.height));
  }

  get threads(): number {
    return this.#pool.threads;
  }

  /** Makes `picture` [3, height, width] the first (0) or second (1) of the pair. */
  load(which: 0 | 1, picture: Float32Array): void {
    const { kernel, width, height, padding } = this.shape;
    const [stride, margin] = [this.#stride, kernel >> 1];
    const rows = height + kernel - 1;
    const plane = new Float32Array(this.#pool.memory.buffer, this.#sources[which]!, 3 * rows * stride);
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < rows; y++) {
        const row = plane.subarray((c * rows + y) * stride, (c * rows + y) * stride + width + kernel - 1);
        const from = y - margin;
        if (padding === 'zero' && (from < 0 || from >= height)) {
          row.fill(0);
          continue;
        }
        const start = (c * height + Math.min(height - 1, Math.max(0, from))) * width;
        row.set(picture.subarray(start, start + width), margin);
        row.fill(padding === 'zero' ? 0 : picture[start]!, 0, margin);
        row.fill(padding === 'zero' ? 0 : picture[start + width - 1]!, margin + width);
      }
  }

  /**
   * Lays the kernels in `maps` on the part `place` of the two pictures, the maps' first pixel on its first, and writes the sum into that
   * part of `out` [3, height, width]. Gives the sum of the place's trust, 0 to 1 a pixel: how far the two halves agree (local_join in
   * src/local.c). Throws AppError 'engine-failed' when a thread fails; the signal's reason on abort.
   */
  async run(place: Place, out: Float32Array, signal?: AbortSignal): Promise<number> {
    const { kind, kernel, height, region } = this.shape;
    const [stride, outStride] = [this.#stride, this.#outStride];
    const start = (place.top * stride + place.left) * 4;
    const task: LocalTask = {
      kind,
      kernel,
      sources: this.#sources.map((at) => at + start),
      sourcePlane: stride * (height + kernel - 1),
      sourceStride: stride,
      maps: this.#mapAt,
      mapPlane: region.width * region.height,
      mapStride: region.width,
      halves: this.#halves,
      outPlane: outStride * region.height,
      outStride,
      normalise: this.shape.normalise === true,
      sums: this.#sums,
      width: place.width,
      height: place.height,
    };
    await this.#pool.run('convolve', task, signal);
    this.#copyOut(place, out);
    let trust = 0;
    for (const sum of new Float32Array(this.#pool.memory.buffer, this.#sums, place.height)) trust += sum;
    return trust;
  }

  #copyOut({ left, top, width, height }: Place, out: Float32Array): void {
    const [stride, plane] = [this.#outStride, this.#outStride * this.shape.region.height];
    const made = new Float32Array(this.#pool.memory.buffer, this.#halves[0], 3 * plane);
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < height; y++) {
        const from = c * plane + y * stride;
        out.set(made.subarray(from, from + width), (c * this.shape.height + top + y) * this.shape.width + left);
      }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}
