/** A state in the making. Edits change a draft; what they changed is read off by comparing. */
import type { Change, Marker, ProjectState, SequenceSettings, TimelineClip } from '../../contract/project.ts';
import type { Rational } from '../../contract/time.ts';
import { sameValue } from './apply.ts';
import { clipEnd } from './geometry.ts';

export class Draft {
  settings: SequenceSettings;
  readonly clips: Map<string, TimelineClip>;
  readonly markers: Map<string, Marker>;

  constructor(state: ProjectState) {
    this.settings = state.settings;
    this.clips = new Map(Object.entries(state.clips));
    this.markers = new Map(Object.entries(state.markers));
  }

  get rate(): Rational {
    return this.settings.rate;
  }

  state(): ProjectState {
    return {
      settings: this.settings,
      clips: Object.fromEntries(this.clips),
      markers: Object.fromEntries(this.markers),
    };
  }

  put(clip: TimelineClip): void {
    this.clips.set(clip.id, clip);
  }

  /** First to last. */
  inOrder(): TimelineClip[] {
    return [...this.clips.values()].toSorted((a, b) => a.start - b.start);
  }

  get length(): number {
    return [...this.clips.values()].reduce((length, clip) => Math.max(length, clipEnd(clip)), 0);
  }

  /** Cuts the clip that shows `frame` and did not start there in two; both go on showing what they showed. */
  splitAt(frame: number, only?: ReadonlySet<string>): void {
    for (const clip of this.clips.values()) {
      if (clip.start >= frame || clipEnd(clip) <= frame || (only && !only.has(clip.id))) continue;
      const frames = frame - clip.start;
      this.put({ ...clip, frames });
      this.put({ ...clip, id: newId(), start: frame, first: clip.first + frames, frames: clip.frames - frames });
      return;
    }
  }

  /** Takes frames [from, to) out of every clip, which leaves a gap. What is left of a clip keeps its id, of two parts the first one does. */
  clear(from: number, to: number): void {
    if (to <= from) return;
    for (const clip of this.inOrder()) {
      const end = clipEnd(clip);
      if (end <= from || clip.start >= to) continue;
      if (clip.start >= from && end <= to) this.clips.delete(clip.id);
      if (clip.start < from) this.put({ ...clip, frames: from - clip.start });
      if (end > to) {
        const rest = { start: to, first: clip.first + to - clip.start, frames: end - to };
        this.put({ ...clip, ...rest, id: clip.start < from ? newId() : clip.id });
      }
    }
  }

  /** Makes `frames` free frames at `at`: cuts the clip there in two and moves all that follows. */
  open(at: number, frames: number): void {
    this.splitAt(at);
    this.shift(at, frames);
    this.moveMarkers(
      (frame) => (frame >= at ? frame + frames : frame),
      (end) => (end > at ? end + frames : end),
    );
  }

  /** Takes empty frames [from, to) out of time: all that follows comes nearer. */
  close(from: number, to: number): void {
    this.shift(to, from - to);
    const nearer = (frame: number) => (frame >= to ? frame - (to - from) : Math.min(frame, from));
    this.moveMarkers(nearer, nearer);
  }

  /** Moves the clips that start at or after `from`; markers stay. */
  shift(from: number, frames: number): void {
    if (frames === 0) return;
    for (const clip of this.clips.values()) if (clip.start >= from) this.put({ ...clip, start: clip.start + frames });
  }

  /** Where markers' starts and (exclusive) ends are now. A point stays a point. */
  moveMarkers(start: (frame: number) => number, end: (frame: number) => number): void {
    for (const marker of this.markers.values()) {
      const frame = Math.max(0, start(marker.frame));
      const frames = marker.frames === 1 ? 1 : Math.max(1, end(marker.frame + marker.frames) - frame);
      if (frame !== marker.frame || frames !== marker.frames) this.markers.set(marker.id, { ...marker, frame, frames });
    }
  }
}

/** What `edit` did to `state`; empty when everything is as it was. */
export function changesOf(state: ProjectState, edit: (draft: Draft) => void): Change[] {
  const draft = new Draft(state);
  edit(draft);
  return changesBetween(state, draft.state());
}

/** The changes that make `after` out of `before`. */
export function changesBetween(before: ProjectState, after: ProjectState): Change[] {
  const changes: Change[] = [];
  if (!sameValue(before.settings, after.settings)) {
    changes.push({ kind: 'settings', before: before.settings, after: after.settings });
  }
  for (const [id, was, is] of differences(before.clips, after.clips)) {
    changes.push({ kind: 'clip', id, before: was, after: is });
  }
  for (const [id, was, is] of differences(before.markers, after.markers)) {
    changes.push({ kind: 'marker', id, before: was, after: is });
  }
  return changes;
}

function* differences<T>(old: Record<string, T>, now: Record<string, T>): Generator<[string, T | null, T | null]> {
  const [before, after] = [new Map(Object.entries(old)), new Map(Object.entries(now))];
  for (const [id, record] of before) {
    const next = after.get(id) ?? null;
    if (record !== next && !sameValue(record, next)) yield [id, record, next];
  }
  for (const [id, record] of after) if (!before.has(id)) yield [id, null, record];
}

/** An id for a clip or a marker: 96 random bits, in the alphabet ids have. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
