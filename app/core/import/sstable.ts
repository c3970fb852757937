/** Reads a LevelDB table, the index of a TensorBundle (leveldb/doc/table_format.md; tensorflow/core/lib/io/table). */
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { crc32c, maskCrc } from './crc32c.ts';
import type { FileReader } from './file-reader.ts';
import { readVarint, take, type Cursor } from './proto-fields.ts';
import { unsnappy } from './snappy.ts';

const FOOTER = 48;
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** Type byte and checksum after every block. */
const TRAILER = 5;
/** The tables of the largest published checkpoints are under two megabytes; these keep a hostile one from filling the memory. */
const MAX_BYTES = 32 * 2 ** 20;
const MAX_KEY_BYTES = 32 * 2 ** 20;
const MAX_ENTRIES = 200_000;

/** Key (one character a byte, for keys are not always text) to value, in the table's order. */
export type Table = ReadonlyMap<string, Uint8Array>;

/** Whether the file ends as a table does. */
export async function isTable(file: FileReader): Promise<boolean> {
  if (file.isFolder || file.size < FOOTER) return false;
  const magic = await file.read(file.size - MAGIC.length, MAGIC.length);
  return MAGIC.every((byte, i) => magic[i] === byte);
}

/**
 * Reads the whole table; blocks may be uncompressed or Snappy, every checksum is checked. Throws `checkpoint-damaged` when it
 * contradicts itself, `checkpoint-refused` when it is larger than any checkpoint's.
 */
export async function readTable(file: FileReader): Promise<Table> {
  const name = basename(file.path);
  if (!(await isTable(file))) throw damaged(name, 'it does not end as a table does');
  if (file.size > MAX_BYTES) throw new AppError('checkpoint-refused', `${name} is too large for an index.`);
  const bytes = await file.read(0, file.size);
  const footer: Cursor = { bytes: bytes.subarray(file.size - FOOTER, file.size - MAGIC.length), at: 0 };
  readHandle(footer);
  const blocks = new BlockReader(name, bytes.subarray(0, file.size - FOOTER));
  const index = blocks.entries(readHandle(footer));
  const table = new Map<string, Uint8Array>();
  let last: string | undefined;
  for (const [, handle] of index) {
    for (const [key, value] of blocks.entries(readHandle({ bytes: handle, at: 0 }))) {
      // Sorted keys also mean that no block is listed twice.
      if (last !== undefined && key <= last) throw damaged(name, 'its keys are not in order');
      last = key;
      table.set(key, value);
    }
  }
  return table;
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

function readHandle(cursor: Cursor): Handle {
  const offset = readVarint(cursor);
  return { offset, size: readVarint(cursor) };
}

/** Blocks of one table, with what they may cost in all. */
class BlockReader {
  readonly #name: string;
  readonly #bytes: Uint8Array;
  #bytesLeft = MAX_BYTES;
  #keyBytesLeft = MAX_KEY_BYTES;
  #entriesLeft = MAX_ENTRIES;

  constructor(name: string, bytes: Uint8Array) {
    this.#name = name;
    this.#bytes = bytes;
  }

  /** The block's keys, prefixes put back, and values. */
  entries(handle: Handle): (readonly [string, Uint8Array])[] {
    const block = this.#block(handle);
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    const restarts = block.length < 4 ? 0 : view.getUint32(block.length - 4, true);
    const end = block.length - 4 - 4 * restarts;
    if (restarts < 1 || end < 0) throw damaged(this.#name, 'a block has no restart points');
    const cursor: Cursor = { bytes: block.subarray(0, end), at: 0 };
    const entries: (readonly [string, Uint8Array])[] = [];
    let key = '';
    while (cursor.at < end) {
      const shared = readVarint(cursor);
      const unshared = readVarint(cursor);
      const length = readVarint(cursor);
      if (shared < 0 || shared > key.length) throw damaged(this.#name, 'a key shares more than there is');
      key = key.slice(0, shared) + Buffer.from(take(cursor, unshared)).toString('latin1');
      entries.push([key, take(cursor, length)]);
      this.#entriesLeft -= 1;
      this.#keyBytesLeft -= key.length;
      if (this.#entriesLeft < 0 || this.#keyBytesLeft < 0) {
        throw new AppError('checkpoint-refused', `${this.#name} has more entries than any checkpoint.`);
      }
    }
    return entries;
  }

  #block({ offset, size }: Handle): Uint8Array {
    const inside = offset >= 0 && size >= 0 && offset + size + TRAILER <= this.#bytes.length;
    if (!inside) throw damaged(this.#name, 'a block lies outside it');
    this.#spend(size);
    const stored = this.#bytes.subarray(offset, offset + size + TRAILER);
    const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
    if (view.getUint32(size + 1, true) !== maskCrc(crc32c(stored.subarray(0, size + 1)))) {
      throw damaged(this.#name, 'a checksum is wrong');
    }
    const block = stored.subarray(0, size);
    if (stored[size] === 0) return block;
    if (stored[size] !== 1) throw damaged(this.#name, 'a block is packed in no known way');
    const plain = unsnappy(block, this.#bytesLeft);
    this.#spend(plain.length);
    return plain;
  }

  #spend(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) throw damaged(this.#name, 'its blocks are larger than itself');
  }
}

function damaged(name: string, why: string): AppError {
  return new AppError('checkpoint-damaged', `${name} is damaged: ${why}.`);
}
