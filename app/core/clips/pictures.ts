/**
 * Small pictures spread over a clip: upright, in the shape it is shown, for its card.
 *
 * A clip of few pixels is decoded once from end to end. Of a long or large one only keyframes are decoded, each found by seeking: reading
 * a film through for two dozen thumbnails would take minutes and the whole disk.
 */
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { BlockReader } from '../media/block-reader.ts';
import { capabilities } from '../media/capabilities.ts';
import { scaleMatrix } from '../media/colour.ts';
import { runFfmpeg, spawnFfmpeg } from '../media/ffmpeg.ts';
import { oneField } from '../media/fields/one-field.ts';
import { inputArgsOf } from '../media/input.ts';
import { uprightFilters } from '../media/picture.ts';
import { isHdrTransfer, toneMap } from '../media/tone-map.ts';

export const MOST_PICTURES = 24;
/** Longer side of the picture on a card; in the sprite it is half of that. */
const SIDE = 384;
/** Pixels that may be decoded in one pass: half a minute of 1080p at 30 frames a second. */
const ONE_PASS = 900 * 1920 * 1080;
/** Frames looked at where the file does not say how long it is. */
const BLIND_FRAMES = 1800;

export interface Pictures {
  /** Of each, both even. */
  readonly width: number;
  readonly height: number;
  /** Packed RGB of 8 bits. At least one, in order of time. */
  readonly rgb: readonly Uint8Array[];
}

interface Plan {
  readonly info: VideoInfo;
  readonly width: number;
  readonly height: number;
  /** Filters from what is decoded to the picture. */
  readonly filters: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Throws no-frames, ffmpeg-missing, cancelled. */
export async function decodePictures(info: VideoInfo, signal?: AbortSignal): Promise<Pictures> {
  const { width, height } = pictureSize(info);
  const plan: Plan = { info, width, height, filters: filtersFor(info, width, height), signal };
  const { video, duration } = info;
  const seconds = duration ?? video.duration;
  const rate = video.averageRate ?? video.nominalRate;
  const frames = video.frameCount ?? (seconds !== undefined && rate ? (seconds * rate.num) / rate.den : undefined);
  const heavy = frames !== undefined && frames * video.codedWidth * video.codedHeight > ONE_PASS;
  let raw: Uint8Array[] = [];
  if (heavy && seconds !== undefined) raw = await bySeeking(plan, seconds);
  if (raw.length === 0) raw = await inOnePass(plan, heavy ? undefined : seconds, heavy);
  if (raw.length === 0) throw new AppError('no-frames', `${info.path} has no picture that can be decoded.`);
  return { width, height, rgb: await ordinary(raw, video.colour.transfer) };
}

/** HDR as an ordinary screen shows it; one picture at a time, since whoever holds the library must not stall. */
async function ordinary(raw: readonly Uint8Array[], transfer: string | undefined): Promise<readonly Uint8Array[]> {
  if (!isHdrTransfer(transfer)) return raw;
  const rgb: Uint8Array[] = [];
  for (const { buffer, byteOffset, byteLength } of raw) {
    rgb.push(toneMap(new Uint16Array(buffer, byteOffset, byteLength / 2), transfer));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return rgb;
}

/** The shape it is shown in, within SIDE x SIDE. */
function pictureSize({ video }: VideoInfo): { width: number; height: number } {
  const wide = (video.width * video.sampleAspect.num) / video.sampleAspect.den;
  const scale = SIDE / Math.max(wide, video.height);
  const even = (size: number): number => Math.max(16, 2 * Math.round((size * scale) / 2));
  return { width: even(wide), height: even(video.height) };
}

function filtersFor(info: VideoInfo, width: number, height: number): string[] {
  const { video } = info;
  const quarter = video.rotation === 90 || video.rotation === 270;
  const size = quarter ? `${height}:${width}` : `${width}:${height}`;
  const { matrix, range } = video.colour;
  const from =
    matrix === 'gbr'
      ? ''
      : `:in_color_matrix=${scaleMatrix(matrix, video.codedHeight)}:in_range=${range === 'full' ? 'full' : 'limited'}`;
  const format = isHdrTransfer(video.colour.transfer) ? 'rgb48le' : 'rgb24';
  const scaled = `scale=${size}:flags=area${from}:out_range=full`;
  return [...oneField(info), scaled, `format=${format}`, ...uprightFilters(video)];
}

function bytesOf({ info, width, height }: Plan): number {
  return width * height * 3 * (isHdrTransfer(info.video.colour.transfer) ? 2 : 1);
}

async function output(plan: Plan, first: readonly string[]): Promise<string[]> {
  const { passthrough } = await capabilities();
  const filters = [...first, ...plan.filters].join(',');
  return ['-map', `0:${plan.info.video.index}`, '-vf', filters, ...passthrough, '-f', 'rawvideo', 'pipe:1'];
}

const INPUT = ['-noautorotate', '-threads', '2'];

/** Keyframes nearest before places spread over the clip; those that cannot be had are left out. */
async function bySeeking(plan: Plan, seconds: number): Promise<Uint8Array[]> {
  const size = bytesOf(plan);
  const found: Uint8Array[] = [];
  for (let i = 0; i < MOST_PICTURES; i++) {
    const place = (seconds * (i + 0.5)) / MOST_PICTURES;
    const more = [...INPUT, '-skip_frame', 'nokey', '-noaccurate_seek', '-ss', place.toFixed(3)];
    const args = [...(await inputArgsOf(plan.info, more)), '-frames:v', '1', ...(await output(plan, []))];
    try {
      const { stdout } = await runFfmpeg(args, { signal: plan.signal, maxOutput: size });
      if (stdout.length === size) found.push(Uint8Array.from(stdout));
    } catch (error) {
      if (plan.signal?.aborted || !(error instanceof AppError) || error.code !== 'ffmpeg-failed') throw error;
    }
    // Nothing at the first three places: this file cannot be sought in.
    if (i === 2 && found.length === 0) return [];
  }
  return found;
}

/** Decodes from the start: of a known length frames at equal distances, else all, of which ever fewer are kept. */
async function inOnePass(plan: Plan, seconds: number | undefined, keysOnly: boolean): Promise<Uint8Array[]> {
  // Timestamps are rounded, to a millisecond at worst: a frame is not missed for that.
  const spaced =
    seconds === undefined ? [] : [`select='gte(t-start_t+0.002,selected_n*${(seconds / MOST_PICTURES).toFixed(6)})'`];
  const more = keysOnly ? [...INPUT, '-skip_frame', 'nokey'] : INPUT;
  const most = ['-frames:v', String(seconds === undefined ? BLIND_FRAMES : MOST_PICTURES)];
  const args = [...(await inputArgsOf(plan.info, more)), ...most, ...(await output(plan, spaced))];
  const ffmpeg = await spawnFfmpeg(args, { signal: plan.signal, logLevel: 'error' });
  const reader = new BlockReader(ffmpeg.stdout, bytesOf(plan));
  let kept: Uint8Array[] = [];
  let step = 1;
  for (let i = 0, block = await reader.next(); block; block = await reader.next(), i++) {
    if (i % step !== 0) continue;
    kept.push(block);
    if (kept.length < 2 * MOST_PICTURES) continue;
    kept = kept.filter((_, at) => at % 2 === 0);
    step *= 2;
  }
  await ffmpeg.done.catch((error: unknown) => {
    // A damaged end is no reason to show nothing.
    if (plan.signal?.aborted || kept.length === 0) throw error;
  });
  const every = Math.ceil(kept.length / MOST_PICTURES);
  return kept.filter((_, at) => at % every === 0);
}
