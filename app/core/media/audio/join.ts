/** Sounds one after another, with silence between, as one WAV file. */
import { createReadStream } from 'node:fs';
import { channelGains, remix } from './channels.ts';
import { WAV_HEADER_BYTES, WavWriter } from './wav.ts';

export interface JoinedPart {
  /** A file of `renderAudio`. */
  readonly path: string;
  readonly channels: number;
  /** Samples of each channel between which it is heard: [start, end), within what was rendered or a sample beyond. */
  readonly start: number;
  readonly end: number;
}

/** A WAV file that is filled from its start to its end. */
export class SoundJoiner {
  readonly #writer: WavWriter;

  private constructor(writer: WavWriter) {
    this.#writer = writer;
  }

  /** Creates or empties the file at `to`. Throws disk-full. */
  static async open(to: string, sampleRate: number, channels: number): Promise<SoundJoiner> {
    return new SoundJoiner(await WavWriter.open(to, sampleRate, channels));
  }

  /** Puts a part after those before it. Throws disk-full. */
  async add({ path, channels, start, end }: JoinedPart): Promise<void> {
    await this.silence(start);
    const gains = channelGains(channels, this.#writer.channels);
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of createReadStream(path, { start: WAV_HEADER_BYTES }) as AsyncIterable<Buffer>) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      const frames = Math.min(Math.floor(bytes.length / (4 * channels)), end - this.#writer.samples);
      const used = frames * channels * 4;
      // A copy: buffers of a stream begin anywhere, floats do not.
      const samples = new Float32Array(new Uint8Array(bytes.subarray(0, used)).buffer);
      await this.#writer.append(remix(samples, channels, gains));
      rest = bytes.subarray(used);
      if (this.#writer.samples >= end) break;
    }
    await this.silence(end);
  }

  /** Silence up to sample `end`. */
  async silence(end: number): Promise<void> {
    const { channels } = this.#writer;
    const zeros = new Float32Array(Math.min(1 << 15, Math.max(0, end - this.#writer.samples)) * channels);
    while (this.#writer.samples < end) {
      const count = Math.min(zeros.length / channels, end - this.#writer.samples);
      await this.#writer.append(zeros.subarray(0, count * channels));
    }
  }

  /** Samples of each channel. */
  async close(): Promise<number> {
    await this.#writer.close();
    return this.#writer.samples;
  }

  async abandon(): Promise<void> {
    await this.#writer.abandon();
  }
}
