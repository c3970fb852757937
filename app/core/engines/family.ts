/** A family of networks: one graph builder for every checkpoint of it, whatever wrote the file. */
import type { Checkpoint } from '../import/checkpoint.ts';
import type { EngineSetup, Interpolator } from './engine.ts';

export interface Family {
  readonly id: 'film' | 'rife' | 'sepconv' | 'adaconv';
  /** Part of every chunk's key: changes whenever the pixels do. */
  readonly version: string;
  readonly summary: string;
  /**
   * What network this checkpoint holds, as plain JSON for people and manifests; null when it is of another family. Judges by names,
   * shapes and metadata; reads no values.
   */
  recognise(checkpoint: Checkpoint): Promise<Readonly<Record<string, unknown>> | null>;
  /**
   * Opens the checkpoint at `path` (as `openCheckpoint` takes it) for pictures of one size; larger ones than memory allows are cut into
   * tiles. Throws `weights-mismatch` and what the readers throw.
   */
  open(path: string, setup: EngineSetup): Promise<Interpolator>;
}
