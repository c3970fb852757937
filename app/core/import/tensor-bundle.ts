/** TensorFlow's checkpoints: `X.index` with `X.data-00000-of-0000N` (tensorflow/core/util/tensor_bundle). */
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { checkpointOf, HEAD_BYTES, type Checkpoint, type Entry, type Importer } from './checkpoint.ts';
import { crc32c, maskCrc } from './crc32c.ts';
import type { FileReader } from './file-reader.ts';
import { readVarint, type Cursor } from './proto-fields.ts';
import { isTable, readTable } from './sstable.ts';
import { bundleEntry, bundleHeader, DT_STRING, type BundleEntry } from './tensor-bundle-entry.ts';
import { GRAPH_KEY, namesOfKeys, objectGraph, type GraphNode } from './tensor-bundle-names.ts';
import { readPartitioned, partsOf } from './tensor-bundle-slices.ts';
import { bytesOf, elementCount, swap, tensorOf, type TensorInfo } from './tensor.ts';

const MAX_SHARDS = 1000;
const MAX_GRAPH_BYTES = 32 * 2 ** 20;

/** Opens an `.index` file, the `checkpoint` file beside it, a data shard, or a folder with one of them. */
export const tensorBundle: Importer = {
  format: 'tensor-bundle',
  match: async (head, file) => (await findIndex(head, file)) !== undefined,
  async open(file) {
    const head = file.isFolder ? new Uint8Array() : await file.read(0, Math.min(file.size, HEAD_BYTES));
    const index = await findIndex(head, file);
    if (index === undefined) throw new AppError('checkpoint-damaged', `${file.path} has no index beside it.`);
    return bundleCheckpoint('tensor-bundle', file, await openBundle(file, index));
  },
};

/** A bundle whose index is read and whose places are checked; no value is read yet. */
export interface Bundle {
  /** Every tensor of numbers by key, slices of partitioned variables left out. */
  readonly entries: ReadonlyMap<string, BundleEntry>;
  /** Objects as they were saved; [] for a TensorFlow 1 checkpoint. */
  readonly graph: readonly GraphNode[];
  readonly metadata: Readonly<Record<string, unknown>>;
  read(key: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** The checkpoint over `bundle`; `known` gives names to keys that the bundle's own graph leaves without. */
export function bundleCheckpoint(
  format: string,
  file: FileReader,
  bundle: Bundle,
  known?: ReadonlyMap<string, string>,
): Checkpoint {
  const names = namesOfKeys([...bundle.entries.keys()], bundle.graph, known);
  const entries = new Map<string, Entry>();
  for (const [key, name] of names) {
    const info = infoOf(bundle.entries.get(key)!);
    entries.set(name, { info, read: async () => tensorOf(info, await bundle.read(key)) });
  }
  const keys = Object.fromEntries([...names].map(([key, name]) => [name, key]));
  return checkpointOf(format, file, entries, { ...bundle.metadata, keys });
}

function infoOf({ dtype, shape }: BundleEntry): TensorInfo {
  return { dtype: dtype!, shape };
}

/** Reads the table `index` (a name as `file.open` takes it) and checks every entry against the shards. */
export async function openBundle(file: FileReader, index: string): Promise<Bundle> {
  const indexFile = index === '' ? file : await file.open(index);
  if (indexFile === undefined) throw new AppError('checkpoint-damaged', `${file.path} has no ${index}.`);
  const table = await readTable(indexFile);
  const header = bundleHeader(table.get('') ?? new Uint8Array());
  if (!(header.shards >= 1 && header.shards <= MAX_SHARDS)) {
    throw new AppError('checkpoint-damaged', `${indexFile.path} speaks of ${header.shards} data files.`);
  }
  const all = new Map<string, BundleEntry>();
  for (const [key, value] of table) if (key !== '') all.set(key, bundleEntry(value, `The tensor ${shown(key)}`));
  const shards = await openShards(indexFile, header.shards, all.values());
  checkPlaces(all, shards);

  const readEntry = async (entry: BundleEntry): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = await shards.get(entry.shard)!.read(entry.offset, entry.size);
    if (entry.crc !== undefined && entry.type !== DT_STRING && maskCrc(crc32c(bytes)) !== entry.crc) {
      throw new AppError('checkpoint-damaged', `${file.path} is damaged: the checksum of a tensor is wrong.`);
    }
    if (header.bigEndian && entry.dtype !== undefined) swap(bytes, bytesOf(entry.dtype));
    return bytes;
  };
  const graphEntry = all.get(GRAPH_KEY);
  const graph = graphEntry?.type === DT_STRING ? objectGraph(await readText(graphEntry, readEntry)) : [];
  const numbers = [...all].filter(([key, { dtype }]) => !key.startsWith('\0') && dtype !== undefined);
  const entries = new Map(numbers.map(([key, entry]) => [fromLatin(key), entry]));
  const partitioned = new Map(
    numbers
      .filter(([, { slices }]) => slices.length > 0)
      .map(([key, entry]) => [fromLatin(key), partsOf(key, entry, all)]),
  );
  return {
    entries,
    graph,
    metadata: { shards: header.shards, tensorflow: graph.length > 0 ? 2 : 1 },
    async read(key) {
      const entry = entries.get(key)!;
      const parts = partitioned.get(key);
      return parts === undefined ? await readEntry(entry) : await readPartitioned(entry, parts, readEntry);
    },
  };
}

/** The shards that entries lie in. Their names are made here, from the index's own: nothing inside the files names a file. */
async function openShards(
  index: FileReader,
  count: number,
  entries: Iterable<BundleEntry>,
): Promise<ReadonlyMap<number, FileReader>> {
  const used = new Set<number>();
  for (const entry of entries) if (entry.slices.length === 0) used.add(entry.shard);
  const shards = new Map<number, FileReader>();
  const prefix = basename(index.path).replace(/\.index$/, '');
  const five = (value: number): string => String(value).padStart(5, '0');
  for (const shard of used) {
    const name = `${prefix}.data-${five(shard)}-of-${five(count)}`;
    const inside = Number.isInteger(shard) && shard >= 0 && shard < count;
    const found = inside ? await index.open(name) : undefined;
    if (found === undefined)
      throw new AppError('checkpoint-damaged', `The data file ${name} is missing beside ${index.path}.`);
    shards.set(shard, found);
  }
  return shards;
}

/** Every tensor has the bytes its shape needs, inside its shard, and shares them with no other. */
function checkPlaces(entries: ReadonlyMap<string, BundleEntry>, shards: ReadonlyMap<number, FileReader>): void {
  const damaged = (key: string, why: string): AppError =>
    new AppError('checkpoint-damaged', `The tensor ${shown(key)} ${why}.`);
  const stored = [...entries].filter(([, { slices }]) => slices.length === 0);
  for (const [key, { dtype, shape, size, offset, shard }] of stored) {
    if (dtype !== undefined && elementCount(shape) * bytesOf(dtype) !== size) {
      throw damaged(key, `of shape [${shape.join(', ')}] has ${size} bytes`);
    }
    if (offset + size > shards.get(shard)!.size) throw damaged(key, 'lies beyond the end of its file (is it cut off?)');
  }
  const sorted = stored
    .filter(([, { size }]) => size > 0)
    .toSorted(([, a], [, b]) => a.shard - b.shard || a.offset - b.offset);
  for (const [i, [key, entry]] of sorted.entries()) {
    const before = sorted[i - 1]?.[1];
    if (before?.shard === entry.shard && before.offset + before.size > entry.offset)
      throw damaged(key, 'overlaps another');
  }
}

/**
 * The one string of a scalar string tensor: its length as a varint, a masked checksum of the lengths (as 32 bit), the bytes. The entry's
 * own checksum runs over the 32-bit lengths, that checksum and the bytes.
 */
async function readText(
  entry: BundleEntry,
  readEntry: (entry: BundleEntry) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array> {
  const damaged = new AppError('checkpoint-damaged', "The checkpoint's graph of objects is damaged.");
  if (entry.size > MAX_GRAPH_BYTES) throw new AppError('checkpoint-refused', 'The graph of objects is too large.');
  const bytes = await readEntry(entry);
  const cursor: Cursor = { bytes, at: 0 };
  const length = readVarint(cursor);
  const text = bytes.subarray(cursor.at + 4);
  if (elementCount(entry.shape) !== 1 || text.length !== length) throw damaged;
  const width = new Uint8Array(new Uint32Array([length]).buffer);
  const crc = crc32c(text, crc32c(bytes.subarray(cursor.at, cursor.at + 4), crc32c(width)));
  if (entry.crc !== undefined && maskCrc(crc) !== entry.crc) throw damaged;
  return text;
}

/**
 * Where the index is: '' for `file` itself, else a name for `file.open`; undefined when this is no bundle. A folder with several
 * checkpoints is read as its `checkpoint` file says, which names the newest.
 */
async function findIndex(head: Uint8Array, file: FileReader): Promise<string | undefined> {
  if (!file.isFolder && (await isTable(file))) return '';
  for (const name of await indexNames(head, file)) {
    const index = await file.open(name);
    if (index !== undefined && (await isTable(index))) return name;
  }
  return undefined;
}

async function indexNames(head: Uint8Array, file: FileReader): Promise<readonly string[]> {
  if (!file.isFolder) {
    const prefix = prefixIn(head) ?? /^(.*)\.data-\d{5}-of-\d{5}$/.exec(basename(file.path))?.[1];
    return prefix === undefined ? [] : [`${prefix}.index`];
  }
  const state = await file.open('checkpoint');
  const text =
    state === undefined || state.isFolder ? undefined : await state.read(0, Math.min(state.size, HEAD_BYTES));
  const stated = text && prefixIn(text);
  const beside = (await file.list()).filter((name) => name.endsWith('.index'));
  return [...(stated === undefined ? [] : [`${stated}.index`]), ...(beside.length === 1 ? beside : [])];
}

/** The newest checkpoint in a CheckpointState in text form. An absolute path is from the machine it was trained on. */
function prefixIn(head: Uint8Array): string | undefined {
  const path = /^model_checkpoint_path: "([^"\n]+)"/.exec(Buffer.from(head).toString('utf8'))?.[1];
  return path?.startsWith('/') ? basename(path) : path;
}

function fromLatin(key: string): string {
  return Buffer.from(key, 'latin1').toString('utf8');
}

function shown(key: string): string {
  return JSON.stringify(fromLatin(key));
}
