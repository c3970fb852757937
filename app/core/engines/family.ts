/** A family of networks: one graph builder for every checkpoint of it, whatever wrote the file. */
import type { Checkpoint } from '../import/checkpoint.ts';
import type { PixelFormat } from '../media/frame.ts';
import type { EngineSetup, Interpolator } from './engine.ts';
import type { InbetweenEntry, Inbetweener } from './inbetween.ts';
import type { Tagger, TaggerEntry, TaggerSetup } from './tagger.ts';

interface AnyFamily {
  /** Part of every chunk's key: changes whenever the pixels do. */
  readonly version: string;
  readonly summary: string;
  /**
   * What network this checkpoint holds, as plain JSON for people and manifests; null when it is of another family. Judges by names,
   * shapes and metadata; reads no values.
   */
  recognise(checkpoint: Checkpoint): Promise<Readonly<Record<string, unknown>> | null>;
}

/** Networks that find the frame between two. */
export interface InterpolatingFamily extends AnyFamily {
  readonly kind: 'interpolate';
  readonly id: 'film' | 'rife' | 'sepconv' | 'adaconv';
  /** As of EngineEntry. */
  readonly halves?: boolean;
  /**
   * Opens the checkpoint at `path` (as `openCheckpoint` takes it) for pictures of one size; larger ones than memory allows are cut into
   * tiles. Throws `weights-mismatch` and what the readers throw.
   */
  open(path: string, setup: EngineSetup): Promise<Interpolator>;
  /** As of EngineEntry. Throws as `open`. */
  memory(path: string, setup: EngineSetup, format: PixelFormat): Promise<number>;
}

/** Networks that fill the way between stills far apart. */
export interface InbetweeningFamily extends AnyFamily, Pick<InbetweenEntry, 'uses' | 'note'> {
  readonly kind: 'inbetween';
  readonly id: 'cvi' | 'fomm';
  /** As of InterpolatingFamily. `config` is the manifest's: what `recognise` found, or what training said. */
  open(path: string, setup: EngineSetup, config: Readonly<Record<string, unknown>>): Promise<Inbetweener>;
}

/** Networks that are a part of another engine: how key points move (fomm's --motion). Opened by that engine. */
export interface MotionFamily extends AnyFamily {
  readonly kind: 'motion';
  readonly id: 'motion';
  /** Runs the checkpoint at `path` once. Throws `weights-mismatch`, 'engine-failed' for what is no number, and what the readers throw. */
  trial(path: string, config: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<void>;
}

/** Networks that say what happens on footage. `config` is the manifest's: what `recognise` found, or what training said. */
export interface TagFamily extends AnyFamily {
  readonly kind: 'tag';
  readonly id: 'movinet';
  /** What is known of a model without opening it. Throws `weights-mismatch` for a configuration that is none. */
  describe(config: Readonly<Record<string, unknown>>): Promise<Pick<TaggerEntry, 'mode' | 'labels' | 'size' | 'rate'>>;
  /** Opens the checkpoint at `path`; `version` tells its states from those of other models. Throws `weights-mismatch` and what the readers throw. */
  open(path: string, setup: TaggerSetup, config: Readonly<Record<string, unknown>>, version?: string): Promise<Tagger>;
  /** As of MotionFamily. */
  trial(path: string, config: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<void>;
}

export type Family = InterpolatingFamily | InbetweeningFamily | MotionFamily | TagFamily;
