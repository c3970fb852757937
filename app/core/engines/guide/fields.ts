/** What a small in-between says of how the large one is made of the two stills. */

/** Planar R'G'B' [3, height, width], nominally 0..1. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/**
 * One in-between on a small grid of width x height that covers the whole picture: pixel (x, y) of the grid is the square around ((x + 0.5) / width, (y + 0.5) / height)
 * of the picture.
 */
export interface GuideFields {
  readonly width: number;
  readonly height: number;
  /** [2, height, width]: dx then dy in pixels of the grid. What is shown at (x, y) lies in the first still at (x + dx, y + dy). */
  readonly toFirst: Float32Array;
  /** The same for the last still. */
  readonly toLast: Float32Array;
  /** [3, height, width], each 0..1, their sum 1: how much is taken of the first still, of the last one, and of `painted`. */
  readonly weights: Float32Array;
  /** [3, height, width], R'G'B' 0..1: what neither still shows. */
  readonly painted: Float32Array;
}
