/** A gap between two keyframes filled by an engine. */
import { AppError } from '../../contract/errors.ts';
import type { MorphMotion } from '../../contract/morph.ts';
import type { Between, EngineSetup } from '../engines/engine.ts';
import type { FillOptions, Gap, Inbetweener, InbetweenEntry } from '../engines/inbetween.ts';
import type { PixelFormat } from '../media/frame.ts';
import { hasAlpha, multiplied, onTwoGrounds } from './alpha.ts';

/**
 * Opens an engine for the gaps of a film whose frames have `format`, with transparency if need be ([Note: transparency]): whoever fills gaps with it calls one
 * `fill` after another. Throws what opening the engine throws.
 */
export async function openGap(entry: InbetweenEntry, setup: EngineSetup, format: PixelFormat): Promise<Inbetweener> {
  const engine = await entry.open(setup);
  if (!hasAlpha(format)) return engine;
  if (!entry.network) return multiplied(engine);
  try {
    return onTwoGrounds(engine, await entry.open(setup));
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

export interface FillGap {
  readonly gap: Gap;
  readonly entry: InbetweenEntry;
  /** Ascending, each 0 < t < 1: `gapTimes` has them. */
  readonly times: readonly number[];
  readonly motion: MorphMotion;
  readonly seed: number;
  readonly guided?: FillOptions['guided'];
  readonly frames?: FillOptions['frames'];
  readonly setup: EngineSetup;
  /** One that `openGap` gave, which stays open; unless given one is opened for this gap and closed after it. */
  readonly engine?: Inbetweener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Pictures on the way, one for each time, of the keyframes' size and format. Throws as the engine, and 'engine-failed' where it makes more or fewer; the
 * signal's reason on abort.
 */
export async function* fillGap(request: FillGap): AsyncGenerator<Between, void, undefined> {
  const { gap, entry, times, motion, seed, guided, frames, setup, signal } = request;
  if (times.length === 0) return;
  signal?.throwIfAborted();
  const engine = request.engine ?? (await openGap(entry, setup, gap.first.frame.format));
  try {
    let made = 0;
    for await (const between of engine.fill(gap, times, { motion, seed, guided, frames, signal })) {
      signal?.throwIfAborted();
      if (made++ < times.length) yield between;
    }
    if (made !== times.length)
      throw new AppError('engine-failed', `${entry.id} made ${made} of ${times.length} pictures.`);
  } finally {
    if (!request.engine) await engine[Symbol.asyncDispose]();
  }
}
