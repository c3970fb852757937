/** Edits of what belongs to a clip besides its place and speed, and of markers. */
import type { Change, Marker, ProjectState, TimelineClip } from '../../contract/project.ts';
import { changesOf, newId } from './draft.ts';

/** What of a clip may be changed without moving anything. */
export type ClipDetails = Omit<TimelineClip, 'id' | 'start' | 'keys' | 'first' | 'frames'>;

export function changeClip(state: ProjectState, id: string, details: Partial<ClipDetails>): Change[] {
  return changesOf(state, (draft) => {
    const clip = draft.clips.get(id);
    if (clip) draft.put({ ...clip, ...details });
  });
}

/** A marker at a frame; the change says the id it got. */
export function addMarker(
  state: ProjectState,
  { frame, frames = 1, name = '', colour = 'blue' }: Partial<Marker> & { frame: number },
): Change[] {
  return changesOf(state, (draft) => {
    const id = newId();
    draft.markers.set(id, { id, frame, frames, name, colour });
  });
}

export function changeMarker(state: ProjectState, id: string, partial: Partial<Omit<Marker, 'id'>>): Change[] {
  return changesOf(state, (draft) => {
    const marker = draft.markers.get(id);
    if (marker) draft.markers.set(id, { ...marker, ...partial });
  });
}

export function removeMarker(state: ProjectState, id: string): Change[] {
  return changesOf(state, (draft) => void draft.markers.delete(id));
}

/** Has the frame at source time `at` (ticks) made by another engine, or by the clip's own again where null. */
export function setRemedy(state: ProjectState, id: string, at: number, engine: string | null): Change[] {
  return changesOf(state, (draft) => {
    const clip = draft.clips.get(id);
    if (!clip) return;
    const others = clip.remedies.filter((remedy) => remedy.at !== at);
    const remedies = engine === null ? others : [...others, { at, engine }].toSorted((a, b) => a.at - b.at);
    draft.put({ ...clip, remedies });
  });
}

/** Cuts nearer to each other than this many seconds are one. */
const SAME_CUT = 1e-4;

/**
 * Says of a source time (seconds) that a new shot starts there ('add'), that none does though one was found or added ('remove'), or that
 * the one found is right ('accept').
 */
export function changeCut(
  state: ProjectState,
  id: string,
  seconds: number,
  what: 'add' | 'remove' | 'accept',
): Change[] {
  return changesOf(state, (draft) => {
    const clip = draft.clips.get(id);
    if (!clip) return;
    const wasAdded = clip.cuts.added.some((time) => Math.abs(time - seconds) < SAME_CUT);
    const without = (times: readonly number[]) => times.filter((time) => Math.abs(time - seconds) >= SAME_CUT);
    const { auto } = clip.cuts;
    const [added, removed, accepted] = [clip.cuts.added, clip.cuts.removed, clip.cuts.accepted].map(without);
    const cuts = { auto, added: added!, removed: removed!, accepted: accepted! };
    const list =
      what === 'add'
        ? cuts.added
        : what === 'accept'
          ? wasAdded
            ? cuts.added
            : cuts.accepted
          : wasAdded
            ? []
            : cuts.removed;
    list.push(seconds);
    list.sort((a, b) => a - b);
    draft.put({ ...clip, cuts });
  });
}
