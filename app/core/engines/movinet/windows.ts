/**
 * A base MoViNet at work on clips of any length: windows as long as the clips it was taught, half over each other. A frame's probabilities are the mean of those of
 * the windows that hold it, so the last window's first half is not said before the next one is seen, or `finish` says that there is none.
 */
import { AppError } from '../../../contract/errors.ts';
import type { OpenSession } from '../../nn/session.ts';
import type { Score, Tagger } from '../tagger.ts';
import { deviceText, pixelsOf, scoresOf, type TaggerParts } from './stream.ts';

interface Judged {
  /** Frames [from, to). */
  readonly from: number;
  readonly to: number;
  readonly score: Score;
}

export class WindowTagger implements Tagger {
  readonly device: string;
  readonly labels: readonly string[];
  readonly size: number;
  readonly rate: number;
  readonly embedding: number;
  readonly #session: OpenSession;
  readonly #window: number;
  readonly #hop: number;
  /** Frames from `#start` on, `#filled` of them, of a window's length. */
  readonly #frames: Float32Array;
  #start = 0;
  #filled = 0;
  /** Frames that were spoken of. */
  #said = 0;
  /** Windows that hold frames not yet spoken of. */
  #judged: Judged[] = [];

  constructor({ config, session, labels, threads }: TaggerParts) {
    this.device = deviceText(session, threads);
    this.labels = labels;
    this.size = config.resolution;
    this.rate = config.rate;
    this.embedding = config.head;
    this.#session = session;
    this.#window = config.frames;
    this.#hop = Math.ceil(config.frames / 2);
    this.#frames = new Float32Array(new SharedArrayBuffer(4 * this.#window * 3 * this.size ** 2));
  }

  async push(pixels: Float32Array, frames: number, signal?: AbortSignal): Promise<Score[]> {
    const each = pixelsOf(pixels, frames, this.size);
    const scores: Score[] = [];
    for (let at = 0; at < frames;) {
      const count = Math.min(frames - at, this.#window - this.#filled);
      this.#frames.set(pixels.subarray(at * each, (at + count) * each), this.#filled * each);
      this.#filled += count;
      at += count;
      if (this.#filled < this.#window) continue;
      await this.#judge(signal);
      this.#frames.copyWithin(0, this.#hop * each);
      this.#start += this.#hop;
      this.#filled -= this.#hop;
      scores.push(...this.#say(this.#start));
    }
    return scores;
  }

  async finish(signal?: AbortSignal): Promise<Score[]> {
    const end = this.#start + this.#filled;
    const reached = this.#judged.at(-1)?.to ?? 0;
    if (end > reached) await this.#judge(signal);
    return this.#say(end);
  }

  /** One window of what there is. */
  async #judge(signal: AbortSignal | undefined): Promise<void> {
    const each = 3 * this.size ** 2;
    const data = this.#frames.subarray(0, this.#filled * each);
    const dims = [this.#filled, this.size, this.size, 3];
    const made = await this.#session.run({ image: { dtype: 'float32', dims, data } }, signal ? { signal } : {});
    const [score] = scoresOf(made, 0, this.device);
    this.#judged.push({ from: this.#start, to: this.#start + this.#filled, score: score! });
  }

  /** The frames up to `end`, in order. */
  #say(end: number): Score[] {
    const scores: Score[] = [];
    for (; this.#said < end; this.#said++) {
      const holding = this.#judged.filter(({ from, to }) => from <= this.#said && this.#said < to);
      const mean = (of: (score: Score) => Float32Array): Float32Array => meanOf(holding.map(({ score }) => of(score)));
      const probabilities = mean((score) => score.probabilities);
      scores.push({ frame: this.#said, probabilities, embedding: mean((score) => score.embedding) });
    }
    this.#judged = this.#judged.filter(({ to }) => to > this.#said || to === end);
    return scores;
  }

  reset(): void {
    this.#start = 0;
    this.#filled = 0;
    this.#said = 0;
    this.#judged = [];
  }

  async state(): Promise<null> {
    return null;
  }

  async restore(): Promise<void> {
    throw new AppError('weights-mismatch', 'A network that sees whole windows keeps no state.');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.close();
  }
}

function meanOf(rows: readonly Float32Array[]): Float32Array {
  return rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
}
