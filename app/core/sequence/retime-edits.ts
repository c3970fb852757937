/** Edits of a clip's speed. */
import type { CurveKey } from '../../contract/jobs.ts';
import type { Change, ProjectState, SequenceSettings, TimelineClip } from '../../contract/project.ts';
import type { Rational } from '../../contract/time.ts';
import { toNumber } from '../time/rational.ts';
import { changesOf, type Draft } from './draft.ts';
import { clipEnd, frameShowing, pieceFrames, retimeFrames, retimeSourceAt, sourceAt, type Window } from './geometry.ts';

/** Speeds a clip may play at, forwards or backwards. */
export const SPEED_LIMITS = { least: 0.01, most: 100 };

/** Keys moved to where their pieces last whole frames, at least one each, the first at 0; sources not before the start. Fewer than two keys stay. */
export function wholeKeys(keys: readonly CurveKey[], rate: Rational): CurveKey[] {
  const sorted = keys.toSorted((a, b) => a.output - b.output);
  let frame = 0;
  return sorted.map((key, i) => {
    const before = sorted[i - 1];
    if (before) frame += Math.max(1, Math.round((key.output - before.output) * toNumber(rate)));
    return { ...key, output: secondsOf(frame, rate), source: Math.max(0, key.source) };
  });
}

/**
 * Gives a clip another retime; keys are moved to whole frames. An end that showed the end of the old retime shows the end of the new one; a trimmed
 * end stays on the moment of the source it was trimmed to, as near as the new retime comes to it. The clip stays where it starts, and what
 * follows ripples; markers on it stay on the moments they mark.
 */
export function setKeys(state: ProjectState, id: string, keys: readonly CurveKey[]): Change[] {
  return changesOf(state, (draft) => {
    const clip = draft.clips.get(id);
    if (!clip || keys.length < 2) return;
    const next = wholeKeys(keys, draft.rate);
    resize(draft, clip, { ...clip, ...windowOf(clip, next, draft.rate) });
  });
}

/** Plays the whole of what a clip's retime covers at one speed, backwards where negative. 1/1 puts every frame on one of the source's. */
export function setSpeed(state: ProjectState, id: string, speed: number): Change[] {
  const clip = state.clips[id];
  if (!Object.hasOwn(state.clips, id) || !clip || !(Math.abs(speed) > 0)) return [];
  return setKeys(state, id, speedKeys(sourceSpan(clip.keys, state.settings.rate), speed, state.settings.rate));
}

/**
 * The keys that play the source from `from` to `to` seconds at a constant speed, limited to SPEED_LIMITS. The last frame is the last one that
 * begins before `to`. Backwards begins a step before `to` and ends on `from`, so that the same moments are shown as forwards.
 */
export function speedKeys(span: { from: number; to: number }, speed: number, rate: Rational): CurveKey[] {
  const pace = Math.min(Math.max(Math.abs(speed), SPEED_LIMITS.least), SPEED_LIMITS.most);
  const frames = Math.max(1, Math.ceil((span.to - span.from) * (toNumber(rate) / pace) - 1e-6));
  const end = secondsOf(frames, rate);
  const key = (output: number, source: number, ease: CurveKey['ease'] = 'linear'): CurveKey => ({
    output,
    source,
    ease,
  });
  if (speed > 0) return [key(0, span.from), key(end, span.from + end * pace)];
  if (frames === 1) return [key(0, span.from, 'hold'), key(end, span.from, 'hold')];
  const turn = secondsOf(frames - 1, rate);
  return [key(0, span.from + turn * pace), key(turn, span.from, 'hold'), key(end, span.from, 'hold')];
}

/** The part of the source a retime shows, in seconds. Where the latest moment is shown before the end, as in a reverse, its frame belongs to it. */
export function sourceSpan(keys: readonly CurveKey[], rate: Rational): { from: number; to: number } {
  const sources = keys.map((key) => key.source);
  const from = Math.min(...sources);
  const to = Math.max(...sources);
  const top = sources.indexOf(to);
  const next = keys[top + 1];
  if (!next) return { from, to };
  const step = next.source < to ? (to - next.source) / pieceFrames(keys, rate)[top]! : secondsOf(1, rate);
  return { from, to: to + step };
}

/** Gives the sequence other settings. With another rate, positions and retimes are moved to the frames of it that are nearest in time. */
export function changeSettings(state: ProjectState, settings: SequenceSettings): Change[] {
  return changesOf(state, (draft) => {
    const scale = toNumber(settings.rate) / toNumber(draft.rate);
    draft.settings = settings;
    if (scale === 1) return;
    let [before, end] = [0, 0];
    for (const clip of draft.inOrder()) {
      const keys = conformed(clip.keys, state.settings.rate, settings.rate);
      const total = retimeFrames(keys, settings.rate);
      const whole = clip.first === 0 && clip.frames === retimeFrames(clip.keys, state.settings.rate);
      const first = Math.min(Math.round(clip.first * scale), total - 1);
      const frames = whole ? total : Math.min(Math.max(1, Math.round(clip.frames * scale)), total - first);
      const start = end + Math.round((clip.start - before) * scale);
      draft.put({ ...clip, keys, first, frames, start });
      [before, end] = [clipEnd(clip), start + frames];
    }
    draft.moveMarkers(
      (frame) => Math.round(frame * scale),
      (frame) => Math.round(frame * scale),
    );
  });
}

/** Keys for another rate. A constant speed stays exactly that. */
function conformed(keys: readonly CurveKey[], old: Rational, rate: Rational): CurveKey[] {
  const [a, b] = [keys[0]!, keys[1]!];
  const constant = keys.length === 2 && a.ease === 'linear' && b.source > a.source;
  return constant ? speedKeys(sourceSpan(keys, old), (b.source - a.source) / b.output, rate) : wholeKeys(keys, rate);
}

/** The window on `keys` that shows what `clip` shows of its own. */
function windowOf(clip: TimelineClip, keys: CurveKey[], rate: Rational): Window {
  const [old, total] = [retimeFrames(clip.keys, rate), retimeFrames(keys, rate)];
  const [atStart, atEnd] = [clip.first === 0, clip.first + clip.frames === old];
  if (atStart && atEnd) return { keys, first: 0, frames: total };
  const [from, to] = [sourceAt(clip, rate, 0), sourceAt(clip, rate, clip.frames)];
  const near = (k: number) => (k / old) * total;
  let [first, end] = [0, total];
  if (direction(clip.keys) * direction(keys) >= 0) {
    if (!atStart) first = frameShowing(keys, rate, from, near(clip.first));
    if (!atEnd) end = frameShowing(keys, rate, to, near(clip.first + clip.frames));
  } else {
    // Turned round: the moment that was first is shown last. A frame shows the moment it begins at, so the bounds change sides by a frame.
    if (!atEnd) first = after(keys, rate, to, frameShowing(keys, rate, to, total - near(clip.first + clip.frames)));
    if (!atStart) end = frameShowing(keys, rate, from, total - near(clip.first)) + 1;
  }
  first = Math.min(Math.max(first, 0), total - 1);
  return { keys, first, frames: Math.max(1, Math.min(end, total) - first) };
}

/** Of a retime that runs backwards, `k` or the frame after it: the first that is before the moment `ticks`. */
function after(keys: CurveKey[], rate: Rational, ticks: number, k: number): number {
  return retimeSourceAt(keys, rate, k) < ticks - 1 ? k : k + 1;
}

function direction(keys: readonly CurveKey[]): number {
  return Math.sign(keys.at(-1)!.source - keys[0]!.source);
}

/** Puts `next` in the place of `clip`, of another length; what follows moves, markers on it stay on their moments. */
function resize(draft: Draft, clip: TimelineClip, next: TimelineClip): void {
  const [end, by] = [clipEnd(clip), next.frames - clip.frames];
  const onIt = (frame: number): number => {
    const moment = sourceAt(clip, draft.rate, frame - clip.start);
    const near = next.first + ((frame - clip.start) / clip.frames) * next.frames;
    const k = frameShowing(next.keys, draft.rate, moment, near) - next.first;
    return clip.start + Math.min(Math.max(k, 0), next.frames - 1);
  };
  draft.shift(end, by);
  draft.put(next);
  draft.moveMarkers(
    (frame) => (frame >= end ? frame + by : frame >= clip.start ? onIt(frame) : frame),
    (frame) => (frame >= end ? frame + by : frame > clip.start ? onIt(frame - 1) + 1 : frame),
  );
}

function secondsOf(frames: number, rate: Rational): number {
  return (frames * rate.den) / rate.num;
}
