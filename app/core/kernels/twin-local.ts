/** The kernels of src/local.c in plain TypeScript, to test and to measure against; as twin.ts, not used by the product. */

/** Three planes with padding: `at` is the index of the sample under the first tap of pixel (0, 0). */
export interface Source {
  readonly data: Float32Array;
  readonly at: number;
  readonly plane: number;
  readonly stride: number;
}

/** Planes of taps, one a tap: tap n of pixel (x, y) is data[n * plane + y * stride + x]. */
export interface Taps {
  readonly data: Float32Array;
  readonly plane: number;
  readonly stride: number;
}

/** local_separable: four planes of w x h, colour and the sum of the taps. */
export function localSeparable(src: Source, v: Taps, h: Taps, k: number, w: number, height: number): Float32Array {
  const out = new Float32Array(4 * w * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < w; x++) {
      const pixel = src.at + y * src.stride + x;
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = 0; i < k; i++) {
          let row = 0;
          const from = pixel + c * src.plane + i * src.stride;
          for (let j = 0; j < k; j++)
            row += (h.data[j * h.plane + y * h.stride + x] as number) * (src.data[from + j] as number);
          sum += (v.data[i * v.plane + y * v.stride + x] as number) * row;
        }
        out[(c * height + y) * w + x] = sum;
      }
      out[(3 * height + y) * w + x] = total(v, k, x, y) * total(h, k, x, y);
    }
  return out;
}

/** local_adaptive: as localSeparable with k * k taps, row by row. */
export function localAdaptive(src: Source, taps: Taps, k: number, w: number, height: number): Float32Array {
  const out = new Float32Array(4 * w * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < w; x++) {
      const pixel = src.at + y * src.stride + x;
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let n = 0; n < k * k; n++) {
          const sample = src.data[pixel + c * src.plane + Math.floor(n / k) * src.stride + (n % k)] as number;
          sum += (taps.data[n * taps.plane + y * taps.stride + x] as number) * sample;
        }
        out[(c * height + y) * w + x] = sum;
      }
      out[(3 * height + y) * w + x] = total(taps, k * k, x, y);
    }
  return out;
}

function total({ data, plane, stride }: Taps, count: number, x: number, y: number): number {
  let sum = 0;
  for (let n = 0; n < count; n++) sum += data[n * plane + y * stride + x] as number;
  return sum;
}

/** local_join: the picture of three planes, and the mean trust of its pixels. */
export function localJoin(
  a: Float32Array,
  b: Float32Array,
  pixels: number,
  normalise: boolean,
): { picture: Float32Array; trust: number } {
  const picture = new Float32Array(3 * pixels);
  let trust = 0;
  for (let i = 0; i < pixels; i++) {
    const [wa, wb] = [a[3 * pixels + i] as number, b[3 * pixels + i] as number];
    const colours = [i, pixels + i, 2 * pixels + i];
    const scale = normalise && Math.abs(wa + wb) >= 0.01 ? 1 / (wa + wb) : 1;
    for (const n of colours) picture[n] = ((a[n] as number) + (b[n] as number)) * scale;
    let off = normalise ? 0 : Math.abs(wa + wb - 1);
    const less = Math.min(wa, wb);
    const apart = colours.map((n) => Math.abs((a[n] as number) / wa - (b[n] as number) / wb));
    if (less > 0.01) off += ((2 * less) / (wa + wb)) * (apart.reduce((sum, d) => sum + d, 0) / 3);
    trust += 4 / 255 / (4 / 255 + off);
  }
  return { picture, trust: trust / pixels };
}
