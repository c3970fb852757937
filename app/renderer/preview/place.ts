/** Where the picture of a frame of the sequence comes from. Pure. */
import { FRAME_KINDS, type ClipPreview, type FrameKind, type PreviewChunk } from '../../contract/preview.ts';
import type { ProjectState, TimelineClip } from '../../contract/project.ts';
import { TICKS } from '../../contract/time.ts';
import { clipAt, sourceAt } from '../../core/sequence/geometry.ts';

/** A picture of a source (or its proxy). */
export interface SourcePlace {
  /** Id of the clip in the library. */
  media: string;
  /** From the source's first frame. */
  seconds: number;
  /** The nearest frame, or the last at or before. */
  choice: 'nearest' | 'last';
}

export type Place =
  | { kind: 'black' }
  | { kind: 'source'; clip: TimelineClip; source: SourcePlace; frameKind: FrameKind; rendered: true }
  /** Not rendered (yet): the nearest real picture stands in for it. */
  | { kind: 'source'; clip: TimelineClip; source: SourcePlace; frameKind: FrameKind | null; rendered: false }
  | {
      kind: 'chunk';
      clip: TimelineClip;
      source: SourcePlace;
      frameKind: FrameKind;
      chunk: PreviewChunk;
      index: number;
    };

/** What a plan was made for. */
export interface PlannedClip {
  preview: ClipPreview;
  made: TimelineClip;
}

/** Whether the plan made for `made` still tells the frames of `clip`: it was at most moved, trimmed or renamed since. */
export function stillHolds(made: TimelineClip, clip: TimelineClip): boolean {
  return MADE_OF.every((field) => same(made[field], clip[field]));
}

const MADE_OF = ['media', 'keys', 'engine', 'cuts', 'holds', 'maxHold', 'mask', 'shutter', 'remedies'] as const;

/** What comes back from the core is another object with the same in it. */
function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));
}

export function placeOf(state: ProjectState, plans: ReadonlyMap<string, PlannedClip>, frame: number): Place {
  const clip = clipAt(state, frame);
  if (!clip) return { kind: 'black' };
  const ticks = sourceAt(clip, state.settings.rate, frame - clip.start);
  const plan = plans.get(clip.id);
  // Position in the whole retime, and in the plan's arrays.
  const inRetime = clip.first + frame - clip.start;
  const at = plan && stillHolds(plan.made, clip) ? inRetime - plan.made.first : -1;
  const planned = plan?.preview.sources[at];
  if (!plan || planned === undefined) {
    return { kind: 'source', clip, source: near(clip, ticks), frameKind: null, rendered: false };
  }
  const frameKind = FRAME_KINDS[plan.preview.kinds[at] ?? 0] ?? 'real';
  const source = { ...near(clip, planned), choice: frameKind === 'held' ? ('last' as const) : ('nearest' as const) };
  const chunk = plan.preview.chunks.find(({ first, frames }) => inRetime >= first && inRetime < first + frames);
  if (chunk?.ready) return { kind: 'chunk', clip, source, frameKind, chunk, index: inRetime - chunk.first };
  if (plan.preview.direct || frameKind === 'real' || frameKind === 'held') {
    return { kind: 'source', clip, source, frameKind, rendered: true };
  }
  return { kind: 'source', clip, source, frameKind, rendered: false };
}

function near(clip: TimelineClip, ticks: number): SourcePlace {
  return { media: clip.media, seconds: Math.max(0, ticks) / TICKS, choice: 'nearest' };
}
