/**
 * Frames of a source in any order, over a decoder that only runs forwards.
 *
 * Recently decoded frames are kept within a memory budget. Going forwards costs one decode of the range; going backwards
 * decodes a block of frames that fits the budget and hands them out in reverse. A jump restarts the decoder.
 */
import { AppError } from '../../contract/errors.ts';
import { prefetch } from '../base/prefetch.ts';
import type { Frame } from './frame.ts';

export interface FrameReaderOptions {
  /** Opens a decoder that yields frames `first`, first + 1, ... */
  readonly open: (first: number) => AsyncIterable<Frame>;
  readonly count: number;
  /** How many frames may be kept, at least 3. */
  readonly keep: number;
}

/** Frames decoded ahead of the one asked for: enough to keep the decoder busy while an engine thinks. */
const AHEAD = 3;
/** Decoding on to a frame this far ahead is cheaper than starting a decoder there. */
const NEAR = 64;

export class FrameReader implements AsyncDisposable {
  readonly #options: FrameReaderOptions;
  /** In order of last use, oldest first. */
  readonly #kept = new Map<number, Frame>();
  #stream: AsyncGenerator<Frame, void, undefined> | undefined;
  #next = 0;
  #last = -1;

  constructor(options: FrameReaderOptions) {
    this.#options = { ...options, keep: Math.max(3, options.keep) };
  }

  /** Source frame `index`. Throws 'source-changed' when the decoder ends before it. */
  async get(index: number): Promise<Frame> {
    const backwards = index < this.#last;
    this.#last = index;
    const kept = this.#kept.get(index);
    if (kept) {
      this.#kept.delete(index);
      this.#kept.set(index, kept);
      return kept;
    }
    if (!this.#stream || index < this.#next || index > this.#next + NEAR) {
      await this.#restart(backwards ? Math.max(0, index - this.#options.keep + 2) : index);
    }
    while (this.#next <= index) {
      const { value, done } = await this.#stream!.next();
      if (done || value.index !== this.#next) {
        throw new AppError(
          'source-changed',
          `The source ended at frame ${this.#next} of ${this.#options.count}: it was changed or cut short while being read. ` +
            'Frames made so far are kept; run the same command again once it is whole.',
        );
      }
      this.#keep(value);
      this.#next++;
    }
    return this.#kept.get(index)!;
  }

  #keep(frame: Frame): void {
    this.#kept.set(frame.index, frame);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#options.keep) break;
      this.#kept.delete(oldest);
    }
  }

  async #restart(first: number): Promise<void> {
    await this.#stream?.return();
    this.#stream = prefetch(this.#options.open(first), AHEAD);
    this.#next = first;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kept.clear();
    await this.#stream?.return();
  }
}
