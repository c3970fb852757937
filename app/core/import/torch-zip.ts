/** PyTorch archives since 1.6, TorchScript archives among them: a zip of one pickle and a file a storage. */
import { AppError } from '../../contract/errors.ts';
import { checkpointOf, type Checkpoint, type Importer, type OpenOptions } from './checkpoint.ts';
import type { FileReader } from './file-reader.ts';
import { PickleCutOff, unpickle } from './pickle.ts';
import { bytesOf } from './tensor.ts';
import { createTorchHost, type Storage } from './torch-host.ts';
import { findTensors, torchEntries, type Findings } from './torch-tensors.ts';
import { looksLikeZip, openZip, type Zip } from './zip.ts';

/** The pickle describes the tensors and holds none of their values: 16 MB are more than 30,000 of them. */
const MAX_PICKLE = 16 * 2 ** 20;

export const torchZip: Importer = {
  format: 'torch-zip',
  async match(head, file) {
    return !file.isFolder && looksLikeZip(head);
  },
  open: openTorchZip,
};

async function openTorchZip(file: FileReader, { signal }: OpenOptions = {}): Promise<Checkpoint> {
  const zip = await openZip(file);
  signal?.throwIfAborted();
  const root = rootOf(file, zip);
  const isBig = await isBigEndian(zip, root);
  const { tensors, notes } = await readPickle(file, zip, root, 'data');
  const entries = torchEntries(tensors, readerOf(zip, `${root}data/`), isBig);
  const isScript = zip.entries.has(`${root}constants.pkl`);
  if (isScript) {
    const constants = await readPickle(file, zip, root, 'constants');
    // Named apart: a constant of the code is no attribute of a module.
    const named = new Map([...constants.tensors].map(([name, tensor]) => [`constants.${name}`, tensor]));
    for (const [name, entry] of torchEntries(named, readerOf(zip, `${root}constants/`), isBig)) {
      if (entries.has(name))
        throw new AppError('checkpoint-damaged', `${file.path} has two tensors with the name ${name}.`);
      entries.set(name, entry);
    }
  }
  return checkpointOf(isScript ? 'torchscript' : 'torch-zip', file, entries, Object.fromEntries(notes));
}

/** The folder all entries are in, with its slash: 'archive/', or the name the file had when it was written. */
function rootOf(file: FileReader, zip: Zip): string {
  const pickles = [...zip.entries.keys()].filter((name) => /^(?:[^/]+\/)?data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined) {
    throw new AppError('checkpoint-unknown', `${file.path} is a zip archive, but not one that PyTorch wrote.`);
  }
  if (pickles.length > 1) throw new AppError('checkpoint-damaged', `${file.path} has more than one data.pkl.`);
  return pickle.slice(0, -'data.pkl'.length);
}

async function isBigEndian(zip: Zip, root: string): Promise<boolean> {
  const entry = zip.entries.get(`${root}byteorder`);
  if (!entry) return false;
  return (
    Buffer.from(await zip.read(entry.name, 0, Math.min(entry.size, 16)))
      .toString('latin1')
      .trim() === 'big'
  );
}

/** Unpickles ROOT/KIND.pkl; every storage it names is in ROOT/KIND/ and large enough. */
async function readPickle(file: FileReader, zip: Zip, root: string, kind: string): Promise<Findings> {
  const name = `${root}${kind}.pkl`;
  const size = zip.entries.get(name)?.size ?? 0;
  if (size > MAX_PICKLE)
    throw new AppError('checkpoint-refused', `${file.path} is not read: its pickle has ${size} bytes.`);
  const host = createTorchHost(file.path);
  try {
    const { value } = unpickle(await zip.read(name), host);
    for (const storage of host.storages.values()) checkStorage(file, zip, `${root}${kind}/${storage.key}`, storage);
    return findTensors(value);
  } catch (cause) {
    if (!(cause instanceof PickleCutOff)) throw cause;
    throw new AppError('checkpoint-damaged', `${file.path} is damaged: ${name} is cut off.`, { cause });
  }
}

function checkStorage(file: FileReader, zip: Zip, name: string, { whole, dtype }: Storage): void {
  const size = zip.entries.get(name)?.size;
  const wanted = whole * bytesOf(dtype);
  if (size !== undefined && size >= wanted) return;
  const what = size === undefined ? 'is missing' : `has ${size} bytes instead of ${wanted}`;
  throw new AppError('checkpoint-damaged', `${file.path} is damaged: ${name} ${what}.`);
}

function readerOf(zip: Zip, folder: string) {
  return async (storage: Storage, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> =>
    await zip.read(`${folder}${storage.key}`, offset, length);
}
