/**
 * The kernels once more in plain TypeScript: the reference the tests hold src/*.c against, and the shortest way to read
 * what they do. Doubles where C has floats, so they agree to rounding. Not used by the product.
 */
import { PAD } from './module.ts';

/** A padded plane of floats; `at` is the index of pixel (0, 0). */
export interface Field {
  readonly data: Float32Array;
  readonly at: number;
  readonly w: number;
  readonly h: number;
  readonly stride: number;
}

const clamp = (v: number, lo: number, hi: number): number => (v > lo ? (v < hi ? v : hi) : lo);
const read = (f: Field, x: number, y: number): number => f.data[f.at + y * f.stride + x] as number;

function write(f: Field, x: number, y: number, value: number): void {
  f.data[f.at + y * f.stride + x] = value;
}

/** Bilinear sample; the position may lie in the border. */
export function sample(f: Field, x: number, y: number): number {
  const [ix, iy] = [Math.floor(x), Math.floor(y)];
  const [ax, ay] = [x - ix, y - iy];
  const top = read(f, ix, iy) * (1 - ax) + read(f, ix + 1, iy) * ax;
  const low = read(f, ix, iy + 1) * (1 - ax) + read(f, ix + 1, iy + 1) * ax;
  return top * (1 - ay) + low * ay;
}

/** luma8, luma16: the mean of each factor x factor box of `src` (sw x sh) times `weight`, into or onto `out`. */
export function luma(
  src: ArrayLike<number>,
  sw: number,
  sh: number,
  factor: number,
  weight: number,
  add: boolean,
  out: Field,
): void {
  for (let y = 0; y < out.h; y++)
    for (let x = 0; x < out.w; x++) {
      let sum = 0;
      let count = 0;
      for (let j = y * factor; j < Math.min(sh, (y + 1) * factor); j++)
        for (let i = x * factor; i < Math.min(sw, (x + 1) * factor); i++, count++) sum += src[j * sw + i] as number;
      write(out, x, y, (add ? read(out, x, y) : 0) + (sum / count) * weight);
    }
}

/** down2: the mean of each 2 x 2 box. */
export function down2(src: Field, out: Field): void {
  for (let y = 0; y < out.h; y++)
    for (let x = 0; x < out.w; x++) {
      const [i, j] = [2 * x, 2 * y];
      write(out, x, y, (read(src, i, j) + read(src, i + 1, j) + read(src, i, j + 1) + read(src, i + 1, j + 1)) / 4);
    }
}

/** pad: the nearest pixel, all around. */
export function pad(f: Field): void {
  for (let y = -PAD; y < f.h + PAD; y++)
    for (let x = -PAD; x < f.stride - PAD; x++) write(f, x, y, read(f, clamp(x, 0, f.w - 1), clamp(y, 0, f.h - 1)));
}

/** gradient: central differences. */
export function gradient(f: Field, gx: Field, gy: Field): void {
  for (let y = 0; y < f.h; y++)
    for (let x = 0; x < f.w; x++) {
      write(gx, x, y, (read(f, x + 1, y) - read(f, x - 1, y)) / 2);
      write(gy, x, y, (read(f, x, y + 1) - read(f, x, y - 1)) / 2);
    }
}

interface Look {
  readonly ref: Field;
  readonly gx: Field;
  readonly gy: Field;
  readonly other: Field;
  readonly x: number;
  readonly y: number;
}

/** Differences of the 8 x 8 patch displaced by (u, v), less their mean. */
function differences({ ref, other, x, y }: Look, u: number, v: number): number[] {
  const px = clamp(x + u, -PAD + 1, other.w + PAD - 10);
  const py = clamp(y + v, -PAD + 1, other.h + PAD - 10);
  const d: number[] = [];
  for (let j = 0; j < 8; j++)
    for (let i = 0; i < 8; i++) d.push(sample(other, px + i, py + j) - read(ref, x + i, y + j));
  const mean = d.reduce((a, b) => a + b, 0) / 64;
  return d.map((value) => value - mean);
}

/** search_one: Gauss-Newton steps of one patch from (u, v); the best displacement and its squared difference. */
export function searchOne(look: Look, u: number, v: number, steps: number): { u: number; v: number; error: number } {
  const g: [number, number][] = [];
  for (let j = 0; j < 8; j++)
    for (let i = 0; i < 8; i++) g.push([read(look.gx, look.x + i, look.y + j), read(look.gy, look.x + i, look.y + j)]);
  const mx = g.reduce((sum, [x]) => sum + x, 0) / 64;
  const my = g.reduce((sum, [, y]) => sum + y, 0) / 64;
  let [a, b, d] = [16, 0, 16];
  for (const [x, y] of g) {
    a += (x - mx) ** 2;
    b += (x - mx) * (y - my);
    d += (y - my) ** 2;
  }
  const best = { u, v, error: Infinity };
  let [cu, cv] = [u, v];
  for (let n = 0; n < steps; n++) {
    const diff = differences(look, cu, cv);
    const error = diff.reduce((sum, value) => sum + value * value, 0);
    if (!(error < best.error)) break;
    const gain = best.error - error;
    Object.assign(best, { u: cu, v: cv, error });
    if (n > 0 && gain < 0.001 * error) break;
    let [bx, by] = [0, 0];
    diff.forEach((value, i) => {
      const [x, y] = g[i] ?? [0, 0];
      bx += value * x;
      by += value * y;
    });
    const du = (d * bx - b * by) / (a * d - b * b);
    const dv = (a * by - b * bx) / (a * d - b * b);
    cu -= du;
    cv -= dv;
    if (du * du + dv * dv < 1e-4 || Math.abs(cu - u) > 8 || Math.abs(cv - v) > 8) break;
  }
  return best;
}

/** splat: cells of {weight, weight * u, weight * v, 0}, w x h of them. */
export function splat(u: Field, v: Field, weight: Field, t: number, sign: number): Float32Array {
  const { w, h } = u;
  const cells = new Float32Array(w * h * 4);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const fx = x + t * read(u, x, y);
      const fy = y + t * read(v, x, y);
      const [ix, iy] = [Math.floor(fx), Math.floor(fy)];
      for (const [j, wy] of [1 - (fy - iy), fy - iy].entries())
        for (const [i, wx] of [1 - (fx - ix), fx - ix].entries()) {
          if (ix + i < 0 || iy + j < 0 || ix + i >= w || iy + j >= h) continue;
          const cell = ((iy + j) * w + ix + i) * 4;
          const k = wx * wy * read(weight, x, y);
          cells[cell] = (cells[cell] as number) + k;
          cells[cell + 1] = (cells[cell + 1] as number) + k * sign * read(u, x, y);
          cells[cell + 2] = (cells[cell + 2] as number) + k * sign * read(v, x, y);
        }
    }
  return cells;
}

/** Weights of the four samples around a fraction `a`: Catmull and Rom's cubic. */
export function cubic(a: number): [number, number, number, number] {
  const b = 1 - a;
  return [-0.5 * a * b * b, 1 + a * a * (1.5 * a - 2.5), 1 + b * b * (1.5 * b - 2.5), -0.5 * b * a * a];
}

/** A plane read between its samples, the position clamped into it. */
export function cubicSample(p: ArrayLike<number>, w: number, h: number, px: number, py: number): number {
  const [x, y] = [clamp(px, 0, w - 1), clamp(py, 0, h - 1)];
  const [ix, iy] = [Math.floor(x), Math.floor(y)];
  let sum = 0;
  for (const [j, wy] of cubic(y - iy).entries())
    for (const [i, wx] of cubic(x - ix).entries())
      sum += wx * wy * (p[clamp(iy - 1 + j, 0, h - 1) * w + clamp(ix - 1 + i, 0, w - 1)] as number);
  return sum;
}

export interface WarpInput {
  readonly first: ArrayLike<number>;
  readonly second: ArrayLike<number>;
  readonly w: number;
  readonly h: number;
  readonly t: number;
  readonly top: number;
  readonly u: Field;
  readonly v: Field;
  readonly share: Field;
  /** The second choice of flow and its share of the result. */
  readonly u2: Field;
  readonly v2: Field;
  readonly weight2: Field;
  readonly ratioX: number;
  readonly ratioY: number;
}

/** warp8, warp16: the plane at time t before rounding. */
export function warp({ first, second, w, h, t, top, ratioX, ratioY, ...fields }: WarpInput): Float64Array {
  const out = new Float64Array(w * h);
  const { u, v, share, u2, v2, weight2 } = fields;
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const fx = clamp((x + 0.5) / ratioX - 0.5, 0, u.w - 1);
      const fy = clamp((y + 0.5) / ratioY - 0.5, 0, u.h - 1);
      const blend = (fu: Field, fv: Field, s: number): number => {
        const [du, dv] = [sample(fu, fx, fy) * ratioX, sample(fv, fx, fy) * ratioY];
        const a = cubicSample(first, w, h, x - t * du, y - t * dv);
        const b = cubicSample(second, w, h, x + (1 - t) * du, y + (1 - t) * dv);
        return b + s * (a - b);
      };
      const best = blend(u, v, sample(share, fx, fy));
      const k = sample(weight2, fx, fy);
      out[y * w + x] = clamp(k > 0.02 ? best + k * (blend(u2, v2, 1 - t) - best) : best, 0, top);
    }
  return out;
}
