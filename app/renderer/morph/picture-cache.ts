/** Decoded pictures by media path, the least recently used given up first. A path names one picture for ever, see BoardPictures. */
import { mediaUrl } from '../state/connection.svelte.ts';

/** Bytes of decoded pictures that are kept. */
const MOST_BYTES = 256e6;

interface Kept {
  readonly bitmap: Promise<ImageBitmap>;
  bytes: number;
}

export class PictureCache {
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  /** The picture itself: whoever draws it does so at once and does not close it. Rejects when it cannot be had. */
  get(path: string): Promise<ImageBitmap> {
    const there = this.#kept.get(path);
    if (there) {
      this.#kept.delete(path);
      this.#kept.set(path, there);
      return there.bitmap;
    }
    const made: Kept = { bitmap: load(path), bytes: 0 };
    this.#kept.set(path, made);
    made.bitmap.then(
      ({ width, height }) => this.#count(path, made, 4 * width * height),
      () => this.#kept.delete(path),
    );
    return made.bitmap;
  }

  #count(path: string, kept: Kept, bytes: number): void {
    if (this.#kept.get(path) !== kept) return;
    kept.bytes = bytes;
    this.#bytes += bytes;
    for (const [oldest, { bytes: size }] of this.#kept) {
      if (this.#bytes <= MOST_BYTES || oldest === path) break;
      // Not closed: somebody may be about to draw it.
      this.#kept.delete(oldest);
      this.#bytes -= size;
    }
  }
}

async function load(path: string): Promise<ImageBitmap> {
  const response = await fetch(mediaUrl(path));
  if (!response.ok) throw new Error('There is no picture.');
  return await createImageBitmap(await response.blob());
}
