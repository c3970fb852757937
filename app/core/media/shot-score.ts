/** How well cuts and holds are found, on reels (shot-reel.ts) and on clips that are made to repeat frames. */
import { join } from 'node:path';
import { CombMeter } from './fields/comb.ts';
import { foundIn, type FoundFields } from './fields/found.ts';
import { HoldDetector } from './holds.ts';
import { indexSource, linesSize, thumbnailSize } from './index-source.ts';
import { probe } from './probe.ts';
import { CutDetector, THUMBNAIL_WIDTH } from './scenes.ts';
import { makeReel, openReel, readLuma } from './shot-reel.ts';
import type { ReelClip, ReelEvent } from './shot-reel.ts';

/** Counts, and what follows from them: 1 is perfect. */
export interface Score {
  readonly found: number;
  readonly missed: number;
  readonly invented: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface ShotScore {
  readonly frames: number;
  readonly cuts: Score;
  /** Frames near which cuts were invented, by what is there ('plain' where nothing is). */
  readonly inventedAt: Partial<Record<ReelEvent['kind'] | 'plain', number>>;
  /** How many of each look-alike the reels held. */
  readonly lookAlikes: Partial<Record<ReelEvent['kind'], number>>;
}

export interface HoldScore {
  /** By way of repeating; 'none' are the clips as they are, of which no frame should be a repeat. */
  readonly kinds: Record<RepeatKind, Score & { readonly fresh: number }>;
  readonly all: Score & { readonly fresh: number };
}

interface Options {
  readonly clips: readonly ReelClip[];
  readonly seed: number;
  /** A folder for reels. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

function scoreOf(found: number, missed: number, invented: number): Score {
  const share = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);
  return {
    found,
    missed,
    invented,
    precision: share(found, found + invented),
    recall: share(found, found + missed),
    f1: share(2 * found, 2 * found + missed + invented),
  };
}

/** Cuts and holds of a file's frames as coded, as a job finds them, and how its fields came about. */
export async function detectShots(
  path: string,
  signal?: AbortSignal,
): Promise<{
  cuts: { frame: number; score: number }[];
  holds: { first: number; last: number }[];
  times: readonly number[];
  fields: FoundFields;
}> {
  const info = await probe(path, signal ? { signal } : {});
  const size = thumbnailSize(info, THUMBNAIL_WIDTH);
  const cuts = new CutDetector(size);
  const holds = new HoldDetector(size);
  const combs = new CombMeter(linesSize(info, THUMBNAIL_WIDTH));
  const index = await indexSource(path, info, {
    ...(signal ? { signal } : {}),
    thumbnails: { width: THUMBNAIL_WIDTH },
    onThumbnail: (frame, luma) => {
      cuts.push(frame, luma);
      holds.push(frame, luma);
    },
    onLines: (_, lines) => combs.push(lines),
  });
  const found = cuts.finish();
  const frameCuts = found.cuts.map(({ frame }) => frame);
  return {
    ...found,
    ...holds.finish(),
    times: index.times,
    fields: foundIn(info, combs.finish(), frameCuts, index.times),
  };
}

/** Cuts reels of `shots` shots each and finds their cuts again; a cut counts only at its very frame. */
export async function scoreCuts(options: Options & { reels: number; shots: number }): Promise<ShotScore> {
  const { signal } = options;
  let [frames, found, missed, invented] = [0, 0, 0, 0];
  const inventedAt: ShotScore['inventedAt'] = {};
  const lookAlikes: ShotScore['lookAlikes'] = {};
  for (let k = 0; k < options.reels; k++) {
    const to = join(options.scratch, `reel-${k}.mp4`);
    const seed = options.seed + k;
    const truth = await makeReel(options.clips, { seed, shots: options.shots, to, ...(signal ? { signal } : {}) });
    const cuts = new Set(truth.events.filter(({ kind }) => kind === 'cut').map(({ from }) => from));
    const others = truth.events.filter(({ kind }) => kind !== 'cut');
    for (const { kind } of others) lookAlikes[kind] = (lookAlikes[kind] ?? 0) + 1;
    for (const { frame } of (await detectShots(to, signal)).cuts) {
      if (cuts.delete(frame)) {
        found++;
        continue;
      }
      invented++;
      const kind = others.find(({ from, to: end }) => frame >= from && frame <= end)?.kind ?? 'plain';
      inventedAt[kind] = (inventedAt[kind] ?? 0) + 1;
    }
    missed += cuts.size;
    frames += truth.frames;
    options.onProgress?.(k + 1, options.reels);
  }
  return { frames, cuts: scoreOf(found, missed, invented), inventedAt, lookAlikes };
}

export const REPEAT_KINDS = ['none', 'twos', 'threes', 'telecine', 'freeze'] as const;
export type RepeatKind = (typeof REPEAT_KINDS)[number];

const LENGTH = 60;
/** Which frame of the clip is shown at each place. */
const REPEATS: Record<RepeatKind, (i: number) => number> = {
  none: (i) => i,
  twos: (i) => i >> 1,
  threes: (i) => Math.floor(i / 3),
  telecine: (i) => i - Math.floor(i / 5),
  freeze: (i) => (i < 20 ? i : Math.max(20, i - 10)),
};

/** Change of a picture (mean of its greatest half per cent, of 255) below which, all around, a repeat makes no difference. */
const MOVING = 15;
/** Change below which a frame of the clip may itself be a repeat. */
const CLEARLY_NEW = 6;

/**
 * Repeats frames of each clip's beginning in five ways, encodes that, and finds the repeats again. Not counted are repeats where the clip
 * hardly moves, and frames of the clip that hardly differ from the one before: there is no truth about them.
 */
export async function scoreHolds(options: Options): Promise<HoldScore> {
  const { signal } = options;
  const counts = Object.fromEntries(REPEAT_KINDS.map((kind) => [kind, [0, 0, 0, 0]])) as Record<RepeatKind, number[]>;
  for (const [k, clip] of options.clips.entries()) {
    const frames = (await readLuma(clip.path, signal)).slice(0, LENGTH);
    for (const kind of REPEAT_KINDS) {
      const shown = Array.from({ length: LENGTH }, (_, i) => REPEATS[kind](i)).filter((i) => i < frames.length);
      const to = join(options.scratch, 'repeats.mp4');
      const encoder = await openReel(to, signal);
      for (const i of shown) await encoder.write(frames[i]!);
      await encoder.end();
      const repeats = new Set<number>();
      for (const { first, last } of (await detectShots(to, signal)).holds) {
        for (let i = first + 1; i <= last; i++) repeats.add(i);
      }
      const changes = shown.map((at, i) =>
        i === 0 || at === shown[i - 1] ? undefined : change(frames[shown[i - 1]!]!, frames[at]!),
      );
      for (let i = 1; i < shown.length; i++) {
        const motion = Math.min(
          greatChange(changes.slice(Math.max(1, i - 8), i)),
          greatChange(changes.slice(i + 1, i + 9)),
        );
        const own = changes[i];
        if (own === undefined ? motion < MOVING : own <= Math.max(CLEARLY_NEW, 0.1 * motion)) continue;
        counts[kind][(own === undefined ? 0 : 2) + (repeats.has(i) === (own === undefined) ? 0 : 1)]!++;
      }
    }
    options.onProgress?.(k + 1, options.clips.length);
  }
  const score = ([found = 0, missed = 0, fresh = 0, invented = 0]: number[]): Score & { fresh: number } => ({
    ...scoreOf(found, missed, invented),
    fresh: fresh + invented,
  });
  const kinds = Object.fromEntries(REPEAT_KINDS.map((kind) => [kind, score(counts[kind])])) as HoldScore['kinds'];
  const sums = [0, 1, 2, 3].map((i) => REPEAT_KINDS.reduce((sum, kind) => sum + counts[kind][i]!, 0));
  return { kinds, all: score(sums) };
}

/** The third greatest of some changes, or the least where there are fewer. */
function greatChange(changes: readonly (number | undefined)[]): number {
  const sorted = changes.filter((value) => value !== undefined).toSorted((a, b) => b - a);
  return sorted[2] ?? sorted.at(-1) ?? 99;
}

/** Mean of the greatest half per cent of differences between two frames, averaged over 2x2 pixels. */
function change(a: Uint8Array, b: Uint8Array): number {
  const differences: number[] = [];
  for (let y = 0; y + 1 < 180; y += 2) {
    for (let x = 0; x + 1 < 320; x += 2) {
      const at = y * 320 + x;
      let sum = 0;
      for (const i of [at, at + 1, at + 320, at + 321]) sum += b[i]! - a[i]!;
      differences.push(Math.abs(sum) / 4);
    }
  }
  const top = differences.toSorted((p, q) => q - p).slice(0, Math.round(differences.length / 200));
  return top.reduce((sum, value) => sum + value, 0) / top.length;
}
