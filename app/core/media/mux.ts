/** Chunks, sound and tags into the finished file, by stream copy. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../../contract/errors.ts';
import type { StreamLabels } from '../../contract/media.ts';

import { chunkTicks } from './chunk-timing.ts';
import { colourArgs } from './colour.ts';
import { writeConcatList } from './concat-list.ts';
import type { Chunk } from './concat-list.ts';
import { asEncodeError, refuseFull } from './encode.ts';
import { fileUrl, spawnFfmpeg } from './ffmpeg.ts';
import { inputArgs } from './input.ts';
import { opusDelay } from './opus-delay.ts';
import type { OutputPlan } from './output-format.ts';
import { tagsFor } from './tracks/tags.ts';
import type { ReadyTracks } from './tracks/prepare.ts';
import { labelArgs, trackArgs } from './tracks/write.ts';

export interface MuxAudio extends StreamLabels {
  /** A sound file ffmpeg reads (WAV), as long as the picture; its first sample sounds with the first frame. */
  readonly path: string;
  readonly channels: number;
}

export interface MuxRequest {
  /** In order; every chunk made by this plan. */
  readonly chunks: readonly Chunk[];
  readonly plan: OutputPlan;
  /** In order. */
  readonly sounds?: readonly MuxAudio[];
  /** Subtitles, chapters, attachments. */
  readonly tracks?: Pick<ReadyTracks, 'subtitles' | 'chapters' | 'files'>;
  /** What the source says of its picture. */
  readonly picture?: StreamLabels;
  /** The source's container tags; those that stay true of the output and that it holds are kept. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Of the first frame: 'HH:MM:SS:FF', ';' before the frames where numbers are dropped. */
  readonly timecode?: string | undefined;
  /** Where to write: a file, or for numbered images a folder (made if it is not there). */
  readonly to: string;
  /** An existing folder for small files. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
  /** Fraction of the frames written, 0..1. */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * Writes the finished file. Every packet keeps its chunk's exact time; nothing is decoded or encoded but sound. Throws encode-failed, disk-full, or
 * the abort's reason; what was written by then is the caller's to remove.
 */
export async function muxOutput(request: MuxRequest): Promise<void> {
  const { plan, chunks, to, signal, onProgress } = request;
  if (chunks.length === 0) throw new AppError('no-frames', 'There are no frames to write.');
  const folder = await mkdtemp(join(request.scratch, 'mux-'));
  try {
    const list = await writeConcatList(chunks, plan, folder);
    if (plan.container.images) await mkdir(to, { recursive: true });
    const ffmpeg = await spawnFfmpeg(await muxArgs(request, list, folder), signal ? { signal } : {});
    const frames = chunks.reduce((sum, { timestamps }) => sum + timestamps.length - 1, 0);
    try {
      for await (const line of createInterface({ input: ffmpeg.stdout })) {
        const frame = /^frame=\s*(\d+)/.exec(line)?.[1];
        if (frame !== undefined) onProgress?.(Math.min(1, Number(frame) / frames));
      }
      await ffmpeg.done;
      refuseFull(ffmpeg.tail(), to);
    } catch (error) {
      await ffmpeg.stop();
      throw asEncodeError(error, ffmpeg.tail(), to);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function muxArgs(request: MuxRequest, list: string, folder: string): Promise<string[]> {
  const { plan, to } = request;
  const { container } = plan;
  const sounds = container.images ? [] : (request.sounds ?? []);
  const inputs: string[] = [];
  for (const { path } of sounds) inputs.push(...(await inputArgs(path, await delayArgs(plan))));
  const { subtitles = [], chapters = [], files = [] } = request.tracks ?? {};
  const { kept } = tagsFor(container.name, request.tags ?? {});
  const more = { subtitles, chapters, files, tags: kept };
  const tracks = await trackArgs(more, container, 1 + sounds.length, folder);
  const hvc1 = plan.codec === 'hevc' && (container.name === 'mp4' || container.name === 'mov');
  return [
    ['-y', '-f', 'concat', '-safe', '0', '-i', fileUrl(list), ...inputs, ...tracks.inputs, '-map', '0:v:0'],
    sounds.flatMap((_, i) => ['-map', `${i + 1}:a:0`]),
    ['-c:v', 'copy', ...(container.images ? [] : colourArgs(plan.colour))],
    hvc1 ? ['-tag:v:0', 'hvc1'] : [],
    plan.retime === 'setts' ? ['-bsf:v:0', finalTiming(request)] : [],
    sounds.flatMap((sound, i) => audioArgs(sound, i, plan)),
    tracks.output,
    container.images ? [] : labelArgs('v:0', { ...request.picture, dispositions: ['default'] }, container),
    container.images ? [] : timecodeArgs(request),
    plan.decoder ? ['-metadata:s:v:0', 'alpha_mode=1'] : [],
    ['-max_muxing_queue_size', '4096', '-progress', 'pipe:1'],
    container.name === 'mp4' || container.name === 'mov' ? ['-video_track_timescale', String(plan.timescale)] : [],
    ['-f', container.muxer, ...container.muxerArgs],
    container.images ? imagesUrl(to, plan.path) : fileUrl(to),
  ].flat();
}

/**
 * The end of the film is the end of its last frame. [Note: last frame]
 *
 * Of a copied packet ffmpeg only knows how long the codec says a frame lasts, so here packets are told their length. In MP4 and MOV at a constant rate
 * all the same; otherwise none goes beyond the end, the last shown reaches it, and the last stored is decoded when it is shown, so that the track as
 * stored is as long as the track as shown. Matroska only asks where the last packet ends. Its packets come by in ticks or in milliseconds, as the
 * version of ffmpeg has it, so lengths are taken from their own times.
 */
function finalTiming({ chunks, plan }: MuxRequest): string {
  const frames = chunks.reduce((sum, { timestamps }) => sum + timestamps.length - 1, 0);
  const starts = chunks.map(({ timestamps }) => timestamps.at(-1) ?? 0);
  const end = starts.reduce((sum, length) => sum + length, 0);
  const endTicks = chunkTicks(end, plan);
  if (plan.stamped !== undefined) return unstamped(plan, frames, endTicks);
  const stored = `eq(N,${frames - 1})`;
  if (plan.container.ticks !== undefined) {
    const duration = plan.rate
      ? 'if(N,(DTS-STARTDTS)/N,DURATION)'
      : `if(${stored},${matroskaEnd(chunks, plan, frames, endTicks)},1)`;
    return `setts=pts=PTS:dts=DTS:duration='${duration}'`;
  }
  if (plan.rate) return `setts=pts=PTS:dts=DTS:duration=${chunkTicks(1, plan)}`;
  const last = chunks.at(-1)!.timestamps;
  const shown = chunkTicks(end - (last.at(-1) ?? 0) + (last.at(-2) ?? 0), plan);
  const duration = `if(gte(PTS,${shown})+${stored},${endTicks}-PTS,min(DURATION,${endTicks}-PTS))`;
  return `setts=pts=PTS:dts='if(${stored},PTS,DTS)':duration='${duration}'`;
}

/** From chunks' own clock to the film's, both in the container's ticks ([Note: alpha in chunks], output-format.ts); no packet is stored before its turn. */
function unstamped({ container, timescale }: OutputPlan, frames: number, endTicks: number): string {
  const { ticks = 1000 } = container;
  const time = (stamp: string | number): string => `floor(${stamp}*${ticks}/${timescale}+0.5)`;
  const usual = Math.max(1, Math.floor((endTicks * ticks) / timescale / frames));
  const duration = `if(eq(N,${frames - 1}),${time(endTicks)}-${time('PTS')},${usual})`;
  return `setts=pts='${time('PTS')}':dts='${time('PTS')}':duration='${duration}'`;
}

/** Length of the last stored packet, whose decoding time is that of frame `frames - 1 - reorder`. */
function matroskaEnd(chunks: readonly Chunk[], plan: OutputPlan, frames: number, endTicks: number): string {
  let at = frames - 1 - plan.reorder;
  let start = 0;
  for (const { timestamps } of chunks) {
    const known = timestamps[at];
    if (at < timestamps.length - 1 && known !== undefined) {
      const ticks = chunkTicks(start + known, plan);
      if (ticks > 0) return `max(1,DTS*${endTicks / ticks}-PTS)`;
    }
    at -= timestamps.length - 1;
    start += timestamps.at(-1) ?? 0;
  }
  return 'DURATION';
}

async function delayArgs({ audio }: OutputPlan): Promise<string[]> {
  const delay = audio?.encoder === 'libopus' ? await opusDelay() : 0;
  return delay > 0 ? ['-itsoffset', String(delay)] : [];
}

function audioArgs(audio: MuxAudio, i: number, { audio: encoding, container }: OutputPlan): string[] {
  if (!encoding) throw new Error('the plan is without sound');
  return [
    [`-c:a:${i}`, encoding.encoder, ...encoding.args.map((arg) => arg.replace(/^(-\w+):a$/, `$1:a:${i}`))],
    // Their encoders refuse some layouts of the same speakers, 5.1(side) for one.
    encoding.plainLayout && audio.channels > 2 ? [`-ac:a:${i}`, String(audio.channels)] : [],
    labelArgs(`a:${i}`, audio, container),
  ].flat();
}

/** In MP4 and MOV the timecode is the picture's own: as the file's, a cover would get one too. */
function timecodeArgs({ timecode, plan: { container } }: MuxRequest): string[] {
  if (timecode === undefined) return [];
  return [container.ticks === undefined ? '-metadata:s:v:0' : '-metadata', `timecode=${timecode}`];
}

function literal(text: string): string {
  return text.replaceAll('%', '%%');
}

/** image2's pattern: every % of the path but the number's own is doubled. */
function imagesUrl(folder: string, path: string): string {
  const [before, number, after] = splitNumber(basename(path));
  return `file:${literal(resolve(folder) + sep + before)}${number}${literal(after)}`;
}

/** The last number pattern of a name, and what is before and after it. */
export function splitNumber(name: string): [before: string, number: string, after: string] {
  const match = /^(.*)(%(?:0\d{1,2})?d)(.*)$/s.exec(name);
  if (!match) throw new AppError('output-format', `${name} has no number pattern such as %05d.`);
  return [match[1] ?? '', match[2] ?? '', match[3] ?? ''];
}
