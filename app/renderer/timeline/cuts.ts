/** Cuts of a clip as the timeline shows them: those that were detected and those that were added, with what was said of each. */
import type { ClipFacts } from '../../contract/library.ts';
import type { TimelineClip } from '../../contract/project.ts';
import type { Rational } from '../../contract/time.ts';
import { cutFrames } from '../../core/sequence/snap.ts';

export type CutState = 'detected' | 'accepted' | 'added' | 'removed';

export interface CutMark {
  clip: string;
  /** Of the source. */
  seconds: number;
  /** Frame of the sequence at which the new shot starts. */
  frame: number;
  state: CutState;
}

/** Seconds within which two cuts are one: core/sequence/detail-edits.ts. */
const SAME = 1e-4;

/** Clips are never changed in place. */
const known = new WeakMap<TimelineClip, { facts: ClipFacts | undefined; rate: Rational; cuts: readonly CutMark[] }>();

/** Of what is shown, in order. */
export function cutsOf(clip: TimelineClip, facts: ClipFacts | undefined, rate: Rational): readonly CutMark[] {
  const before = known.get(clip);
  if (before && before.facts === facts && before.rate === rate) return before.cuts;
  const cuts = findCuts(clip, facts, rate);
  known.set(clip, { facts, rate, cuts });
  return cuts;
}

function findCuts(clip: TimelineClip, facts: ClipFacts | undefined, rate: Rational): CutMark[] {
  const { auto, added, removed, accepted } = clip.cuts;
  const has = (times: readonly number[], seconds: number): boolean =>
    times.some((time) => Math.abs(time - seconds) < SAME);
  const detected = auto ? (facts?.cuts ?? accepted) : [];
  const all = [
    ...detected.map((seconds) => ({
      seconds,
      state: has(removed, seconds)
        ? ('removed' as const)
        : has(accepted, seconds)
          ? ('accepted' as const)
          : ('detected' as const),
    })),
    ...added.filter((seconds) => !has(detected, seconds)).map((seconds) => ({ seconds, state: 'added' as const })),
  ];
  return all
    .flatMap(({ seconds, state }) =>
      cutFrames(clip, rate, [seconds]).map((frame) => ({ clip: clip.id, seconds, frame, state })),
    )
    .toSorted((a, b) => a.frame - b.frame);
}

/** The cut nearest to a frame, at most `most` frames away. */
export function nearestCut(cuts: readonly CutMark[], frame: number, most: number): CutMark | undefined {
  return cuts
    .filter((cut) => Math.abs(cut.frame - frame) <= most)
    .toSorted((a, b) => Math.abs(a.frame - frame) - Math.abs(b.frame - frame))[0];
}
