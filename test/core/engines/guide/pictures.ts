/** Pictures to test guidance with. */
import type { GuideFields, Picture } from '../../../../app/core/engines/guide/fields.ts';

/** A picture out of a function of x and y from 0 to 1 (pixel centres) and the channel. */
export function picture(
  width: number,
  height: number,
  value: (x: number, y: number, channel: number) => number,
): Picture {
  const data = new Float32Array(3 * width * height);
  for (let n = 0, i = 0; n < 3; n++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) data[i] = value((x + 0.5) / width, (y + 0.5) / height, n);
  return { width, height, data };
}

/** Coarse waves with finer ones of `fine` radians a side on them, moved by (dx, dy) of the picture's sides; 0..1. */
export function texture(width: number, height: number, dx = 0, dy = 0, fine = 40): Picture {
  return picture(width, height, (px, py, channel) => {
    const [x, y] = [px - dx, py - dy];
    const coarse = Math.sin(14 * x + 3 * y + channel) * Math.cos(11 * y - 5 * x * y) + Math.sin(25 * x * y + 9 * y);
    return 0.5 + 0.17 * coarse + 0.1 * Math.sin(fine * (x + 0.3 * y)) * Math.cos(fine * (y - 0.2 * x));
  });
}

/** The same fields everywhere: displacements in pixels of the grid, weights, painted grey. */
export function evenFields(
  width: number,
  height: number,
  of: {
    first?: readonly [number, number];
    last?: readonly [number, number];
    weights: readonly [number, number, number];
    painted?: number;
  },
): GuideFields {
  const planes = (values: readonly number[]) =>
    Float32Array.from({ length: values.length * width * height }, (_, i) => values[Math.floor(i / (width * height))]!);
  const grey = of.painted ?? 0;
  return {
    width,
    height,
    toFirst: planes(of.first ?? [0, 0]),
    toLast: planes(of.last ?? [0, 0]),
    weights: planes(of.weights),
    painted: planes([grey, grey, grey]),
  };
}

/** 10 log10 of 1 over the mean squared difference, without a border of `inset` pixels. */
export function psnrOf(a: ArrayLike<number>, b: ArrayLike<number>, width: number, height: number, inset = 0): number {
  let [sum, n] = [0, 0];
  for (let plane = 0; plane < 3; plane++)
    for (let y = inset; y < height - inset; y++)
      for (let x = inset; x < width - inset; x++, n++) {
        const i = (plane * height + y) * width + x;
        sum += (a[i]! - b[i]!) ** 2;
      }
  return -10 * Math.log10(sum / n + 1e-30);
}
