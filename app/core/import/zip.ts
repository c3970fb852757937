/** The central directory of a zip archive (zip64 included), and its entries read at random. PKWARE APPNOTE 6.3. */
import { inflateRaw } from 'node:zlib';
import { promisify } from 'node:util';
import { AppError } from '../../contract/errors.ts';
import type { FileReader } from './file-reader.ts';

const inflate = promisify(inflateRaw);

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

/** A checkpoint with an entry a tensor stays far below both. */
const MAX_ENTRIES = 200_000;
const MAX_DIRECTORY = 64 * 2 ** 20;
/** Deflate packs up to 1030 to 1; weights never pack well. More than this is only believed of what is small anyway. */
const MAX_RATIO = 20;
const SMALL = 32 * 2 ** 20;

export interface ZipEntry {
  readonly name: string;
  /** Bytes once unpacked. */
  readonly size: number;
}

export interface Zip {
  /** By name, in the directory's order; folders are left out. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * `length` bytes from `offset` of an entry (all of it by default). A stored entry is read there and nowhere else; a deflated one is
   * unpacked whole. Throws `checkpoint-damaged`. Checksums are not compared: torch.save can be told to leave them wrong.
   */
  read(name: string, offset?: number, length?: number): Promise<Uint8Array<ArrayBuffer>>;
}

interface Record extends ZipEntry {
  readonly method: number;
  readonly packed: number;
  readonly at: number;
  /** Where the next entry or the directory begins: this one's bytes end before it. */
  readonly limit: number;
}

/** Whether the bytes begin as a zip archive does. */
export function looksLikeZip(head: Uint8Array): boolean {
  return head.length >= 22 && (view(head).getUint32(0, true) === LOCAL || view(head).getUint32(0, true) === END);
}

/**
 * Reads the directory. Throws `checkpoint-damaged` (cut off, overlapping or repeated entries, sizes beyond the file) and
 * `checkpoint-refused` (names that lead out of the archive, encryption, packing beyond reason).
 */
export async function openZip(file: FileReader): Promise<Zip> {
  const records = new Map<string, Record>();
  for (const record of await readDirectory(file)) {
    refuseName(file, record.name);
    if (records.has(record.name)) throw damaged(file, `it has ${JSON.stringify(record.name)} twice`);
    records.set(record.name, record);
  }
  for (const name of records.keys()) if (name.endsWith('/')) records.delete(name);
  return {
    entries: records,
    async read(name, offset = 0, length) {
      const record = records.get(name);
      if (!record) throw damaged(file, `it has no ${JSON.stringify(name)}`);
      return await readEntry(file, record, offset, length ?? record.size - offset);
    },
  };
}

async function readEntry(
  file: FileReader,
  record: Record,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (offset < 0 || length < 0 || offset + length > record.size) {
    throw damaged(file, `${JSON.stringify(record.name)} has ${record.size} bytes, fewer than are needed`);
  }
  const start = await dataStart(file, record);
  if (record.method === 0) return await file.read(start + offset, length);
  const packed = await file.read(start, record.packed);
  const bytes = await inflate(packed, { maxOutputLength: Math.max(1, record.size) }).catch((cause: unknown) => {
    throw damaged(file, `${JSON.stringify(record.name)} does not unpack`, cause);
  });
  if (bytes.length !== record.size) throw damaged(file, `${JSON.stringify(record.name)} unpacks to another size`);
  return Uint8Array.from(bytes.subarray(offset, offset + length));
}

/** The local header before the bytes has extra fields of its own length, so it must be read too. */
async function dataStart(file: FileReader, record: Record): Promise<number> {
  const header = view(await file.read(record.at, 30));
  if (header.getUint32(0, true) !== LOCAL)
    throw damaged(file, `${JSON.stringify(record.name)} is not where it should be`);
  const start = record.at + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + record.packed > record.limit)
    throw damaged(file, `${JSON.stringify(record.name)} runs into the next entry`);
  return start;
}

interface Directory {
  readonly count: number;
  readonly size: number;
  readonly at: number;
}

async function readDirectory(file: FileReader): Promise<Record[]> {
  const { count, size, at } = await findDirectory(file);
  if (count > MAX_ENTRIES || size > MAX_DIRECTORY) throw damaged(file, `its directory claims ${count} entries`);
  if (count * 46 > size || at + size > file.size) throw damaged(file, 'its directory does not fit');
  const bytes = await file.read(at, size);
  const parsed: Omit<Record, 'limit'>[] = [];
  for (let from = 0; parsed.length < count;) {
    const { record, next } = parseCentral(file, bytes, from);
    parsed.push(record);
    from = next;
  }
  return withLimits(file, parsed, at);
}

/** Each entry ends where the next begins. Entries that share bytes are how an archive of kilobytes unpacks to petabytes. */
function withLimits(file: FileReader, records: readonly Omit<Record, 'limit'>[], directory: number): Record[] {
  const starts = records.map((record) => record.at).toSorted((a, b) => a - b);
  // Backwards, so that of two that begin at one place the first has no room at all.
  const limits = new Map(starts.map((start, i): [number, number] => [start, starts[i + 1] ?? directory]).toReversed());
  return records.map((record) => {
    const limit = limits.get(record.at)!;
    if (record.at + 30 + record.packed > limit)
      throw damaged(file, `${JSON.stringify(record.name)} overlaps another entry`);
    return { ...record, limit };
  });
}

function parseCentral(
  file: FileReader,
  bytes: Uint8Array,
  from: number,
): { record: Omit<Record, 'limit'>; next: number } {
  const header = view(bytes.subarray(from));
  if (header.byteLength < 46 || header.getUint32(0, true) !== CENTRAL) throw damaged(file, 'its directory is broken');
  const nameEnd = from + 46 + header.getUint16(28, true);
  const extraEnd = nameEnd + header.getUint16(30, true);
  const next = extraEnd + header.getUint16(32, true);
  if (next > bytes.length) throw damaged(file, 'its directory is cut off');
  const name = Buffer.from(bytes.subarray(from + 46, nameEnd)).toString('utf8');
  if ((header.getUint16(8, true) & 0x2041) !== 0) throw refusal(file, `${JSON.stringify(name)} is encrypted`);
  const method = header.getUint16(10, true);
  const wide = { size: header.getUint32(24, true), packed: header.getUint32(20, true), at: header.getUint32(42, true) };
  const record = { name, method, ...widened(file, wide, bytes.subarray(nameEnd, extraEnd)) };
  refuseMethod(file, record);
  return { record, next };
}

interface Sizes {
  readonly size: number;
  readonly packed: number;
  readonly at: number;
}

/** Zip64: what does not fit into 32 bits is all ones and stands, in this order, in the extra field 1. */
function widened(file: FileReader, narrow: Sizes, extra: Uint8Array): Sizes {
  const values = zip64Values(extra);
  const take = (value: number): number => {
    if (value !== 0xffffffff) return value;
    const wide = values.shift();
    if (wide === undefined || wide > BigInt(file.size) * 2000n) throw damaged(file, 'an entry has an impossible size');
    return Number(wide);
  };
  return { size: take(narrow.size), packed: take(narrow.packed), at: take(narrow.at) };
}

function zip64Values(extra: Uint8Array): bigint[] {
  const fields = view(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const length = fields.getUint16(at + 2, true);
    if (fields.getUint16(at, true) === 1) {
      const count = Math.min(3, Math.floor(Math.min(length, extra.length - at - 4) / 8));
      return Array.from({ length: count }, (_, i) => fields.getBigUint64(at + 4 + 8 * i, true));
    }
    at += 4 + length;
  }
  return [];
}

function refuseMethod(
  file: FileReader,
  { name, method, size, packed }: Sizes & { name: string; method: number },
): void {
  if (method !== 0 && method !== 8) throw refusal(file, `${JSON.stringify(name)} is packed by method ${method}`);
  if (method === 0 && size !== packed) throw damaged(file, `${JSON.stringify(name)} has two sizes`);
  if (method === 8 && size > SMALL && size > packed * MAX_RATIO) {
    throw refusal(file, `${JSON.stringify(name)} claims to unpack from ${packed} to ${size} bytes`);
  }
}

function refuseName(file: FileReader, name: string): void {
  const parts = name.split('/');
  if (/[\\\0]|^\/|^[A-Za-z]:/.test(name) || parts.includes('..') || name === '') {
    throw refusal(file, `the name ${JSON.stringify(name)} leads out of the archive`);
  }
}

/** The end record is the last thing in the file but for a comment of at most 65,535 bytes. */
async function findDirectory(file: FileReader): Promise<Directory> {
  const length = Math.min(file.size, 22 + 65_535);
  const tail = await file.read(file.size - length, length);
  const bytes = view(tail);
  for (let at = length - 22; at >= 0; at--) {
    if (bytes.getUint32(at, true) !== END || at + 22 + bytes.getUint16(at + 20, true) !== length) continue;
    const narrow = {
      count: bytes.getUint16(at + 10, true),
      size: bytes.getUint32(at + 12, true),
      at: bytes.getUint32(at + 16, true),
    };
    const isWide = at >= 20 && bytes.getUint32(at - 20, true) === LOCATOR64;
    return isWide ? await findDirectory64(file, bytes.getBigUint64(at - 12, true)) : narrow;
  }
  throw damaged(file, 'its end is missing, it may be cut off');
}

async function findDirectory64(file: FileReader, at: bigint): Promise<Directory> {
  if (at > BigInt(file.size)) throw damaged(file, 'its directory lies beyond its end');
  const end = view(await file.read(Number(at), 56));
  if (end.getUint32(0, true) !== END64) throw damaged(file, 'its zip64 end is missing');
  const [count, size, from] = [32, 40, 48].map((offset) => Number(end.getBigUint64(offset, true)));
  return { count: count!, size: size!, at: from! };
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(file: FileReader, why: string, cause?: unknown): AppError {
  return new AppError('checkpoint-damaged', `${file.path} is a damaged zip archive: ${why}.`, { cause });
}

function refusal(file: FileReader, why: string): AppError {
  return new AppError('checkpoint-refused', `${file.path} is not read: ${why}.`);
}
