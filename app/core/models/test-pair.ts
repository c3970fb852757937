/** Two pictures and the true one between them, computed: what every model is tried on before it is offered. */
import { frameBytes, frameFromBytes, type Frame, type PixelFormat } from '../media/frame.ts';

export const PAIR_WIDTH = 128;
export const PAIR_HEIGHT = 96;

/** Sixteen bits, so that what a network gives is hardly rounded. */
const RGB16: PixelFormat = {
  name: 'gbrp16le',
  planes: (['g', 'b', 'r'] as const).map((channel) => ({ channel, shiftX: 0, shiftY: 0 })),
  bits: 16,
  bytesPerSample: 2,
};

/** Samples stay this far from both ends of the range, so that what lies at an end was put there by the network. */
export const MARGIN = 0.15;

/** Pixels the background and the disc move from the first picture to the second. */
const PAN = { x: 6, y: 3 };
const FLIGHT = { x: -7, y: 3 };

/** First picture, true middle, second picture; gbrp16le, PAIR_WIDTH by PAIR_HEIGHT, ticks 0, 1, 2. */
export function testPair(): { readonly a: Frame; readonly middle: Frame; readonly b: Frame } {
  return { a: render(0, 0), middle: render(0.5, 1), b: render(1, 2) };
}

function render(t: number, time: number): Frame {
  const bytes = new Uint8Array(frameBytes(RGB16, PAIR_WIDTH, PAIR_HEIGHT));
  const frame = frameFromBytes(RGB16, PAIR_WIDTH, PAIR_HEIGHT, bytes, time, time);
  RGB16.planes.forEach(({ channel }, n) => {
    const { data } = frame.planes[n]!;
    for (let y = 0; y < PAIR_HEIGHT; y++)
      for (let x = 0; x < PAIR_WIDTH; x++) {
        const value = MARGIN + (1 - 2 * MARGIN) * sample(x, y, t, channel);
        data[y * PAIR_WIDTH + x] = Math.round(value * 65535);
      }
  });
  return frame;
}

/** 0..1: a soft pattern that pans, and a brighter disc of another pattern, its edge two pixels wide, that flies over it. */
function sample(x: number, y: number, t: number, channel: string): number {
  const seed = channel.charCodeAt(0);
  const back = pattern(x - PAN.x * t, y - PAN.y * t, seed);
  const [p, q] = [x - (76 + FLIGHT.x * t), y - (44 + FLIGHT.y * t)];
  const cover = Math.min(1, Math.max(0, (22 - Math.hypot(p, q)) / 2 + 0.5));
  return back * (1 - cover) + (0.3 + 0.7 * pattern(p, q, seed + 1)) * cover;
}

/** Noise that never repeats: a motion that seems shorter by a period would be as good an answer. Most of it is common to the channels. */
function pattern(x: number, y: number, seed: number): number {
  const mixed = 0.45 * noise(x / 12, y / 12, 1) + 0.35 * noise(x / 6, y / 6, 2) + 0.2 * noise(x / 8, y / 8, seed);
  // Averages of noise are pale.
  return Math.min(1, Math.max(0, 0.5 + 2.4 * (mixed - 0.5)));
}

/** Value noise, 0..1: a number at every lattice point, eased between. */
function noise(x: number, y: number, seed: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const ease = (a: number): number => a * a * (3 - 2 * a);
  const [u, v] = [ease(x - left), ease(y - top)];
  const row = (at: number): number => lattice(left, at, seed) * (1 - u) + lattice(left + 1, at, seed) * u;
  return row(top) * (1 - v) + row(top + 1) * v;
}

function lattice(x: number, y: number, seed: number): number {
  let mixed = Math.imul(x, 374_761_393) + Math.imul(y, 668_265_263) + Math.imul(seed, 974_634_321);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 1_274_126_177);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
