/**
 * A sequence as FCPXML 1.10.
 *
 * [Note: FCPXML] The sequence is a spine of asset-clips and gaps; all positions are exact rationals of the sequence's rate. A retime is a timeMap, which
 * is what a curve is with us: points of (time in the clip, time in the media), straight lines between them; a curved piece is told by points along
 * it, because no two programs mean the same by 'smooth'. Clips begin within their retime as ours do (`start`). A marker belongs to the clip or gap it is on; a stretch
 * is a keyword. What only Inbetween knows rides in `metadata`, which other programs keep or drop: it is believed on the way back only while the
 * timeMap is the one it was written with.
 */
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { CurveKey } from '../../../contract/jobs.ts';
import type { ProjectState, TimelineClip } from '../../../contract/project.ts';
import { TICKS, type Rational } from '../../../contract/time.ts';
import {
  clipEnd,
  clipsInOrder,
  markersInOrder,
  pieceFrames,
  retimeSourceAt,
  sequenceLength,
} from '../../sequence/geometry.ts';
import { cutFrames } from '../../sequence/snap.ts';
import { rational, toNumber } from '../../time/rational.ts';
import { frameTime, secondsTime } from './fcp-time.ts';
import { clipExtrasSchema, CUT_NAME } from './foreign.ts';
import { isPlain, timecodeSeconds, type Outgoing, type OutgoingMedia, type Written } from './outgoing.ts';
import { canDrop } from './timecode.ts';
import { xml } from './xml.ts';

/** Key of our own metadata. */
export const METADATA_KEY = 'org.inbetween.clip';
/** Points along a curved piece: one in so many frames, and so many at most. */
const POINTS = { every: 4, most: 96 };

export interface TimePoint {
  readonly time: string;
  readonly value: string;
  readonly interp: string;
}

/** A mark of a timeMap by which it is known again. */
export function mapMark(points: readonly TimePoint[]): string {
  const text = points.map(({ time, value, interp }) => `${time} ${value} ${interp}`).join(';');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

export function writeFcpxml(out: Outgoing): Written {
  const { state, name } = out;
  const { rate, width, height } = state.settings;
  const used = new Map(clipsInOrder(state).map((clip) => [clip.media, out.media.get(clip.media)]));
  const assets = new Map([...used.keys()].map((id, i) => [id, { id: `a${i + 1}`, file: used.get(id) }]));
  const notes: string[] = [];
  const sequence = xml(
    'sequence',
    {
      format: 'r1',
      duration: frameTime(spineLength(out), rate),
      tcStart: '0s',
      tcFormat: canDrop(rate) ? 'DF' : 'NDF',
      audioLayout: state.settings.channels > 2 ? 'surround' : state.settings.channels === 1 ? 'mono' : 'stereo',
      audioRate: audioRate(state.settings.sampleRate),
    },
    [xml('spine', {}, spineOf(out, assets, notes))],
  );
  const formats = [xml('format', { id: 'r1', ...formatOf(rate, { width, height }) })];
  const resources = [...assets].flatMap(([media, { id, file }], i) => {
    formats.push(xml('format', { id: `f${i + 1}`, ...formatOf(file?.rate ?? rate, file?.size ?? { width, height }) }));
    return file ? [assetOf(file, id, `f${i + 1}`, state)] : [missingAsset(media, id, `f${i + 1}`, state)];
  });
  const project = xml('project', { name }, [sequence]);
  const root = xml('fcpxml', { version: '1.10' }, [
    xml('resources', {}, [...formats, ...resources]),
    xml('library', {}, [xml('event', { name: 'Inbetween' }, [project])]),
  ]);
  if (Object.values(state.clips).some((clip) => clip.remedies.length > 0)) {
    notes.push('Remedies of single frames are kept for Inbetween only.');
  }
  return { text: `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n${root}\n`, notes };
}

function formatOf(rate: Rational, size: { width: number; height: number }): Record<string, string> {
  const { num, den } = rational(rate.num, rate.den);
  return { frameDuration: `${den}/${num}s`, width: String(size.width), height: String(size.height) };
}

function audioRate(hertz: number): string {
  const names: Record<number, string> = {
    32_000: '32k',
    44_100: '44.1k',
    88_200: '88.2k',
    96_000: '96k',
    176_400: '176.4k',
    192_000: '192k',
  };
  return names[hertz] ?? '48k';
}

function assetOf(file: OutgoingMedia, id: string, format: string, state: ProjectState): string {
  const attributes = {
    ...{
      id,
      name: file.name,
      start: secondsTime(timecodeSeconds(file)),
      duration: secondsTime(file.duration > 0 ? file.duration : lastMoment(file.id, state)),
      hasVideo: '1',
      format,
    },
    ...(file.sound
      ? {
          hasAudio: '1',
          audioSources: '1',
          audioChannels: String(file.sound.channels),
          audioRate: String(file.sound.sampleRate),
        }
      : {}),
  };
  return xml('asset', attributes, [xml('media-rep', { kind: 'original-media', src: pathToFileURL(file.path).href })]);
}

/** Of media that is not in the library any more, only what the clips say of it is known. */
function missingAsset(media: string, id: string, format: string, state: ProjectState): string {
  const name = Object.values(state.clips).find((clip) => clip.media === media)?.name ?? media;
  const src = `file:///missing/${encodeURIComponent(name)}`;
  const duration = secondsTime(lastMoment(media, state));
  return xml('asset', { id, name, start: '0s', duration, hasVideo: '1', format }, [
    xml('media-rep', { kind: 'original-media', src }),
  ]);
}

/** The latest moment of its source that any clip's retime comes to, in seconds. */
function lastMoment(media: string, state: ProjectState): number {
  const keys = Object.values(state.clips).flatMap((clip) => (clip.media === media ? clip.keys : []));
  return keys.reduce((last, key) => Math.max(last, key.source), 0);
}

interface Mark {
  readonly frame: number;
  readonly frames: number;
  readonly name: string;
  readonly note: string;
}

function marksOf({ state }: Outgoing): Mark[] {
  const cuts = clipsInOrder(state).flatMap((clip) =>
    cutFrames(clip, state.settings.rate).map((frame) => ({ frame, frames: 1, name: CUT_NAME, note: 'cut' })),
  );
  const markers = markersInOrder(state).map(({ frame, frames, name, colour }) => ({
    frame,
    frames,
    name,
    note: `colour=${colour}`,
  }));
  return [...markers, ...cuts].toSorted((a, b) => a.frame - b.frame);
}

/** Clips, and enough black behind them to hold the last marker. */
function spineLength(out: Outgoing): number {
  return marksOf(out).reduce((length, mark) => Math.max(length, mark.frame + 1), sequenceLength(out.state));
}

function spineOf(
  out: Outgoing,
  assets: ReadonlyMap<string, { id: string; file: OutgoingMedia | undefined }>,
  notes: string[],
): string[] {
  const { state } = out;
  const { rate } = state.settings;
  const marks = marksOf(out);
  const spine: string[] = [];
  let at = 0;
  const within = (end: number) => marks.splice(0, marks.filter((mark) => mark.frame < end).length);
  const gap = (end: number) => {
    if (end <= at) return;
    const held = within(end).map((mark) => markXml(mark, frameTime(mark.frame - at, rate), rate));
    const place = { name: 'Gap', offset: frameTime(at, rate), start: '0s', duration: frameTime(end - at, rate) };
    spine.push(xml('gap', place, held));
    at = end;
  };
  for (const clip of clipsInOrder(state)) {
    gap(clip.start);
    spine.push(clipXml(clip, assets.get(clip.media)!, within(clipEnd(clip)), rate, notes));
    at = clipEnd(clip);
  }
  gap(spineLength(out));
  return spine;
}

function clipXml(
  clip: TimelineClip,
  asset: { id: string; file: OutgoingMedia | undefined },
  marks: readonly Mark[],
  rate: Rational,
  notes: string[],
): string {
  const zero = timecodeSeconds(asset.file);
  const plain = isPlain(clip, rate);
  // Of a clip that is not retimed, `start` is a time of its media; of one that is, a time of its retime.
  const local = (frame: number) =>
    plain ? secondsTime(zero + (clip.first + frame) / toNumber(rate)) : frameTime(clip.first + frame, rate);
  const points = plain ? [] : pointsOf(clip, zero, rate);
  if (!plain && clip.keys.some((key) => curved(key))) {
    notes.push(`'${clip.name}' has a speed curve; FCPXML tells it by ${points.length} points along it.`);
  }
  const timeMap = plain
    ? []
    : [
        xml(
          'timeMap',
          { frameSampling: 'optical-flow', preservesPitch: clip.audio === 'tape' ? '0' : '1' },
          points.map((point) => xml('timept', { ...point })),
        ),
      ];
  const marked = marks.map((mark) => markXml(mark, local(mark.frame - clip.start), rate));
  const tags = (asset.file?.tags ?? []).map((tag) =>
    xml('keyword', { start: local(0), duration: frameTime(clip.frames, rate), value: tag, note: 'tag' }),
  );
  const { keys, ...rest } = clip;
  const own = { mark: mapMark(points), keys, first: clip.first, extras: clipExtrasSchema.parse(pick(rest)) };
  const metadata = xml('metadata', {}, [xml('md', { key: METADATA_KEY, value: JSON.stringify(own) })]);
  const place = {
    ref: asset.id,
    name: clip.name,
    offset: frameTime(clip.start, rate),
    start: local(0),
    duration: frameTime(clip.frames, rate),
  };
  return xml('asset-clip', { ...place, tcFormat: 'NDF', ...(clip.audio === 'mute' ? { srcEnable: 'video' } : {}) }, [
    ...timeMap,
    ...marked,
    ...tags,
    metadata,
  ]);
}

function pick(clip: Omit<TimelineClip, 'keys'>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(clipExtrasSchema.shape).map((name) => [name, (clip as Record<string, unknown>)[name]]),
  );
}

function markXml({ frames, name, note }: Mark, start: string, rate: Rational): string {
  const attributes = { start, duration: frameTime(frames, rate), value: name, note };
  return frames > 1 ? xml('keyword', attributes) : xml('marker', attributes);
}

function curved(key: CurveKey): boolean {
  return key.ease === 'bezier' || key.ease === 'smooth';
}

/** The retime as points; `zero` is the media's first timecode in seconds. */
function pointsOf(clip: TimelineClip, zero: number, rate: Rational): TimePoint[] {
  const points: TimePoint[] = [];
  let frame = 0;
  const point = (k: number, source: number) => {
    points.push({ time: frameTime(k, rate), value: secondsTime(zero + source), interp: 'linear' });
  };
  pieceFrames(clip.keys, rate).forEach((frames, i) => {
    const key = clip.keys[i]!;
    point(frame, key.source);
    const parts = curved(key) ? Math.min(POINTS.most, Math.ceil(frames / POINTS.every)) : 1;
    for (let part = 1; part < parts; part++) {
      const k = frame + Math.round((frames * part) / parts);
      point(k, Math.max(0, retimeSourceAt(clip.keys, rate, k) / TICKS));
    }
    // The last frame of a freeze is followed by a jump to wherever the next key is.
    if (key.ease === 'hold' && clip.keys[i + 1]!.source !== key.source && frames > 1)
      point(frame + frames - 1, key.source);
    frame += frames;
  });
  point(frame, clip.keys.at(-1)!.source);
  return points;
}
