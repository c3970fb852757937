/** Which frames of a video may stand together, and what block matching says of them. */
import type { VideoInfo } from '../../contract/media.ts';
import { decodeFrames } from '../media/decode.ts';
import type { Frame } from '../media/frame.ts';
import type { SourceIndex } from '../media/source.ts';
import { blockFacts, type BlockFacts } from './choose.ts';
import { blockTexture, lumaPyramid, matchBlocks, type Pyramid } from './motion.ts';
import type { Shots } from './shots.ts';
import type { Tally } from './tally.ts';

/** Triples looked at by triplet wanted, and in any case. */
const LOOK = 2;
const LOOK_LEAST = 32;
/** How much the two intervals may differ, of their mean. */
const UNEVEN_TIME = 0.1;

/** Three frames, `gap` apart. */
export interface Triple {
  readonly middle: number;
  readonly gap: number;
}

/**
 * Enough of the fit triples for `most` triplets, by lot, in the order of their last frames; the others are counted in `counts`. None has a
 * cut or a repeated frame between its frames, and the two intervals are alike.
 */
export function chooseTriples(
  { times }: Pick<SourceIndex, 'times'>,
  { cuts, holds }: Shots,
  { gaps, most }: { readonly gaps: readonly number[]; readonly most: number },
  random: () => number,
  counts: Tally['triples'],
): Triple[] {
  const cutAt = new Uint8Array(times.length);
  const repeats = new Uint8Array(times.length);
  for (const { frame } of cuts) cutAt[frame] = 1;
  for (const { first, last } of holds) repeats.fill(1, first + 1, last + 1);
  const between = (marks: Uint8Array, first: number, last: number): boolean =>
    marks.subarray(first + 1, last + 1).includes(1);
  const fit: { triple: Triple; lot: number }[] = [];
  for (const gap of gaps)
    for (let middle = gap; middle + gap < times.length; middle++) {
      const [first, last] = [middle - gap, middle + gap];
      const [early, late] = [times[middle]! - times[first]!, times[last]! - times[middle]!];
      counts.total++;
      if (between(cutAt, first, last)) counts['across a cut']++;
      else if (between(repeats, first, last)) counts['with a repeat']++;
      else if (Math.abs(early - late) > (UNEVEN_TIME * (early + late)) / 2) counts['uneven in time']++;
      else fit.push({ triple: { middle, gap }, lot: random() });
    }
  const looked = fit.toSorted((a, b) => a.lot - b.lot).slice(0, Math.max(LOOK_LEAST, LOOK * most));
  counts.unlooked += fit.length - looked.length;
  return looked.map(({ triple }) => triple).toSorted((a, b) => a.middle + a.gap - b.middle - b.gap);
}

export type Three = readonly [Frame, Frame, Frame];

/** The triples with their frames and what block matching says of them; frames are kept until their last triple. */
export async function* lookedAt(
  path: string,
  info: VideoInfo,
  index: SourceIndex,
  triples: readonly Triple[],
  signal?: AbortSignal,
): AsyncGenerator<[Triple, { frames: Three; facts: BlockFacts }], void, undefined> {
  const waiting = [...triples];
  const lastUse = new Map<number, number>();
  for (const { middle, gap } of waiting)
    for (const number of [middle - gap, middle, middle + gap]) lastUse.set(number, middle + gap);
  if (waiting.length === 0) return;
  const range = { first: Math.min(...lastUse.keys()), last: Math.max(...lastUse.keys()) };
  const kept = new Map<number, { frame: Frame; luma: Pyramid }>();
  for await (const frame of decodeFrames(path, info, { index, ...range, ...(signal ? { signal } : {}) })) {
    signal?.throwIfAborted();
    if (lastUse.has(frame.index)) kept.set(frame.index, { frame, luma: lumaPyramid(frame) });
    while (waiting[0] && waiting[0].middle + waiting[0].gap === frame.index) {
      const triple = waiting.shift()!;
      const [a, b, c] = [-1, 0, 1].map((side) => kept.get(triple.middle + side * triple.gap)!);
      if (!a || !b || !c) continue;
      const facts = blockFacts(matchBlocks(b.luma, a.luma), matchBlocks(b.luma, c.luma), blockTexture(b.luma));
      yield [triple, { frames: [a.frame, b.frame, c.frame], facts }];
    }
    for (const number of kept.keys()) if (lastUse.get(number)! <= frame.index) kept.delete(number);
  }
}
