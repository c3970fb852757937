/**
 * What stands still over a moving scene: titles, subtitles, displays, logos, letterbox bars. [Note: still parts]
 *
 * An engine that follows motion carries the edges of a title along with the ground behind it. So for a pair of frames we look for detail
 * that stays where it is while its surroundings move: on luma at most 960 wide, over a window of eight frames before the pair and the pair,
 * or the pair and eight frames after it, whichever shows it (so a title is found from its first frame to its last). A pixel is
 * - a seed, if there is detail around it (5x5) which changes over the window by at most a small part of what there is, and something
 *   moves within a twentieth of the width;
 * - still, if it is within three pixels... of seeds and itself changes by no more than noise.
 * Over the window, not just between the two frames: stripes that move by their own period, and a thing that passes, change in between.
 * Where a camera stands, the background is still too and is taken as well; it is the same in both frames, so that is what belongs there.
 * What does not find itself here: overlays that are much less than opaque, that move, or that change at every frame.
 */
import { boxSums } from './boxes.ts';
import type { Weights } from './weights.ts';

/** Changes whenever other pixels would be found still: part of every chunk's key. */
export const STILL_VERSION = 1;
/** Frames to either side of a pair that are looked at, the far ones first. */
export const REACH = [8, 4] as const;
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
  /** Frames before a and after b, empty where there are too few. */
  readonly before: readonly Luma[];
  readonly after: readonly Luma[];
}

const BLOCK = 2;
const AREA = (2 * BLOCK + 1) ** 2;
/** Mean difference of neighbouring pixels that makes detail. */
const DETAIL = 5;
/** Change over the window, as a part of the detail, and at least this much, in code values. */
const CHANGE = 0.16;
const NOISE = 2;
/** A pixel that is reached from a seed changes at most by this. */
const QUIET = 10;
const GROW = 4;
/** A pixel moves if it changes between the two frames by this much... */
const MOTION = 14;
/** ... and of the pixels within a twentieth of the width this share must. */
const SHARE = 0.02;

/** Weights of what stands still between a and b, or undefined where nothing does. */
export function stillParts({ a, b, before, after }: StillWindow): Weights | undefined {
  const { width, height } = a;
  const near = Math.max(4, Math.round(width / 20));
  const pair = changes([a, b]);
  const moving = boxSums(
    pair.map((change) => (change >= MOTION ? 1 : 0)),
    width,
    height,
    near,
  );
  const least = SHARE * (2 * near + 1) ** 2;
  const detail = boxSums(differences(a), width, height, BLOCK);
  const mask = new Uint8Array(width * height);
  let found = false;
  for (const others of [before, after]) {
    if (others.length === 0) continue;
    const change = changes([a, b, ...others]);
    const around = boxSums(change, width, height, BLOCK);
    const seeds = new Uint8Array(width * height);
    let some = false;
    for (let i = 0; i < seeds.length; i++) {
      if (moving[i]! < least || detail[i]! < DETAIL * AREA) continue;
      if (around[i]! > Math.max(NOISE * AREA, CHANGE * detail[i]!)) continue;
      seeds[i] = 1;
      some = true;
    }
    if (!some) continue;
    found = true;
    const grown = boxSums(seeds, width, height, GROW);
    for (let i = 0; i < mask.length; i++) if (grown[i]! > 0 && change[i]! <= QUIET) mask[i] = 255;
  }
  return found ? { width, height, data: soft(mask, width, height) } : undefined;
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

/** Differences to the pixel on the right and the one below, the mean of both. */
function differences({ width, height, data }: Luma): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const value = data[i]!;
      const right = x + 1 < width ? Math.abs(data[i + 1]! - value) : 0;
      const below = y + 1 < height ? Math.abs(data[i + width]! - value) : 0;
      out[i] = (right + below) >> 1;
    }
  }
  return out;
}

/** Its edge made soft over a pixel to either side. */
function soft(mask: Uint8Array, width: number, height: number): Uint8Array {
  const sums = boxSums(mask, width, height, 1);
  return mask.map((value, i) => Math.max(value >> 1, Math.round(sums[i]! / 9)));
}
