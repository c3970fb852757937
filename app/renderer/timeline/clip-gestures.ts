/** What the pointer does to clips: select, move, trim, draw a frame round several. */
import type { Change, ProjectState, TimelineClip } from '../../contract/project.ts';
import { clipEnd, clipOf } from '../../core/sequence/geometry.ts';
import { moveClips, trimEnd, trimStart } from '../../core/sequence/edits.ts';
import { snap, snapDelta } from '../../core/sequence/snap.ts';
import { mac } from '../state/keys.svelte.ts';
import { follow } from './drag.ts';
import { lengthText, timecode } from './timecode.ts';
import type { TimelineView } from './view.svelte.ts';

/** Ctrl, or Cmd on a Mac. */
export function modKey(event: PointerEvent | MouseEvent | KeyboardEvent): boolean {
  return mac ? event.metaKey : event.ctrlKey;
}

/** Selects on press as editors expect: alone, added or taken with Ctrl, all between with Shift. True when the press may go on as a drag. */
export function pressClip(view: TimelineView, id: string, event: PointerEvent | MouseEvent): boolean {
  const { session } = view;
  if (event.shiftKey) {
    const ids = view.clips.map((clip) => clip.id);
    const anchor = ids.findIndex((other) => session.selection.has(other));
    const at = ids.indexOf(id);
    const [from, to] = anchor === -1 ? [at, at] : [Math.min(anchor, at), Math.max(anchor, at)];
    session.select([...session.selection, ...ids.slice(from, to + 1)]);
  } else if (modKey(event)) {
    const next = new Set(session.selection);
    if (!next.delete(id)) next.add(id);
    session.select(next);
  } else if (!session.selection.has(id)) {
    session.select([id]);
  }
  session.marker = null;
  view.current = id;
  return session.selection.has(id);
}

/** Moves the selection with the pointer: over what is there, or between the others with Ctrl held or the mode on. */
export function dragClips(view: TimelineView, id: string, down: PointerEvent): void {
  const { session } = view;
  const ids = [...session.selection];
  const moving = ids.flatMap((other) => clipOf(session.doc.state, other) ?? []);
  const edges = moving.flatMap((clip) => [clip.start, clipEnd(clip)]);
  const first = Math.min(...moving.map((clip) => clip.start));
  const grabbed = view.frameAt(down.clientX);
  const points = view.points(ids);
  const single = !down.shiftKey && !modKey(down);
  let gesture: ReturnType<typeof session.gesture> | null = null;
  let shown = '';
  follow(view, down, {
    move(frame, event) {
      gesture ??= session.gesture(ids.length > 1 ? `Move ${ids.length} clips` : 'Move');
      const wanted = Math.max(-first, frame - grabbed);
      const stuck = snapDelta(edges, wanted, points, view.tolerance);
      const delta = Math.max(-first, Math.round(stuck?.delta ?? wanted));
      view.snapped = stuck?.point ?? null;
      const how = view.inserting !== modKey(event) ? 'insert' : 'overwrite';
      // The pointer moves by less than a frame most of the time.
      if (shown === `${how} ${delta}`) return;
      shown = `${how} ${delta}`;
      gesture.update(moveClips(gesture.from, ids, delta, { how }));
    },
    end(moved) {
      if (!moved && single) session.select([id]);
      void gesture?.commit();
      const clip = clipOf(session.doc.state, id);
      if (moved && clip) view.say(`${clip.name} moved to ${timecode(clip.start, view.rate)}`);
    },
    cancel: () => gesture?.cancel(),
  });
}

/** Moves an end of a clip; what follows ripples with Alt held. */
export function dragEdge(view: TimelineView, clip: TimelineClip, edge: 'start' | 'end', down: PointerEvent): void {
  const { session } = view;
  const at = edge === 'start' ? clip.start : clipEnd(clip);
  const grabbed = view.frameAt(down.clientX);
  const points = view.points([clip.id]);
  const trim = edge === 'start' ? trimStart : trimEnd;
  let gesture: ReturnType<typeof session.gesture> | null = null;
  follow(view, down, {
    move(frame, event) {
      gesture ??= session.gesture(edge === 'start' ? 'Trim start' : 'Trim end');
      const wanted = frame - grabbed;
      const point = snap(at + wanted, points, view.tolerance);
      view.snapped = point;
      const delta = point === null ? Math.round(wanted) : point - at;
      gesture.update(trim(gesture.from, clip.id, delta, { ripple: event.altKey }));
    },
    end(moved) {
      void gesture?.commit();
      const now = clipOf(session.doc.state, clip.id);
      if (moved && now) view.say(`${now.name} is ${lengthText(now.frames, view.rate)} long`);
    },
    cancel: () => gesture?.cancel(),
  });
}

/** A frame drawn round clips, in pixels of the lanes. */
export interface Marquee {
  from: number;
  to: number;
}

/** Selects what the drawn frame touches; a click on nothing selects nothing. Tells where the frame is while it is drawn, null at its end. */
export function dragMarquee(view: TimelineView, down: PointerEvent, show: (marquee: Marquee | null) => void): void {
  const { session } = view;
  const kept = down.shiftKey || modKey(down) ? [...session.selection] : [];
  const grabbed = view.frameAt(down.clientX);
  follow(view, down, {
    move(frame) {
      const [from, to] = [Math.min(grabbed, frame), Math.max(grabbed, frame)];
      show({ from: view.x(from), to: view.x(to) });
      const inside = view.clips.filter((clip) => clip.start < to && clipEnd(clip) > from);
      session.select([...kept, ...inside.map((clip) => clip.id)]);
    },
    end(moved) {
      show(null);
      if (!moved) session.select(kept);
      session.marker = null;
      if (moved) view.say(`${session.selection.size} selected`);
    },
    cancel() {
      show(null);
      session.select(kept);
    },
  });
}

/** The same edit for each of several clips, on what the ones before it left. */
export function forEach(
  state: ProjectState,
  ids: Iterable<string>,
  edit: (state: ProjectState, id: string) => Change[],
  apply: (state: ProjectState, changes: readonly Change[]) => ProjectState,
): Change[] {
  const changes = new Map<string, Change>();
  let now = state;
  for (const id of ids) {
    const step = edit(now, id);
    now = apply(now, step);
    for (const change of step) {
      const key = change.kind === 'settings' ? change.kind : `${change.kind} ${change.id}`;
      const known = changes.get(key);
      changes.set(key, known ? ({ ...change, before: known.before } as Change) : change);
    }
  }
  return [...changes.values()].filter((change) => change.before !== null || change.after !== null);
}
