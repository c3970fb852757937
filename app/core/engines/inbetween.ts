/**
 * What an in-betweening engine is: it fills the way from one still to another that may be far apart, where an interpolating engine assumes small motion.
 * Every interpolating engine can be used as one (`asInbetween`); it then goes the straight way and knows neither seeds nor points.
 */
import type { KeyPoint, MorphMotion, MorphUses } from '../../contract/morph.ts';
import type { Frame } from '../media/frame.ts';
import type { Between, EngineEntry, EngineSetup, Interpolator } from './engine.ts';

/** A still and, where a user has set them, its key points. */
export interface Keyframe {
  readonly frame: Frame;
  readonly points?: readonly KeyPoint[] | undefined;
}

/** Two keyframes to go between, and their neighbours where there are any: paths may bend so that `first` and `last` are passed smoothly. */
export interface Gap {
  readonly before?: Keyframe | undefined;
  readonly first: Keyframe;
  readonly last: Keyframe;
  readonly after?: Keyframe | undefined;
}

export interface FillOptions {
  /** 0 to 2^32 - 1; the same seed gives the same pictures. */
  readonly seed: number;
  readonly motion: MorphMotion;
  /**
   * The network's small picture guides the warping of the stills themselves ([Note: guidance]; the default), or is merely enlarged (false): for comparing.
   * No difference to engines that work at full size.
   */
  readonly guided?: boolean | undefined;
  /** New pictures of the whole gap, where `times` are only the last of them; as many as `times` unless given. */
  readonly frames?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Inbetweener extends AsyncDisposable {
  /** For the result's `device`. */
  readonly device: string;
  /**
   * Pictures on the way, one for each of `times` (ascending, each 0 < t < 1), in their order, of the keyframes' size and format. Never repeats a picture.
   * The same call gives the same pictures; whoever goes on with a gap later asks for all of its times again, or says how many
   * there are where the engine heeds nothing more than the ends (morph/pictures.ts).
   * Throws 'size-mismatch', 'engine-failed', the signal's reason.
   */
  fill(gap: Gap, times: readonly number[], options: FillOptions): AsyncIterable<Between>;
  /** Key points of a picture, where the engine thinks in them. */
  points?(frame: Frame, signal?: AbortSignal): Promise<KeyPoint[]>;
}

export interface InbetweenEntry {
  readonly id: string;
  /** Part of every stored picture's key. */
  readonly version: string;
  readonly name: string;
  readonly summary: string;
  readonly network: boolean;
  /** What of FillOptions and Keyframe it heeds. */
  readonly uses: MorphUses;
  /** A sentence for the plan where pictures at these times are not made directly ('cvi makes 14 pictures; ...'). */
  note?(times: readonly number[]): string | undefined;
  /** Throws what opening its network throws. */
  open(setup: EngineSetup): Promise<Inbetweener>;
}

/** An interpolating engine as an in-betweening one. */
export function asInbetween(entry: EngineEntry): InbetweenEntry {
  const { id, version, name, summary, network = false } = entry;
  const uses = { seed: false, motion: false, points: false };
  return { id, version, name, summary, network, uses, open: async (setup) => new Straight(await entry.open(setup)) };
}

class Straight implements Inbetweener {
  readonly #engine: Interpolator;

  constructor(engine: Interpolator) {
    this.#engine = engine;
  }

  get device(): string {
    return this.#engine.device;
  }

  fill({ first, last }: Gap, times: readonly number[], { signal }: FillOptions): AsyncIterable<Between> {
    return this.#engine.between(first.frame, last.frame, times, signal ? { signal } : {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }
}
