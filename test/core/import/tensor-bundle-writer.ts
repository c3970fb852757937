/** Writes TensorBundles and their protobuf messages, well-formed or not. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32c, maskCrc } from '../../../app/core/import/crc32c.ts';

type Value = number | string | Uint8Array;

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A message of [field number, value] pairs: a number is a varint, text and bytes are length-delimited. */
export function message(...fields: (readonly [number, Value])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'number') return [varint(number * 8), varint(value)];
      const bytes = Buffer.from(value as Uint8Array);
      return [varint(number * 8 + 2), varint(bytes.length), bytes];
    }),
  );
}

export interface TableOptions {
  /** Entries in a block. */
  readonly perBlock?: number;
  readonly packed?: boolean;
  /** Seen before its checksum is made. */
  readonly tamper?: (block: Buffer) => Buffer;
  /** The key order of the writer's argument is kept. */
  readonly unsorted?: boolean;
}

/** Where a block and its checksum lie. */
export interface Block {
  readonly offset: number;
  readonly size: number;
}

export function tableBytes(
  entries: readonly (readonly [string, Uint8Array])[],
  { perBlock = 16, packed = false, tamper, unsorted = false }: TableOptions = {},
): { bytes: Buffer; blocks: Block[] } {
  const sorted = unsorted ? entries : entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const parts: Buffer[] = [];
  const blocks: Block[] = [];
  let at = 0;
  const add = (plain: Buffer): Buffer => {
    const body = tamper ? tamper(plain) : plain;
    const stored = packed ? pack(body) : body;
    const typed = Buffer.concat([stored, Buffer.from([packed ? 1 : 0])]);
    const block = Buffer.concat([typed, u32(maskCrc(crc32c(typed)))]);
    parts.push(block);
    blocks.push({ offset: at, size: stored.length });
    const handle = Buffer.concat([varint(at), varint(stored.length)]);
    at += block.length;
    return handle;
  };
  const index: [string, Buffer][] = [];
  for (let i = 0; i < sorted.length; i += perBlock) {
    const chunk = sorted.slice(i, i + perBlock);
    index.push([chunk.at(-1)![0], add(blockOf(chunk))]);
  }
  const meta = add(blockOf([]));
  const handles = Buffer.concat([meta, add(blockOf(index))]);
  const magic = Buffer.from('57fb808b247547db', 'hex');
  return { bytes: Buffer.concat([...parts, handles, Buffer.alloc(40 - handles.length), magic]), blocks };
}

/** Makes the checksums of a changed table right again, so that what was changed is read. */
export function resealed(bytes: Uint8Array, blocks: readonly Block[]): Uint8Array {
  const copy = Buffer.from(bytes);
  for (const { offset, size } of blocks) {
    const end = offset + size + 1;
    if (end + 4 <= copy.length) copy.writeUInt32LE(maskCrc(crc32c(copy.subarray(offset, end))), end);
  }
  return copy;
}

function blockOf(entries: readonly (readonly [string, Uint8Array])[]): Buffer {
  let last = '';
  const parts = entries.flatMap(([key, value]) => {
    let shared = 0;
    while (shared < last.length && last[shared] === key[shared]) shared++;
    last = key;
    const rest = Buffer.from(key.slice(shared), 'latin1');
    return [varint(shared), varint(rest.length), varint(value.length), rest, Buffer.from(value)];
  });
  return Buffer.concat([...parts, u32(0), u32(1)]);
}

/** Snappy without much packing: literals, and a copy for every run of one byte. */
export function pack(plain: Uint8Array): Buffer {
  const parts: Buffer[] = [varint(plain.length)];
  for (let at = 0; at < plain.length;) {
    let run = 1;
    while (run < 12 && plain[at + run] === plain[at]) run++;
    if (run > 5) {
      parts.push(Buffer.from([0, plain[at]!, ((run - 1 - 4) << 2) | 1, 1]));
      at += run;
      continue;
    }
    const length = Math.min(run, plain.length - at);
    parts.push(Buffer.from([60 << 2, length - 1]), Buffer.from(plain.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat(parts);
}

export interface Variable {
  readonly key: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly shard?: number;
  readonly slices?: readonly Uint8Array[];
  /** In place of what is right. */
  readonly entry?: Partial<{ offset: number; size: number; crc: number; shard: number }>;
}

/** A float32 list under `key`. */
export function variable(key: string, ...values: number[]): Variable {
  return { key, type: 1, shape: [values.length], bytes: floats(...values) };
}

export function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

export function shape(sizes: readonly number[]): Buffer {
  return message(...sizes.map((size) => [2, message([1, size])] as const));
}

/** The bytes of a scalar string tensor and the checksum of its entry. */
export function stringTensor(text: Uint8Array): { bytes: Buffer; crc: number } {
  const lengths = crc32c(u32(text.length));
  const sum = u32(maskCrc(lengths));
  const crc = maskCrc(crc32c(text, crc32c(sum, lengths)));
  return { bytes: Buffer.concat([varint(text.length), sum, text]), crc };
}

/** Entries of the index, and the shards. */
export function bundleParts(
  variables: readonly Variable[],
  { shards = 1, bigEndian = false, header }: { shards?: number; bigEndian?: boolean; header?: number } = {},
): { entries: [string, Buffer][]; data: Buffer[] } {
  const data = Array.from({ length: shards }, () => Buffer.alloc(0));
  const entries: [string, Buffer][] = [['', message([1, header ?? shards], ...(bigEndian ? [[2, 1] as const] : []))]];
  for (const { key, type, shape: sizes, bytes, shard = 0, slices = [], entry = {} } of variables) {
    const whole = slices.length > 0;
    const crc = Buffer.concat([Buffer.from([6 * 8 + 5]), u32(entry.crc ?? maskCrc(crc32c(bytes)))]);
    const fields = message(
      [1, type],
      [2, shape(sizes)],
      [3, entry.shard ?? shard],
      [4, entry.offset ?? (whole ? 0 : data[shard]!.length)],
      [5, entry.size ?? bytes.length],
    );
    entries.push([key, Buffer.concat([fields, crc, message(...slices.map((slice) => [7, slice] as const))])]);
    data[shard] = Buffer.concat([data[shard]!, bytes]);
  }
  return { entries, data };
}

/** Writes `prefix.index` and its shards; the index's blocks. */
export function writeBundle(
  prefix: string,
  variables: readonly Variable[],
  options: TableOptions & { shards?: number; bigEndian?: boolean; header?: number } = {},
): { bytes: Buffer; blocks: Block[] } {
  const { entries, data } = bundleParts(variables, options);
  const table = tableBytes(entries, options);
  mkdirSync(dirname(prefix), { recursive: true });
  writeFileSync(`${prefix}.index`, table.bytes);
  const five = (value: number): string => String(value).padStart(5, '0');
  for (const [i, bytes] of data.entries()) writeFileSync(`${prefix}.data-${five(i)}-of-${five(data.length)}`, bytes);
  return table;
}

export interface Thing {
  readonly children?: Readonly<Record<string, number>>;
  readonly key?: string;
  readonly name?: string;
}

/** The object graph as a variable of the bundle. */
export function graphVariable(things: readonly Thing[]): Variable {
  const text = message(
    ...things.map(({ children = {}, key, name = '' }) => {
      const edges = Object.entries(children).map(
        ([edge, to]) => [1, message([1, to], [2, Buffer.from(edge)])] as const,
      );
      const named: (readonly [number, Uint8Array])[] = name === '' ? [] : [[2, Buffer.from(name)]];
      const value = message([1, Buffer.from('VARIABLE_VALUE')], ...named, [3, Buffer.from(key ?? '')]);
      return [1, message(...edges, ...(key === undefined ? [] : [[2, value] as const]))] as const;
    }),
  );
  return objectGraphOf(text);
}

export function objectGraphOf(text: Uint8Array): Variable {
  const { bytes, crc } = stringTensor(text);
  return { key: '_CHECKPOINTABLE_OBJECT_GRAPH', type: 7, shape: [], bytes, entry: { crc } };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
