/**
 * Which synthesised frames to look at, and in which order.
 *
 * [Note: suspicious frames] A frame is suspicious when its confidence is low in itself, or low among the frames of its own clip: footage with grain or water
 * never gets a high one, and there only what sticks out is news. The median and the median distance from it say what is usual, since both stay
 * put when some frames are very bad. Of neighbours that are all bad only the worst is a stop: the others are seen on the way.
 *
 * The key goes to the worst frame first and on to the next worse, wherever they are, not from left to right: who has a minute for a long sequence
 * spends it on what is most likely wrong, and each press shows something at least as worth looking at as the next one would. What was looked at
 * is not shown again until all was; a remedied frame is no suspect any more.
 */
import { FRAME_KINDS, type ClipPreview } from '../../contract/preview.ts';
import type { TimelineClip } from '../../contract/project.ts';

export interface Suspect {
  clip: string;
  /** Frame of the sequence, and counted from the clip's first shown one. */
  frame: number;
  index: number;
  /** `Remedy.at` of it. */
  at: number;
  confidence: number;
}

/** Confidence below which a frame is suspicious whatever its clip is like. */
export const DOUBTFUL = 0.5;
/** Nearer than this to the clip's median it never is, however alike the others are. */
const LEAST_DROP = 0.08;
/** Median distances from the median that are no usual variation any more. */
const OUTLIER = 6;
/** Frames on both sides within which only the worst is a stop. */
const NEIGHBOURS = 3;

const REMEDIED = FRAME_KINDS.indexOf('remedied');

/** Worst first; of equally bad ones the earlier first. */
export function suspectsOf(
  clips: Iterable<TimelineClip>,
  previewOf: (clip: string) => ClipPreview | undefined,
): Suspect[] {
  const suspects: Suspect[] = [];
  for (const clip of clips) {
    const preview = previewOf(clip.id);
    if (!preview) continue;
    for (const suspect of suspectsIn(clip, preview)) suspects.push({ ...suspect, frame: clip.start + suspect.index });
  }
  return suspects.toSorted((a, b) => a.confidence - b.confidence || a.frame - b.frame);
}

/** Plans are never changed in place: what follows from one is kept as long as it. Where the clip lies makes no difference. */
const judged = new WeakMap<ClipPreview, { clip: TimelineClip; suspects: readonly Suspect[] }>();

/** Of one clip, in order, with `frame` counted from the clip's start. */
export function suspectsIn(clip: TimelineClip, preview: ClipPreview): readonly Suspect[] {
  const before = judged.get(preview);
  if (before && before.clip.remedies === clip.remedies && before.clip.frames === clip.frames) return before.suspects;
  const suspects = judge(clip, preview);
  judged.set(preview, { clip, suspects });
  return suspects;
}

function judge(clip: TimelineClip, { confidence, kinds, sources }: ClipPreview): Suspect[] {
  const remedied = new Set(clip.remedies.map(({ at }) => at));
  const doubt = (index: number): number | null =>
    kinds[index] === REMEDIED || remedied.has(sources[index] ?? -1) ? null : (confidence[index] ?? null);
  const limit = limitOf(confidence);
  const suspects: Suspect[] = [];
  for (let index = 0; index < Math.min(confidence.length, clip.frames); index++) {
    const value = doubt(index);
    if (value === null || value >= limit || !worstNearby(index, value, doubt)) continue;
    suspects.push({ clip: clip.id, frame: index, index, at: sources[index]!, confidence: value });
  }
  return suspects;
}

function worstNearby(index: number, value: number, doubt: (index: number) => number | null): boolean {
  for (let by = 1; by <= NEIGHBOURS; by++) {
    const [before, after] = [doubt(index - by), doubt(index + by)];
    if ((before !== null && before <= value) || (after !== null && after < value)) return false;
  }
  return true;
}

/** Confidence below which a frame of these is suspicious. */
export function limitOf(confidence: readonly (number | null)[]): number {
  const known = confidence.filter((value) => value !== null).toSorted((a, b) => a - b);
  if (known.length < 4) return DOUBTFUL;
  const median = known[known.length >> 1]!;
  const distances = known.map((value) => Math.abs(value - median)).toSorted((a, b) => a - b);
  const usual = distances[distances.length >> 1]!;
  return Math.max(DOUBTFUL, median - Math.max(LEAST_DROP, OUTLIER * usual));
}

/** Walks through suspects and remembers what was seen. */
export class SuspectWalk {
  /** In the order of looking. */
  #seen: string[] = [];
  #at = -1;

  next(suspects: readonly Suspect[]): Suspect | null {
    const ahead = this.#find(suspects, this.#at + 1, 1);
    if (ahead) return ahead;
    const seen = new Set(this.#seen);
    let fresh = suspects.find((suspect) => !seen.has(keyOf(suspect)));
    if (!fresh) {
      // All were looked at: from the worst again.
      [this.#seen, this.#at] = [[], -1];
      fresh = suspects[0];
    }
    if (!fresh) return null;
    this.#seen.push(keyOf(fresh));
    this.#at = this.#seen.length - 1;
    return fresh;
  }

  /** What was looked at before; from the first one back, the least suspicious. */
  previous(suspects: readonly Suspect[]): Suspect | null {
    const before = this.#find(suspects, this.#at - 1, -1);
    if (before) return before;
    const last = suspects.at(-1);
    if (!last) return null;
    this.#seen = [keyOf(last)];
    this.#at = 0;
    return last;
  }

  #find(suspects: readonly Suspect[], from: number, way: 1 | -1): Suspect | null {
    for (let at = from; at >= 0 && at < this.#seen.length; at += way) {
      const found = suspects.find((suspect) => keyOf(suspect) === this.#seen[at]);
      if (!found) continue;
      this.#at = at;
      return found;
    }
    return null;
  }
}

function keyOf({ clip, at }: Suspect): string {
  return `${clip} ${at}`;
}
