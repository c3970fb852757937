/** Cuts a patch out of a frame, as RGB. */
import type { ColourInfo } from '../../contract/media.ts';
import { floatRgb } from '../media/float-rgb.ts';
import { frameBytes, frameFromBytes, type Frame } from '../media/frame.ts';
import { PATCH } from './triplet.ts';

/**
 * The PATCH x PATCH patch with its corner at x, y (multiples of 4) in the colours that engines see ([Note: float colour]), in 8 bits, pixel by
 * pixel. `colour` as probing says: with a matrix.
 */
export function rgbPatch(frame: Frame, x: number, y: number, colour: ColourInfo): Uint8Array {
  const planes = floatRgb(cutOut(frame, x, y), colour);
  const count = PATCH * PATCH;
  const out = new Uint8ClampedArray(3 * count);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < count; i++) out[3 * i + channel] = 255 * planes[channel * count + i]!;
  return new Uint8Array(out.buffer);
}

function cutOut(frame: Frame, x: number, y: number): Frame {
  const bytes = new Uint8Array(frameBytes(frame.format, PATCH, PATCH));
  const patch = frameFromBytes(frame.format, PATCH, PATCH, bytes, frame.index, frame.time);
  patch.planes.forEach((to, n) => {
    const [from, { shiftX, shiftY }] = [frame.planes[n]!, frame.format.planes[n]!];
    for (let row = 0; row < to.height; row++) {
      const start = ((y >> shiftY) + row) * from.width + (x >> shiftX);
      to.data.set(from.data.subarray(start, start + to.width), row * to.width);
    }
  });
  return patch;
}
