/** Which patches of three pictures are worth learning from. */
import { BLOCK, type MotionField } from './motion.ts';
import { PATCH } from './triplet.ts';

/** Why a patch is not taken, in the order in which it is looked at. */
export const FLAWS = ['flat', 'unmatched', 'fast', 'still', 'uneven'] as const;
export type Flaw = (typeof FLAWS)[number];

export interface Bounds {
  /** Pixels that things move from the first picture to the last, on average over the patch, at least. */
  readonly minMotion: number;
  /** Pixels that hardly a block (one in twenty) may exceed. */
  readonly maxMotion: number;
}

/** A patch's place (multiples of 4, so that chroma is cut on whole samples) and how far its content moves. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly motion: number;
}

/** What the two matches of a middle picture, to the one before and to the one after, say together of its blocks. */
export interface BlockFacts {
  readonly columns: number;
  readonly rows: number;
  /** Pixels from the first picture to the last. */
  readonly motion: Float32Array;
  /** Pixels by which the two halves of the way differ: 0 for even motion. */
  readonly unevenness: Float32Array;
  /** What the worse match leaves unexplained, in code values of 255. */
  readonly cost: Float32Array;
  /** Mean deviation of the block's luma from its mean. */
  readonly texture: Float32Array;
}

export function blockFacts(before: MotionField, after: MotionField, texture: Float32Array): BlockFacts {
  const { columns, rows } = before;
  const each = (value: (i: number) => number): Float32Array => new Float32Array(columns * rows).map((_, i) => value(i));
  return {
    columns,
    rows,
    texture,
    motion: each((i) => Math.hypot(after.dx[i]! - before.dx[i]!, after.dy[i]! - before.dy[i]!)),
    unevenness: each((i) => Math.hypot(after.dx[i]! + before.dx[i]!, after.dy[i]! + before.dy[i]!)),
    cost: each((i) => Math.max(before.cost[i]!, after.cost[i]!)),
  };
}

/** Below this texture a block's motion cannot be seen: it counts as none. Where fewer blocks than this share have more, nothing can. */
const FLAT = 2;
const SEEN_SHARE = 0.25;
/** Blocks that differ by more than this after motion count as unmatched, and how large their share may be. */
const UNMATCHED = 14;
const UNMATCHED_SHARE = 0.12;
const FAST_SHARE = 0.05;
/** Uneven above this share of the motion, and this many pixels, on average. */
const UNEVEN_SHARE = 0.5;
const UNEVEN = 0.5;

/** The patch with its corner at x, y: its motion, or what is wrong with it. */
export function judge(facts: BlockFacts, x: number, y: number, { minMotion, maxMotion }: Bounds): number | Flaw {
  let [blocks, seen, motion, unevenness, unmatched, fast] = [0, 0, 0, 0, 0, 0];
  // Blocks whose middle is inside.
  const first = (at: number): number => Math.ceil((at - BLOCK / 2) / BLOCK);
  const [left, top] = [Math.max(0, first(x)), Math.max(0, first(y))];
  const [right, bottom] = [Math.min(facts.columns, first(x + PATCH)), Math.min(facts.rows, first(y + PATCH))];
  for (let row = top; row < bottom; row++)
    for (let at = row * facts.columns + left; at < row * facts.columns + right; at++) {
      blocks++;
      if (facts.cost[at]! > UNMATCHED) unmatched++;
      if (facts.texture[at]! < FLAT) continue;
      seen++;
      motion += facts.motion[at]!;
      unevenness += facts.unevenness[at]!;
      if (facts.motion[at]! > maxMotion) fast++;
    }
  const mean = motion / blocks;
  if (seen < SEEN_SHARE * blocks) return 'flat';
  if (unmatched > UNMATCHED_SHARE * blocks) return 'unmatched';
  if (fast > FAST_SHARE * blocks) return 'fast';
  if (mean < minMotion) return 'still';
  if (unevenness / blocks > UNEVEN_SHARE * mean + UNEVEN) return 'uneven';
  return mean;
}

/** Pixels between the places that are tried; two patches of one picture are at least half a patch apart. */
const STEP = 32;
const APART = PATCH / 2;

export interface Choice {
  readonly places: readonly Place[];
  readonly tried: number;
  readonly sound: number;
  readonly flaws: Readonly<Record<Flaw, number>>;
}

/**
 * At most `most` places of a width x height picture, by lot: the more motion, the likelier. `random` gives numbers in [0, 1).
 */
export function choosePlaces(
  facts: BlockFacts,
  { width, height }: { width: number; height: number },
  bounds: Bounds,
  random: () => number,
  most: number,
): Choice {
  const flaws = Object.fromEntries(FLAWS.map((flaw) => [flaw, 0])) as Record<Flaw, number>;
  const sound: { place: Place; lot: number }[] = [];
  let tried = 0;
  const jitter = (at: number, side: number): number => Math.min(side - PATCH, at + Math.floor(random() * STEP)) & ~3;
  for (let top = 0; top <= height - PATCH; top += STEP)
    for (let left = 0; left <= width - PATCH; left += STEP) {
      const [x, y] = [jitter(left, width), jitter(top, height)];
      const found = judge(facts, x, y, bounds);
      tried++;
      if (typeof found === 'string') flaws[found]++;
      else sound.push({ place: { x, y, motion: found }, lot: lotOf(found, random) });
    }
  const places: Place[] = [];
  for (const { place } of sound.toSorted((a, b) => b.lot - a.lot)) {
    if (places.length === most) break;
    const near = places.some((p) => Math.abs(p.x - place.x) < APART && Math.abs(p.y - place.y) < APART);
    if (!near) places.push(place);
  }
  return { places, tried, sound: sound.length, flaws };
}

/** A key for drawing without replacement by weight: take the largest (Efraimidis and Spirakis 2006, A-ES). */
export function lotOf(weight: number, random: () => number): number {
  return Math.log(1 - random()) / weight;
}

/** The same numbers in [0, 1) for the same words on every machine: FNV-1a of the words, then mulberry32. */
export function randomOf(words: string): () => number {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(words)) state = Math.imul(state ^ byte, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
