/** What one decoding pass over a source tells: the exact time of every frame, and a small signature of each for shots and holds. */

/** Frame signatures: a luma thumbnail of every frame. width * height bytes each, row-major, one frame after the other. */
export interface Thumbnails {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The frames of a source as decoded, in order of presentation. */
export interface SourceIndex {
  /** Time of each frame in ticks since the first frame (times[0] === 0), strictly ascending. */
  readonly times: readonly number[];
  /** Where the last frame ends, in ticks: its own duration if the file says, else the median interval. */
  readonly end: number;
  /** Time of the first frame on the file's own clock, in ticks: sound is placed by it. */
  readonly start: number;
  readonly thumbnails: Thumbnails;
}
