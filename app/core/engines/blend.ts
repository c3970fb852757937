/** Blend: both frames faded into each other; what every engine must beat. */
import { frameLike } from '../media/frame.ts';
import type { Frame, Samples } from '../media/frame.ts';
import { requireAlike } from './engine.ts';
import type { Between, BetweenOptions, Interpolator } from './engine.ts';

/** out = a + t * (b - a), rounded half up. The three have the same length; 0 <= t <= 1. */
export function mix(a: Samples, b: Samples, t: number, out: Samples): void {
  for (let i = 0; i < out.length; i++) {
    const from = a[i] as number;
    // Storing drops the fraction.
    out[i] = from + t * ((b[i] as number) - from) + 0.5;
  }
}

export class Blend implements Interpolator {
  readonly device = 'cpu';
  readonly #spent = { analysisMs: 0, synthesisMs: 0 };

  get spent(): { readonly analysisMs: number; readonly synthesisMs: number } {
    return { ...this.#spent };
  }

  /** Confidence is 1 where the frames are equal and falls with their mean difference. Throws AppError 'size-mismatch'. */
  async *between(
    a: Frame,
    b: Frame,
    timesteps: readonly number[],
    options: BetweenOptions = {},
  ): AsyncGenerator<Between> {
    requireAlike(a, b);
    for (const t of timesteps) {
      options.signal?.throwIfAborted();
      const clock = performance.now();
      const frame = frameLike(a, Math.round(a.time + t * (b.time - a.time)));
      frame.planes.forEach((plane, n) => {
        const [from, to] = [a.planes[n], b.planes[n]];
        if (from && to) mix(from.data, to.data, t, plane.data);
      });
      const confidence = likeness(a, b);
      this.#spent.synthesisMs += performance.now() - clock;
      yield { frame, confidence };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** 1 for equal first planes, 1/2 where they differ by 4 of 255 on average; from every 37th sample. */
function likeness(a: Frame, b: Frame): number {
  const [from, to] = [a.planes[0]?.data, b.planes[0]?.data];
  if (!from || !to) return 1;
  let sum = 0;
  for (let i = 0; i < from.length; i += 37) sum += Math.abs((from[i] as number) - (to[i] as number));
  const mean = (sum / Math.ceil(from.length / 37)) * 2 ** (8 - a.format.bits);
  return 4 / (4 + mean);
}
