/** Frames made by code for the engines' tests. */
import { frameBytes, frameFromBytes, planeHeight, planeWidth } from '../../../app/core/media/frame.ts';
import type { Frame, PixelFormat, PlaneLayout } from '../../../app/core/media/frame.ts';

const layouts = (channels: string, shiftX: number, shiftY: number): PlaneLayout[] =>
  [...channels].map((channel) => {
    const chroma = channel === 'u' || channel === 'v';
    return { channel: channel as PlaneLayout['channel'], shiftX: chroma ? shiftX : 0, shiftY: chroma ? shiftY : 0 };
  });

function format(name: string, channels: string, bits: number, shiftX = 0, shiftY = 0): PixelFormat {
  return { name, planes: layouts(channels, shiftX, shiftY), bits, bytesPerSample: bits > 8 ? 2 : 1 };
}

export const FORMATS = {
  yuv420p: format('yuv420p', 'yuv', 8, 1, 1),
  yuv422p: format('yuv422p', 'yuv', 8, 1, 0),
  yuv444p: format('yuv444p', 'yuv', 8),
  yuv410p: format('yuv410p', 'yuv', 8, 2, 2),
  yuv420p10: format('yuv420p10le', 'yuv', 10, 1, 1),
  yuv444p12: format('yuv444p12le', 'yuv', 12),
  gray: format('gray', 'y', 8),
  gray16: format('gray16le', 'y', 16),
  gbrp: format('gbrp', 'gbr', 8),
  gbrap16: format('gbrap16le', 'gbra', 16),
  yuva420p: format('yuva420p', 'yuva', 8, 1, 1),
} as const satisfies Record<string, PixelFormat>;

/** Value of a plane at picture coordinates, 0 to 1. */
export type Painter = (x: number, y: number, channel: PlaneLayout['channel']) => number;

/** A frame painted sample by sample at the samples' centres. */
export function paint(pixels: PixelFormat, width: number, height: number, time: number, painter: Painter): Frame {
  const frame = frameFromBytes(pixels, width, height, new Uint8Array(frameBytes(pixels, width, height)), 0, time);
  const top = 2 ** pixels.bits - 1;
  pixels.planes.forEach((layout, n) => {
    const w = planeWidth(layout, width);
    const h = planeHeight(layout, height);
    const data = frame.planes[n]?.data;
    if (!data) return;
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        const value = painter(
          (x + 0.5) * (1 << layout.shiftX) - 0.5,
          (y + 0.5) * (1 << layout.shiftY) - 0.5,
          layout.channel,
        );
        data[y * w + x] = Math.round(Math.min(1, Math.max(0, value)) * top);
      }
  });
  return frame;
}

/** A number from 0 to 1 for each lattice point. */
function hash(x: number, y: number): number {
  let h = Math.imul(x, 374761393) + Math.imul(y, 668265263);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Smooth noise with features of `size` pixels. */
function cloud(x: number, y: number, size: number): number {
  const [fx, fy] = [x / size, y / size];
  const [ix, iy] = [Math.floor(fx), Math.floor(fy)];
  const ease = (a: number): number => a * a * (3 - 2 * a);
  const [ax, ay] = [ease(fx - ix), ease(fy - iy)];
  const top = hash(ix, iy) * (1 - ax) + hash(ix + 1, iy) * ax;
  const low = hash(ix, iy + 1) * (1 - ax) + hash(ix + 1, iy + 1) * ax;
  return top * (1 - ay) + low * ay;
}

/** A texture without period, with detail from 60 pixels down to 6, smooth enough to be sampled; 0 to 1. */
export function texture(x: number, y: number): number {
  return 0.5 * cloud(x, y, 60) + 0.3 * cloud(x + 500, y, 17) + 0.2 * cloud(x, y + 500, 6);
}

/** White noise that is the same for the same seed. */
export function noise(seed: number): Painter {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Peak signal-to-noise ratio of two frames' first planes, in dB; the border of `margin` samples does not count. */
export function psnr(a: Frame, b: Frame, margin = 0): number {
  const [pa, pb] = [a.planes[0], b.planes[0]];
  if (!pa || !pb) throw new Error('a frame has no planes');
  let sum = 0;
  let count = 0;
  for (let y = margin; y < pa.height - margin; y++)
    for (let x = margin; x < pa.width - margin; x++) {
      const d = (pa.data[y * pa.width + x] as number) - (pb.data[y * pa.width + x] as number);
      sum += d * d;
      count++;
    }
  return 10 * Math.log10((2 ** a.format.bits - 1) ** 2 / Math.max(sum / count, 1e-12));
}

/** Largest difference of any two samples. */
export function maxDifference(a: Frame, b: Frame): number {
  let max = 0;
  a.planes.forEach((plane, n) => {
    const other = b.planes[n]?.data ?? [];
    plane.data.forEach((value, i) => (max = Math.max(max, Math.abs(value - (other[i] ?? Infinity)))));
  });
  return max;
}

/** Everything an iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
