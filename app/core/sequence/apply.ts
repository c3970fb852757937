/** Changes done to a state, and whether a state is a sequence. [Note: records] in contract/project.ts. */
import type { CurveKey } from '../../contract/jobs.ts';
import type { Change, Marker, ProjectState, TimelineClip } from '../../contract/project.ts';
import { clipEnd, clipOf, clipsInOrder, markerOf, retimeFrames } from './geometry.ts';

/** No sequence is longer than this many frames, and nothing in it starts later. */
export const MOST_FRAMES = 1e9;

/** The state after `changes`. What they say was there before is not looked at: see `staleChange`. */
export function applyChanges(state: ProjectState, changes: readonly Change[]): ProjectState {
  let { settings } = state;
  const clips = new Map(Object.entries(state.clips));
  const markers = new Map(Object.entries(state.markers));
  for (const change of changes) {
    if (change.kind === 'settings') settings = change.after;
    else if (change.kind === 'clip') put(clips, change.id, change.after);
    else put(markers, change.id, change.after);
  }
  return { settings, clips: Object.fromEntries(clips), markers: Object.fromEntries(markers) };
}

function put<T>(records: Map<string, T>, id: string, record: T | null): void {
  if (record === null) records.delete(id);
  else records.set(id, record);
}

/** The changes that undo `changes`. */
export function invert(changes: readonly Change[]): Change[] {
  return changes.toReversed().map((change) => ({ ...change, before: change.after, after: change.before }) as Change);
}

/** The first change whose `before` is not what is there, so that undoing it would not lead back; undefined when there is none. */
export function staleChange(state: ProjectState, changes: readonly Change[]): Change | undefined {
  const seen = new Set<string>();
  return changes.find((change) => {
    const name = change.kind === 'settings' ? 'settings' : `${change.kind} ${change.id}`;
    if (seen.has(name)) return true;
    seen.add(name);
    return !sameValue(recordOf(state, change) ?? null, change.before);
  });
}

function recordOf(state: ProjectState, change: Change): unknown {
  if (change.kind === 'settings') return state.settings;
  return change.kind === 'clip' ? clipOf(state, change.id) : markerOf(state, change.id);
}

/** Whether two plain values are the same as JSON: what is undefined is not there, the order of names does not matter. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, i) => sameValue(value, b[i]));
  }
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = (record: Record<string, unknown>) => Object.keys(record).filter((name) => record[name] !== undefined);
  const known = names(x);
  return (
    known.length === names(y).length && known.every((name) => Object.hasOwn(y, name) && sameValue(x[name], y[name]))
  );
}

/** Why a state is no sequence, in one sentence; null when it is one. Field types and bounds are the schema's business. */
export function problemOf(state: ProjectState): string | null {
  for (const [id, clip] of Object.entries(state.clips)) {
    const problem = clip.id === id ? clipProblem(clip, state) : 'is kept under another id';
    if (problem !== null) return `The clip '${clip.name}' ${problem}.`;
  }
  for (const [id, marker] of Object.entries(state.markers)) {
    const problem = marker.id === id ? markerProblem(marker) : 'is kept under another id';
    if (problem !== null) return `The marker '${marker.name}' ${problem}.`;
  }
  const clips = clipsInOrder(state);
  for (const [i, clip] of clips.entries()) {
    const next = clips[i + 1];
    if (next && clipEnd(clip) > next.start) return `The clips '${clip.name}' and '${next.name}' overlap.`;
  }
  return null;
}

function clipProblem(clip: TimelineClip, { settings }: ProjectState): string | null {
  const keys = keysProblem(clip.keys);
  if (keys !== null) return keys;
  if (!whole(clip.start, 0) || !whole(clip.first, 0) || !whole(clip.frames, 1)) return 'is not on whole frames';
  if (clipEnd(clip) > MOST_FRAMES) return 'ends too late';
  const frames = retimeFrames(clip.keys, settings.rate);
  if (clip.first + clip.frames > frames) return 'shows more than its retime has';
  return null;
}

/** Why keys are no retime; null when they are one. */
export function keysProblem(keys: readonly CurveKey[]): string | null {
  if (keys.length < 2) return 'has fewer than two keys';
  if (keys[0]!.output !== 0) return 'has a retime that does not start at 0';
  for (const [i, key] of keys.entries()) {
    if (!Number.isFinite(key.output) || !Number.isFinite(key.source)) return 'has a key that is no time';
    if (key.source < 0) return 'has a key before the start of its source';
    if (i > 0 && key.output <= keys[i - 1]!.output) return 'has keys that are not one after another';
  }
  return null;
}

function markerProblem(marker: Marker): string | null {
  if (!whole(marker.frame, 0) || !whole(marker.frames, 1)) return 'is not on whole frames';
  return marker.frame + marker.frames > MOST_FRAMES ? 'ends too late' : null;
}

function whole(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
