/** Key points drawn on their picture. */
import type { DeviceChoice } from '../../contract/choices.ts';
import type { KeyPoint } from '../../contract/morph.ts';
import { findFomm } from '../engines/fomm/index.ts';
import { floatRgb, frameOfFloatRgb } from '../media/float-rgb.ts';
import { frameBytes, frameFromBytes } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { readStill, writeStill } from '../media/stills.ts';

/** A colour for each of so many points: even steps around the circle of hues. */
function colourOf(index: number, count: number): readonly [number, number, number] {
  const part = (shift: number): number => {
    const hue = (index / count + shift) % 1;
    return Math.min(1, Math.max(0, Math.abs(6 * hue - 3) - 1));
  };
  return [part(0), part(2 / 3), part(1 / 3)];
}

/** Radius of a point and length of an arm, in shares of the picture's shorter side. */
const RADIUS = 1 / 64;
const ARM = 1 / 12;

/**
 * Draws on the picture [3, height, width] in place: a disc where each point is, and two arms, where the jacobian takes a step to the right (long) and down (half
 * as long).
 */
export function drawPoints(
  data: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
  points: readonly KeyPoint[],
): void {
  const short = Math.min(width, height);
  const radius = Math.max(1.5, RADIUS * short);
  const dot = (x: number, y: number, size: number, colour: readonly [number, number, number]): void => {
    for (let py = Math.max(0, Math.ceil(y - size)); py <= Math.min(height - 1, y + size); py++)
      for (let px = Math.max(0, Math.ceil(x - size)); px <= Math.min(width - 1, x + size); px++)
        if ((px - x) ** 2 + (py - y) ** 2 <= size ** 2)
          for (let plane = 0; plane < 3; plane++) data[(plane * height + py) * width + px] = colour[plane]!;
  };
  points.forEach(({ x, y, jacobian: [a, b, c, d] }, i) => {
    const [px, py] = [((x + 1) / 2) * (width - 1), ((y + 1) / 2) * (height - 1)];
    const colour = colourOf(i, points.length);
    const arm = (dx: number, dy: number, length: number): void => {
      const size = Math.hypot(dx * width, dy * height) || 1;
      const steps = Math.ceil(length);
      for (let n = 0; n <= steps; n++) {
        const far = (length * n) / steps / size;
        dot(px + far * dx * width, py + far * dy * height, Math.max(0.8, radius / 4), colour);
      }
    };
    arm(a, c, ARM * short);
    arm(b, d, (ARM * short) / 2);
    dot(px, py, radius + Math.max(1, radius / 4), [0, 0, 0]);
    dot(px, py, radius, colour);
  });
}

/** Writes `still` with the key points that `model` finds drawn on it, as a picture by `output`'s ending; the points. Throws what reading, the model and writing throw. */
export async function showPoints(
  still: string,
  output: string,
  { model, device, threads, force, signal }: ShowOptions,
): Promise<KeyPoint[]> {
  const { frame, info } = await readStill(still, { signal });
  const { width, height } = frame;
  const { colour } = info.video;
  await using engine = await (await findFomm(model)).open({ width, height, colour, threads, device: device ?? 'cpu' });
  const points = await engine.points(frame, signal);
  const picture = floatRgb(frame, colour);
  drawPoints(picture, frame, points);
  const format = pixelFormat(frame.format.bits > 8 ? 'gbrp16le' : 'gbrp');
  const like = frameFromBytes(format, width, height, new Uint8Array(frameBytes(format, width, height)), 0, 0);
  await writeStill(frameOfFloatRgb(picture, like, { range: 'full' }, 0), output, { force, signal });
  return points;
}

export interface ShowOptions {
  readonly model: string;
  readonly device?: DeviceChoice | undefined;
  readonly threads: number;
  readonly force: boolean;
  readonly signal: AbortSignal;
}
