/** Where on a timeline a board's film goes, and putting it there. Pure. */
import type { Change, ProjectState, TimelineClip } from '../../contract/project.ts';
import { TICKS } from '../../contract/time.ts';
import { changesOf } from '../sequence/draft.ts';
import { clipEnd, clipsInOrder, frameShowing, sourceAt } from '../sequence/geometry.ts';
import { toNumber } from '../time/rational.ts';
import { shownAt, type Hole, type Shown } from './from-timeline.ts';
import type { FilmEnd, Placing } from './film-rows.ts';

export interface PlaceFacts {
  /** Path of a clip of the library, by its id. */
  readonly pathOf: (media: string) => string | undefined;
  /** Whether a clip is the film of a board. */
  readonly isFilm: (media: string) => boolean;
}

/**
 * The frames between those that show the film's two ends, as the sequence is now; where it shows them no more (other stills were put on the board), the frames
 * it was asked for, if what is beside them is still the same. Undefined where neither is so, or something else has been put in there since.
 */
export function holeNow(state: ProjectState, placing: Placing, facts: PlaceFacts): Hole | undefined {
  const { at, frames, before, after } = placing;
  const first = positionOf(state, placing.first, at - 1, facts);
  const last = first === undefined ? undefined : positionOf(state, placing.last, first + frames + 1, facts);
  if (first !== undefined && last !== undefined && last > first + 1) {
    const hole = { at: first + 1, frames: last - first - 1 };
    return hole.frames === frames || isFree(state, hole, facts) ? hole : undefined;
  }
  const beside = (frame: number, shown: Shown): boolean => {
    const now = shownAt(state, frame);
    return now?.media === shown.media && now.ticks === shown.ticks;
  };
  return beside(at - 1, before) && beside(at + frames, after) ? { at, frames } : undefined;
}

/** The frame nearest to `near` at which the sequence shows a keyframe. */
function positionOf(
  state: ProjectState,
  { path, at }: FilmEnd,
  near: number,
  { pathOf }: PlaceFacts,
): number | undefined {
  if (at === null) return undefined;
  const { rate } = state.settings;
  const found = clipsInOrder(state).flatMap((clip) => {
    if (pathOf(clip.media) !== path) return [];
    const k = frameShowing(clip.keys, rate, at * TICKS, clip.first + near - clip.start);
    const frame = clip.start + k - clip.first;
    const off = Math.abs(sourceAt(clip, rate, frame - clip.start) - at * TICKS);
    const inside = frame >= clip.start && frame < clipEnd(clip);
    return inside && off <= TICKS / toNumber(rate) ? [frame] : [];
  });
  return found.toSorted((a, b) => Math.abs(a - near) - Math.abs(b - near))[0];
}

/** Nothing is in it but films of boards. */
function isFree(state: ProjectState, { at, frames }: Hole, { isFilm }: PlaceFacts): boolean {
  return clipsInOrder(state).every((clip) => clipEnd(clip) <= at || clip.start >= at + frames || isFilm(clip.media));
}

/** Puts `clip` into the hole in place of what is there. What follows moves where the film is shorter or longer, so that it leads up to its last keyframe. */
export function fillHole(state: ProjectState, { at, frames }: Hole, clip: TimelineClip): Change[] {
  return changesOf(state, (draft) => {
    draft.clear(at, at + frames);
    if (clip.frames > frames) draft.open(at + frames, clip.frames - frames);
    if (clip.frames < frames) draft.close(at + clip.frames, at + frames);
    draft.put({ ...clip, start: at });
  });
}
