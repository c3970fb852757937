/** Cuts a rectangle out of planes of floats and brings it to another size. */
import { areaAxis, linearAxis, resample } from './axis.ts';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
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
  const axis = (size: number, wanted: number) => (size < wanted ? linearAxis(size, wanted) : areaAxis(size, wanted));
  const cut = new Float32Array(channels * from.width * from.height);
  for (let row = 0; row < channels * from.height; row++) {
    const channel = Math.floor(row / from.height);
    const start = (channel * height + from.y + (row % from.height)) * width + from.x;
    cut.set(planes.subarray(start, start + from.width), row * from.width);
  }
  return resample(cut, channels, axis(from.width, to.width), axis(from.height, to.height));
}
