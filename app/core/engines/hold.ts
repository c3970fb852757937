/** Hold: the nearest source frame, itself; what a projector does. */
import type { Frame } from '../media/frame.ts';
import type { Between, BetweenOptions, Interpolator } from './engine.ts';

export class Hold implements Interpolator {
  readonly device = 'none';
  readonly spent = { analysisMs: 0, synthesisMs: 0 };

  /** Yields a before the middle, b from it on, and is certain of it. */
  async *between(
    a: Frame,
    b: Frame,
    timesteps: readonly number[],
    options: BetweenOptions = {},
  ): AsyncGenerator<Between> {
    for (const t of timesteps) {
      options.signal?.throwIfAborted();
      yield { frame: t < 0.5 ? a : b, confidence: 1 };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
