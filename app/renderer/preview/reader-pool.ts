/** The files that are open for pictures: a few, the last used. */
import type { ColourInfo } from '../../contract/media.ts';
import { mediaUrl } from '../state/connection.svelte.ts';
import { VideoReader } from './video-reader.ts';

const MOST = 6;

export class ReaderPool {
  /** By media path, the last used at the end. */
  readonly #open = new Map<string, Promise<VideoReader>>();
  /** Nothing is opened any more: whoever still waits for a picture is not to start over. */
  closed = false;

  /** Throws what opening it threw; asked again, it is opened again. `colour` as VideoReader.open has it. Throws once the pool is closed. */
  get(path: string, colour?: ColourInfo): Promise<VideoReader> {
    if (this.closed) return Promise.reject(new Error('It was closed.'));
    let reader = this.#open.get(path);
    this.#open.delete(path);
    if (!reader) {
      reader = VideoReader.open(mediaUrl(path), colour);
      reader.catch(() => this.#open.delete(path));
    }
    this.#open.set(path, reader);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MOST) break;
      this.drop(oldest);
    }
    return reader;
  }

  /** Its file is another one now, or of no use. */
  drop(path: string): void {
    const reader = this.#open.get(path);
    this.#open.delete(path);
    reader?.then(
      (opened) => opened.close(),
      () => {},
    );
  }

  close(): void {
    this.closed = true;
    for (const path of [...this.#open.keys()]) this.drop(path);
  }
}
