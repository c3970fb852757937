/** Descriptions that lie scattered between weights, read by page: the weights stay on the disk, and a hostile file cannot have us read for ever. */
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { FileReader } from './file-reader.ts';

const PAGE = 4096;
const CACHED_PAGES = 256;
/** Pages read in all. The largest published models take some thousand. */
const MAX_PAGE_READS = 20_000;

export class PagedFile {
  readonly size: number;
  readonly #file: FileReader;
  readonly #pages = new Map<number, Uint8Array>();
  #reads = 0;

  constructor(file: FileReader) {
    this.#file = file;
    this.size = file.size;
  }

  /** The bytes at `at`; not to be kept. Throws `checkpoint-damaged` outside the file, `checkpoint-refused` when too much is read. */
  async view(at: number, length: number): Promise<DataView<ArrayBufferLike>> {
    if (!(at >= 0 && length >= 0 && at + length <= this.size)) throw this.damaged(`an offset leads to byte ${at}`);
    if (length > PAGE) {
      this.#count(Math.ceil(length / PAGE));
      return new DataView((await this.#file.read(at, length)).buffer);
    }
    const first = Math.floor(at / PAGE);
    const page = await this.#page(first);
    const within = at - first * PAGE;
    if (within + length <= page.length) return new DataView(page.buffer, page.byteOffset + within, length);
    const both = Buffer.concat([page.subarray(within), await this.#page(first + 1)]);
    return new DataView(both.buffer, both.byteOffset, length);
  }

  damaged(why: string): AppError {
    return new AppError('checkpoint-damaged', `${basename(this.#file.path)} is damaged or cut off: ${why}.`);
  }

  refused(why: string): AppError {
    return new AppError('checkpoint-refused', `${basename(this.#file.path)} ${why}.`);
  }

  async #page(index: number): Promise<Uint8Array> {
    const cached = this.#pages.get(index);
    if (cached !== undefined) return cached;
    this.#count(1);
    const page = await this.#file.read(index * PAGE, Math.min(PAGE, this.size - index * PAGE));
    const [oldest] = this.#pages.keys();
    if (this.#pages.size >= CACHED_PAGES && oldest !== undefined) this.#pages.delete(oldest);
    this.#pages.set(index, page);
    return page;
  }

  #count(pages: number): void {
    this.#reads += pages;
    if (this.#reads > MAX_PAGE_READS) throw this.refused('scatters its description over the whole file');
  }
}
