/** Where a picture is taken from the real frames and where from what an engine made, and doing so on native planes. */
import type { Frame, Plane, Samples } from '../frame.ts';

/** 0 where the engine's picture stays, 255 where the real frames' is taken; of any size, stretched over the picture. */
export interface Weights {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Code values of 255 by which two real frames may differ where nothing moves: grain and what a codec leaves. */
const NOISE = 8;

/**
 * `made`, a picture `t` of the way from a to b, with the real frames laid over it where the greatest of `layers` says so: their mean, weighed by t, where they
 * agree, the nearer one where they do not. On every plane, at its own depth and size. Returns `made` itself where no layer says anything.
 */
export function layReal(made: Frame, a: Frame, b: Frame, t: number, layers: readonly Weights[]): Frame {
  const shown = layers.filter(({ data }) => data.some((value) => value > 0));
  if (shown.length === 0) return made;
  const planes = made.planes.map((plane, p): Plane => {
    const data = plane.data.slice();
    const from = { a: a.planes[p]!.data, b: b.planes[p]!.data };
    layPlane({ ...plane, data }, from, t, 2 ** (made.format.bits - 8), shown);
    return { ...plane, data };
  });
  return { ...made, planes };
}

function layPlane(
  { width, height, data }: Plane,
  { a, b }: { readonly a: Samples; readonly b: Samples },
  t: number,
  unit: number,
  layers: readonly Weights[],
): void {
  const samplers = layers.map((layer) => new RowSampler(layer, width, height));
  const noise = NOISE * unit;
  for (let y = 0, at = 0; y < height; y++, at += width) {
    const row = samplers[0]!.row(y);
    for (const other of samplers.slice(1)) {
      const more = other.row(y);
      if (more) for (let x = 0; x < width; x++) if (more[x]! > row[x]!) row[x] = more[x]!;
    }
    for (let x = 0; x < width; x++) {
      const weight = row[x]!;
      if (weight <= 0) continue;
      const [first, second] = [a[at + x]!, b[at + x]!];
      const mean = first + (second - first) * t;
      const apart = Math.min(1, Math.max(0, Math.abs(second - first) / noise - 1));
      const real = mean + ((t < 0.5 ? first : second) - mean) * apart;
      const own = data[at + x]!;
      data[at + x] = Math.round(own + (real - own) * (weight / 255));
    }
  }
}

/** Rows of weights stretched to a plane, linearly between the centres of its samples. */
class RowSampler {
  readonly #weights: Weights;
  readonly #height: number;
  readonly #left: Int32Array;
  readonly #part: Float32Array;
  readonly #row: Float32Array;

  constructor(weights: Weights, width: number, height: number) {
    this.#weights = weights;
    this.#height = height;
    this.#row = new Float32Array(width);
    this.#left = new Int32Array(width);
    this.#part = new Float32Array(width);
    for (let x = 0; x < width; x++) [this.#left[x], this.#part[x]] = place(x, width, weights.width);
  }

  /** The weights of row y of the plane, 0 to 255; overwritten by the next call. */
  row(y: number): Float32Array {
    const { width, height, data } = this.#weights;
    const row = this.#row;
    const [top, down] = place(y, this.#height, height);
    const above = top * width;
    const below = Math.min(top + 1, height - 1) * width;
    const last = width - 1;
    for (let x = 0; x < row.length; x++) {
      const [left, part] = [this.#left[x]!, this.#part[x]!];
      const right = Math.min(left + 1, last);
      const upper = data[above + left]! * (1 - part) + data[above + right]! * part;
      const lower = data[below + left]! * (1 - part) + data[below + right]! * part;
      row[x] = upper + (lower - upper) * down;
    }
    return row;
  }
}

/** Between which samples of `from` the centre of sample i of `to` lies: the left one, and how far on. */
function place(i: number, to: number, from: number): [number, number] {
  const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
  const left = Math.floor(at);
  return [left, at - left];
}
