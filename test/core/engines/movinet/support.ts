/** Small networks of every kind of layer, and pictures for them. */
import { parseConfig, type MovinetConfig } from '../../../../app/core/engines/movinet/config.ts';

/** All kinds of skips, kernels and strides, a side that is odd at every stage. */
export function smallConfig(more: Readonly<Record<string, unknown>> = {}): MovinetConfig {
  const config = parseConfig({
    resolution: 37,
    classes: 5,
    causal: true,
    stem: 8,
    blocks: [
      { out: 8, expand: [16, 24], kernels: [kernel(1, 5), kernel(3, 3)], strides: [stride(2), stride(1)] },
      { out: 16, expand: [24], kernels: [kernel(5, 3)], strides: [stride(1)] },
      { out: 16, expand: [24], kernels: [kernel(3, 3)], strides: [stride(2)] },
    ],
    project: 24,
    head: 16,
    rate: 4,
    frames: 6,
    memory: null,
    ...more,
  });
  if (!config) throw new Error('the small configuration is none');
  return config;
}

function kernel(time: number, space: number): number[] {
  return [time, space, space];
}

function stride(by: number): number[] {
  return [1, by, by];
}

/** A clip [frames, side, side, 3] that moves, 0..1. */
export function clip(frames: number, side: number): Float32Array {
  const data = new Float32Array(frames * side * side * 3);
  for (let frame = 0, i = 0; frame < frames; frame++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (let c = 0; c < 3; c++)
          data[i++] = 0.5 + 0.5 * Math.sin(0.4 * x + 0.3 * y * (c + 1) + 0.7 * frame + Math.sin(frame * frame));
  return data;
}

/** The largest difference of two rows of numbers. */
export function apart(a: Float32Array, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
