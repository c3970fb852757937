/** Keyframes: a still, or a frame of a video, read as planes of its own. */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { FieldsChoice } from '../../contract/choices.ts';
import type { VideoInfo } from '../../contract/media.ts';
import type { MorphKeyframe } from '../../contract/morph.ts';
import { TICKS } from '../../contract/time.ts';
import { capabilities } from '../media/capabilities.ts';
import { decodeFrames } from '../media/decode.ts';
import { runFfmpeg } from '../media/ffmpeg.ts';
import { treatFields, type TreatedSource } from '../media/fields/treat.ts';
import { findFrameFacts, type FrameFacts } from '../media/frame-facts.ts';
import { inputArgsOf } from '../media/input.ts';
import { probe } from '../media/probe.ts';
import { readStill, withoutOpaqueAlpha, type Still } from '../media/stills.ts';
import { secondsToTicks } from '../time/rational.ts';
import { sourceTiming } from '../time/regular.ts';

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** A video's frames with their fields treated, where somebody keeps what is known of it; unless given the video is decoded once for them. */
  readonly source?: ((info: VideoInfo, fields: FieldsChoice | undefined) => Promise<TreatedSource>) | undefined;
}

/** A keyframe's picture. */
export interface KeyframeStill extends Still {
  /** Of a video's frame: its number and its time in seconds. */
  readonly at: { readonly frame: number; readonly seconds: number } | null;
  /** What a user should know of it; one sentence each. */
  readonly notes: readonly string[];
}

/** Demuxers of pictures that may move. */
const MOVING = /^(gif|apng)$/;
const PICTURE = /_pipe$|^image2$|^(gif|apng|ico)$/;

/**
 * The picture of a keyframe, upright. Of a GIF or PNG that moves it is the first one, and a note says so. `at` is taken as slowmo takes times: the first frame that starts
 * then or later, half a millisecond early still counting, and the last one up to the video's end; of interlaced and telecined video it is a frame as slowmo has
 * them, never two fields woven. Throws as `probe` and `readStill`; 'bad-morph' for a video without `at` and a picture with it, 'empty-range' for a time beyond
 * the end, as treatFields, and what decoding throws.
 */
export async function readKeyframe(keyframe: MorphKeyframe, options: ReadOptions = {}): Promise<KeyframeStill> {
  const { path, at, fields } = keyframe;
  const signal = options.signal ? { signal: options.signal } : {};
  const info = await probe(path, signal).catch((thrown: unknown) => asPictureError(path, thrown));
  if (at !== null) return await readVideoFrame(info, { at, fields }, options);
  const notes: string[] = [];
  const picture = PICTURE.test(info.format);
  if ((!picture || MOVING.test(info.format)) && (await moves(info, options.signal))) {
    if (!picture) {
      throw new AppError(
        'bad-morph',
        `${path} is a video, and a morph is made of stills: say which of its frames with --between CLIP --from T --to T, or save a frame as a picture.`,
      );
    }
    notes.push(`${basename(path)} moves: its first picture is taken.`);
  }
  if (isCmyk(info)) notes.push(`${basename(path)} is CMYK: its inks are turned into RGB without a colour profile.`);
  const still = await readStill(path, signal).catch((thrown: unknown) => asPictureError(path, thrown));
  return { ...still, at: null, notes };
}

/** A JPEG of four channels: ffmpeg decodes it as RGB, or as YUV of YCCK, whose alpha says nothing. */
function isCmyk({ video }: VideoInfo): boolean {
  return video.codec === 'mjpeg' && /^(gbrap|yuva444p)$/.test(video.pixelFormat);
}

/** Whether there is a second frame. */
async function moves(info: VideoInfo, signal?: AbortSignal): Promise<boolean> {
  const { passthrough } = await capabilities();
  const two = ['-map', `0:${info.video.index}`, ...passthrough, '-frames:v', '2', '-f', 'framecrc', 'pipe:1'];
  const { stdout } = await runFfmpeg([...(await inputArgsOf(info)), ...two], signal ? { signal } : {});
  const lines = Buffer.from(stdout).toString('latin1').split('\n');
  return lines.filter((line) => /^\d/.test(line)).length > 1;
}

/** Says of a picture this ffmpeg cannot decode what it is, where that is known. */
async function asPictureError(path: string, thrown: unknown): Promise<never> {
  const { code, message } = toAppError(thrown);
  if ((code === 'no-frames' || code === 'unreadable') && (await isMovingWebp(path))) {
    const sentence = `${path} is a WebP picture that moves, which this ffmpeg cannot decode: save its first picture as PNG.`;
    throw new AppError('codec-unsupported', sentence, { cause: thrown });
  }
  // Half a file: what ffmpeg says of having decoded nothing helps nobody.
  const undecoded = code === 'no-video' || code === 'no-frames';
  if (undecoded || (code === 'unreadable' && /is not media|list of other files/.test(message))) {
    throw new AppError('unreadable', `${path} is no picture that can be read, or it is damaged.`, { cause: thrown });
  }
  throw thrown;
}

/** By its extended header's animation flag (WebP container specification). */
async function isMovingWebp(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (!file) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(21), 0, 21, 0);
    const tags = buffer.toString('latin1', 0, 16);
    return bytesRead === 21 && /^RIFF.{4}WEBPVP8X$/s.test(tags) && (buffer[20]! & 2) !== 0;
  } finally {
    await file.close();
  }
}

/** People write times to the millisecond. */
const ROUNDED = TICKS / 2000;

async function readVideoFrame(
  probed: VideoInfo,
  { at, fields }: { readonly at: number; readonly fields: FieldsChoice | undefined },
  { signal, source }: ReadOptions,
): Promise<KeyframeStill> {
  const { path } = probed;
  if (PICTURE.test(probed.format) && !MOVING.test(probed.format))
    throw new AppError('bad-morph', `${path} is a still picture: it has no frame at ${at} s.`);
  const treated = await (source ? source(probed, fields) : treatedOnce(probed, fields, signal));
  const { info } = treated;
  const { index } = treated.facts;
  const { times, end } = sourceTiming(index.times, index.end, index.stamps.timeBase, [
    info.video.nominalRate,
    info.video.averageRate,
  ]);
  const frame = frameAt(times, end, at);
  if (frame === undefined) {
    throw new AppError(
      'empty-range',
      `${path} has no frame at ${at} s: it has ${times.length} frames in ${(end / TICKS).toFixed(3)} s.`,
    );
  }
  const range = { first: frame, last: frame, index, ...(signal && { signal }) };
  for await (const picture of decodeFrames(path, info, range)) {
    const seconds = times[frame]! / TICKS;
    // Said of a clip where it is the only one; a morph has several.
    const notes = treated.notes.map((note) => note.replace(/^This clip/, basename(path)));
    return { frame: { ...withoutOpaqueAlpha(picture), time: 0 }, info, at: { frame, seconds }, notes };
  }
  throw new AppError('source-changed', `${path} was changed while it was read; run the command again.`);
}

/** The first frame from `seconds` on; the last one for what is left until the end. */
function frameAt(times: readonly number[], end: number, seconds: number): number | undefined {
  const ticks = secondsToTicks(seconds);
  const found = times.findIndex((time) => time >= ticks - ROUNDED);
  if (found >= 0) return found;
  return ticks <= end + ROUNDED ? times.length - 1 : undefined;
}

/** Of the last few videos: a gap needs two of their frames, and a plan looks at them before. */
const known = new Map<string, FrameFacts>();
const MOST_KNOWN = 4;

async function treatedOnce(
  info: VideoInfo,
  fields: FieldsChoice | undefined,
  signal: AbortSignal | undefined,
): Promise<TreatedSource> {
  const changed = await stat(info.path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  const key = `${info.path}\0${info.bytes}\0${changed}`;
  const facts = known.get(key) ?? (await findFrameFacts(info.path, info, signal ? { signal } : {}));
  known.set(key, facts);
  for (const oldest of known.keys()) if (known.size > MOST_KNOWN) known.delete(oldest);
  return treatFields(info, facts, fields);
}

/** A hash of what a still shows: equal for pictures that are the same sample for sample. */
export function contentOf({ frame }: Still): string {
  const hash = createHash('sha1').update(`${frame.format.name} ${frame.width}x${frame.height}`);
  for (const { data } of frame.planes) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}
