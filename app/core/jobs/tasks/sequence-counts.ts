/** How many frames of a sequence come about in which way. */
import { secondsOf, type SequencePlan } from './sequence-plan.ts';

export interface SequenceCounts {
  readonly synthesised: number;
  /** Source frames at their own time, and those shown again. */
  readonly passedThrough: number;
  readonly held: number;
  /** Of gaps. */
  readonly black: number;
  /** Seconds of the file at which a new shot starts within a clip. */
  readonly cuts: number[];
}

export function countFrames(plan: SequencePlan): SequenceCounts {
  const { from, to } = plan.spec;
  const counts = { synthesised: 0, passedThrough: 0, held: 0, black: to - from };
  const cuts: number[] = [];
  for (const { clip, frames, retime } of plan.clips) {
    const shift = clip.first - clip.start;
    const end = Math.min(clip.start + clip.frames, to) + shift;
    let shot = -1;
    for (let k = Math.max(clip.start, from) + shift; k < end; k++) {
      const wanted = retime.frame(k);
      counts.black--;
      if (wanted.plan.kind !== 'source') counts.synthesised++;
      else counts[wanted.plan.held ? 'held' : 'passedThrough']++;
      const here = frames.shot(k);
      if (shot >= 0 && here !== shot) cuts.push(secondsOf(plan, k - shift - from));
      shot = here;
    }
  }
  return { ...counts, cuts };
}
