/**
 * Engines that only know the middle, between stills.
 *
 * [Note: halved] By [Note: recursion] such an engine gives the nearest sixteenth at moments that halving does not reach: good enough between two frames of a video, but of
 * a morph's 30 pictures half would be shown twice. Here the way is halved until its parts are as short as the steps asked for, and what lies between two of
 * those pictures is found with glide, for which the motion is small by then.
 */
import type { Frame } from '../media/frame.ts';
import type { Between, EngineEntry, EngineSetup, Interpolator } from './engine.ts';
import { openGlide } from './glide/open.ts';
import { STANDARD } from './glide/settings.ts';
import { asInbetween, type FillOptions, type Gap, type Inbetweener, type InbetweenEntry } from './inbetween.ts';

/** Halvings at most. */
const MOST_ROUNDS = 8;
/** A moment this near to a picture, in parts, is that picture. */
const EXACT = 1e-6;

/** An engine that only knows the middle as an in-betweening one. [Note: halved] */
export function halvedInbetween(entry: EngineEntry): InbetweenEntry {
  return {
    ...asInbetween(entry),
    version: `${entry.version}-halved2`,
    note(times) {
      const parts = 2 ** roundsFor(times.length);
      if (times.every((t) => Math.abs(t * parts - Math.round(t * parts)) < EXACT)) return undefined;
      return `${entry.id} halves the way: the ${times.length} pictures asked for are found between those it makes with glide.`;
    },
    open: async (setup) => new Halved(await entry.open(setup), setup),
  };
}

/** Halvings after which a part is no longer than an even step of so many frames. */
function roundsFor(frames: number): number {
  return Math.min(MOST_ROUNDS, Math.max(1, Math.ceil(Math.log2(frames + 1) - EXACT)));
}

class Halved implements Inbetweener {
  readonly #engine: Interpolator;
  readonly #setup: EngineSetup;
  #glide: Promise<Interpolator> | undefined;

  constructor(engine: Interpolator, setup: EngineSetup) {
    this.#engine = engine;
    this.#setup = setup;
  }

  get device(): string {
    return this.#engine.device;
  }

  async *fill(gap: Gap, times: readonly number[], { frames, signal }: FillOptions): AsyncGenerator<Between> {
    if (times.length === 0) return;
    const [a, b] = [gap.first.frame, gap.last.frame];
    const parts = 2 ** roundsFor(frames ?? times.length);
    const kept = new Map<number, Between>([
      [0, { frame: a, confidence: 1 }],
      [parts, { frame: b, confidence: 1 }],
    ]);
    const picture = async (part: number): Promise<Between> => {
      const made = kept.get(part) ?? (await this.#make(a, b, part / parts, signal));
      kept.set(part, made);
      return made;
    };
    for (const t of times) {
      signal?.throwIfAborted();
      const at = t * parts;
      const nearest = Math.round(at);
      const part = Math.floor(at);
      for (const old of kept.keys()) if (old < part) kept.delete(old);
      if (nearest > 0 && nearest < parts && Math.abs(at - nearest) < EXACT) yield await picture(nearest);
      else yield await this.#between(await picture(part), await picture(part + 1), at - part, signal);
    }
  }

  async #make(a: Frame, b: Frame, t: number, signal?: AbortSignal): Promise<Between> {
    for await (const between of this.#engine.between(a, b, [t], signal ? { signal } : {})) return between;
    throw new Error('the engine made no picture');
  }

  async #between(before: Between, after: Between, share: number, signal?: AbortSignal): Promise<Between> {
    this.#glide ??= openGlide(this.#setup, STANDARD);
    const glide = await this.#glide;
    for await (const { frame, confidence } of glide.between(
      before.frame,
      after.frame,
      [share],
      signal ? { signal } : {},
    )) {
      return { frame, confidence: Math.min(confidence, before.confidence, after.confidence) };
    }
    throw new Error('glide made no picture');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
    const glide = this.#glide;
    this.#glide = undefined;
    await (await glide?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }
}
