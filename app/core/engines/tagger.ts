/**
 * What a recogniser is: frames go in one by one or in chunks, probabilities come out. A streaming network keeps its state inside; what it answers is the same however
 * the frames are divided over calls. One that sees whole windows answers once it has one.
 */
import type { DeviceChoice } from '../../contract/choices.ts';

export interface TaggerSetup {
  readonly device?: DeviceChoice | undefined;
  /** Threads the network may use. */
  readonly threads?: number | undefined;
  /**
   * Seconds after which a streaming network has mostly forgotten: its cumulative means become running ones ([Note: memory] in engines/movinet). Infinity is as
   * published (a clip is one action); the engine's own default unless given.
   */
  readonly memory?: number | undefined;
}

/** What is said of one moment. */
export interface Score {
  /** Index of the last frame pushed that it has seen, from 0 since the last reset. */
  readonly frame: number;
  /** [labels], 0..1. */
  readonly probabilities: Float32Array;
  /** What the classifier read, [embedding]; for teaching other labels. */
  readonly embedding: Float32Array;
}

export interface Tagger extends AsyncDisposable {
  /** For the result's `device`. */
  readonly device: string;
  readonly labels: readonly string[];
  /** Pictures it takes, and how many a second of footage. */
  readonly size: number;
  readonly rate: number;
  /** Numbers of an embedding. */
  readonly embedding: number;
  /** `frames` pictures in a row, [frames, size, size, 3] R'G'B' 0..1. Throws 'engine-failed', the signal's reason. */
  push(pixels: Float32Array, frames: number, signal?: AbortSignal): Promise<Score[]>;
  /** What is still to be said once no frame comes any more; a window that is not full is judged as it is. */
  finish(signal?: AbortSignal): Promise<Score[]>;
  /** As before the first frame. */
  reset(): void;
  /** The state between two pushes, for going on later in another process; null where there is none to keep (windows are pushed again). */
  state(): Promise<Uint8Array | null>;
  /** Takes a state of the same network; throws 'weights-mismatch' for another's. */
  restore(state: Uint8Array): Promise<void>;
}

export interface TaggerEntry {
  readonly id: string;
  /** Part of what a run is known by. */
  readonly version: string;
  readonly name: string;
  readonly summary: string;
  readonly mode: 'stream' | 'base';
  readonly labels: readonly string[];
  readonly size: number;
  readonly rate: number;
  readonly embedded: boolean;
  /** Throws what opening its network throws. */
  open(setup: TaggerSetup): Promise<Tagger>;
}
