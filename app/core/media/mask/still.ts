/**
 * What stands still over a moving scene: titles, subtitles, displays, logos, letterbox bars. [Note: still parts]
 *
 * An engine that follows motion carries the edges of a title along with the ground behind it. So for a pair of frames we look for what
 * stays as it is while its surroundings move: on luma at most 960 wide, over a window of eight frames before the pair and the pair, of the
 * pair and eight frames after it, or of four to either side, whichever shows it (so a title is found from its first frame to its last). Over the window a pixel
 * - is still, if it changes by no more than grain and what a codec leaves (more at strong edges), and moves, if it changes a lot;
 * - is evidence, if it is still and a neighbour is still too and quite another (a still edge), or moves and is quite another (a thin line);
 *   ten pieces of evidence within 9x9 pixels count;
 * - is taken from the real frames, if it is still and within three pixels of such evidence, where most of the detail around it, as far
 *   as an eighth of the width, moves.
 * So where a camera stands and something crosses the picture, nothing is found: what it crosses between two frames looks just like a title.
 * Over the window, not just between the two frames: stripes that move by their own period, and things that pass, change in between.
 * Not found: overlays that are much less than opaque, that move, or that change every few frames. Those can be painted.
 */
import { boxSums } from './boxes.ts';
import type { Weights } from './weights.ts';

/** Changes whenever other pixels would be found still: part of every chunk's key. */
export const STILL_VERSION = 1;
/** Longer side of the pictures that are looked at, at most. */
export const STILL_SIDE = 960;

/** Luma of 8 bits. */
export interface Luma {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface StillWindow {
  readonly a: Luma;
  readonly b: Luma;
  /** What is looked at besides: other frames near them, each list by itself. */
  readonly windows: readonly (readonly Luma[])[];
}

/** A still pixel changes at most by this and a sixteenth of the differences to its neighbours, in code values; one that moves at least by that. */
const QUIET = 8;
const MOTION = 20;
/** Difference of neighbours that makes an edge. */
const EDGE = 16;
/** And one that would be seen to move if it did. */
const DETAIL = 6;
/** Pieces of evidence that must be within SUPPORT_RADIUS of one. */
const SUPPORT = 10;
const SUPPORT_RADIUS = 4;
const GROW = 3;
/** Of the pixels with detail around, the share that must move; and of all pixels. */
const MOVING_DETAIL = 0.4;
const MOVING = 0.03;
/** Weight of what is beside what is still, where edges of letters are partly see-through; of 255. */
const BESIDE = 64;

/** Weights of what stands still between a and b, or undefined where nothing does. */
export function stillParts({ a, b, windows }: StillWindow): Weights | undefined {
  const { width, height } = a;
  const edges = differences(a);
  const mask = new Uint8Array(width * height);
  let found = false;
  for (const others of windows) {
    if (markStill(mask, changes([a, b, ...others]), edges, a)) found = true;
  }
  return found ? { width, height, data: widened(mask, width, height) } : undefined;
}

/** Marks in `mask` what is still over one window; whether there is anything. */
function markStill(mask: Uint8Array, change: Uint8Array, edges: Uint8Array, { width, height, data }: Luma): boolean {
  const still = change.map((value, i) => (value <= QUIET + (edges[i]! >> 4) ? 1 : 0));
  const moves = change.map((value) => (value >= MOTION ? 1 : 0));
  const near = Math.max(4, Math.round(width / 8));
  const moving = boxSums(moves, width, height, near);
  const resting = boxSums(
    still.map((value, i) => (value === 1 && edges[i]! >= DETAIL ? 1 : 0)),
    width,
    height,
    near,
  );
  const least = MOVING * (2 * near + 1) ** 2;
  const evidence = new Uint8Array(width * height);
  let some = false;
  const tell = (i: number, j: number): void => {
    const apart = Math.abs(data[i]! - data[j]!);
    if (still[i] === 1 && ((still[j] === 1 && apart >= EDGE) || (moves[j] === 1 && apart >= EDGE))) evidence[i] = 1;
    if (still[j] === 1 && ((still[i] === 1 && apart >= EDGE) || (moves[i] === 1 && apart >= EDGE))) evidence[j] = 1;
  };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (moving[i]! < least || moving[i]! < MOVING_DETAIL * (moving[i]! + resting[i]!)) continue;
      if (x + 1 < width) tell(i, i + 1);
      if (y + 1 < height) tell(i, i + width);
      some = true;
    }
  }
  if (!some) return false;
  const support = boxSums(evidence, width, height, SUPPORT_RADIUS);
  const seeds = evidence.map((value, i) => (value === 1 && support[i]! >= SUPPORT ? 1 : 0));
  const grown = boxSums(seeds, width, height, GROW);
  let found = false;
  for (let i = 0; i < mask.length; i++) {
    if (grown[i]! === 0 || still[i] === 0) continue;
    mask[i] = 255;
    found = true;
  }
  return found;
}

/** Greatest less least value of each pixel. */
function changes(pictures: readonly Luma[]): Uint8Array {
  const [first, ...others] = pictures;
  const low = first!.data.slice();
  const high = first!.data.slice();
  for (const { data } of others) {
    for (let i = 0; i < low.length; i++) {
      const value = data[i]!;
      if (value < low[i]!) low[i] = value;
      else if (value > high[i]!) high[i] = value;
    }
  }
  for (let i = 0; i < low.length; i++) high[i]! -= low[i]!;
  return high;
}

/** The greater of the differences to the pixel on the right and the one below. */
function differences({ width, height, data }: Luma): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const value = data[i]!;
      const right = x + 1 < width ? Math.abs(data[i + 1]! - value) : 0;
      const below = y + 1 < height ? Math.abs(data[i + width]! - value) : 0;
      out[i] = Math.max(right, below);
    }
  }
  return out;
}

/** With a faint border of a pixel. */
function widened(mask: Uint8Array, width: number, height: number): Uint8Array {
  const sums = boxSums(mask, width, height, 1);
  return mask.map((value, i) => (value > 0 ? value : Math.round((sums[i]! / (9 * 255)) * BESIDE)));
}
