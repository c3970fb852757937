/**
 * The sound of a source, decoded once to a scratch file so that it can be read at any place, in any direction.
 *
 * Forward playback could stream, but reverse, jumps and the stretcher's look-back cannot, and one way for all is easier to
 * trust. The scratch file holds only the span that the map shows, 4 bytes a sample and channel; memory stays flat.
 *
 * Timestamps decide where samples belong: `aresample=async` puts silence where the source has a gap and drops what overlaps,
 * as soon as sound and clock are 20 ms apart (below that they are only rounded timestamps), and `first_pts` pads or cuts
 * the beginning; the sample rate is changed in a second step, because `first_pts` cuts the wrong number of samples while it
 * changes (ffmpeg 5.1: 4 % off). The file is decoded from its start: seeking by index lands beside the mark in some containers.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { AppError, toAppError } from '../../../contract/errors.ts';
import type { AudioStreamInfo } from '../../../contract/media.ts';
import { TICKS } from '../../../contract/time.ts';
import { spawnFfmpeg } from '../ffmpeg.ts';
import { editArgs, inputArgs } from '../input.ts';
import { fullDisk } from './wav.ts';

/** Samples kept in memory while reading. */
const WINDOW = 1 << 16;

export interface DecodeSound {
  readonly path: string;
  readonly stream: AudioStreamInfo;
  /** Ticks of the first video frame on the file's clock: sample 0. */
  readonly sourceStart: number;
  /** Seconds after the first video frame; may be negative. */
  readonly from: number;
  readonly to: number;
  readonly sampleRate: number;
  /** The scratch file; removed by `close`. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
  /** 0..1 */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Decoded sound with random access; silence wherever the source has none. */
export class Sound {
  readonly channels: number;
  readonly sampleRate: number;
  readonly #path: string;
  readonly #file: number;
  /** The scratch file holds samples first .. first + length. */
  readonly #first: number;
  readonly #length: number;
  #window = new Float32Array(0);
  #windowFirst = 0;
  #windowLength = 0;

  private constructor(path: string, channels: number, sampleRate: number, first: number, length: number) {
    this.#path = path;
    this.channels = channels;
    this.sampleRate = sampleRate;
    this.#first = first;
    this.#length = length;
    this.#file = openSync(path, 'r');
  }

  /** Decodes the span. Throws decode-failed, disk-full, ffmpeg-missing, or the abort's reason. */
  static async decode(options: DecodeSound): Promise<Sound> {
    const { stream, sampleRate, scratch } = options;
    // Whole seconds are whole samples at the source's rate and at ours.
    const first = Math.floor(options.from) * sampleRate;
    const wanted = Math.max(1, Math.ceil(options.to * sampleRate) - first);
    try {
      const bytes = await decodeTo(options, first, wanted);
      return new Sound(scratch, stream.channels, sampleRate, first, Math.floor(bytes / (4 * stream.channels)));
    } catch (error) {
      await rm(scratch, { force: true });
      throw error;
    }
  }

  /** Fills `planes` (one array a channel) with their length of samples from sample `first` on. */
  read(first: number, planes: readonly Float32Array[]): void {
    const count = planes[0]!.length;
    const { channels } = this;
    this.#load(first, count);
    const from = Math.max(first, this.#windowFirst);
    const to = Math.min(first + count, this.#windowFirst + this.#windowLength);
    for (const [c, plane] of planes.entries()) {
      if (from >= to) {
        plane.fill(0);
        continue;
      }
      plane.fill(0, 0, from - first);
      plane.fill(0, to - first);
      let at = (from - this.#windowFirst) * channels + c;
      for (let i = from - first; i < to - first; i++, at += channels) plane[i] = this.#window[at]!;
    }
  }

  /** Closes and removes the scratch file. */
  async close(): Promise<void> {
    closeSync(this.#file);
    await rm(this.#path, { force: true });
  }

  /** Makes the window cover what exists of first .. first + count. */
  #load(first: number, count: number): void {
    const end = this.#first + this.#length;
    const from = Math.max(first, this.#first);
    const to = Math.min(first + count, end);
    if (from >= to || (from >= this.#windowFirst && to <= this.#windowFirst + this.#windowLength)) return;
    // Half a window to either side: reverse reads as cheaply as forward.
    const size = Math.max(WINDOW, 2 * count);
    const windowFirst = Math.max(this.#first, Math.floor((from + to - size) / 2));
    const length = Math.min(size, end - windowFirst);
    if (this.#window.length < size * this.channels) this.#window = new Float32Array(size * this.channels);
    const bytes = new Uint8Array(this.#window.buffer, 0, length * this.channels * 4);
    let position = (windowFirst - this.#first) * this.channels * 4;
    for (let done = 0; done < bytes.length;) {
      const n = readSync(this.#file, bytes, done, bytes.length - done, position);
      if (n === 0) throw new AppError('internal', 'The scratch file of the sound became shorter.');
      done += n;
      position += n;
    }
    this.#windowFirst = windowFirst;
    this.#windowLength = length;
  }
}

async function decodeTo(options: DecodeSound, first: number, wanted: number): Promise<number> {
  const { stream, sampleRate, signal } = options;
  const rate = stream.sampleRate || sampleRate;
  const start = options.sourceStart / TICKS + (stream.unedited ?? 0);
  const firstPts = Math.round(start * rate) + (first / sampleRate) * rate;
  const layout = stream.channelLayout && !/channels/.test(stream.channelLayout) ? stream.channelLayout : undefined;
  const filters = [
    `aresample=${rate}:async=1:min_hard_comp=0.02:first_pts=${firstPts}`,
    ...(rate === sampleRate ? [] : [`aresample=${sampleRate}`]),
    `atrim=end_sample=${wanted}`,
    layout ? `aformat=sample_fmts=flt:channel_layouts=${layout}` : 'aformat=sample_fmts=flt',
  ];
  const args = [
    ...(await inputArgs(options.path, editArgs(stream.unedited !== undefined))),
    '-copyts',
    '-map',
    `0:${stream.index}`,
    '-af',
    filters.join(','),
    ...(layout ? [] : ['-ac', String(stream.channels)]),
    '-c:a',
    'pcm_f32le',
    '-f',
    'f32le',
    'pipe:1',
  ];
  const ffmpeg = await spawnFfmpeg(args, { signal });
  const file = await open(options.scratch, 'w');
  let bytes = 0;
  try {
    for await (const chunk of ffmpeg.stdout as AsyncIterable<Buffer>) {
      for (let done = 0; done < chunk.length;) {
        done += (await file.write(chunk, done)).bytesWritten;
      }
      bytes += chunk.length;
      options.onProgress?.(Math.min(1, bytes / (wanted * stream.channels * 4)));
    }
    await ffmpeg.done;
  } catch (cause) {
    await ffmpeg.stop();
    if (signal?.aborted) throw toAppError(signal.reason);
    const error = toAppError(fullDisk(cause, options.scratch));
    if (error.code !== 'ffmpeg-failed') throw error;
    throw new AppError('decode-failed', `The sound of ${options.path} could not be decoded: ${error.message}`, {
      cause,
    });
  } finally {
    await file.close();
  }
  return bytes;
}
