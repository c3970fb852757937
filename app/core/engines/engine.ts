/**
 * What an interpolating engine is. The other two kinds (Inbetweener, Tagger) come with their first engine.
 *
 * An engine works on native planes ([Note: native planes]) and never sees a cut: the plan has seen to that.
 */
import { AppError } from '../../contract/errors.ts';
import type { ColourInfo } from '../../contract/media.ts';
import type { EngineScores } from '../../contract/models.ts';
import type { Frame, PixelFormat } from '../media/frame.ts';

/** Picture geometry an interpolator is opened for; every pair it is given has it. */
export interface EngineSetup {
  readonly width: number;
  readonly height: number;
  /** Threads it may use, at least 1. */
  readonly threads: number;
  /** Colour of the pictures, for engines that think in RGB; [Note: float colour] says what is taken where it is absent. */
  readonly colour?: ColourInfo;
  /** Where networks run: 'auto' (the default), 'cpu', 'webgpu', 'cuda', ... (nn/device.ts). */
  readonly device?: string;
  /** Pictures are cut into tiles that need at most this part of the memory (1/2, 1/4, ... for 2, 4, ...): [Note: shrinking] in tiles.ts. */
  readonly shrink?: number;
}

/** One synthesised frame. */
export interface Between {
  readonly frame: Frame;
  /** 0 (guess) to 1 (certain): how far the two warped pictures agree, averaged over the picture. */
  readonly confidence: number;
}

export interface BetweenOptions {
  readonly signal?: AbortSignal;
}

/**
 * Makes frames between two. `between` analyses the pair once, then yields one frame for each timestep, in the order given.
 * Timesteps are fractions of the way from a to b, 0 < t < 1. Calls do not overlap: finish or return() one before the next.
 */
export interface Interpolator extends AsyncDisposable {
  /** For the result's `device`: 'cpu (WebAssembly SIMD, 2 threads)'. */
  readonly device: string;
  between(a: Frame, b: Frame, timesteps: readonly number[], options?: BetweenOptions): AsyncIterable<Between>;
  /** Milliseconds spent so far inside the engine (analysis and synthesis); `bench` and the result's figures read it. */
  readonly spent: { readonly analysisMs: number; readonly synthesisMs: number };
}

/** A row of the registry. `version` changes whenever the pixels do: it is part of every chunk's key. */
export interface EngineEntry {
  /** 'glide', 'glide:draft', 'blend', ... Presets are ids of their own. */
  readonly id: string;
  readonly version: string;
  /** For people: 'Glide, draft'. */
  readonly name: string;
  readonly summary: string;
  readonly scores?: EngineScores | undefined;
  /** It runs a network: its pixels depend on the device, which is part of every chunk's key too. */
  readonly network?: boolean;
  /** It only knows the middle of a pair: other moments are the nearest ones that halving reaches ([Note: recursion]). */
  readonly halves?: boolean | undefined;
  /** Bytes it takes at most for such pictures, beside the frames it is given and gives; absent: next to none. */
  memory?(setup: EngineSetup, format: PixelFormat): Promise<number>;
  open(setup: EngineSetup): Promise<Interpolator>;
}

/** Throws AppError 'size-mismatch' unless both frames of a pair have one size and one pixel format. */
export function requireAlike(a: Frame, b: Frame): void {
  if (a.format.name === b.format.name && a.width === b.width && a.height === b.height) return;
  throw new AppError('size-mismatch', 'The two frames of a pair have different sizes or pixel formats.');
}
