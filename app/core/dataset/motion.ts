/**
 * How far things move between pictures, by block matching on luma. [Note: block matching]
 *
 * Enough to tell a patch that moves from one that rests or that nothing explains; not a flow to interpolate by. Pictures are halved three
 * times. On the coarsest every block of 8x8 is looked for among all places up to 3 away (24 pixels of the picture); each finer level starts
 * from what the level above and the neighbours found, or from rest, and looks one pixel around, and again around that. On the finest, where
 * a block stands for 16x16 pixels of the picture, gradients give the fraction of a pixel.
 */
import type { Frame, Samples } from '../media/frame.ts';

/** Pixels of the picture on a side of a block. */
export const BLOCK = 16;
const SIDE = 8;
const LEVELS = 3;
const REACH = 3;
/** Price of a pixel's difference from what is expected, in code values of the whole block: without it flat blocks wander. */
const STEP_COST = 8;
/** Added to the squares of a block's gradients: where there are none, nothing moves by fractions. */
const NOISE = 200;

interface Level {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Luma of 8 bits at a half, a quarter and an eighth of the size. */
export type Pyramid = readonly Level[];

/** Where the blocks of a picture are found in another: displacements in pixels of the picture, by block, row by row. */
export interface MotionField {
  readonly columns: number;
  readonly rows: number;
  readonly dx: Float32Array;
  readonly dy: Float32Array;
  /** Mean difference that is left, in code values of 255. */
  readonly cost: Float32Array;
}

export function lumaPyramid(frame: Frame): Pyramid {
  const levels = [halved(lumaOf(frame))];
  while (levels.length < LEVELS) levels.push(halved(levels.at(-1)!));
  return levels;
}

function lumaOf({ format, planes, width, height }: Frame): Level {
  const at = (channel: string): Samples | undefined =>
    planes[format.planes.findIndex((layout) => layout.channel === channel)]?.data;
  const down = format.bits - 8;
  const [y, r, g, b] = [at('y'), at('r'), at('g'), at('b')];
  const data = new Uint8Array(width * height);
  if (y) for (let i = 0; i < data.length; i++) data[i] = y[i]! >> down;
  else if (r && g && b) for (let i = 0; i < data.length; i++) data[i] = (r[i]! + 2 * g[i]! + b[i]!) >> (down + 2);
  return { width, height, data };
}

function halved({ width, height, data }: Level): Level {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Uint8Array(w * h);
  for (let y = 0; y < h; y++) {
    let at = 2 * y * width;
    for (let x = 0; x < w; x++, at += 2)
      out[y * w + x] = (data[at]! + data[at + 1]! + data[at + width]! + data[at + width + 1]! + 2) >> 2;
  }
  return { width: w, height: h, data: out };
}

/** Finds the blocks of `from` in `to`, a picture of the same size, at least 64 pixels a side. */
export function matchBlocks(from: Pyramid, to: Pyramid): MotionField {
  let field: Found | undefined;
  for (let level = LEVELS - 1; level >= 0; level--) field = matchLevel(from[level]!, to[level]!, field);
  const { columns, rows, dx, dy, finer, cost } = field!;
  return {
    columns,
    rows,
    cost,
    dx: dx.map((v, i) => 2 * (v + finer.dx[i]!)),
    dy: dy.map((v, i) => 2 * (v + finer.dy[i]!)),
  };
}

/** Whole displacements of a level, in its own pixels, and the fractions on top of them. */
interface Found extends MotionField {
  readonly finer: { readonly dx: Float32Array; readonly dy: Float32Array };
}

function matchLevel(from: Level, to: Level, above: Found | undefined): Found {
  const [columns, rows] = [Math.floor(from.width / SIDE), Math.floor(from.height / SIDE)];
  const array = (): Float32Array => new Float32Array(columns * rows);
  const [dx, dy, cost, finer] = [array(), array(), array(), { dx: array(), dy: array() }];
  const search = new Search(from, to);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++) {
      if (above) {
        const parent = Math.min(above.rows - 1, row >> 1) * above.columns + Math.min(above.columns - 1, column >> 1);
        search.start(column * SIDE, row * SIDE, 2 * above.dx[parent]!, 2 * above.dy[parent]!);
        search.offer(0, 0);
        if (column > 0) search.offer(dx[at - 1]!, dy[at - 1]!);
        if (row > 0) search.offer(dx[at - columns]!, dy[at - columns]!);
        search.around(1);
        search.around(1);
      } else {
        search.start(column * SIDE, row * SIDE, 0, 0);
        search.around(REACH);
      }
      dx[at] = search.dx;
      dy[at] = search.dy;
      cost[at] = search.difference(search.dx, search.dy) / (SIDE * SIDE);
      [finer.dx[at], finer.dy[at]] = search.fractions();
    }
  return { columns, rows, dx, dy, cost, finer };
}

/** The search for one block after another; the best displacement so far is dx, dy. */
class Search {
  readonly #from: Level;
  readonly #to: Level;
  #x = 0;
  #y = 0;
  #expectedX = 0;
  #expectedY = 0;
  #best = Infinity;
  dx = 0;
  dy = 0;

  constructor(from: Level, to: Level) {
    this.#from = from;
    this.#to = to;
  }

  /** Begins with the block whose corner is at x, y, expected to have moved by dx, dy. */
  start(x: number, y: number, dx: number, dy: number): void {
    [this.#x, this.#y, this.#expectedX, this.#expectedY] = [x, y, dx, dy];
    [this.#best, this.dx, this.dy] = [Infinity, 0, 0];
    this.offer(dx, dy);
    // Expected outside of the picture: rest is always inside.
    if (this.#best === Infinity) this.offer(0, 0);
  }

  offer(dx: number, dy: number): void {
    const price = STEP_COST * (Math.abs(dx - this.#expectedX) + Math.abs(dy - this.#expectedY));
    const cost = price + this.difference(dx, dy, this.#best - price);
    if (cost < this.#best) [this.#best, this.dx, this.dy] = [cost, dx, dy];
  }

  /** Tries all places up to `reach` from the best so far. */
  around(reach: number): void {
    const [x, y] = [this.dx, this.dy];
    for (let j = -reach; j <= reach; j++) for (let i = -reach; i <= reach; i++) if (i || j) this.offer(x + i, y + j);
  }

  /** Sum of the block's absolute differences; Infinity outside of the picture, given up above `limit`. */
  difference(dx: number, dy: number, limit = Infinity): number {
    const { width, height, data } = this.#to;
    const [x, y] = [this.#x + dx, this.#y + dy];
    if (x < 0 || y < 0 || x + SIDE > width || y + SIDE > height) return Infinity;
    const block = this.#from.data;
    let sum = 0;
    for (
      let j = 0, p = this.#y * width + this.#x, q = y * width + x;
      j < SIDE && sum < limit;
      j++, p += width, q += width
    )
      for (let i = 0; i < SIDE; i++) sum += Math.abs(block[p + i]! - data[q + i]!);
    return sum;
  }

  /** What one step of Lucas and Kanade (1981) adds to the best place, at most one pixel each way; nothing at the picture's border. */
  fractions(): [number, number] {
    const { width, height, data } = this.#to;
    const [x, y] = [this.#x + this.dx, this.#y + this.dy];
    if (x < 1 || y < 1 || x + SIDE >= width || y + SIDE >= height) return [0, 0];
    let [xx, xy, yy, xt, yt] = [NOISE, 0, NOISE, 0, 0];
    for (let j = 0; j < SIDE; j++)
      for (let i = 0, p = (this.#y + j) * width + this.#x, q = (y + j) * width + x; i < SIDE; i++, p++, q++) {
        const gx = (data[q + 1]! - data[q - 1]!) / 2;
        const gy = (data[q + width]! - data[q - width]!) / 2;
        const t = this.#from.data[p]! - data[q]!;
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
        xt += gx * t;
        yt += gy * t;
      }
    const determinant = xx * yy - xy * xy;
    const clip = (value: number): number => Math.max(-1, Math.min(1, value / determinant));
    return [clip(xt * yy - yt * xy), clip(yt * xx - xt * xy)];
  }
}

/** Mean deviation of each block's luma from its mean, in code values of 255. */
export function blockTexture(pyramid: Pyramid): Float32Array {
  const { width, height, data } = pyramid[0]!;
  const [columns, rows] = [Math.floor(width / SIDE), Math.floor(height / SIDE)];
  const out = new Float32Array(columns * rows);
  for (let block = 0; block < out.length; block++) {
    const corner = Math.floor(block / columns) * SIDE * width + (block % columns) * SIDE;
    const values = Array.from(
      { length: SIDE * SIDE },
      (_, i) => data[corner + Math.floor(i / SIDE) * width + (i % SIDE)]!,
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    out[block] = values.reduce((sum, value) => sum + Math.abs(value - mean), 0) / values.length;
  }
  return out;
}
