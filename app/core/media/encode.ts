/** One encoder process for one chunk of frames: native planes in by a pipe, a file with exact timestamps out. */
import { AppError, toAppError } from '../../contract/errors.ts';
import { chunkTicks, settsFor, setptsFor } from './chunk-timing.ts';
import { colourArgs, setparams } from './colour.ts';
import { fileUrl, spawnFfmpeg, tellingLine } from './ffmpeg.ts';
import type { Frame } from './frame.ts';
import type { OutputPlan } from './output-format.ts';
import { rawWriter } from './raw-layout.ts';

export interface ChunkEncoderOptions {
  /**
   * When each frame of the chunk starts, from the chunk's start, in the plan's time base, and last the end of the last frame: one more than
   * there are frames; the first is 0; strictly ascending.
   */
  readonly timestamps: readonly number[];
  readonly signal?: AbortSignal;
}

export interface ChunkEncoder {
  /**
   * Takes the next frame; resolves when the encoder has room for another. The frame's planes must not be changed afterwards.
   * Throws encode-failed, disk-full, or the abort's reason.
   */
  write(frame: Frame): Promise<void>;
  /** Ends the chunk; resolves when the file is whole (not yet synced). Throws as `write`. */
  finish(): Promise<void>;
  /** Stops the encoder and waits until it is gone; what it wrote is not removed. Does not throw. */
  abort(): Promise<void>;
}

/** Starts the encoder of a chunk that writes `path` (replaced if there). Throws ffmpeg-missing. */
export async function openChunkEncoder(
  path: string,
  plan: OutputPlan,
  { timestamps, signal }: ChunkEncoderOptions,
): Promise<ChunkEncoder> {
  const args = encoderArgs(path, plan, timestamps);
  const encoder = await spawnFfmpeg(args, { stdin: 'pipe', ...(signal ? { signal } : {}) });
  const buffersOf = rawWriter(plan.carrier, plan.input);
  const expected = timestamps.length - 1;
  let written = 0;
  const explain = (error: unknown): AppError => asEncodeError(error, encoder.tail(), path);
  return {
    async write(frame) {
      checkFrame(frame, plan);
      if (written === expected) throw new Error(`chunk ${path} has only ${expected} frames`);
      written++;
      try {
        for (const buffer of buffersOf(frame)) await encoder.write(buffer);
      } catch (error) {
        throw explain(error);
      }
    },
    async finish() {
      if (written !== expected) throw new Error(`chunk ${path} was given ${written} of ${expected} frames`);
      try {
        await encoder.end();
      } catch (error) {
        throw explain(error);
      }
      refuseFull(encoder.tail(), path);
    },
    abort: () => encoder.stop(),
  };
}

function checkFrame(frame: Frame, plan: OutputPlan): void {
  const { carrier, frameWidth, frameHeight } = plan;
  if (frame.format.name === carrier.name && frame.width === frameWidth && frame.height === frameHeight) return;
  throw new Error(
    `a frame of ${frame.width}x${frame.height} ${frame.format.name} for a plan of ${frameWidth}x${frameHeight} ${carrier.name}`,
  );
}

function encoderArgs(path: string, plan: OutputPlan, timestamps: readonly number[]): string[] {
  const ticks = timestamps.map((timestamp) => chunkTicks(timestamp, plan));
  if (ticks.length < 2 || ticks[0] !== 0 || ticks.some((tick, i) => i > 0 && tick <= ticks[i - 1]!)) {
    throw new Error('timestamps of a chunk start at 0 and ascend');
  }
  const { input, nominalRate, sampleAspect } = plan;
  const retimed = plan.retime === 'setpts' ? setptsFor(ticks, plan) : undefined;
  const tagged = setparams(plan.colour);
  const aspect = sampleAspect.num > 0 ? `setsar=${sampleAspect.num}/${sampleAspect.den}` : undefined;
  const filters = [...plan.filters, `format=${plan.pixelFormat}`, tagged, aspect, retimed].filter(
    (filter) => filter !== undefined,
  );
  const size = `${input.width}x${input.height}`;
  const rate = `${nominalRate.num}/${nominalRate.den}`;
  return [
    ['-y', '-f', 'rawvideo', '-pixel_format', input.pixelFormat, '-video_size', size, '-framerate', rate],
    [...colourArgs(plan.fed), '-i', 'pipe:0', '-map', '0:v:0', '-vf', filters.join(','), ...plan.passthrough],
    // Nobody says how long the last frame is: an edit list would end where it starts, and drop it.
    retimed ? ['-enc_time_base', encoderClock(plan), '-use_editlist', '0'] : [],
    ['-c:v', plan.encoder, ...plan.encoderArgs, '-pix_fmt', plan.pixelFormat, ...colourArgs(plan.colour)],
    plan.retime === 'setts' ? ['-bsf:v', settsFor(ticks, plan)] : [],
    ['-map_metadata', '-1', ...muxerArgs(plan), fileUrl(path)],
  ].flat();
}

function muxerArgs({ chunkMuxer, timescale }: OutputPlan): string[] {
  return [...(chunkMuxer === 'webm' ? [] : ['-video_track_timescale', String(timescale)]), '-f', chunkMuxer];
}

/** Of the timestamps `setptsFor` makes. */
function encoderClock({ rate, timescale }: OutputPlan): string {
  return rate ? `${rate.den}/${rate.num}` : `1/${timescale}`;
}

function saysFull(line: string): boolean {
  return /no space left on device|disk quota exceeded|there is not enough space/i.test(line);
}

function diskFull(path: string, cause?: unknown): AppError {
  return new AppError('disk-full', `The disk is full: ${path} could not be written.`, { cause });
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

/** Throws disk-full when an ffmpeg that ended well said that the disk was: older ones do. */
export function refuseFull(tail: readonly string[], path: string): void {
  if (tail.some(saysFull)) throw diskFull(path);
}

/** What went wrong in an ffmpeg that writes `path`: disk-full, output-folder, encode-failed, or as it is (cancelled, ffmpeg-missing). */
export function asEncodeError(error: unknown, tail: readonly string[], path: string): AppError {
  const known = toAppError(error);
  if (tail.some(saysFull)) return diskFull(path, error);
  const may = tail.find((line) => line.includes(path) && /read-only file system|permission denied/i.test(line));
  if (may !== undefined) {
    const why = /permission/i.test(may) ? 'its folder may not be written to' : 'its disk may only be read';
    return new AppError('output-folder', `${path} could not be written: ${why}.`, { cause: error });
  }
  if (known.code !== 'ffmpeg-failed') return known;
  const ended = /was ended by (SIG\w+)/.exec(known.message)?.[1];
  const why = ended ? `it was ended by ${ended}` : tellingLine(tail);
  return new AppError('encode-failed', `The encoder stopped: ${sentence(why)}`, { cause: error });
}
