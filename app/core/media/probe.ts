/** What a file is, asked before anything is done with it; what cannot be used is refused here with a code. */
import { access, constants, open, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { AudioStreamInfo, OtherStreamInfo, VideoInfo, VideoStreamInfo } from '../../contract/media.ts';
import type { Rational } from '../../contract/time.ts';
import { readAlphaLayer } from './alpha-layer.ts';
import { capabilities } from './capabilities.ts';
import { isEncryptedMovie } from './encrypted.ts';
import { orientationOf } from './exif.ts';
import { locateFfmpeg } from './ffmpeg.ts';
import { findSequence, isPattern, pictureOf, sequenceBytes } from './image-sequence.ts';
import type { ImageSequence } from './image-sequence.ts';
import { IMAGE_SEQUENCE, imageArgs } from './input.ts';
import { carrierOf } from './pixel-format.ts';
import { askProbe, firstFrameSideData, ratio } from './probe-raw.ts';
import type { RawProbe, RawSideData, RawStream } from './probe-raw.ts';
import { withinProbeLimit } from './probe-limit.ts';
import { chaptersOf, labelsOf, lowered } from './probe-tracks.ts';
import { colourOf, dolbyVisionOf, dynamicHdrOf, hdrOf, turnOf } from './probe-picture.ts';
import type { Turn } from './probe-picture.ts';
import { findRecorded } from './recorded.ts';

export interface ProbeOptions {
  readonly signal?: AbortSignal;
  /** Frames a second of an image sequence; 24 unless given. */
  readonly rate?: Rational;
  /** Milliseconds by the clock after which the file is given up; PROBE_LIMIT_MS unless given. */
  readonly limitMs?: number;
}

/** What probing says of a varying rate; a look at every frame may find that it does not. */
export const VARYING_RATE = 'The frame rate seems to vary; every frame keeps its own time.';

/** Largest picture that is taken, in pixels a side and in all: what a Frame of 16-bit RGBA still fits a buffer with. */
const MAX_SIDE = 32_768;
const MAX_PIXELS = 1 << 28;
/** Of a film (16K), several of whose frames are in memory at once, and of floats: a header of a few bytes may claim as much. */
const MAX_HEAVY_PIXELS = 1 << 27;
const STILL = /_pipe$|^image2$/;

/**
 * Describes a file, a still picture or an image sequence (`frames/%05d.png`; a file of that very name wins).
 * Throws not-found, not-a-file, unreadable, no-video, codec-unsupported, encrypted, no-frames, too-large, read-timeout, cancelled,
 * ffmpeg-missing.
 */
export async function probe(path: string, options: ProbeOptions = {}): Promise<VideoInfo> {
  options.signal?.throwIfAborted();
  // Before the limit begins: finding ffmpeg may download it.
  await locateFfmpeg();
  return await withinProbeLimit(path, options, (signal) => probeFile(path, { ...options, signal }));
}

async function probeFile(path: string, options: ProbeOptions): Promise<VideoInfo> {
  const bytes = await sizeOf(path);
  if (bytes === undefined) return await probeSequence(path, options);
  if (bytes === 0) throw new AppError('unreadable', `${path} is empty.`);
  const { raw, more, format } = await ask(path, options.signal);
  const info = await describe(path, raw, {
    bytes,
    format,
    more,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return info;
}

/** Bytes of a file; undefined where there is none of that name but it is a pattern. */
async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EACCES' || code === 'EPERM') throw new AppError('unreadable', `${path} may not be read.`);
    return undefined;
  });
  if (!found) {
    if (isPattern(path)) return undefined;
    throw new AppError('not-found', `There is no file ${path}.`);
  }
  if (!found.isFile()) throw new AppError('not-a-file', `${path} is not a file.`);
  await access(path, constants.R_OK).catch(() => {
    throw new AppError('unreadable', `${path} may not be read.`);
  });
  return found.size;
}

/**
 * Asks by content. ffmpeg's image2 goes by extension and is not allowed to ([Note: hostile names]), yet it bids for pictures and, where it wins, spoils
 * the question: those are asked again with the demuxer their first bytes or, where these say nothing (TGA), their extension names.
 */
async function ask(path: string, signal?: AbortSignal): Promise<{ raw: RawProbe; more: string[]; format: string }> {
  try {
    const raw = await askProbe(path, [], signal);
    return { raw, more: [], format: raw.format.format_name };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'ffmpeg-failed') throw error;
    for (const format of [await pictureFormat(path), PICTURE.test(extname(path)) ? 'image2' : undefined]) {
      if (!format) continue;
      const more = imageArgs(format);
      const raw = await askProbe(path, more, signal).catch(() => signal?.throwIfAborted());
      // By its extension anything is a picture: only one whose header can be read counts.
      if (raw?.streams.some((stream) => stream.pix_fmt)) return { raw, more, format };
    }
    if (/whitelist/.test(error.message)) {
      throw new AppError('unreadable', `${path} is a list of other files, not a video.`, { cause: error });
    }
    throw new AppError('unreadable', `${path} is not media that ffmpeg can read, or it is damaged.`, { cause: error });
  }
}

const PICTURE = /^\.(tga|pcx|sgi|ras|xbm|xwd|dpx|cin|pnm|p[bgp]m|jpe?g|jp2|j2k|png|tiff?|bmp|webp|exr)$/i;

const MAGIC: readonly (readonly [format: string, hex: RegExp])[] = [
  ['jpeg_pipe', /^ffd8ff/],
  ['png_pipe', /^89504e470d0a1a0a/],
  ['tiff_pipe', /^(49492a00|4d4d002a)/],
  ['webp_pipe', /^52494646.{8}57454250/],
  ['exr_pipe', /^762f3101/],
  ['bmp_pipe', /^424d/],
];

/** ffmpeg's demuxer for a picture, by its first bytes. */
async function pictureFormat(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    const hex = buffer.toString('hex', 0, bytesRead);
    return MAGIC.find(([, magic]) => magic.test(hex))?.[0];
  } finally {
    await file.close();
  }
}

async function probeSequence(path: string, options: ProbeOptions): Promise<VideoInfo> {
  const sequence = await findSequence(path);
  const rate = options.rate ?? { num: 24, den: 1 };
  const first = pictureOf(sequence, sequence.first);
  const still = await probeFile(first, options);
  return {
    ...still,
    path,
    format: IMAGE_SEQUENCE,
    bytes: await sequenceBytes(sequence),
    duration: (sequence.count * rate.den) / rate.num,
    video: {
      ...still.video,
      averageRate: rate,
      nominalRate: rate,
      timeBase: { num: rate.den, den: rate.num },
      frameCount: sequence.count,
      duration: (sequence.count * rate.den) / rate.num,
    },
    warnings: [...still.warnings, ...gapWarning(sequence)],
  };
}

function gapWarning(sequence: ImageSequence): string[] {
  if (sequence.leftOver === 0) return [];
  const gap = pictureOf(sequence, sequence.first + sequence.count);
  return [`${gap} is missing: the sequence ends before it and ${sequence.leftOver} later pictures are left out.`];
}

interface Context {
  readonly bytes: number;
  readonly format: string;
  readonly more: readonly string[];
  readonly signal?: AbortSignal;
}

async function describe(path: string, raw: RawProbe, context: Context): Promise<VideoInfo> {
  const stream = await mainVideo(path, raw);
  const video = await describeVideo(path, stream, context);
  const warnings = [...video.warnings];
  const absurd = (seconds: number | undefined): boolean =>
    // Not even 100 bits a second: a header that lies (fragmented files), not a video.
    seconds !== undefined && (seconds <= 0 || (seconds > 60 && (context.bytes * 8) / seconds < 100));
  const duration = raw.format.duration;
  if (absurd(duration)) warnings.push('The file claims an absurd duration, which is ignored.');
  const sane = (seconds: number | undefined): { duration?: number } =>
    seconds === undefined || absurd(seconds) ? {} : { duration: seconds };
  const audio = raw.streams
    .filter((one) => one.codec_type === 'audio')
    .map((one) => ({ ...audioOf(one), ...sane(one.duration) }));
  const question = { tags: raw.format.tags, video: stream.index, audio };
  const phone = /\bmov\b/.test(context.format) ? await findRecorded(path, question) : undefined;
  return {
    path,
    format: context.format,
    bytes: context.bytes,
    ...sane(duration),
    video: { ...video.info, ...sane(stream.duration) },
    audio: [...(phone?.audio ?? audio)],
    other: raw.streams.filter((one) => one !== stream && one.codec_type !== 'audio').map(otherOf),
    chapters: raw.chapters.length,
    chapterList: chaptersOf(raw),
    tags: { ...timecodeOf(raw, stream), ...raw.format.tags },
    ...(phone ? { recorded: phone.recorded } : {}),
    warnings,
  };
}

/** The first frame's timecode, which QuickTime keeps in a track of its own. */
function timecodeOf(raw: RawProbe, video: RawStream): { timecode?: string } {
  const found = [video, ...raw.streams].find((one) => one.tags['timecode'])?.tags['timecode'];
  return found === undefined ? {} : { timecode: found };
}

/** The video among the streams: no cover; one this ffmpeg decodes before one it does not; then the default one, then the largest. */
async function mainVideo(path: string, raw: RawProbe): Promise<RawStream> {
  const videos = raw.streams.filter((one) => one.codec_type === 'video' && !isCover(one));
  if (videos.length === 0) throw new AppError('no-video', `${path} has no video in it.`);
  const { decodes } = await capabilities();
  const decodable = (one: RawStream): boolean => one.codec_name !== undefined && decodes.has(one.codec_name);
  const rank = (one: RawStream): number[] => [
    Number(decodable(one)),
    one.disposition['default'] ?? 0,
    (one.width ?? 0) * (one.height ?? 0),
    -one.index,
  ];
  const best = videos.toSorted((a, b) => compare(rank(b), rank(a)))[0];
  if (!best) throw new AppError('no-video', `${path} has no video in it.`);
  if (await isEncrypted(path, raw, best)) throw new AppError('encrypted', `${path} is encrypted.`);
  if (!decodable(best)) {
    const named = best.codec_name ?? best.codec_tag_string ?? 'an unknown codec';
    throw new AppError('codec-unsupported', `The video of ${path} is ${named}, which this ffmpeg cannot decode.`);
  }
  return best;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

function isCover(stream: RawStream): boolean {
  return Boolean(stream.disposition['attached_pic'] || stream.disposition['timed_thumbnails']);
}

async function isEncrypted(path: string, raw: RawProbe, stream: RawStream): Promise<boolean> {
  if (/^(encv|drmi|drms)$/.test(stream.codec_tag_string ?? '')) return true;
  if (stream.side_data_list.some((data) => /^Encryption/i.test(data.side_data_type))) return true;
  return /\bmov\b/.test(raw.format.format_name) && (await isEncryptedMovie(path));
}

async function describeVideo(
  path: string,
  stream: RawStream,
  context: Context,
): Promise<{ info: VideoStreamInfo; warnings: string[] }> {
  const { width = 0, height = 0, pix_fmt: opaque } = stream;
  if (!opaque || width < 1 || height < 1) {
    throw new AppError('no-frames', `No picture of ${path} can be decoded: it is damaged or encrypted.`);
  }
  const heavy = !STILL.test(context.format) || /f(16|32)/.test(opaque);
  const most = heavy ? MAX_HEAVY_PIXELS : MAX_PIXELS;
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > most) {
    throw new AppError(
      'too-large',
      `${path} is ${width}x${height}, larger than the ${MAX_SIDE} a side and ${most} pixels taken.`,
    );
  }
  const layer = await readAlphaLayer(path, stream, context.signal);
  const pixelFormat = layer.pixelFormat ?? opaque;
  const carrier = carrierOf(pixelFormat);
  const colour = colourOf(stream, carrier);
  const turn = await turnFor(path, stream);
  const dolbyVision = dolbyVisionOf(stream.side_data_list, path);
  const told = await bitstreamSideData(path, stream, context);
  const hdr = hdrOf(stream.side_data_list) ?? hdrOf(told);
  const quarter = turn.rotation === 90 || turn.rotation === 270;
  const aspect = ratio(stream.sample_aspect_ratio) ?? { num: 1, den: 1 };
  const [average, nominal] = [ratio(stream.avg_frame_rate), ratio(stream.r_frame_rate)];
  const info: VideoStreamInfo = {
    index: stream.index,
    codec: stream.codec_name ?? '',
    pixelFormat,
    codedWidth: width,
    codedHeight: height,
    width: quarter ? height : width,
    height: quarter ? width : height,
    rotation: turn.rotation,
    mirrored: turn.mirrored,
    sampleAspect: quarter ? { num: aspect.den, den: aspect.num } : aspect,
    timeBase: ratio(stream.time_base) ?? { num: 1, den: 90_000 },
    ...(average ? { averageRate: average } : {}),
    ...(nominal ? { nominalRate: nominal } : {}),
    bitDepth: carrier.format.bits,
    colour: colour.info,
    hasAlpha: carrier.format.planes.some((plane) => plane.channel === 'a'),
    ...(layer.decoder ? { decoder: layer.decoder } : {}),
    ...(stream.field_order ? { fieldOrder: stream.field_order } : {}),
    ...(hdr ? { hdr } : {}),
    dolbyVision: dolbyVision !== undefined,
    ...(stream.nb_frames ? { frameCount: stream.nb_frames } : {}),
    ...labelsOf(stream),
  };
  const layers = [dolbyVision, dynamicHdrOf(told), layer.warning].filter((warning) => warning !== undefined);
  return { info, warnings: [...colour.warnings, ...turn.warnings, ...layers, ...pictureWarnings(info, carrier.exact)] };
}

function pictureWarnings(info: VideoStreamInfo, exact: boolean): string[] {
  const warnings: string[] = [];
  if (!exact)
    warnings.push(
      `Pixel format ${info.pixelFormat} is carried as ${carrierOf(info.pixelFormat).format.name}, which rounds it.`,
    );
  const [average, nominal] = [info.averageRate, info.nominalRate];
  if (average && nominal && Math.abs((average.num * nominal.den) / (average.den * nominal.num) - 1) > 0.01) {
    warnings.push(VARYING_RATE);
  }
  return warnings;
}

async function turnFor(path: string, stream: RawStream): Promise<Turn> {
  const turn = turnOf(stream);
  if (turn.told || stream.codec_name !== 'mjpeg') return turn;
  // Only a JPEG file starts with its marker; Motion JPEG in a container does not.
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 18), 0, 1 << 18, 0);
    return orientationOf(buffer.subarray(0, bytesRead)) ?? turn;
  } finally {
    await file.close();
  }
}

async function bitstreamSideData(path: string, stream: RawStream, context: Context): Promise<RawSideData[]> {
  // Only PQ video has HDR10 metadata; decoding a frame to look for it takes a while.
  if (stream.color_transfer !== 'smpte2084') return [];
  return await firstFrameSideData(path, stream.index, context.more, context.signal).catch(() => []);
}

function audioOf(stream: RawStream): AudioStreamInfo {
  return {
    index: stream.index,
    codec: stream.codec_name ?? '',
    sampleRate: stream.sample_rate ?? 0,
    channels: stream.channels ?? 0,
    ...(stream.channel_layout ? { channelLayout: stream.channel_layout } : {}),
    ...labelsOf(stream),
    ...(stream.start_time === undefined ? {} : { startTime: stream.start_time }),
  };
}

function otherOf(stream: RawStream): OtherStreamInfo {
  const type = stream.codec_type ?? 'data';
  const codec = stream.codec_name ?? '';
  const { filename, mimetype } = lowered(stream.tags);
  const tag = /^[\w ]{4}$/.test(stream.codec_tag_string ?? '') ? stream.codec_tag_string : undefined;
  const more = {
    ...labelsOf(stream),
    ...(tag && { tag }),
    ...(filename && { fileName: filename }),
    ...(mimetype && { mimeType: mimetype }),
  };
  if (type === 'video') return { index: stream.index, type: isCover(stream) ? 'cover' : 'video', codec, ...more };
  return { index: stream.index, type: type === 'subtitle' || type === 'attachment' ? type : 'data', codec, ...more };
}
