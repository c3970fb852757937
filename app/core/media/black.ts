/** A black picture. */
import type { ColourInfo } from '../../contract/media.ts';
import { frameBytes, frameFromBytes, type Frame, type PixelFormat } from './frame.ts';

/** A black, opaque frame at tick 0. */
export function blackFrame(format: PixelFormat, width: number, height: number, { range }: ColourInfo): Frame {
  const frame = frameFromBytes(format, width, height, new Uint8Array(frameBytes(format, width, height)), -1, 0);
  frame.planes.forEach(({ data }, i) => {
    const { channel } = format.planes[i]!;
    if (channel === 'a') data.fill(2 ** format.bits - 1);
    else if (channel === 'u' || channel === 'v') data.fill(2 ** (format.bits - 1));
    else if (channel === 'y' && range !== 'full') data.fill(2 ** (format.bits - 4));
  });
  return frame;
}
