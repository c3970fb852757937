/** Everything but picture and sound, made ready to be written: subtitles retimed, chapters moved, attachments taken out of the source. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrackFate } from '../../../contract/jobs.ts';
import type { ChapterInfo, VideoInfo } from '../../../contract/media.ts';
import { AppError, toAppError } from '../../../contract/errors.ts';
import type { TimeMap } from '../../time/map.ts';
import { fileUrl, runFfmpeg } from '../ffmpeg.ts';
import { inputArgs } from '../input.ts';
import { ABILITIES } from './abilities.ts';
import type { ContainerName } from '../containers.ts';
import { legsOf, shownSpans, type Leg } from './inverse.ts';
import { readSubtitlePackets } from './packets-in.ts';
import { writePackets, type TimedPacket } from './packets-out.ts';
import { pictureEvents, placePictures, together } from './picture-packets.ts';
import { leftOut, type PlannedFile, type PlannedSubtitles, type TrackPlan } from './plan.ts';
import { flattened, placeText, textEvents, textPackets, type PlacedText } from './text-events.ts';
import { parseWebvtt, retimeCueText, writeWebvtt } from './webvtt.ts';

/** A subtitle track as it is to be written. */
export interface ReadySubtitles {
  readonly path: string;
  readonly planned: Pick<PlannedSubtitles, 'write' | 'stream'>;
  /** Of what is written: packets, and the end of the last in seconds where they say how long they last. */
  readonly count: number;
  readonly end?: number;
}

/** Milliseconds of the output. */
export interface ReadyChapter {
  readonly start: number;
  readonly end: number;
  readonly title: string;
}

export interface ReadyTracks {
  readonly subtitles: readonly ReadySubtitles[];
  readonly chapters: readonly ReadyChapter[];
  readonly files: readonly (PlannedFile & { readonly path: string })[];
  /** What was planned to be kept and could not be; empty as a rule. */
  readonly failed: readonly TrackFate[];
  /** One sentence each: events that were wrong. */
  readonly notes: readonly string[];
  /** Of all the files. */
  readonly bytes: number;
}

export interface PrepareTracks {
  readonly info: VideoInfo;
  readonly container: ContainerName;
  readonly map: TimeMap;
  /** The first frame on the file's clock, in seconds. */
  readonly origin: number;
  /** An existing folder. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
}

/** Makes ready what is planned. What cannot be is in `failed`. Throws only the signal's reason, disk-full and ffmpeg-missing. */
export async function prepareTracks(plan: TrackPlan, options: PrepareTracks): Promise<ReadyTracks> {
  const legs = legsOf(options.map);
  const failed: TrackFate[] = [];
  const notes: string[] = [];
  const trying = async <T>(what: string, work: () => Promise<T | undefined>): Promise<T[]> => {
    try {
      const made = await work();
      return made === undefined ? [] : [made];
    } catch (thrown) {
      const error = toAppError(thrown);
      if (!/^(ffmpeg-failed|unreadable|decode-failed)$/.test(error.code)) throw error;
      failed.push(leftOut(what, `it cannot be read (${error.message.replace(/\.$/, '')})`));
      return [];
    }
  };
  const subtitles: ReadySubtitles[] = [];
  for (const planned of plan.subtitles) {
    const made = await trying(planned.what, () => makeSubtitles(planned, legs, options, notes));
    subtitles.push(...made);
  }
  const files: (PlannedFile & { path: string })[] = [];
  for (const planned of plan.files) files.push(...(await trying(planned.what, () => takeOut(planned, options))));
  const chapters = plan.chapters ? placeChapters(options.info.chapterList ?? [], legs, options) : [];
  const sizes = await Promise.all([...subtitles, ...files].map(async ({ path }) => (await stat(path)).size));
  return { subtitles, chapters, files, failed, notes, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function makeSubtitles(
  planned: PlannedSubtitles,
  legs: readonly Leg[],
  options: PrepareTracks,
  notes: string[],
): Promise<ReadySubtitles> {
  const { read, stream, what, viaAss } = planned;
  const { info, origin, scratch, signal, container } = options;
  if (read === 'webvtt') return await makeWebvtt(planned, legs, options);
  const path = join(scratch, `track-${stream.index}.mks`);
  const source = await readSubtitlePackets({
    ...{ path: info.path, index: stream.index, codec: viaAss ? 'ass' : 'copy', scratch, signal },
  });
  if (read === 'pictures') {
    const packets = together(stream.codec, source.packets);
    const events = pictureEvents(stream.codec, packets);
    const spans = events.map(({ start, end }) => ({ start: start - origin, end: end - origin }));
    return await written(
      path,
      planned,
      stream.codec,
      source.header,
      placePictures(stream.codec, packets, events, shownSpans(legs, spans)),
    );
  }
  const { events, wrong } = textEvents(read, source, origin);
  if (wrong > 0) {
    notes.push(
      `${what}: ${wrong === 1 ? 'one event ends' : `${wrong} events end`} before it begins or ${wrong === 1 ? 'is' : 'are'} none, and ${wrong === 1 ? 'is' : 'are'} left out.`,
    );
  }
  const placed = fitted(placeText(events, shownSpans(legs, events)), container);
  return await written(path, planned, read, source.header, textPackets(placed));
}

async function written(
  path: string,
  planned: PlannedSubtitles,
  codec: string,
  header: Buffer,
  packets: readonly TimedPacket[],
): Promise<ReadySubtitles> {
  await writePackets(path, codec, header, packets);
  const end = packets.reduce((latest, packet) => Math.max(latest, packet.end ?? packet.start), 0);
  return { path, planned, count: packets.length, ...(packets.length > 0 && { end: end / 1000 }) };
}

function fitted(placed: readonly PlacedText[], container: ContainerName): readonly PlacedText[] {
  return ABILITIES[container].flat ? flattened(placed) : placed;
}

async function makeWebvtt(
  planned: PlannedSubtitles,
  legs: readonly Leg[],
  { info, origin, scratch, signal }: PrepareTracks,
): Promise<ReadySubtitles> {
  const path = join(scratch, `track-${planned.stream.index}.vtt`);
  const track = ['-map', `0:${planned.stream.index}`, '-c', 'copy', '-copyinkf', '-f', 'webvtt', fileUrl(path)];
  const options = { logLevel: 'error' as const, ...(signal && { signal }) };
  await runFfmpeg(['-y', '-copyts', ...(await inputArgs(info.path)), ...track], options);
  if ((await stat(path)).size > 64 << 20) throw new AppError('unreadable', 'it holds more than subtitles can.');
  const { head, cues } = parseWebvtt(await readFile(path, 'utf8'));
  const spans = cues.map(({ start, end }) => ({ start: start - origin, end: end - origin }));
  const shown = shownSpans(legs, spans);
  const placed = cues
    .flatMap((cue, i) =>
      shown[i]!.map(({ from, to, at }) => ({
        ...cue,
        start: Math.max(0, Math.round(from * 1000)),
        end: Math.round(to * 1000),
        text: retimeCueText(cue.text, (ms) => at(ms / 1000 - origin) * 1000),
      })),
    )
    .filter(({ start, end }) => end > start)
    .toSorted((a, b) => a.start - b.start);
  await writeFile(path, writeWebvtt(head, placed));
  const end = placed.reduce((latest, cue) => Math.max(latest, cue.end), 0);
  return { path, planned, count: placed.length, ...(placed.length > 0 && { end: end / 1000 }) };
}

async function takeOut(
  planned: PlannedFile,
  { info, scratch, signal }: PrepareTracks,
): Promise<PlannedFile & { path: string }> {
  const { stream, cover } = planned;
  // The name that the source gives is never a path here.
  const path = join(scratch, `attachment-${stream.index}`);
  const input = await inputArgs(info.path);
  const args = cover
    ? [...input, '-map', `0:${stream.index}`, '-c', 'copy', '-frames:v', '1', '-f', 'image2pipe', fileUrl(path)]
    : [
        `-dump_attachment:${stream.index}`,
        fileUrl(path),
        ...input,
        '-map',
        '0:v:0',
        '-c',
        'copy',
        '-t',
        '0',
        '-f',
        'null',
        '-',
      ];
  await rm(path, { force: true });
  await runFfmpeg(['-y', ...args], { logLevel: 'error', ...(signal && { signal }) });
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size === 0) throw new AppError('unreadable', 'it is empty.');
  return { ...planned, path };
}

/**
 * A chapter lies where its first span is shown; one that is shown several times is there several times. Those that overlap end where the next begins,
 * as players understand them.
 */
function placeChapters(
  chapters: readonly ChapterInfo[],
  legs: readonly Leg[],
  { origin, map }: PrepareTracks,
): ReadyChapter[] {
  const spans = chapters.map(({ start, end }, i) => {
    const next = chapters.slice(i + 1).find((one) => one.start > start)?.start ?? Infinity;
    return { start: start - origin, end: Math.min(end > start ? end : Infinity, next) - origin };
  });
  const shown = shownSpans(legs, spans);
  const placed = chapters
    .flatMap(({ title }, i) =>
      shown[i]!.map(({ from, to }) => ({
        title,
        start: Math.max(0, Math.round(from * 1000)),
        end: Math.round(to * 1000),
      })),
    )
    .filter(({ start, end }) => end > start && start < map.duration * 1000)
    .toSorted((a, b) => a.start - b.start);
  return placed
    .map((one, i) => ({ ...one, end: Math.min(one.end, placed[i + 1]?.start ?? one.end) }))
    .filter(({ start, end }) => end > start);
}
