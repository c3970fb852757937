/** Cuts a rectangle out of planes of floats and brings it to another size. */

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What is taken of each target sample: `count` samples from `first` on, with weights whose sum is 1. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Float32Array;
  /** Weights of one target sample at most: the stride of `weights`. */
  readonly most: number;
}

/** The largest square in the middle of a picture; where a side is left over oddly, the extra sample stays right or below. */
export function centreSquare(width: number, height: number): Rectangle {
  const side = Math.min(width, height);
  return { x: (width - side) >> 1, y: (height - side) >> 1, width: side, height: side };
}

/**
 * The rectangle `from` (whole numbers, within the picture) of `channels` planes, row-major one after the other, at the size `to`: averaged over the area of each
 * target pixel where it becomes smaller, linear between the centres of pixels where it becomes larger.
 */
export function resized(
  planes: Float32Array,
  { width, height, channels }: { readonly width: number; readonly height: number; readonly channels: number },
  from: Rectangle,
  to: { readonly width: number; readonly height: number },
): Float32Array {
  const across = tapsOf(from.width, to.width);
  const down = tapsOf(from.height, to.height);
  const rows = new Float32Array(from.height * to.width);
  const out = new Float32Array(channels * to.width * to.height);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < from.height; y++) {
      const start = channel * width * height + (from.y + y) * width + from.x;
      for (let x = 0; x < to.width; x++) {
        let sum = 0;
        const at = start + across.first[x]!;
        const tap = x * across.most;
        for (let k = 0; k < across.count[x]!; k++) sum += across.weights[tap + k]! * planes[at + k]!;
        rows[y * to.width + x] = sum;
      }
    }
    const target = out.subarray(channel * to.width * to.height, (channel + 1) * to.width * to.height);
    for (let y = 0; y < to.height; y++)
      for (let k = 0; k < down.count[y]!; k++) {
        const weight = down.weights[y * down.most + k]!;
        const row = (down.first[y]! + k) * to.width;
        for (let x = 0; x < to.width; x++) target[y * to.width + x]! += weight * rows[row + x]!;
      }
  }
  return out;
}

function tapsOf(from: number, to: number): Taps {
  const scale = from / to;
  const most = Math.ceil(Math.max(scale, 1)) + 1;
  const taps = {
    first: new Int32Array(to),
    count: new Int32Array(to),
    weights: new Float32Array(to * most),
    most,
  };
  for (let i = 0; i < to; i++) {
    if (scale >= 1) area(taps, i, i * scale, Math.min(from, (i + 1) * scale));
    else linear(taps, i, (i + 0.5) * scale - 0.5, from);
  }
  return taps;
}

/** Samples that the interval [start, end) covers, by how much of each. */
function area({ first, count, weights, most }: Taps, i: number, start: number, end: number): void {
  const begin = Math.floor(start);
  const last = Math.max(begin, Math.ceil(end - 1e-9) - 1);
  first[i] = begin;
  count[i] = last - begin + 1;
  for (let k = begin; k <= last; k++)
    weights[i * most + k - begin] = (Math.min(end, k + 1) - Math.max(start, k)) / (end - start);
}

function linear({ first, count, weights, most }: Taps, i: number, at: number, size: number): void {
  const place = Math.min(size - 1, Math.max(0, at));
  const left = Math.min(Math.floor(place), Math.max(0, size - 2));
  first[i] = left;
  count[i] = Math.min(2, size);
  weights[i * most] = size === 1 ? 1 : 1 - (place - left);
  if (size > 1) weights[i * most + 1] = place - left;
}
