/** A project on its way to another program: its sequence, and where its media are. */
import type { ProjectState, TimelineClip } from '../../../contract/project.ts';
import { TICKS, type Rational } from '../../../contract/time.ts';
import type { ClipRow } from '../../library/clip-rows.ts';
import { retimeFrames, sourceAt, speedAt } from '../../sequence/geometry.ts';
import { standardRate, toNumber } from '../../time/rational.ts';
import { canDrop, framesOf, parseTimecode } from './timecode.ts';

export interface OutgoingMedia {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly hash: string | null;
  readonly bytes: number;
  /** Seconds. */
  readonly duration: number;
  readonly rate: Rational | undefined;
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly sound: { readonly channels: number; readonly sampleRate: number } | undefined;
  /** Frames of its own rate before its first frame, by the timecode in the file. */
  readonly timecode: { readonly frames: number; readonly drop: boolean } | undefined;
  readonly tags: readonly string[];
}

export interface Outgoing {
  readonly name: string;
  readonly state: ProjectState;
  /** By id; what is not in the library any more is not here. */
  readonly media: ReadonlyMap<string, OutgoingMedia>;
  /** Painted masks as base64, by id; for what can take them along. */
  readonly masks?: Readonly<Record<string, string>>;
}

export interface Written {
  readonly text: string;
  /** What the format cannot say. */
  readonly notes: string[];
}

export function outgoingMedia(row: ClipRow, tags: readonly string[]): OutgoingMedia {
  const { id, name, path, hash, bytes, info } = row;
  const video = info?.video;
  const claimed = video?.averageRate ?? video?.nominalRate;
  const rate = claimed && claimed.num > 0 ? (standardRate(toNumber(claimed), 1e-4) ?? claimed) : undefined;
  const [sound] = info?.audio ?? [];
  return {
    ...{ id, name, path, hash, bytes, rate, tags },
    duration: row.duration ?? info?.duration ?? 0,
    size: video && { width: video.width, height: video.height },
    sound: sound && { channels: sound.channels, sampleRate: sound.sampleRate },
    timecode: rate && startTimecode(info?.tags['timecode'], rate),
  };
}

/** The timecode of a file's first frame, in frames of its rate. */
export function startTimecode(tag: string | undefined, rate: Rational): OutgoingMedia['timecode'] {
  const code = tag === undefined ? undefined : parseTimecode(tag);
  if (!code || code.frames >= Math.round(toNumber(rate))) return undefined;
  const drop = code.drop && canDrop(rate);
  return { frames: framesOf(code, rate, drop), drop };
}

/** Seconds before a file's first frame, by its timecode. */
export function timecodeSeconds(media: Pick<OutgoingMedia, 'timecode' | 'rate'> | undefined): number {
  return media?.timecode && media.rate ? media.timecode.frames / toNumber(media.rate) : 0;
}

/** The one speed of what a clip shows; undefined where it changes. */
export function constantSpeed(clip: TimelineClip, rate: Rational): number | undefined {
  const first = speedAt(clip, rate, 0);
  // A reverse ends in one frame that stands still on the first moment of its source.
  const last = Math.max(0, clip.frames - 2);
  for (let i = 0; i <= 16; i++) {
    if (Math.abs(speedAt(clip, rate, (last * i) / 16) - first) > 2e-4 * Math.max(1, Math.abs(first))) return undefined;
  }
  return straight(clip, rate) ? first : undefined;
}

/** Whether every shown frame is where the first and the last one say. */
function straight(clip: TimelineClip, rate: Rational): boolean {
  const last = clip.frames - 1;
  const [from, to] = [sourceAt(clip, rate, 0), sourceAt(clip, rate, last)];
  const keys = clip.keys.filter((_, i) => i > 0 && i < clip.keys.length - 1);
  if (keys.length === 0) return true;
  const step = Math.max(1, Math.floor(clip.frames / 2000));
  for (let k = 1; k < last; k += step) {
    if (Math.abs(sourceAt(clip, rate, k) - from - ((to - from) * k) / last) > TICKS * 1e-4) return false;
  }
  return true;
}

/** The moments a clip shows, in seconds: from the earliest on, up to where the latest shown frame ends. */
export function shownSpan(clip: TimelineClip, rate: Rational): { from: number; to: number } {
  const first = sourceAt(clip, rate, 0) / TICKS;
  const end = sourceAt(clip, rate, clip.frames) / TICKS;
  if (end > first) return { from: first, to: end };
  const last = sourceAt(clip, rate, clip.frames - 1) / TICKS;
  const step = clip.frames > 1 ? (first - last) / (clip.frames - 1) : 1 / toNumber(rate);
  return { from: last, to: first + step };
}

/** Whether a clip is as it comes from the camera: speed 1 from the start of its source. */
export function isPlain(clip: TimelineClip, rate: Rational): boolean {
  const [first, last] = [clip.keys[0]!, clip.keys.at(-1)!];
  const whole = Math.round(last.source * toNumber(rate));
  return (
    clip.keys.length === 2 &&
    first.ease === 'linear' &&
    first.source === 0 &&
    Math.abs(last.source * toNumber(rate) - whole) < 1e-6 &&
    retimeFrames(clip.keys, rate) === whole
  );
}
