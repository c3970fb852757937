/** Takes packed and floating-point pixels apart into planes, where swscale would round ([Note: carriers] in pixel-format.ts). */
import { frameBytes } from './frame.ts';
import type { Carrier } from './pixel-format.ts';

/** Byte offsets of g, b, r and a within a packed pixel. */
const OFFSETS = { rgba: [1, 2, 0, 3], bgra: [1, 0, 2, 3], argb: [2, 3, 1, 0], abgr: [2, 1, 3, 0] } as const;

/** Bytes of one frame in the raw pipe of `carrier`. */
export function pipeBytes(carrier: Carrier, width: number, height: number): number {
  if (carrier.unpack === 'none') return frameBytes(carrier.format, width, height);
  const samples = carrier.unpack === 'float' ? carrier.format.planes.length : 1;
  return width * height * carrier.packedBytes * samples;
}

/**
 * The planes of `carrier.format`, one after the other, from the bytes of the pipe. 'none' returns `raw` itself. Floats
 * are taken as 0..1 and rounded to 16 bits, what lies outside is clipped.
 */
export function unpack(carrier: Carrier, raw: Uint8Array, width: number, height: number): Uint8Array {
  if (carrier.unpack === 'none') return raw;
  const pixels = width * height;
  const out = new Uint8Array(frameBytes(carrier.format, width, height));
  if (carrier.unpack === 'float') {
    const from = new Float32Array(raw.buffer, raw.byteOffset, raw.byteLength / 4);
    const to = new Uint16Array(out.buffer);
    // NaN compares false twice and becomes 0 by the conversion to an integer.
    for (let i = 0; i < to.length; i++) {
      const v = from[i] ?? 0;
      to[i] = v <= 0 ? 0 : v >= 1 ? 65535 : v * 65535 + 0.5;
    }
    return out;
  }
  if (carrier.unpack === 'ya8' || carrier.unpack === 'ya16le') {
    const wide = carrier.unpack === 'ya16le';
    const from = wide ? new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2) : raw;
    const to = wide ? new Uint16Array(out.buffer) : out;
    for (let i = 0; i < pixels; i++) {
      const y = from[2 * i] ?? 0;
      to[i] = y;
      to[pixels + i] = y;
      to[2 * pixels + i] = y;
      to[3 * pixels + i] = from[2 * i + 1] ?? 0;
    }
    return out;
  }
  const [g, b, r, a] = OFFSETS[carrier.unpack];
  for (let i = 0, at = 0; i < pixels; i++, at += 4) {
    out[i] = raw[at + g] ?? 0;
    out[pixels + i] = raw[at + b] ?? 0;
    out[2 * pixels + i] = raw[at + r] ?? 0;
    out[3 * pixels + i] = raw[at + a] ?? 0;
  }
  return out;
}
