/** Opens a checkpoint of any format. The format is found by looking into the file, never by its name. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { looksPacked, unpack } from './archive.ts';
import { HEAD_BYTES, type Checkpoint, type Importer, type OpenOptions } from './checkpoint.ts';
import { openReader, type FileReader } from './file-reader.ts';
import { hdf5 } from './hdf5.ts';
import { ncnn } from './ncnn.ts';
import { onnx } from './onnx.ts';
import { safetensors } from './safetensors.ts';
import { savedModel } from './saved-model.ts';
import { tensorBundle } from './tensor-bundle.ts';
import { tflite } from './tflite.ts';
import { torchLegacy } from './torch-legacy.ts';
import { torchZip } from './torch-zip.ts';

/** One row a format. The first that recognises the file opens it, so formats that can be mistaken come later. */
export const IMPORTERS: readonly Importer[] = [
  safetensors,
  torchZip,
  torchLegacy,
  hdf5,
  ncnn,
  savedModel,
  tensorBundle,
  tflite,
  onnx,
];

/**
 * Opens the checkpoint at `path`, a file or (SavedModel, TensorBundle) a folder. Dispose of it when done.
 * Throws `not-found`, `not-a-file`, `unreadable`; `checkpoint-unknown` when no reader recognises it; `checkpoint-damaged` when
 * it contradicts itself or is cut off; `checkpoint-refused` when it asks for something no reader does (to run code, to leave
 * its folder, to grow without bounds).
 */
export async function openCheckpoint(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  options.signal?.throwIfAborted();
  const file = await openReader(path);
  try {
    const head = file.isFolder ? new Uint8Array() : await file.read(0, Math.min(HEAD_BYTES, file.size));
    if (looksPacked(head)) return await openPacked(file, options);
    for (const importer of IMPORTERS) if (await importer.match(head, file)) return await importer.open(file, options);
    throw new AppError('checkpoint-unknown', `${path} is not a checkpoint of any kind Inbetween reads.`);
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens what was unpacked of `archive`. Throws `checkpoint-refused` for another archive: there are some that hold themselves. */
async function openUnpacked(path: string, archive: string, options: OpenOptions): Promise<Checkpoint> {
  if ((await stat(path)).isFile()) {
    await using inner = await openReader(path);
    if (looksPacked(await inner.read(0, Math.min(HEAD_BYTES, inner.size))))
      throw new AppError('checkpoint-refused', `${basename(archive)} holds another archive; unpack it first.`);
  }
  return await openCheckpoint(path, options);
}

/** What is inside a .tar.gz; the unpacked files are gone when the checkpoint is disposed of. */
async function openPacked(file: FileReader, options: OpenOptions): Promise<Checkpoint> {
  const unpacked = await unpack(file, options.signal);
  try {
    const checkpoint = await openUnpacked(unpacked.path, file.path, options);
    await file[Symbol.asyncDispose]();
    const close = checkpoint[Symbol.asyncDispose].bind(checkpoint);
    // The same object: ncnn's graphs are kept by it (ncnn.ts).
    return Object.assign(checkpoint, {
      async [Symbol.asyncDispose]() {
        await close();
        await unpacked[Symbol.asyncDispose]();
      },
    });
  } catch (error) {
    await unpacked[Symbol.asyncDispose]();
    throw error;
  }
}
