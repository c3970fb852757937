/** Cuts a byte stream into blocks of one size, each in a buffer of its own, reading no further ahead than it must. */
import type { Readable } from 'node:stream';

/** Finished blocks that may wait for the reader before the stream is paused. */
const AHEAD = 2;

export class BlockReader {
  readonly #stream: Readable;
  readonly #size: number;
  readonly #ready: Uint8Array[] = [];
  #block: Uint8Array | undefined;
  #filled = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(stream: Readable, size: number) {
    this.#stream = stream;
    this.#size = size;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    stream.on('end', end);
    stream.on('close', end);
  }

  /** Bytes of an unfinished block when the stream ended. */
  get leftOver(): number {
    return this.#filled;
  }

  /** The next block, undefined at the end of the stream. Its ArrayBuffer is its own. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.#ready.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const block = this.#ready.shift();
    if (this.#ready.length < AHEAD && this.#stream.isPaused()) this.#stream.resume();
    return block;
  }

  #take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      // Not zeroed: every byte is written before the block is handed out.
      this.#block ??= Buffer.allocUnsafeSlow(this.#size);
      const end = Math.min(chunk.length, at + this.#size - this.#filled);
      this.#block.set(chunk.subarray(at, end), this.#filled);
      this.#filled += end - at;
      at = end;
      if (this.#filled < this.#size) break;
      this.#ready.push(this.#block);
      this.#block = undefined;
      this.#filled = 0;
    }
    if (this.#ready.length >= AHEAD) this.#stream.pause();
    if (this.#ready.length > 0) this.#wake?.();
  }
}
