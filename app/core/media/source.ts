/** What one decoding pass over a source tells: the exact time of every frame, and how to find the frames again. */
import type { Rational } from '../../contract/time.ts';
import type { FieldPictures } from './fields/field-index.ts';

/** The frames of a source as decoded, in order of presentation. Plain data. */
export interface SourceIndex {
  /** Time of each frame in ticks since the first frame (times[0] === 0), strictly ascending. */
  readonly times: readonly number[];
  /** Where the last frame ends, in ticks: its own duration if the file says, else the median interval. */
  readonly end: number;
  /** Time of the first frame on the file's own clock, in ticks: sound is placed by it. */
  readonly start: number;
  readonly stamps: DecodedStamps;
  /** Where pictures are made of fields, how: `times` are theirs then, `stamps` still those of the frames decoded. */
  readonly pictures?: FieldPictures | undefined;
  /** What was mended on the way: one sentence each. */
  readonly warnings: readonly string[];
}

/** The decoder's own words about each frame it gives, for decoding the same frames again ([Note: stamps] in stamps.ts). */
export interface DecodedStamps {
  readonly timeBase: Rational;
  /** Timestamps in units of timeBase, one for each frame; null where the decoder gives none. */
  readonly pts: readonly (number | null)[];
  /** Frames that are keyframes, ascending. */
  readonly keys: readonly number[];
}

/** Takes the thumbnail of frame `index`: width * height bytes of luma, row-major. The bytes are the callee's to keep. */
export type ThumbnailSink = (index: number, luma: Uint8Array) => void;
