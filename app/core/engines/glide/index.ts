/** Glide, the embedded default: dense flow by WebAssembly kernels, warped native planes. docs/glide.md says how and why. */
import { AppError } from '../../../contract/errors.ts';
import { ownModule } from '../../base/own-files.ts';
import { KernelPool } from '../../kernels/pool.ts';
import { frameLike } from '../../media/frame.ts';
import type { Frame, Plane } from '../../media/frame.ts';
import { requireAlike } from '../engine.ts';
import type { Between, BetweenOptions, EngineSetup, Interpolator } from '../engine.ts';
import type { AnalyseTask, LumaMix, PrepareTask } from './analyse.ts';
import { createLayout } from './layout.ts';
import type { Layout } from './layout.ts';
import type { Settings } from './settings.ts';
import type { SynthesiseTask } from './synthesise.ts';

const WORKER = ownModule('./worker', import.meta.url);
/** Rec. 601's luma, for planar RGB. */
const RGB_LUMA = { r: 0.299, g: 0.587, b: 0.114 } as const;

/** Which planes luma is mixed from: Y, or R, G and B. Alpha never counts. */
export function lumaMix(frame: Frame): LumaMix {
  return frame.format.planes.flatMap(({ channel }, plane) => {
    if (channel === 'y') return [{ plane, weight: 1 }];
    return channel in RGB_LUMA ? [{ plane, weight: RGB_LUMA[channel as keyof typeof RGB_LUMA] }] : [];
  });
}

export class Glide implements Interpolator {
  readonly device: string;
  readonly #settings: Settings;
  readonly #pool: KernelPool;
  readonly #maxBytes: number;
  readonly #spent = { analysisMs: 0, synthesisMs: 0 };
  #layout: Layout | null = null;
  #format = '';
  /** The frame whose planes and pyramid each slot holds. */
  readonly #slots: [Frame | null, Frame | null] = [null, null];

  /** Starts the threads; memory, at most `maxBytes` of it, is taken for the first pair, when its format is known. */
  constructor(setup: EngineSetup, settings: Settings, maxBytes: number = 2 ** 32) {
    this.#settings = settings;
    this.#maxBytes = maxBytes;
    this.#pool = new KernelPool(WORKER, setup.threads, 0);
    this.device = `cpu (WebAssembly SIMD, ${setup.threads === 1 ? '1 thread' : `${setup.threads} threads`})`;
  }

  get spent(): { readonly analysisMs: number; readonly synthesisMs: number } {
    return { ...this.#spent };
  }

  /**
   * Throws AppError 'size-mismatch' where the two frames differ in size or format, 'too-large' where picture and fields do not fit
   * `maxBytes` (open.ts cuts such pictures into tiles), 'engine-failed' when a thread fails, 'out-of-memory' where memory is short; the signal's reason on abort.
   */
  async *between(
    a: Frame,
    b: Frame,
    timesteps: readonly number[],
    options: BetweenOptions = {},
  ): AsyncGenerator<Between> {
    const { signal } = options;
    if (timesteps.length === 0) return;
    let clock = performance.now();
    const layout = this.#layoutFor(a, b);
    const first = await this.#load(layout, a, b, signal);
    const settings = this.#settings;
    await this.#pool.run('analyse', { layout, settings, first } satisfies AnalyseTask, signal);
    this.#spent.analysisMs += performance.now() - clock;
    for (const t of timesteps) {
      clock = performance.now();
      await this.#pool.run('synthesise', { layout, settings, first, t } satisfies SynthesiseTask, signal);
      const between = this.#read(layout, a, b, t);
      this.#spent.synthesisMs += performance.now() - clock;
      yield between;
    }
  }

  /** The memory's layout for this pair's format; a new one forgets what the slots hold. */
  #layoutFor(a: Frame, b: Frame): Layout {
    requireAlike(a, b);
    const format = `${a.format.name} ${a.width}x${a.height}`;
    if (this.#layout && this.#format === format) return this.#layout;
    const { base, threads } = this.#pool;
    const layout = createLayout(base, a.format, a.width, a.height, threads, this.#settings);
    if (layout.end > this.#maxBytes)
      throw new AppError('too-large', `A picture of ${a.width}x${a.height} is too large to interpolate.`);
    this.#pool.reserve(layout.end);
    // Borders that no kernel writes must not hold another layout's bytes.
    new Uint8Array(this.#pool.memory.buffer, base, layout.end - base).fill(0);
    this.#slots.fill(null);
    this.#format = format;
    return (this.#layout = layout);
  }

  /** Puts both frames into slots, keeping what is already there, and says which slot has `a`. */
  async #load(layout: Layout, a: Frame, b: Frame, signal?: AbortSignal): Promise<0 | 1> {
    const first = this.#slots[1] === a || (this.#slots[0] === b && this.#slots[0] !== a) ? 1 : 0;
    const second = first === 0 ? 1 : 0;
    const wanted = [
      [a, first],
      [b, second],
    ] as const;
    for (const [frame, slot] of wanted) {
      if (this.#slots[slot] === frame) continue;
      this.#slots[slot] = null;
      frame.planes.forEach((plane, n) => this.#copyIn(layout, plane, n, slot));
      await this.#pool.run('prepare', { layout, slot, mix: lumaMix(frame) } satisfies PrepareTask, signal);
      this.#slots[slot] = frame;
    }
    return first;
  }

  #copyIn(layout: Layout, plane: Plane, index: number, slot: 0 | 1): void {
    const place = layout.planes[index];
    if (!place) return;
    const { buffer, byteOffset, byteLength } = plane.data;
    new Uint8Array(this.#pool.memory.buffer, place.slots[slot], place.bytes).set(
      new Uint8Array(buffer, byteOffset, byteLength),
    );
  }

  #read(layout: Layout, a: Frame, b: Frame, t: number): Between {
    const frame = frameLike(a, Math.round(a.time + t * (b.time - a.time)));
    const memory = this.#pool.memory.buffer;
    frame.planes.forEach(({ data }, n) => {
      const place = layout.planes[n];
      if (place)
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(
          new Uint8Array(memory, place.out, place.bytes),
        );
    });
    const rows = layout.grids[0]?.h ?? 1;
    let sum = 0;
    for (const trust of new Float32Array(memory, layout.middle.sums, rows)) sum += trust;
    return { frame, confidence: Math.min(1, Math.max(0, sum / rows)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}
