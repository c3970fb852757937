/**
 * Interpolates pictures that are too large for an engine in overlapping tiles: [Note: seams] in tile-plan.ts.
 *
 * [Note: tiles in memory] Tiles go through the engine one after another, so it holds one tile's working memory. Frames are asked for in
 * the order of their timesteps, and a frame is whole only when its last tile is done: so as many timesteps at a time as fit into `maxBytes`
 * are done together, and the next group analyses every tile again. At most are held: the given pair, `maxBytes` of frames being made (or one
 * frame that is larger), `maxBytes` of the engine's memory, and one tile of each picture.
 *
 * [Note: shrinking] The bound of an engine is the same everywhere, because where a picture is cut shows in its bytes. Where that much memory is
 * not there, `EngineSetup.shrink` asks for tiles of a part of it: 2, 4, ... times smaller than what the picture needs, so that each step is
 * one whatever the picture's size. Whoever asks has it in the key of what is made.
 */
import { AppError } from '../../contract/errors.ts';
import { withMatrix } from '../media/float-rgb.ts';
import { frameBytes, frameFromBytes, frameLike } from '../media/frame.ts';
import type { Frame, PixelFormat, Plane } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { requireAlike } from './engine.ts';
import type { Between, BetweenOptions, EngineSetup, Interpolator } from './engine.ts';
import { cutAxis, spanOf } from './tile-plan.ts';
import type { Axis, Span } from './tile-plan.ts';

export interface Tiling {
  /** Bytes of memory the engine needs for pictures of a format and size, whatever the threads: where a picture is cut shows in its bytes. */
  readonly bytes: (format: PixelFormat, width: number, height: number) => number;
  /** Larger pictures are cut up. */
  readonly maxBytes: number;
  /** Pixels that neighbouring tiles have in common; without it 1/8 of the picture's side, at least 128. Less where tiles are small. */
  readonly overlap?: number;
}

export interface TilePlan {
  readonly x: Axis;
  readonly y: Axis;
}

/**
 * As `planTiles`, in tiles that need at most 1/`shrink` of the memory the picture would; in larger ones where it cannot be cut that small.
 * [Note: shrinking]
 */
export function planShrunk(
  format: PixelFormat,
  width: number,
  height: number,
  tiling: Tiling,
  shrink = 1,
): TilePlan & { readonly maxBytes: number } {
  const whole = Math.min(tiling.maxBytes, tiling.bytes(format, width, height));
  for (let part = shrink; part > 1; part /= 2) {
    try {
      const maxBytes = whole / part;
      return { ...planTiles(format, width, height, { ...tiling, maxBytes }), maxBytes };
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'too-large')) throw error;
    }
  }
  return { ...planTiles(format, width, height, tiling), maxBytes: tiling.maxBytes };
}

/** Bytes that `tiled` takes at most for such pictures, beside the pair: [Note: tiles in memory]. */
export function tiledBytes(
  format: PixelFormat,
  { width, height, shrink }: Pick<EngineSetup, 'width' | 'height' | 'shrink'>,
  tiling: Tiling,
): number {
  const { x, y, maxBytes } = planShrunk(format, width, height, tiling, shrink);
  const engine = tiling.bytes(format, x.size, y.size);
  if (x.starts.length * y.starts.length === 1) return engine;
  return engine + Math.max(maxBytes, frameBytes(format, width, height)) + 3 * frameBytes(format, x.size, y.size);
}

/** The fewest tiles, cut across the longer side first, that fit `maxBytes`. Throws AppError 'too-large' where none do. */
export function planTiles(format: PixelFormat, width: number, height: number, tiling: Tiling): TilePlan {
  const { bytes, maxBytes, overlap } = tiling;
  const cut = (side: number, count: number): Axis | null =>
    cutAxis(side, count, overlap ?? Math.max(128, Math.ceil(side / 8)));
  let [columns, rows] = [1, 1];
  for (;;) {
    const [x, y] = [cut(width, columns), cut(height, rows)];
    if (!x || !y)
      throw new AppError('too-large', `A picture of ${width}x${height} is too large to interpolate, even in tiles.`);
    if (bytes(format, x.size, y.size) <= maxBytes) return { x, y };
    if (x.size >= y.size) columns++;
    else rows++;
  }
}

/**
 * An interpolator that gives pictures which fit to the engine as they are, and larger ones tile by tile. `open` is called for the size that
 * 8-bit 4:2:0 is cut to, and again when the first pair is of a format that is cut otherwise; its setup's colour has the whole picture's matrix.
 * `between` throws what the engine throws, AppError 'size-mismatch' and 'too-large'; the signal's reason on abort, at the latest after the
 * tile being worked on.
 */
export async function tiled(
  open: (setup: EngineSetup) => Promise<Interpolator>,
  setup: EngineSetup,
  tiling: Tiling,
): Promise<Interpolator> {
  const named = { ...setup, colour: withMatrix(setup.colour ?? {}, setup.height) };
  const size = firstSize(setup, tiling);
  return new Tiled(open, named, tiling, await open({ ...named, ...size }), size);
}

/** The size most videos are worked on in: an engine opened for all of a picture that is cut up would need what it is cut up to save. */
function firstSize(
  { width, height, shrink }: EngineSetup,
  tiling: Tiling,
): { readonly width: number; readonly height: number } {
  try {
    const { x, y } = planShrunk(pixelFormat('yuv420p'), width, height, tiling, shrink);
    return { width: x.size, height: y.size };
  } catch (error) {
    // Another format may fit; `between` says when none does.
    if (error instanceof AppError && error.code === 'too-large') return { width, height };
    throw error;
  }
}

class Tiled implements Interpolator {
  readonly #open: (setup: EngineSetup) => Promise<Interpolator>;
  readonly #setup: EngineSetup;
  readonly #tiling: Tiling;
  /** Cutting and joining, and what engines that are closed by now have spent. */
  readonly #spent = { analysisMs: 0, synthesisMs: 0 };
  #engine: Interpolator;
  /** The picture size the engine was opened for. */
  #size: string;
  #plan: ReturnType<typeof planShrunk> | null = null;
  #planned = '';

  constructor(
    open: (setup: EngineSetup) => Promise<Interpolator>,
    setup: EngineSetup,
    tiling: Tiling,
    engine: Interpolator,
    { width, height }: { readonly width: number; readonly height: number },
  ) {
    this.#open = open;
    this.#setup = setup;
    this.#tiling = tiling;
    this.#engine = engine;
    this.#size = `${width}x${height}`;
  }

  get device(): string {
    return this.#engine.device;
  }

  get spent(): { readonly analysisMs: number; readonly synthesisMs: number } {
    const { analysisMs, synthesisMs } = this.#engine.spent;
    return { analysisMs: this.#spent.analysisMs + analysisMs, synthesisMs: this.#spent.synthesisMs + synthesisMs };
  }

  async *between(
    a: Frame,
    b: Frame,
    timesteps: readonly number[],
    options: BetweenOptions = {},
  ): AsyncGenerator<Between> {
    if (timesteps.length === 0) return;
    requireAlike(a, b);
    const plan = this.#planFor(a);
    const whole = plan.x.starts.length * plan.y.starts.length === 1;
    const engine = await this.#engineFor(plan, whole);
    if (whole) {
      yield* engine.between(a, b, timesteps, options);
      return;
    }
    const frame = frameBytes(a.format, a.width, a.height);
    const group = Math.max(1, Math.floor(plan.maxBytes / frame));
    for (let n = 0; n < timesteps.length; n += group) {
      const made = await this.#together(plan, a, b, timesteps.slice(n, n + group), options);
      // What has been handed over is no longer held here.
      for (let next = made.shift(); next; next = made.shift()) {
        options.signal?.throwIfAborted();
        yield next;
      }
    }
  }

  /** The frames at `timesteps`, all tiles of all of them. */
  async #together(
    plan: TilePlan,
    a: Frame,
    b: Frame,
    timesteps: readonly number[],
    options: BetweenOptions,
  ): Promise<Between[]> {
    const made = timesteps.map((t) => new Joined(frameLike(a, Math.round(a.time + t * (b.time - a.time)))));
    for (const [row, top] of plan.y.starts.entries())
      for (const [column, left] of plan.x.starts.entries()) {
        options.signal?.throwIfAborted();
        let clock = performance.now();
        const place = { left, top, width: plan.x.size, height: plan.y.size };
        const [first, second] = [cutOut(a, place), cutOut(b, place)];
        this.#spent.analysisMs += performance.now() - clock;
        let n = 0;
        for await (const tile of this.#engine.between(first, second, timesteps, options)) {
          clock = performance.now();
          made[n++]?.add(tile, plan, column, row);
          this.#spent.synthesisMs += performance.now() - clock;
        }
        if (n !== timesteps.length) throw new AppError('engine-failed', 'The engine made too few frames of a tile.');
      }
    return made.map((joined) => joined.between());
  }

  #planFor({ format, width, height }: Frame): ReturnType<typeof planShrunk> {
    const key = `${format.name} ${width}x${height}`;
    if (!this.#plan || this.#planned !== key)
      this.#plan = planShrunk(format, width, height, this.#tiling, this.#setup.shrink);
    this.#planned = key;
    return this.#plan;
  }

  /** The engine, opened anew where it was opened for another size than the tiles of `plan` have. */
  async #engineFor({ x, y }: TilePlan, whole: boolean): Promise<Interpolator> {
    const { width, height } = whole ? this.#setup : { width: x.size, height: y.size };
    const size = `${width}x${height}`;
    if (size === this.#size) return this.#engine;
    const { analysisMs, synthesisMs } = this.#engine.spent;
    await this.#engine[Symbol.asyncDispose]();
    this.#spent.analysisMs += analysisMs;
    this.#spent.synthesisMs += synthesisMs;
    this.#engine = await this.#open({ ...this.#setup, width, height });
    this.#size = size;
    return this.#engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A copy of the part of a picture at `place`. A new frame for every tile: engines know frames they have seen by identity. */
function cutOut(frame: Frame, { left, top, width, height }: Place): Frame {
  const { format, index, time } = frame;
  const bytes = new Uint8Array(frameBytes(format, width, height));
  const tile = frameFromBytes(format, width, height, bytes, index, time);
  tile.planes.forEach((to, n) => {
    const [from, layout] = [frame.planes[n], format.planes[n]];
    if (!from || !layout) return;
    const [x, y] = [left >> layout.shiftX, top >> layout.shiftY];
    for (let row = 0; row < to.height; row++) {
      const start = (y + row) * from.width + x;
      to.data.set(from.data.subarray(start, start + to.width), row * to.width);
    }
  });
  return tile;
}

/** A frame that is put together from tiles, which come row by row, each from left to right. */
class Joined {
  readonly #frame: Frame;
  #confidence = 0;

  constructor(frame: Frame) {
    this.#frame = frame;
  }

  add({ frame: tile, confidence }: Between, { x, y }: TilePlan, column: number, row: number): void {
    const { width, height, format } = this.#frame;
    this.#frame.planes.forEach((plane, n) => {
      const [from, layout] = [tile.planes[n], format.planes[n]];
      if (from && layout) join(plane, from, spanOf(x, column, layout.shiftX), spanOf(y, row, layout.shiftY));
    });
    this.#confidence += (confidence * area(spanOf(x, column, 0)) * area(spanOf(y, row, 0))) / (width * height);
  }

  between(): Between {
    return { frame: this.#frame, confidence: Math.min(1, this.#confidence) };
  }
}

/** Samples a tile stands for along an axis. */
function area({ rise, fall }: Span): number {
  return rise.reduce((sum, value, i) => sum + value * (fall[i] ?? 0), 0);
}

/**
 * Lays a tile over what the tiles before it have left in `plane`. A sample of theirs has the weight of all tiles before, so
 * each new one is mixed in by its share of the weight so far: in the end every tile has its own, and no wider sums are kept.
 */
function join(plane: Plane, tile: Plane, x: Span, y: Span): void {
  const from = x.rise.findIndex((value) => value > 0);
  const full = x.rise.indexOf(1);
  const to = x.fall.findLastIndex((value) => value > 0) + 1;
  for (let row = 0; row < tile.height; row++) {
    const [rise, fall] = [y.rise[row] ?? 0, y.fall[row] ?? 0];
    if (rise * fall === 0) continue;
    const at = (y.start + row) * plane.width + x.start;
    const source = row * tile.width;
    // The tiles above have 1 - rise here, those to the left what this one leaves of its row.
    const end = rise === 1 ? full : to;
    for (let i = from; i < end; i++) {
      const [left, right] = [x.rise[i] ?? 0, x.fall[i] ?? 0];
      const own = rise * fall * left * right;
      const share = own / (own + (1 - rise) + rise * fall * (1 - left));
      const old = plane.data[at + i] as number;
      // Storing drops the fraction.
      plane.data[at + i] = old + share * ((tile.data[source + i] as number) - old) + 0.5;
    }
    if (end < to) plane.data.set(tile.data.subarray(source + end, source + to), at + end);
  }
}
