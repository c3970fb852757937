/** From windows of a protocol to pictures: [Note: protocols]. */
import { AppError } from '../../contract/errors.ts';
import type { Picture } from '../engines/guide/fields.ts';
import { reduce } from '../engines/guide/reduce.ts';
import { centreSquare } from '../media/area.ts';
import type { WindowItem } from './protocol.ts';
import { toRgb8, type Rgb8 } from './rgb.ts';
import type { Videos } from './samples.ts';

/** All frames of a window, square, in their order. */
export interface Window {
  readonly set: string;
  readonly id: string;
  readonly frames: readonly Rgb8[];
}

/** The largest square in the picture's middle (half a pixel further left and up where it has none), reduced or enlarged to `size`. */
export function squareAt(picture: Rgb8, size: number): Rgb8 {
  const { x: left, y: top, width: side } = centreSquare(picture.width, picture.height);
  const data = new Float32Array(3 * side * side);
  [picture.r, picture.g, picture.b].forEach((plane, n) => {
    for (let y = 0, i = n * side * side; y < side; y++) {
      const row = (top + y) * picture.width + left;
      for (let x = 0; x < side; x++, i++) data[i] = plane[row + x]! / 255;
    }
  });
  return rgbOf(reduce({ width: side, height: side, data }, size, size));
}

/** Rounded to 8 bits and clipped. */
export function rgbOf({ width, height, data }: Picture): Rgb8 {
  const count = width * height;
  const plane = (n: number): Uint8Array => {
    const out = new Uint8ClampedArray(count);
    for (let i = 0; i < count; i++) out[i] = 255 * data[n * count + i]!;
    return new Uint8Array(out.buffer);
  };
  return { width, height, r: plane(0), g: plane(1), b: plane(2) };
}

/** The pictures of an 8-bit image as floats. */
export function pictureOf({ width, height, r, g, b }: Rgb8): Picture {
  const data = new Float32Array(3 * width * height);
  [r, g, b].forEach((plane, n) => {
    for (let i = 0; i < plane.length; i++) data[n * plane.length + i] = plane[i]! / 255;
  });
  return { width, height, data };
}

/** Every window, those of one video together, so that it is decoded once. Throws 'bad-protocol' and what decoding throws. */
export async function* windowsOf(
  items: readonly WindowItem[],
  videos: Videos,
  signal?: AbortSignal,
): AsyncGenerator<Window> {
  for (const [path, ofVideo] of Map.groupBy(items, ({ video }) => video)) {
    const { colour, frameCount, frames } = await videos.get(path, signal);
    const waiting = ofVideo.map((item) => ({ item, numbers: numbersOf(item), found: [] as Rgb8[] }));
    const last = Math.max(...waiting.map(({ numbers }) => numbers.at(-1)!));
    if (last >= frameCount) {
      const { item, numbers } = waiting.find((one) => one.numbers.at(-1) === last)!;
      throw new AppError(
        'bad-protocol',
        `Entry '${item.id}' of set '${item.set}' asks for frame ${numbers.at(-1)} of '${path}', which has ${frameCount} frames.`,
      );
    }
    for await (const frame of frames(last)) {
      for (const { item, numbers, found } of waiting) {
        if (numbers[found.length] !== frame.index) continue;
        found.push(squareAt(toRgb8(frame, colour, 'replicate'), item.size));
        if (found.length === numbers.length) yield { set: item.set, id: item.id, frames: found };
      }
    }
  }
}

function numbersOf({ window: [first, stride], frames }: WindowItem): number[] {
  return Array.from({ length: frames }, (_, i) => first + i * stride);
}
