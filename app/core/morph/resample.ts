/** A plane of numbers at another size: a cubic through the samples where it grows, a window of it as wide as what a new sample covers where it shrinks. */

/** What each new sample is made of: `count` old ones from `first[i]` on, with their weights. */
interface Taps {
  readonly count: number;
  readonly first: Int32Array;
  readonly weight: Float32Array;
}

/** The cubic of Catmull and Rom: 1 at 0, 0 at other whole numbers and from 2 on. */
function kernel(x: number): number {
  const a = Math.abs(x);
  if (a >= 2) return 0;
  return a < 1 ? (1.5 * a - 2.5) * a * a + 1 : ((-0.5 * a + 2.5) * a - 4) * a + 2;
}

/**
 * `to` samples over [start, start + length) of `from` samples, half-pixel centres; those beyond the border are its repetition. `start` and `length` in old
 * samples.
 */
function tapsOf(from: number, to: number, start: number, length: number): Taps {
  const step = length / to;
  const wide = Math.max(1, step);
  const count = Math.min(from, Math.ceil(4 * wide) + 1);
  const first = new Int32Array(to);
  const weight = new Float32Array(to * count);
  for (let i = 0; i < to; i++) {
    const centre = start + (i + 0.5) * step - 0.5;
    const low = Math.ceil(centre - 2 * wide);
    const begin = Math.min(from - count, Math.max(0, low));
    first[i] = begin;
    let sum = 0;
    for (let k = low; k <= Math.floor(centre + 2 * wide); k++) {
      const share = kernel((k - centre) / wide);
      const at = Math.min(from - 1, Math.max(0, k)) - begin;
      weight[i * count + at]! += share;
      sum += share;
    }
    for (let k = 0; k < count; k++) weight[i * count + k]! /= sum;
  }
  return { count, first, weight };
}

/** A part of a picture, in its pixels; it need not begin or end on whole ones. */
export interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The part of a plane of width x height as outWidth x outHeight numbers, not clipped: a cubic overshoots at edges. */
export function resample(
  plane: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
  part: Part,
  { width: outWidth, height: outHeight }: { readonly width: number; readonly height: number },
): Float32Array {
  const columns = tapsOf(width, outWidth, part.x, part.width);
  const rows = tapsOf(height, outHeight, part.y, part.height);
  // Across first, only the rows that are looked at.
  const top = rows.first[0]!;
  const bottom = rows.first[outHeight - 1]! + rows.count;
  const across = new Float32Array((bottom - top) * outWidth);
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < outWidth; x++) {
      const from = y * width + columns.first[x]!;
      let sum = 0;
      for (let k = 0, w = x * columns.count; k < columns.count; k++) sum += columns.weight[w + k]! * plane[from + k]!;
      across[(y - top) * outWidth + x] = sum;
    }
  }
  const out = new Float32Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    const from = (rows.first[y]! - top) * outWidth;
    const row = out.subarray(y * outWidth, (y + 1) * outWidth);
    for (let k = 0; k < rows.count; k++) {
      const share = rows.weight[y * rows.count + k]!;
      if (share === 0) continue;
      for (let x = 0, at = from + k * outWidth; x < outWidth; x++) row[x]! += share * across[at + x]!;
    }
  }
  return out;
}
