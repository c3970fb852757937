/** The waveform of a clip's sound. */
import type { VideoInfo } from '../../contract/media.ts';
import { spawnFfmpeg } from '../media/ffmpeg.ts';
import { editArgs, imageArgs, inputArgs } from '../media/input.ts';
import { askProbe } from '../media/probe-raw.ts';

/** Pairs of lowest and highest sample a second. */
export const PEAKS_RATE = 100;
const SAMPLE_RATE = 16_000;
const SAMPLES = SAMPLE_RATE / PEAKS_RATE;
/** A day. */
const MOST_BYTES = 2 * PEAKS_RATE * 86_400;

/**
 * The first sound of a clip, channels mixed, as pairs of lowest and highest sample (-128..127), PEAKS_RATE a second, the first at its first picture. Throws
 * ffmpeg-failed, ffmpeg-missing, cancelled.
 */
export async function soundPeaks(info: VideoInfo, signal?: AbortSignal): Promise<Int8Array> {
  const [stream] = info.audio;
  if (!stream) return new Int8Array(0);
  const raw = await askProbe(info.path, imageArgs(info.format), signal);
  const shown = raw.streams.find(({ index }) => index === info.video.index)?.start_time ?? 0;
  const start = shown + (stream.unedited ?? 0);
  const rate = stream.sampleRate || 48_000;
  // As media/audio/sound.ts places sound: by its timestamps, gaps as silence.
  const placed = `aresample=${rate}:async=1:min_hard_comp=0.02:first_pts=${Math.round(start * rate)}`;
  const mixed = `aformat=sample_fmts=s16:channel_layouts=mono,aresample=${SAMPLE_RATE}`;
  const args = [
    ...(await inputArgs(info.path, [...editArgs(stream.unedited !== undefined), '-vn', '-threads', '1'])),
    ...['-copyts', '-map', `0:${stream.index}`, '-af', `${placed},${mixed}`, '-f', 's16le', 'pipe:1'],
  ];
  const ffmpeg = await spawnFfmpeg(args, { signal, logLevel: 'error' });
  const peaks = new PeakReader();
  for await (const chunk of ffmpeg.stdout as AsyncIterable<Buffer>) {
    peaks.push(chunk);
    if (peaks.length < MOST_BYTES) continue;
    await ffmpeg.stop();
    break;
  }
  await ffmpeg.done.catch((error: unknown) => {
    // What was decoded before the sound broke off is what there is to see.
    if (signal?.aborted || peaks.length === 0) throw error;
  });
  return peaks.finish();
}

/** Samples of 16 bits, little-endian, to pairs. */
export class PeakReader {
  #pairs = new Int8Array(1 << 12);
  #length = 0;
  #lowest = 32_767;
  #highest = -32_768;
  #count = 0;
  #half: number | undefined;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    let at = 0;
    if (this.#half !== undefined && chunk.length > 0) {
      this.#take(((this.#half | (chunk[0]! << 8)) << 16) >> 16);
      this.#half = undefined;
      at = 1;
    }
    for (; at + 1 < chunk.length; at += 2) this.#take(chunk.readInt16LE(at));
    if (at < chunk.length) this.#half = chunk[at];
  }

  finish(): Int8Array {
    if (this.#count > 0) this.#put();
    return this.#pairs.slice(0, this.#length);
  }

  #take(sample: number): void {
    if (sample < this.#lowest) this.#lowest = sample;
    if (sample > this.#highest) this.#highest = sample;
    if (++this.#count === SAMPLES) this.#put();
  }

  #put(): void {
    if (this.#length + 2 > this.#pairs.length) {
      const larger = new Int8Array(2 * this.#pairs.length);
      larger.set(this.#pairs);
      this.#pairs = larger;
    }
    this.#pairs[this.#length++] = this.#lowest >> 8;
    this.#pairs[this.#length++] = this.#highest >> 8;
    [this.#lowest, this.#highest, this.#count] = [32_767, -32_768, 0];
  }
}
