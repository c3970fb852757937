/**
 * Edits of where clips are and how much of them is shown. Each is a pure function from a state to changes, and gives none where there is
 * nothing to do. None changes which moment of its source a frame that stays shows.
 *
 * [Note: ripple] A rippling edit adds or takes away time: all that follows moves by as much, so gaps keep their length, and markers stay on
 * what they mark. Any other edit leaves time alone: what it takes away leaves a gap.
 */
import type { Change, ProjectState, TimelineClip } from '../../contract/project.ts';
import { retimeFrames, clipEnd } from './geometry.ts';
import { changesOf, Draft, newId } from './draft.ts';

/** Cuts clips at a frame; all, or those with `ids`. The first part keeps the id. */
export function splitAt(state: ProjectState, frame: number, ids?: readonly string[]): Change[] {
  return changesOf(state, (draft) => draft.splitAt(frame, ids && new Set(ids)));
}

/** Takes clips away and closes the gap they leave; gaps that were there before stay. */
export function rippleDelete(state: ProjectState, ids: readonly string[]): Change[] {
  return changesOf(state, (draft) => {
    const gone = chosen(draft, ids);
    for (const clip of gone) draft.clips.delete(clip.id);
    // From the last to the first, so that what is still to be closed has not moved.
    for (const clip of gone.toReversed()) draft.close(clip.start, clipEnd(clip));
  });
}

/** Takes clips away and leaves a gap. */
export function lift(state: ProjectState, ids: readonly string[]): Change[] {
  return changesOf(state, (draft) => ids.forEach((id) => draft.clips.delete(id)));
}

/**
 * Moves a clip's in point by `delta` frames, later where positive, as far as its retime, its neighbour and its last frame let it. Rippling, the
 * clip stays where it starts and what follows moves.
 */
export function trimStart(state: ProjectState, id: string, delta: number, { ripple }: { ripple: boolean }): Change[] {
  return changesOf(state, (draft) => {
    const clip = draft.clips.get(id);
    if (!clip) return;
    const free = ripple ? Infinity : clip.start - endBefore(draft, clip);
    const by = within(delta, -Math.min(clip.first, free), clip.frames - 1);
    const trimmed = { ...clip, first: clip.first + by, frames: clip.frames - by };
    if (!ripple) return draft.put({ ...trimmed, start: clip.start + by });
    draft.clips.delete(id);
    if (by > 0) draft.close(clip.start, clip.start + by);
    else draft.open(clip.start, -by);
    draft.put(trimmed);
  });
}

/** Moves a clip's out point by `delta` frames, later where positive; the same limits. */
export function trimEnd(state: ProjectState, id: string, delta: number, { ripple }: { ripple: boolean }): Change[] {
  return changesOf(state, (draft) => {
    const clip = draft.clips.get(id);
    if (!clip) return;
    const left = retimeFrames(clip.keys, draft.rate) - clip.first - clip.frames;
    const free = ripple ? Infinity : startAfter(draft, clip) - clipEnd(clip);
    const by = within(delta, 1 - clip.frames, Math.min(left, free));
    draft.clips.delete(id);
    if (ripple && by > 0) draft.open(clipEnd(clip), by);
    if (ripple && by < 0) draft.close(clipEnd(clip) + by, clipEnd(clip));
    draft.put({ ...clip, frames: clip.frames + by });
  });
}

/** What moving clips does to those it meets: put over them, or put between them, where time opens and closes. */
export type MoveHow = 'overwrite' | 'insert';

/**
 * Moves clips by `delta` frames. 'overwrite': they leave gaps, and what they land on is trimmed, cut in two or taken away. 'insert': they are taken
 * out (the gap closes) and put in before the frame `delta` after the first one's start, as the sequence is now; a clip there is cut in two.
 */
export function moveClips(
  state: ProjectState,
  ids: readonly string[],
  delta: number,
  { how }: { how: MoveHow },
): Change[] {
  return changesOf(state, (draft) => {
    const moving = chosen(draft, ids);
    const first = moving[0];
    if (!first || delta === 0) return;
    const by = Math.max(Math.round(delta), -first.start);
    if (how === 'insert') return moveBetween(draft, moving, first.start + by);
    for (const clip of moving) draft.clips.delete(clip.id);
    for (const clip of moving) draft.clear(clip.start + by, clipEnd(clip) + by);
    for (const clip of moving) draft.put({ ...clip, start: clip.start + by });
  });
}

/** Takes `moving` out and puts it in at frame `to` of the sequence as it was. Clips with nothing but a gap between them keep that gap. */
function moveBetween(draft: Draft, moving: readonly TimelineClip[], to: number): void {
  const runs = runsOf(draft, moving);
  const only = runs.length === 1 ? runs[0] : undefined;
  if (only && only.from <= to && to <= only.end) return;
  const carried = [...draft.markers.values()].filter((marker) => runs.some((run) => holds(run, marker.frame)));
  for (const clip of moving) draft.clips.delete(clip.id);
  for (const marker of carried) draft.markers.delete(marker.id);
  let at = to;
  for (const { from, end } of runs.toReversed()) {
    draft.close(from, end);
    at -= Math.max(0, Math.min(at, end) - from);
  }
  draft.open(
    at,
    runs.reduce((sum, { from, end }) => sum + end - from, 0),
  );
  for (const run of runs) {
    for (const clip of moving) if (holds(run, clip.start)) draft.put({ ...clip, start: clip.start - run.from + at });
    for (const marker of carried) {
      if (holds(run, marker.frame)) draft.markers.set(marker.id, { ...marker, frame: marker.frame - run.from + at });
    }
    at += run.end - run.from;
  }
}

interface Run {
  from: number;
  end: number;
}

function holds(run: Run, frame: number): boolean {
  return run.from <= frame && frame < run.end;
}

/** Stretches of clips that follow each other with no other clip between. */
function runsOf(draft: Draft, moving: readonly TimelineClip[]): Run[] {
  const ids = new Set(moving.map((clip) => clip.id));
  const runs: Run[] = [];
  let open = false;
  for (const clip of draft.inOrder()) {
    const taken = ids.has(clip.id);
    const last = runs.at(-1);
    if (taken && open && last) last.end = clipEnd(clip);
    else if (taken) runs.push({ from: clip.start, end: clipEnd(clip) });
    open = taken;
  }
  return runs;
}

/**
 * Puts new clips in, the earliest at frame `at`, the others at their distance from it (or behind each other where they would overlap).
 * 'insert' cuts the clip there in two and moves what follows; 'overwrite' takes the place of what is there. An id that is taken is replaced; what a clip
 * shows beyond its retime at this sequence's rate is left out.
 */
export function insertClips(
  state: ProjectState,
  at: number,
  clips: readonly TimelineClip[],
  how: MoveHow = 'insert',
): Change[] {
  return changesOf(state, (draft) => {
    const placed: TimelineClip[] = [];
    const sorted = clips.toSorted((a, b) => a.start - b.start);
    let end = at;
    for (const { frames, ...clip } of sorted) {
      const left = retimeFrames(clip.keys, draft.rate) - clip.first;
      if (left < 1) continue;
      const start = Math.max(end, at + clip.start - sorted[0]!.start);
      placed.push({ ...clip, start, frames: Math.min(frames, left) });
      end = start + Math.min(frames, left);
    }
    if (how === 'insert') draft.open(at, end - at);
    else for (const clip of placed) draft.clear(clip.start, clipEnd(clip));
    for (const clip of placed) draft.put(draft.clips.has(clip.id) ? { ...clip, id: newId() } : clip);
  });
}

/** Takes out the gap that `frame` is in: what follows comes up to the clip before it, or to the start. */
export function closeGap(state: ProjectState, frame: number): Change[] {
  return changesOf(state, (draft) => {
    const clips = draft.inOrder();
    const next = clips.find((clip) => clipEnd(clip) > frame);
    if (!next || next.start <= frame) return;
    draft.close(endBefore(draft, next), next.start);
  });
}

/** The clips with `ids`, first to last. */
function chosen(draft: Draft, ids: readonly string[]): TimelineClip[] {
  const wanted = new Set(ids);
  return draft.inOrder().filter((clip) => wanted.has(clip.id));
}

/** Where the clip before ends; 0 when there is none. */
function endBefore(draft: Draft, clip: TimelineClip): number {
  return draft.inOrder().reduce((end, other) => (other.start < clip.start ? clipEnd(other) : end), 0);
}

function startAfter(draft: Draft, clip: TimelineClip): number {
  return draft.inOrder().find((other) => other.start > clip.start)?.start ?? Infinity;
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(Math.round(value), least), most);
}
