/**
 * From a Frame's planes to what the encoder reads, where the two differ and nothing is lost by it. [Note: raw layout]
 *
 * Encoders want fewer layouts than sources have: even sizes, no 4:1:1, no grey, RGB packed. Padding repeats the edge, coarser chroma is repeated,
 * grey gets neutral chroma, fewer bits are widened; each can be undone exactly. What loses (RGB to YUV, a range change) is left to
 * a filter and told in a note. Planes that fit are handed over as they are, without a copy.
 */
import { planeHeight, planeWidth } from './frame.ts';
import type { Frame, PixelFormat, Plane, PlaneLayout, Samples } from './frame.ts';
import { PIXEL_FORMATS } from './pixel-format.ts';

/** Packed layouts made here because swscale rounds on the way to some of them. 16-bit ones are big-endian, as PNG has them. */
export type Packing = 'bgr0' | 'bgra' | 'rgb24' | 'rgba' | 'rgb48be' | 'rgba64be' | 'gray16be';

/** The rawvideo an encoder is fed. */
export interface RawInput {
  /** ffmpeg's pixel format name: a planar one of PIXEL_FORMATS, or a Packing. */
  readonly pixelFormat: string;
  readonly width: number;
  readonly height: number;
  /** Full range: widening repeats the high bits instead of shifting, and scales chroma around its middle. */
  readonly fullRange: boolean;
}

const PACKINGS: Readonly<Record<Packing, readonly (PlaneLayout['channel'] | '0')[]>> = {
  bgr0: ['b', 'g', 'r', '0'],
  bgra: ['b', 'g', 'r', 'a'],
  rgb24: ['r', 'g', 'b'],
  rgba: ['r', 'g', 'b', 'a'],
  rgb48be: ['r', 'g', 'b'],
  rgba64be: ['r', 'g', 'b', 'a'],
  gray16be: ['y'],
};

function isPacking(name: string): name is Packing {
  return name in PACKINGS;
}

/** Bytes of one frame as the encoder reads it. */
export function rawInputBytes(raw: RawInput): number {
  if (isPacking(raw.pixelFormat)) return raw.width * raw.height * packedPixelBytes(raw.pixelFormat);
  const format = PIXEL_FORMATS.get(raw.pixelFormat);
  if (!format) throw new Error(`no such layout: ${raw.pixelFormat}`);
  const samples = format.planes.map((p) => planeWidth(p, raw.width) * planeHeight(p, raw.height));
  return samples.reduce((a, b) => a + b, 0) * format.bytesPerSample;
}

function packedPixelBytes(packing: Packing): number {
  return PACKINGS[packing].length * (packing.endsWith('be') ? 2 : 1);
}

/**
 * The buffers to write for a frame of `carrier`, in order. Buffers may be views of the frame's own planes.
 * Throws Error for a layout that would lose (a programming error: plans never ask for it).
 */
export function rawWriter(carrier: PixelFormat, raw: RawInput): (frame: Frame) => Uint8Array[] {
  if (isPacking(raw.pixelFormat)) {
    const packing = raw.pixelFormat;
    return (frame) => [pack(frame, packing)];
  }
  const target = PIXEL_FORMATS.get(raw.pixelFormat);
  if (!target || target.bits < carrier.bits) throw new Error(`no exact way from ${carrier.name} to ${raw.pixelFormat}`);
  const neutral = new Map<number, Uint8Array>();
  return (frame) =>
    target.planes.map((layout, i) => {
      const at = carrier.planes.findIndex((p) => p.channel === layout.channel);
      const plane = frame.planes[at];
      const [width, height] = [planeWidth(layout, raw.width), planeHeight(layout, raw.height)];
      if (!plane) {
        const filled = neutral.get(i) ?? bytesOf(filledPlane(width * height, target));
        neutral.set(i, filled);
        return filled;
      }
      if (plane.width === width && plane.height === height && target.bits === carrier.bits) return bytesOf(plane.data);
      const from = carrier.planes[at]!;
      const shiftX = from.shiftX - layout.shiftX;
      const shiftY = from.shiftY - layout.shiftY;
      if (shiftX < 0 || shiftY < 0) throw new Error(`no exact way from ${carrier.name} to ${raw.pixelFormat}`);
      return bytesOf(
        spread(
          plane,
          { width, height, shiftX, shiftY },
          widener(carrier.bits, target.bits, raw.fullRange, layout.channel === 'u' || layout.channel === 'v'),
          target,
        ),
      );
    });
}

function filledPlane(length: number, { bits, bytesPerSample }: PixelFormat): Samples {
  const samples = bytesPerSample === 1 ? new Uint8Array(length) : new Uint16Array(length);
  return samples.fill(1 << (bits - 1));
}

/** Every value a sample of `from` bits takes in `to` bits. */
function widener(from: number, to: number, full: boolean, chroma = false): (value: number) => number {
  const up = to - from;
  if (up === 0) return (value) => value;
  if (!full) return (value) => value << up;
  // Around its middle: grey stays grey.
  if (chroma) {
    const [scale, middle, highest] = [(2 ** to - 1) / (2 ** from - 1), 2 ** (to - 1), 2 ** to - 1];
    return (value) => Math.min(highest, Math.round((value - 2 ** (from - 1)) * scale) + middle);
  }
  return up <= from ? (value) => (value << up) | (value >> (from - up)) : (value) => value * (2 ** up + 1);
}

/** A plane repeated into a larger one; beyond its edge the edge goes on. */
function spread(
  plane: Plane,
  to: { width: number; height: number; shiftX: number; shiftY: number },
  widen: (value: number) => number,
  { bytesPerSample }: PixelFormat,
): Samples {
  const out = bytesPerSample === 1 ? new Uint8Array(to.width * to.height) : new Uint16Array(to.width * to.height);
  const { data, width, height } = plane;
  let previous = -1;
  for (let y = 0; y < to.height; y++) {
    const sourceY = Math.min(height - 1, y >> to.shiftY);
    const row = y * to.width;
    if (sourceY === previous) {
      out.copyWithin(row, row - to.width, row);
      continue;
    }
    previous = sourceY;
    const start = sourceY * width;
    for (let x = 0; x < to.width; x++) out[row + x] = widen(data[start + Math.min(width - 1, x >> to.shiftX)]!);
  }
  return out;
}

function pack(frame: Frame, packing: Packing): Uint8Array {
  const channels = PACKINGS[packing];
  const wide = packing.endsWith('be');
  const pixels = frame.width * frame.height;
  const out = new Uint8Array(pixels * packedPixelBytes(packing));
  const step = channels.length * (wide ? 2 : 1);
  const widen = widener(frame.format.bits, wide ? 16 : 8, true);
  channels.forEach((channel, c) => {
    const plane = frame.planes[frame.format.planes.findIndex((p) => p.channel === channel)];
    if (channel === '0' || !plane) return;
    const { data } = plane;
    if (!wide) {
      for (let i = 0, o = c; i < pixels; i++, o += step) out[o] = data[i]!;
      return;
    }
    for (let i = 0, o = c * 2; i < pixels; i++, o += step) {
      const value = widen(data[i]!);
      out[o] = value >> 8;
      out[o + 1] = value & 255;
    }
  });
  return out;
}

function bytesOf(samples: Samples): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}
