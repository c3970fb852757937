/** The finished file against its plan, read back from the disk before the job says done. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { mulDivRound } from '../time/rational.ts';
import { chunkTicks } from './chunk-timing.ts';
import { splitNumber } from './mux.ts';
import type { OutputPlan } from './output-format.ts';
import { readPackets } from './packets.ts';
import type { PacketStream } from './packets.ts';
import { probe } from './probe.ts';
import type { ReadyTracks } from './tracks/prepare.ts';
import { packetsOf } from './tracks/write.ts';

export interface Expectation {
  readonly plan: OutputPlan;
  /** Frames of the film. */
  readonly frames: number;
  /** Start of frame k in the plan's time base, the first 0; k = frames is the end. */
  readonly timestamp: (k: number) => number;
  /** Seconds of each sound put in, in order. */
  readonly sounds?: readonly number[];
  /** The tracks put in beside picture and sound; none unless given. */
  readonly tracks?: Pick<ReadyTracks, 'subtitles' | 'chapters' | 'files'> & { readonly timecode?: string | undefined };
  /** How far the end of the sound may lie from where it was put, in seconds; default one frame, at least a millisecond. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
}

export interface Verified {
  readonly verified: true;
  readonly frames: number;
  /** Seconds of picture as the file says. */
  readonly duration: number;
  /** End of sound minus end of picture, in milliseconds, of the sound that is furthest off; 0 without sound. */
  readonly avDriftMs: number;
}

/**
 * Checks number, time and length of the frames, size, pixel format, colour tags, and the streams there are; measures the sound.
 * `path` is the file, or the folder of numbered images. Throws verify-failed with what differs.
 */
export async function verifyOutput(path: string, expected: Expectation): Promise<Verified> {
  if (expected.plan.container.images) return await verifyImages(path, expected);
  const { signal } = expected;
  let info: VideoInfo;
  let streams: PacketStream[];
  try {
    info = await probe(path, signal ? { signal } : {});
    streams = await readPackets(path, signal);
  } catch (error) {
    const known = toAppError(error);
    if (known.code === 'cancelled' || known.code === 'ffmpeg-missing') throw known;
    throw failed(`it cannot be read back: ${known.message}`, error);
  }
  checkPicture(info, expected);
  const covers = new Set(info.other.flatMap(({ type, index }) => (type === 'cover' ? [index] : [])));
  const pictures = streams.filter(({ type, index }) => type === 'video' && !covers.has(index));
  const sounds = streams.filter((stream) => stream.type === 'audio');
  if (pictures.length !== 1) throw failed(`it has ${pictures.length} video streams instead of one`);
  const wanted = expected.sounds ?? [];
  if (sounds.length !== wanted.length)
    throw failed(`it has ${sounds.length} sound streams instead of ${wanted.length}`);
  const end = checkTimes(pictures[0]!, expected);
  checkAlpha(pictures[0]!, expected);
  checkTracks(info, streams, expected);
  let drift = 0;
  for (const [i, sound] of sounds.entries()) {
    const soundEnd = endOfSound(sound);
    checkSound(soundEnd, wanted[i]!, expected);
    if (Math.abs(soundEnd - end) > Math.abs(drift)) drift = soundEnd - end;
  }
  return { verified: true, frames: expected.frames, duration: end, avDriftMs: drift * 1000 };
}

/** Whether all subtitles, chapters and attachments are there, with as much in them as was put in. */
function checkTracks(info: VideoInfo, streams: readonly PacketStream[], { plan, tracks }: Expectation): void {
  const { container } = plan;
  const { subtitles = [], chapters = [], files = [], timecode } = tracks ?? {};
  const written = streams.filter(({ type }) => type === 'subtitle');
  const announced = info.other.filter(({ type }) => type === 'subtitle').length;
  if (announced !== subtitles.length)
    throw failed(`it has ${announced} subtitle tracks instead of ${subtitles.length}`);
  for (const [i, wanted] of subtitles.entries()) {
    const { times = [], durations = [], timeBase = { num: 1, den: 1 } } = written[i] ?? {};
    const { least, most } = packetsOf(wanted, container);
    if (times.length < least || times.length > most) {
      throw failed(`its subtitles ${i + 1} have ${times.length} events instead of ${wanted.count}`);
    }
    if (wanted.end === undefined) continue;
    const end = times.reduce((latest, time, k) => Math.max(latest, time + (durations[k] ?? 0)), 0);
    const off = (end * timeBase.num) / timeBase.den - wanted.end;
    if (Math.abs(off) > SUBTITLE_SLACK)
      throw failed(`its subtitles ${i + 1} end ${off.toFixed(3)} s beside their place`);
  }
  if (info.chapters !== chapters.length) throw failed(`it has ${info.chapters} chapters instead of ${chapters.length}`);
  for (const [i, { start }] of chapters.entries()) {
    const found = info.chapterList?.[i]?.start ?? 0;
    if (Math.abs(found - start / 1000) > 0.0015)
      throw failed(`chapter ${i + 1} starts at ${found} s, not ${start / 1000} s`);
  }
  for (const cover of [false, true]) {
    const there = info.other.filter(({ type }) => type === (cover ? 'cover' : 'attachment')).length;
    const count = files.filter((file) => isCover(file) === cover).length;
    if (there !== count) throw failed(`it has ${there} ${cover ? 'covers' : 'attachments'} instead of ${count}`);
  }
  const found = info.tags['timecode'] ?? info.tags['TIMECODE'];
  if (timecode !== undefined && found !== timecode)
    throw failed(`its timecode is ${found ?? 'not said'}, not ${timecode}`);
}

/** Matroska takes any attached picture for a cover. */
function isCover({ cover, mime }: ReadyTracks['files'][number]): boolean {
  return cover || /^image\/(jpeg|png|gif|bmp|tiff|webp)$/.test(mime);
}

/** How far the end of a subtitle track may lie from where it was put, in seconds: a rounding of its packets' clock. */
const SUBTITLE_SLACK = 0.002;

function failed(what: string, cause?: unknown): AppError {
  return new AppError('verify-failed', `The written file is not as planned: ${what}.`.replace(/\.\.$/, '.'), { cause });
}

function checkPicture({ video }: VideoInfo, { plan }: Expectation): void {
  const { input, readsAs, colour, container } = plan;
  if (video.codec !== plan.codec) throw failed(`its codec is ${video.codec}, not ${plan.codec}`);
  if (video.codedWidth !== input.width || video.codedHeight !== input.height) {
    throw failed(`it is ${video.codedWidth}x${video.codedHeight}, not ${input.width}x${input.height}`);
  }
  if (video.rotation !== 0 || video.mirrored) throw failed('it says it is to be turned');
  if (!readsAs.includes(video.pixelFormat)) {
    throw failed(`its pixel format is ${video.pixelFormat}, not ${plan.pixelFormat}`);
  }
  for (const key of ['matrix', 'primaries', 'transfer'] as const) {
    const planned = colour[key];
    if (planned !== undefined && !sameColour(video.colour[key], planned)) {
      throw failed(`its ${key} is ${video.colour[key] ?? 'not said'}, not ${planned}`);
    }
  }
  // QuickTime's colour atom has no word for range.
  const silent = container.name === 'mov' && plan.codec === 'prores';
  if (colour.range && !silent && video.colour.range !== colour.range) {
    throw failed(`its range is ${video.colour.range ?? 'not said'}, not ${colour.range}`);
  }
}

/** Names of one number: gamma22 is bt470m, gamma28 is bt470bg to ffprobe. */
function sameColour(found: string | undefined, planned: string): boolean {
  const names: Readonly<Record<string, string>> = { bt470m: 'gamma22', bt470bg: 'gamma28' };
  return found === planned || (found !== undefined && planned.startsWith('gamma') && names[found] === planned);
}

/** Compares every packet's time with the plan; the end of the picture in seconds. */
function checkTimes(stream: PacketStream, { plan, frames, timestamp }: Expectation): number {
  const times = stream.times.toSorted((a, b) => a - b);
  if (times.length !== frames) throw failed(`it has ${times.length} frames, not ${frames}`);
  const { num, den } = stream.timeBase;
  const unitsOf = (k: number): number => mulDivRound(chunkTicks(timestamp(k), plan), den, plan.timescale * num);
  // A container with its own coarse clock rounds as it likes; a time base finer than a microsecond was rounded on the way.
  const slack = plan.container.ticks !== undefined || plan.timescale < plan.timeBase.den / plan.timeBase.num ? 1 : 0;
  for (let k = 0; k < frames; k++) {
    const off = times[k]! - unitsOf(k);
    if (Math.abs(off) <= slack) continue;
    throw failed(`frame ${k} is shown at ${(times[k]! * num) / den} s instead of ${(unitsOf(k) * num) / den} s`);
  }
  const planned = (unitsOf(frames) * num) / den;
  const latest = stream.times.reduce((at, time, i) => Math.max(at, time + (stream.durations[i] ?? 0)), 0);
  const end = stream.duration ?? (latest * num) / den;
  // At a varying rate, without the container's word or where `setts` could not give it one, the last packet's length is a guess.
  const guessed = !plan.rate && (stream.duration === undefined || plan.retime === 'setpts');
  const last = plan.retime === 'setpts' ? ((unitsOf(frames) - unitsOf(frames - 1)) * num) / den : 0;
  const allowed = guessed ? Math.max(last, plan.nominalRate.den / plan.nominalRate.num) : 0.001;
  if (Math.abs(end - planned) > Math.max(allowed, (slack * num) / den) + 1e-6) {
    throw failed(`its picture ends at ${end} s instead of ${planned} s`);
  }
  return end;
}

/** Transparency beside the picture ([Note: alpha in chunks], output-format.ts) is there for all frames or the film is not what was planned. */
function checkAlpha({ additions }: PacketStream, { plan, frames }: Expectation): void {
  if (plan.decoder && additions !== frames) throw failed(`${additions} of its ${frames} frames have transparency`);
}

/** When the last sample is heard, in seconds; decoders drop what the codec padded. */
function endOfSound({ times, durations, timeBase, sampleRate, discardedSamples }: PacketStream): number {
  const end = times.reduce((latest, time, i) => Math.max(latest, time + (durations[i] ?? 0)), 0);
  return (end * timeBase.num) / timeBase.den - (sampleRate ? discardedSamples / sampleRate : 0);
}

function checkSound(end: number, sound: number, { plan, tolerance }: Expectation): void {
  const frame = plan.nominalRate.den / plan.nominalRate.num;
  const allowed = tolerance ?? Math.max(0.001, frame);
  if (Math.abs(end - sound) <= allowed) return;
  throw failed(`its sound ends at ${end.toFixed(4)} s instead of ${sound.toFixed(4)} s`);
}

async function verifyImages(folder: string, expected: Expectation): Promise<Verified> {
  const { plan, frames, timestamp, signal } = expected;
  const names = imageNames(plan.path, frames);
  const there = new Set(await readdir(folder));
  const missing = names.find((name) => !there.has(name));
  if (missing !== undefined) throw failed(`${missing} is missing`);
  if (there.size !== frames) throw failed(`there are ${there.size} files instead of ${frames}`);
  for (const name of new Set([names[0]!, names.at(-1)!])) {
    const { video } = await probe(join(folder, name), signal ? { signal } : {}).catch((error: unknown) => {
      throw failed(`${name} cannot be read back: ${toAppError(error).message}`, error);
    });
    if (video.codedWidth !== plan.input.width || video.codedHeight !== plan.input.height) {
      throw failed(`${name} is ${video.codedWidth}x${video.codedHeight}`);
    }
    if (!plan.readsAs.includes(video.pixelFormat)) throw failed(`${name} is ${video.pixelFormat}`);
  }
  const duration = (timestamp(frames) * plan.timeBase.num) / plan.timeBase.den;
  return { verified: true, frames, duration, avDriftMs: 0 };
}

/** File names of numbered images: from 1, as ffmpeg counts. */
export function imageNames(path: string, frames: number): string[] {
  const [before, number, after] = splitNumber(basename(path));
  const digits = Number(/%0(\d+)d/.exec(number)?.[1] ?? 0);
  return Array.from({ length: frames }, (_, i) => `${before}${String(i + 1).padStart(digits, '0')}${after}`);
}
