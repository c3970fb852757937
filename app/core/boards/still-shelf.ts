/** Keyframes' pictures as boards look at them, kept for the next take: RGB of 8 bits, fitted. */
import type { Frame } from '../media/frame.ts';
import { fitStill } from '../morph/fit.ts';
import type { ReadOptions } from '../morph/keyframe.ts';
import { Keyframes } from '../morph/keyframes.ts';
import type { FrameOrder, StillOrder } from './messages.ts';

/** Of some megabytes each. */
const KEPT = 12;

export class StillShelf {
  readonly #source: ReadOptions['source'];
  readonly #kept = new Map<string, Frame>();

  /** `source` knows videos' frames. */
  constructor(source?: ReadOptions['source']) {
    this.#source = source;
  }

  /** `alpha`: with a plane of it or without; as the still is unless given. Throws as readKeyframe; the signal's reason. */
  async get(
    { key, path, at, fields }: StillOrder,
    { width, height, fit }: FrameOrder,
    alpha: boolean | undefined,
    signal: AbortSignal,
  ): Promise<Frame> {
    const name = `${key} ${alpha}`;
    const known = this.#kept.get(name);
    this.#kept.delete(name);
    const frame = known ?? (await this.#read({ path, at, fields }, { width, height, fit, alpha }, signal));
    this.#kept.set(name, frame);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return frame;
  }

  async #read(
    { path, at, fields }: Omit<StillOrder, 'key'>,
    options: FrameOrder & { readonly alpha: boolean | undefined },
    signal: AbortSignal,
  ): Promise<Frame> {
    const keyframes = new Keyframes([{ path, at, points: null, fields }], { signal, source: this.#source });
    const still = await keyframes.still(0);
    // Kept in mind, so that a plan need not read it once more.
    await keyframes.facts(0);
    return fitStill(still, { ...options, bits: 8 }).frame;
  }
}
