/**
 * Pictures of one file, in any order, exactly.
 *
 * [Note: pictures in the renderer] mediabunny finds packets and runs WebCodecs; here is what stepping needs besides: the frames from the keyframe to the wanted one were
 * decoded anyway, so they are kept, within a budget, and the decoder stays where it is, so that the next frame costs one frame. Nearest to the frame asked for
 * last is kept longest. Whoever gets a picture gets a clone and closes it.
 */
import {
  EncodedPacketSink,
  Input,
  MATROSKA,
  MP4,
  QTFF,
  UrlSource,
  VideoSampleSink,
  WEBM,
  type InputVideoTrack,
  type VideoSample,
} from 'mediabunny';

import type { ColourInfo } from '../../contract/media.ts';

/** Bytes of decoded pictures that are kept, and how few they may be. */
const BUDGET = 64 << 20;
const FEWEST = 16;
const MOST = 96;
/** Two timestamps nearer than this are the same, in seconds: a tenth of the shortest frame there is. */
const SAME = 1e-4;
/** Rather than starting anew at a keyframe, decode on for as much, in seconds. */
const DECODE_ON = 0.4;

/** 'nearest' the time, or 'last' at or before it. */
export type Choice = 'nearest' | 'last';

const METADATA = { metadataOnly: true };

export class VideoReader {
  readonly width: number;
  readonly height: number;
  readonly #input: Input;
  readonly #packets: EncodedPacketSink;
  readonly #sink: VideoSampleSink;
  /** File time of the first picture: what times are counted from. */
  readonly #start: number;
  readonly #most: number;
  readonly #kept = new Map<number, VideoSample>();
  #walk: { samples: AsyncGenerator<VideoSample, void, unknown>; at: number } | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(input: Input, track: InputVideoTrack, size: { width: number; height: number }, start: number) {
    this.#input = input;
    this.width = size.width;
    this.height = size.height;
    this.#start = start;
    this.#packets = new EncodedPacketSink(track);
    // Small pictures decode faster in software than a hardware decoder starts, and kept frames would starve its pool.
    this.#sink = new VideoSampleSink(track, { hardwareAcceleration: 'prefer-software', optimizeForLatency: true });
    this.#most = Math.min(MOST, Math.max(FEWEST, Math.floor(BUDGET / (size.width * size.height * 1.5))));
  }

  /** Opens a file by its address; `colour` is what it has where its bitstream does not say. Throws when it cannot be read or its video not be decoded. */
  static async open(url: string, colour?: ColourInfo): Promise<VideoReader> {
    const input = new Input({ source: sourceOf(url), formats: [MP4, QTFF, MATROSKA, WEBM] });
    try {
      const track = await input.getPrimaryVideoTrack();
      if (!track) throw new Error('There is no video in it.');
      if (colour) giveColour(track, colour);
      if (!(await track.canDecode())) throw new Error('This codec is not played here.');
      const [width, height] = [await track.getDisplayWidth(), await track.getDisplayHeight()];
      return new VideoReader(input, track, { width, height }, await firstShown(track));
    } catch (error) {
      input.dispose();
      throw error;
    }
  }

  /** The exact time of the frame that `choice` means, in seconds from the first picture. */
  async stampAt(seconds: number, choice: Choice): Promise<number> {
    const at = Math.max(0, seconds) + this.#start;
    const packet =
      (await this.#packets.getPacket(at + SAME, METADATA)) ?? (await this.#packets.getFirstPacket(METADATA));
    if (!packet) throw new Error('There are no pictures in it.');
    let stamp = packet.timestamp;
    if (choice === 'nearest' && at - stamp > packet.duration / 2) {
      const next = await this.#packets.getPacket(stamp + packet.duration + SAME, METADATA);
      if (next && Math.abs(next.timestamp - at) < Math.abs(stamp - at)) stamp = next.timestamp;
    }
    return Math.max(stamp, this.#start) - this.#start;
  }

  /** Whether that picture can be had without decoding. */
  has(stamp: number): boolean {
    return this.#keptAt(stamp + this.#start) !== undefined;
  }

  /** The picture at exactly `stamp` (by `stampAt`); a clone, to be closed. Throws when it cannot be decoded. */
  async picture(stamp: number): Promise<VideoSample> {
    const at = stamp + this.#start;
    const kept = this.#keptAt(at);
    if (kept) return kept.clone();
    return await this.#inTurn(async () => (this.#keptAt(at) ?? (await this.#decode(at))).clone());
  }

  /** Decodes it so that it is there when it is asked for. Never throws. */
  async warm(stamp: number): Promise<void> {
    const at = stamp + this.#start;
    if (at < this.#start || this.#keptAt(at) || this.#closed) return;
    await this.#inTurn(async () => void (this.#keptAt(at) ?? (await this.#decode(at)))).catch(() => {});
  }

  /** The frame before or after, undefined at the ends. */
  async neighbour(stamp: number, step: -1 | 1): Promise<number | undefined> {
    const at = stamp + this.#start;
    const packet = await this.#packets.getPacket(at + SAME, METADATA);
    if (!packet) return undefined;
    const other = step < 0 ? at - 2 * SAME : packet.timestamp + packet.duration + SAME;
    const found = other < this.#start - SAME ? null : await this.#packets.getPacket(other, METADATA);
    if (!found || Math.abs(found.timestamp - packet.timestamp) < SAME) return undefined;
    return Math.max(found.timestamp, this.#start) - this.#start;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#inTurn(async () => {
      await this.#stopWalk();
      for (const sample of this.#kept.values()) sample.close();
      this.#kept.clear();
      this.#input.dispose();
    }).catch(() => {});
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #keptAt(at: number): VideoSample | undefined {
    return this.#kept.get(keyOf(at));
  }

  async #decode(at: number): Promise<VideoSample> {
    if (this.#closed) throw new Error('It was closed.');
    const walk = await this.#walkTo(at);
    for (;;) {
      const { value: sample, done } = await walk.samples.next().catch((error: unknown) => {
        // A decoder that failed says from now on that it is at the end: it must not be asked for the next picture.
        this.#walk = undefined;
        throw error;
      });
      if (done) {
        this.#walk = undefined;
        const last = this.#nearestKept(at);
        if (last) return last;
        throw new Error('There is no such picture.');
      }
      walk.at = sample.timestamp;
      this.#keep(sample, at);
      if (sample.timestamp >= at - SAME) return sample;
    }
  }

  /** The decoder where it is, when it will come by soon; otherwise from the keyframe on. */
  async #walkTo(at: number): Promise<{ samples: AsyncGenerator<VideoSample, void, unknown>; at: number }> {
    const key = await this.#packets.getKeyPacket(at + SAME, METADATA);
    const walk = this.#walk;
    if (walk && at > walk.at + SAME && (at - walk.at < DECODE_ON || (key && key.timestamp <= walk.at + SAME)))
      return walk;
    await this.#stopWalk();
    const from = key?.timestamp ?? at;
    this.#walk = { samples: this.#sink.samples(from - SAME), at: from - 1 };
    return this.#walk;
  }

  async #stopWalk(): Promise<void> {
    const walk = this.#walk;
    this.#walk = undefined;
    // One that has failed fails again.
    await walk?.samples.return().catch(() => {});
  }

  #keep(sample: VideoSample, focus: number): void {
    const key = keyOf(sample.timestamp);
    this.#kept.get(key)?.close();
    this.#kept.set(key, sample);
    while (this.#kept.size > this.#most) {
      let [farthest, distance] = [key, -1];
      for (const [one, { timestamp }] of this.#kept) {
        // What is behind is wanted for stepping back, but what is ahead has just been decoded on purpose.
        const far = Math.abs(timestamp - focus) * (timestamp > focus ? 0.5 : 1);
        if (far > distance && one !== key) [farthest, distance] = [one, far];
      }
      this.#kept.get(farthest)?.close();
      this.#kept.delete(farthest);
    }
  }

  #nearestKept(at: number): VideoSample | undefined {
    return [...this.#kept.values()].toSorted((a, b) => Math.abs(a.timestamp - at) - Math.abs(b.timestamp - at))[0];
  }
}

function keyOf(at: number): number {
  return Math.round(at / SAME);
}

/** A source that gives up rather than trying for ever. */
export function sourceOf(url: string): UrlSource {
  return new UrlSource(new URL(url, location.href), {
    getRetryDelay: (attempts) => (attempts < 2 ? 0.2 : null),
    handleUnhandledError: () => {},
    maxCacheSize: 24 << 20,
  });
}

/**
 * [Note: untagged colour] Where a film does not say its colours Chromium takes BT.709, whatever its size; ffmpeg and this app infer BT.601 up to 576 lines. A decoder
 * believes the bitstream first and its configuration next, so that is told what was inferred. Primaries and transfer are never converted here, as in what is exported.
 */
function giveColour(track: InputVideoTrack, { matrix, range }: ColourInfo): void {
  const named = MATRICES[matrix ?? ''];
  if (named === undefined) return;
  const read = track.getDecoderConfig.bind(track);
  const colorSpace = { matrix: named, primaries: 'bt709', transfer: 'bt709', fullRange: range === 'full' } as const;
  track.getDecoderConfig = async () => {
    const config = await read();
    return config && { ...config, colorSpace };
  };
}

const MATRICES: Readonly<Record<string, VideoMatrixCoefficients>> = {
  bt709: 'bt709',
  smpte170m: 'smpte170m',
  bt470bg: 'bt470bg',
};

/** ffmpeg, and so the plan, counts from the first picture that is shown: what lies before the start of the edit list is decoded, not shown. */
async function firstShown(track: InputVideoTrack): Promise<number> {
  const first = await track.getFirstTimestamp();
  if (first >= -SAME) return first;
  const packets = new EncodedPacketSink(track);
  const at = await packets.getPacket(SAME, METADATA);
  if (!at || at.timestamp >= -SAME) return at?.timestamp ?? first;
  const next = await packets.getPacket(at.timestamp + at.duration + SAME, METADATA);
  return next?.timestamp ?? first;
}
