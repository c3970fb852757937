/**
 * FlatBuffers read from a file, piece by piece (flatbuffers.dev/internals). The flatbuffers package needs the whole file in memory and
 * follows offsets unchecked; a model's file is mostly weights, which stay on the disk here.
 */
import type { AppError } from '../../contract/errors.ts';
import type { FileReader } from './file-reader.ts';
import { PagedFile } from './paged-file.ts';

/** Fused operators join the names of all their parts. */
const MAX_TEXT = 8192;

/** A place in the file where a table starts. */
export interface Table {
  readonly at: number;
  /** Where each field's value is; undefined for a field that is left out. */
  field(id: number): number | undefined;
}

/** Elements start at `at`. */
export interface Vector {
  readonly at: number;
  readonly length: number;
}

export class FlatFile {
  readonly #file: PagedFile;

  constructor(file: FileReader) {
    this.#file = new PagedFile(file);
  }

  async root(): Promise<Table> {
    return await this.#table(await this.#uint32(0));
  }

  async u8(table: Table, id: number): Promise<number> {
    const at = table.field(id);
    return at === undefined ? 0 : (await this.#file.view(at, 1)).getUint8(0);
  }

  /** A signed 32-bit field; 0 when it is left out, as for the other kinds. */
  async i32(table: Table, id: number): Promise<number> {
    const at = table.field(id);
    return at === undefined ? 0 : (await this.#file.view(at, 4)).getInt32(0, true);
  }

  /** An unsigned 64-bit field, near only beyond 2^53. */
  async u64(table: Table, id: number): Promise<number> {
    const at = table.field(id);
    return at === undefined ? 0 : Number((await this.#file.view(at, 8)).getBigUint64(0, true));
  }

  async table(table: Table, id: number): Promise<Table | undefined> {
    const at = table.field(id);
    return at === undefined ? undefined : await this.#table(at + (await this.#uint32(at)));
  }

  /** A vector of at most `most` elements of `size` bytes; its bytes are inside the file. Throws `checkpoint-refused` beyond that. */
  async vector(table: Table, id: number, size: number, most: number): Promise<Vector> {
    const at = table.field(id);
    if (at === undefined) return { at: 0, length: 0 };
    const start = at + (await this.#uint32(at));
    const length = await this.#uint32(start);
    if (start + 4 + length * size > this.#file.size) throw this.damaged(`a list of ${length} leads out of it`);
    if (length > most) throw this.#file.refused(`has a list of ${length}, more than any model`);
    return { at: start + 4, length };
  }

  async text(table: Table, id: number): Promise<string> {
    return Buffer.from(await this.bytes(await this.vector(table, id, 1, MAX_TEXT), 1)).toString('utf8');
  }

  /** The vector's elements, of `size` bytes each. */
  async bytes({ at, length }: Vector, size: number): Promise<Uint8Array<ArrayBuffer>> {
    const view = await this.#file.view(at, length * size);
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  }

  async i32s(table: Table, id: number, most: number): Promise<Int32Array> {
    const bytes = await this.bytes(await this.vector(table, id, 4, most), 4);
    const view = new DataView(bytes.buffer);
    return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
  }

  async *tables(table: Table, id: number, most: number): AsyncGenerator<Table, void, undefined> {
    const { at, length } = await this.vector(table, id, 4, most);
    for (let i = 0; i < length; i++) {
      const place = at + 4 * i;
      yield await this.#table(place + (await this.#uint32(place)));
    }
  }

  damaged(why: string): AppError {
    return this.#file.damaged(why);
  }

  async #table(at: number): Promise<Table> {
    const vtable = at - (await this.#file.view(at, 4)).getInt32(0, true);
    const size = (await this.#file.view(vtable, 4)).getUint16(0, true);
    if (size < 4 || size > 4096) throw this.damaged('a table has an impossible size');
    const offsets = await this.#file.view(vtable, size);
    return {
      at,
      field(id) {
        const place = 4 + 2 * id;
        const offset = place + 2 > size ? 0 : offsets.getUint16(place, true);
        return offset === 0 ? undefined : at + offset;
      },
    };
  }

  async #uint32(at: number): Promise<number> {
    return (await this.#file.view(at, 4)).getUint32(0, true);
  }
}
