/** TensorFlow Lite models: the constants of the graph, quantised ones with their scales (tensorflow/compiler/mlir/lite/schema/schema.fbs). */
import { AppError } from '../../contract/errors.ts';
import { checkpointOf, type Entry, type Importer } from './checkpoint.ts';
import type { FileReader } from './file-reader.ts';
import { FlatFile, type Table } from './tflite-flatbuffer.ts';
import { readGraph, type LiteTensor } from './tflite-graph.ts';
import { bytesOf, elementCount, tensorOf, type TensorInfo } from './tensor.ts';

/** Far above any published model; each costs some ten look-ups. */
const MAX_BUFFERS = 20_000;

/**
 * Its tensors are the graph's constants, under their names; a name that stands twice gets '#2' and so on. Float16 weights keep
 * their type: `metadata.dequantised` tells under which name the graph uses them widened. `metadata.operators` tells which
 * operator uses which tensors, for files whose names say little.
 */
export const tflite: Importer = {
  format: 'tflite',
  match: async (head) => Buffer.from(head.subarray(4, 8)).toString('latin1') === 'TFL3',
  async open(file) {
    const flat = new FlatFile(file);
    const root = await flat.root();
    const buffers = await readBuffers(flat, root, file);
    const graph = await readGraph(flat, root);
    const entries = new Map<string, Entry>();
    const unread: string[] = [];
    for (const tensor of graph.tensors) {
      const place = buffers[tensor.buffer];
      if (place === undefined) throw flat.damaged(`${JSON.stringify(tensor.name)} has no buffer`);
      // What the graph computes has an empty buffer.
      if (place.length === 0) continue;
      const info = infoOf(tensor);
      if (info === undefined) unread.push(tensor.name);
      else entries.set(tensor.name, entryOf(file, tensor.name, info, place));
    }
    return checkpointOf('tflite', file, entries, { ...graph.metadata, unread });
  },
};

interface Place {
  readonly at: number;
  readonly length: number;
}

/** Where each buffer's bytes are. Files beyond 2 GB keep them behind the flatbuffer, at an offset of the file. */
async function readBuffers(flat: FlatFile, root: Table, file: FileReader): Promise<Place[]> {
  const places: Place[] = [];
  for await (const buffer of flat.tables(root, 4, MAX_BUFFERS)) {
    const offset = await flat.u64(buffer, 1);
    const length = await flat.u64(buffer, 2);
    // 0 and 1 mean that the bytes are inside.
    const place = offset > 1 ? { at: offset, length } : await flat.vector(buffer, 0, 1, Infinity);
    if (place.at + place.length > file.size) throw flat.damaged('a buffer leads out of it');
    places.push(place);
  }
  const sorted = places.filter(({ length }) => length > 0).toSorted((a, b) => a.at - b.at);
  for (const [i, place] of sorted.entries()) {
    const before = sorted[i - 1];
    const same = before?.at === place.at && before.length === place.length;
    if (before !== undefined && !same && before.at + before.length > place.at) throw flat.damaged('buffers overlap');
  }
  return places;
}

function infoOf({ dtype, shape, quantisation, sparse }: LiteTensor): TensorInfo | undefined {
  if (dtype === undefined || sparse) return undefined;
  return { dtype, shape, ...(quantisation && { quantisation }) };
}

function entryOf(file: FileReader, name: string, info: TensorInfo, place: Place): Entry {
  const wanted = elementCount(info.shape, JSON.stringify(name)) * bytesOf(info.dtype);
  if (wanted !== place.length) {
    throw new AppError(
      'checkpoint-damaged',
      `The tensor ${JSON.stringify(name)} of shape [${info.shape.join(', ')}] has ${place.length} bytes.`,
    );
  }
  return { info, read: async () => tensorOf(info, await file.read(place.at, place.length)) };
}
