/** PyTorch files before 1.6: five pickles, then the storages one after another. */
import { AppError } from '../../contract/errors.ts';
import { checkpointOf, type Checkpoint, type Importer, type OpenOptions } from './checkpoint.ts';
import type { FileReader } from './file-reader.ts';
import { PickleCutOff, unpickle } from './pickle.ts';
import { bytesOf } from './tensor.ts';
import { createTorchHost, type TorchHost } from './torch-host.ts';
import { findTensors, torchEntries } from './torch-tensors.ts';

/** The pickle of 0x1950a86a20f9469cfc6c, which every such file begins with. */
const MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const FIRST_LOOK = 2 ** 20;
const MAX_PICKLES = 16 * 2 ** 20;

export const torchLegacy: Importer = {
  format: 'torch-legacy',
  async match(head, file) {
    return !file.isFolder && MAGIC.equals(head.subarray(0, MAGIC.length));
  },
  open: openTorchLegacy,
};

interface Pickles {
  readonly value: unknown;
  /** Of the storages, in the order they follow. */
  readonly keys: readonly string[];
  readonly host: TorchHost;
  readonly end: number;
}

async function openTorchLegacy(file: FileReader, { signal }: OpenOptions = {}): Promise<Checkpoint> {
  const { value, keys, host, end } = await readPickles(file);
  const starts = await placeStorages(file, host, keys, end, signal);
  const { tensors, notes } = findTensors(value);
  const entries = torchEntries(tensors, async (storage, offset, length) => {
    return await file.read(starts.get(storage.key)! + offset, length);
  });
  return checkpointOf('torch-legacy', file, entries, Object.fromEntries(notes));
}

/** How long the pickles are stands nowhere: looks at the first megabyte, and at more where they do not end in it. */
async function readPickles(file: FileReader): Promise<Pickles> {
  for (let length = FIRST_LOOK; ; length *= 4) {
    const bytes = await file.read(0, Math.min(length, file.size, MAX_PICKLES));
    try {
      return parsePickles(file, bytes);
    } catch (cause) {
      if (!(cause instanceof PickleCutOff)) throw cause;
      if (bytes.length === file.size) {
        throw new AppError('checkpoint-damaged', `${file.path} is cut off within its description.`, { cause });
      }
      if (length >= MAX_PICKLES) {
        const sentence = `${file.path} is not read: its description has more than ${MAX_PICKLES} bytes.`;
        throw new AppError('checkpoint-refused', sentence, { cause });
      }
    }
  }
}

/** Magic number, protocol version, what the machine was (all values are little-endian whatever it says), the object, the keys. */
function parsePickles(file: FileReader, bytes: Uint8Array): Pickles {
  const host = createTorchHost(file.path);
  const version = unpickle(bytes, host, MAGIC.length);
  if (version.value !== 1001) throw damaged(file, `its version is ${String(version.value)} instead of 1001`);
  const machine = unpickle(bytes, host, version.end);
  const { value, end } = unpickle(bytes, host, machine.end);
  const keys = unpickle(bytes, host, end);
  const isText = (key: unknown): key is string | number => typeof key === 'string' || typeof key === 'number';
  if (!Array.isArray(keys.value) || !keys.value.every(isText))
    throw damaged(file, 'the list of its storages is broken');
  return { value, keys: keys.value.map(String), host, end: keys.end };
}

/** Where each storage's values begin. Each is preceded by its number of elements, which must be what the pickle said. */
async function placeStorages(
  file: FileReader,
  host: TorchHost,
  keys: readonly string[],
  from: number,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const starts = new Map<string, number>();
  let at = from;
  for (const key of keys) {
    signal?.throwIfAborted();
    const storage = host.storages.get(key);
    if (!storage) throw damaged(file, `nothing uses its storage ${key}`);
    if (starts.has(key)) throw damaged(file, `it has the storage ${key} twice`);
    const count = Number(Buffer.from(await file.read(at, 8)).readBigInt64LE());
    if (count !== storage.whole) {
      throw damaged(file, `its storage ${key} has ${count} values instead of ${storage.whole}`);
    }
    starts.set(key, at + 8);
    at += 8 + count * bytesOf(storage.dtype);
    if (at > file.size) throw damaged(file, `it is cut off within its storage ${key}`);
  }
  for (const key of host.storages.keys()) if (!starts.has(key)) throw damaged(file, `its storage ${key} is missing`);
  return starts;
}

function damaged(file: FileReader, why: string): AppError {
  return new AppError('checkpoint-damaged', `${file.path} is a damaged PyTorch file: ${why}.`);
}
