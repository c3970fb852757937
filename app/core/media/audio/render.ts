/** The sound of an output: the source's sound led through the time map, written as a WAV file. */
import { AppError, toAppError } from '../../../contract/errors.ts';
import type { AudioMode } from '../../../contract/jobs.ts';
import type { AudioStreamInfo } from '../../../contract/media.ts';
import type { TimeMap } from '../../time/map.ts';
import { runsOf, sourceSpan } from './runs.ts';
import type { Run } from './runs.ts';
import { Sound } from './sound.ts';
import { Stretcher } from './stretch.ts';
import { copyVoice, stretchVoice, tapeVoice } from './voices.ts';
import type { Voice } from './voices.ts';
import { WavWriter } from './wav.ts';

/** Length of a crossfade between runs. Seconds. */
const FADE = 0.005;
/** Source sound kept around the span of the map: what stretching and fades look at beyond it. Seconds. */
const MARGIN = 0.5;
/** Jumps of the source position up to this are taken in stride: stretched sound follows without a seam. Seconds. */
const STRETCH_JUMP = 0.005;
const TAPE_JUMP = 2e-5;
/** Samples gathered before they are written. */
const WRITE_AT_ONCE = 1 << 15;

export interface RenderAudio {
  /** The source file and its sound. */
  readonly path: string;
  readonly stream: AudioStreamInfo;
  readonly map: TimeMap;
  readonly mode: Exclude<AudioMode, 'mute'>;
  /** Ticks of the first video frame on the file's own clock (SourceIndex.start). */
  readonly sourceStart: number;
  /** The WAV file to write, over an existing one. A scratch file `<to>.source` lives beside it meanwhile. */
  readonly to: string;
  /** Default: the source's, within 8 to 192 kHz. */
  readonly sampleRate?: number;
  readonly signal?: AbortSignal;
  /** 0..1, ascending. */
  readonly onProgress?: (fraction: number) => void;
}

export interface RenderedAudio {
  /** Samples of each channel: the map's duration, rounded. */
  readonly samples: number;
  readonly sampleRate: number;
  readonly channels: number;
}

/** Bytes that `renderAudio` writes: the WAV file, and the scratch file that it removes again. */
export function audioBytes(options: Pick<RenderAudio, 'stream' | 'map' | 'mode' | 'sampleRate'>): {
  output: number;
  scratch: number;
} {
  const { from, to } = shownSpan(options.map, options.mode);
  const frame = rateOf(options) * options.stream.channels * 4;
  return { output: Math.ceil(options.map.duration * frame) + 104, scratch: Math.ceil((to - from) * frame) };
}

/**
 * Writes the sound as 32-bit float WAV (RF64 beyond 4 GiB), exactly as long as the map, with the source's channels.
 *
 * 'keep-pitch' stretches, 'tape' lets the pitch follow the speed, both along the map, read every 20 ms; speeds below 0.02 are
 * silent, negative ones play backwards; seams are crossfaded over 5 ms. 'original' is the source's sound from the first moment
 * the map shows, at its own speed, cut or padded. Where the source has no sound, there is silence. Memory does not grow with
 * length. On failure no valid file is left at `to`, and no scratch file.
 * Throws decode-failed, disk-full, ffmpeg-missing, or the abort's reason.
 */
export async function renderAudio(options: RenderAudio): Promise<RenderedAudio> {
  const { map, mode, stream, signal } = options;
  const sampleRate = rateOf(options);
  const total = Math.round(map.duration * sampleRate);
  const shown = shownSpan(map, mode);
  const progress = options.onProgress ?? (() => {});
  const sound = await Sound.decode({
    path: options.path,
    stream,
    sourceStart: options.sourceStart,
    ...shown,
    sampleRate,
    scratch: `${options.to}.source`,
    signal,
    onProgress: (fraction) => progress(0.3 * fraction),
  });
  try {
    const writer = await WavWriter.open(options.to, sampleRate, stream.channels, stream.channelLayout);
    try {
      const original: TimeMap = { duration: map.duration, pieces: [0], sourceAt: (t) => shown.from + MARGIN + t };
      const maker = await voiceMaker(sound, mode === 'original' ? original : map, mode);
      await mix(maker, writer, total, (done) => {
        if (signal?.aborted) throw toAppError(signal.reason);
        progress(0.3 + 0.7 * (done / Math.max(1, total)));
      });
      await writer.close();
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  } finally {
    await sound.close();
  }
  return { samples: total, sampleRate, channels: stream.channels };
}

function rateOf({ sampleRate, stream }: Pick<RenderAudio, 'sampleRate' | 'stream'>): number {
  return sampleRate ?? Math.min(192_000, Math.max(8_000, stream.sampleRate));
}

/** The source seconds to decode. */
function shownSpan(map: TimeMap, mode: RenderAudio['mode']): { from: number; to: number } {
  const { from, to } = sourceSpan(map);
  return { from: from - MARGIN, to: (mode === 'original' ? from + map.duration : to) + MARGIN };
}

interface VoiceMaker {
  readonly runs: readonly Run[];
  voice(run: Run, first: number): Voice;
}

async function voiceMaker(sound: Sound, map: TimeMap, mode: RenderAudio['mode']): Promise<VoiceMaker> {
  if (mode === 'original') {
    const run: Run = { kind: 'forward', copy: true, start: 0, end: map.duration };
    return { runs: [run], voice: (r, first) => copyVoice(sound, map, r, first) };
  }
  const runs = runsOf(map, mode === 'tape' ? TAPE_JUMP : STRETCH_JUMP);
  const stretches = mode === 'keep-pitch' && runs.some((run) => run.kind !== 'freeze' && !run.copy);
  const stretcher = stretches ? await Stretcher.load(sound.channels, sound.sampleRate) : undefined;
  return {
    runs,
    voice(run, first) {
      if (run.copy) return copyVoice(sound, map, run, first);
      if (stretcher) return stretchVoice(sound, map, run, first, stretcher);
      return tapeVoice(sound, map, run, first);
    },
  };
}

/**
 * Sums the runs, each weighted by a window that rises around its start and falls around its end; the windows of all runs add
 * up to 1 everywhere. Only the last fade's length is held back.
 */
async function mix(maker: VoiceMaker, writer: WavWriter, total: number, tell: (done: number) => void): Promise<void> {
  const { sampleRate } = writer;
  const half = Math.max(1, Math.round((sampleRate * FADE) / 2));
  const mixer = new Mixer(writer);
  const edge = (seconds: number): number => Math.min(total, Math.round(seconds * sampleRate));
  for (const [i, run] of maker.runs.entries()) {
    const start = i === 0 ? -Infinity : edge(run.start);
    const end = i === maker.runs.length - 1 ? Infinity : edge(run.end);
    const first = Math.max(0, start - half);
    const last = Math.min(total, end + half);
    if (run.kind === 'freeze' || first >= last) continue;
    await mixer.flushTo(first);
    const voice = maker.voice(run, first);
    for (let at = first; at < last;) {
      const block = voice.next().value;
      const length = Math.min(block[0]!.length, last - at);
      mixer.add(at, block, length, (n) => rise((n - start) / half) - rise((n - end) / half));
      at += length;
      const final = Math.min(at, last - 2 * half);
      if (final - writer.samples < WRITE_AT_ONCE) continue;
      await mixer.flushTo(final);
      tell(at);
    }
  }
  await mixer.flushTo(total);
  if (writer.samples !== total)
    throw new AppError('internal', `${writer.samples} samples of sound instead of ${total}.`);
  tell(total);
}

/** 0 up to -1, 1 from 1 on, half a cosine between. */
function rise(x: number): number {
  if (x <= -1) return 0;
  return x >= 1 ? 1 : 0.5 + 0.5 * Math.sin((Math.PI / 2) * x);
}

/** Adds planar blocks into an interleaved stream and writes what is final. */
class Mixer {
  readonly #writer: WavWriter;
  /** Samples from `#from` on that may still change; zero where nothing was added. */
  #pending = new Float32Array(0);
  #from = 0;
  #length = 0;

  constructor(writer: WavWriter) {
    this.#writer = writer;
  }

  add(at: number, block: readonly Float32Array[], length: number, gain: (sample: number) => number): void {
    const { channels } = this.#writer;
    const needed = at + length - this.#from;
    if (needed * channels > this.#pending.length) {
      const grown = new Float32Array(needed * channels * 2);
      grown.set(this.#pending.subarray(0, this.#length * channels));
      this.#pending = grown;
    }
    this.#length = Math.max(this.#length, needed);
    for (let n = 0, to = (at - this.#from) * channels; n < length; n++) {
      const g = gain(at + n);
      for (let c = 0; c < channels; c++) this.#pending[to++]! += g * block[c]![n]!;
    }
  }

  /** Everything before sample `end` is final; what nobody added is silence. */
  async flushTo(end: number): Promise<void> {
    const { channels } = this.#writer;
    if (end <= this.#from) return;
    const ready = Math.min(this.#length, end - this.#from);
    if (ready > 0) await this.#writer.append(this.#pending.subarray(0, ready * channels));
    this.#pending.copyWithin(0, ready * channels, this.#length * channels);
    this.#pending.fill(0, (this.#length - ready) * channels, this.#length * channels);
    this.#from += ready;
    this.#length -= ready;
    const silence = new Float32Array(Math.min(end - this.#from, WRITE_AT_ONCE) * channels);
    while (this.#from < end) {
      const count = Math.min(end - this.#from, silence.length / channels);
      await this.#writer.append(silence.subarray(0, count * channels));
      this.#from += count;
    }
  }
}
