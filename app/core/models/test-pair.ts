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
const PAN = { x: 5, y: 2 };
const FLIGHT = { x: -8, y: 3 };

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

const TINT: Readonly<Record<string, number>> = { r: 0, g: 2.1, b: 4.2 };

/** 0..1: a soft pattern that pans, and a striped disc with an edge two pixels wide that flies over it. */
function sample(x: number, y: number, t: number, channel: string): number {
  const tint = TINT[channel] ?? 0;
  const [u, v] = [x - PAN.x * t, y - PAN.y * t];
  const waves = Math.sin(0.13 * u + 0.07 * v + tint) + Math.sin(0.21 * v - 0.09 * u) + Math.sin(0.45 * u + 0.31 * v);
  const back = 0.5 + waves / 6;
  const [p, q] = [x - (76 + FLIGHT.x * t), y - (44 + FLIGHT.y * t)];
  const cover = Math.min(1, Math.max(0, (22 - Math.hypot(p, q)) / 2 + 0.5));
  const disc = 0.5 + 0.45 * Math.sin(0.5 * p + 0.2 * q + tint / 3);
  return back * (1 - cover) + disc * cover;
}
