/** A sequence of another program, as ours. */
import type { CurveKey } from '../../../contract/jobs.ts';
import type { Marker, ProjectState, SequenceSettings, TimelineClip } from '../../../contract/project.ts';
import type { Rational } from '../../../contract/time.ts';
import { newId, SPEED_LIMITS, speedKeys, wholeKeys } from '../../sequence/edits.ts';
import { retimeFrames } from '../../sequence/geometry.ts';
import { toNumber } from '../../time/rational.ts';
import { NO_CUTS, type ForeignClip, type ForeignMarker, type ForeignSequence } from './foreign.ts';

/** What is known of the media of a clip. */
export interface BuildMedia {
  readonly id: string;
  /** Seconds; undefined while nobody knows. */
  readonly duration: number | undefined;
  /** Seconds of timecode before its first frame. */
  readonly timecode: number;
}

/** A state with the clips and markers of `foreign`; `media` in the order of its clips. What did not fit is in `notes`. */
export function buildState(
  foreign: ForeignSequence,
  { settings, media, engine }: { settings: SequenceSettings; media: readonly BuildMedia[]; engine: string },
): { state: ProjectState; notes: string[] } {
  const clips: Record<string, TimelineClip> = {};
  const notes = new Set<string>();
  foreign.clips.forEach((one, i) => {
    const clip = buildClip(one, media[i]!, settings.rate, engine, notes);
    clips[clip.id] = clip;
  });
  const markers = buildMarkers(foreign.markers);
  const state = { settings, clips, markers };
  return { state, notes: [...notes] };
}

/** Markers that are no cuts. */
export function buildMarkers(foreign: readonly ForeignMarker[]): Record<string, Marker> {
  const markers = foreign
    .filter((one) => !one.cut)
    .map(({ frame, frames, name, colour }): Marker => ({ id: newId(), frame, frames, name, colour }));
  return Object.fromEntries(markers.map((marker) => [marker.id, marker]));
}

function buildClip(
  one: ForeignClip,
  media: BuildMedia,
  rate: Rational,
  engine: string,
  notes: Set<string>,
): TimelineClip {
  const { keys, first } = retimeOf(one, media, rate);
  const total = retimeFrames(keys, rate);
  const start = Math.min(first, total - 1);
  if (start + one.frames > total) notes.add(`'${one.name}' is shorter than the file says; what is not there is a gap.`);
  return {
    ...{ id: newId(), media: media.id, name: one.name, start: one.start, keys, first: start },
    ...{ frames: Math.min(one.frames, total - start), engine, audio: 'auto', cuts: NO_CUTS, holds: 'auto', maxHold: 6 },
    ...{ shutter: 0, remedies: [] },
    ...one.extras,
  };
}

function retimeOf(one: ForeignClip, media: BuildMedia, rate: Rational): { keys: CurveKey[]; first: number } {
  const { retime, frames } = one;
  if (retime.kind === 'keys') return { keys: wholeKeys(retime.keys, rate), first: retime.first };
  const step = 1 / toNumber(rate);
  // A timecode before the media's own is no timecode of it: counted from 0, as some programs do.
  const timecode = one.byTimecode && retime.from - media.timecode > -step / 2 ? media.timecode : 0;
  const from = Math.max(0, retime.from - timecode);
  if (retime.speed === 0) return { keys: still(from, frames * step), first: 0 };
  const speed =
    Math.sign(retime.speed) * Math.min(Math.max(Math.abs(retime.speed), SPEED_LIMITS.least), SPEED_LIMITS.most);
  const advance = Math.abs(speed) * step;
  const end = Math.max(media.duration ?? 0, from + frames * advance);
  // The retime covers all of the media, in steps that fall on the moment the clip begins with.
  const before = Math.floor(from / advance + 1e-6);
  const phase = from - before * advance;
  const keys = speedKeys({ from: phase > advance * 1e-6 ? phase : 0, to: end }, speed, rate);
  if (speed > 0) return { keys, first: before };
  return { keys, first: Math.max(0, retimeFrames(keys, rate) - before - frames) };
}

function still(source: number, seconds: number): CurveKey[] {
  return [
    { output: 0, source, ease: 'hold' },
    { output: seconds, source, ease: 'hold' },
  ];
}
