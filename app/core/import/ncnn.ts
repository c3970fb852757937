/** ncnn networks: a .param that describes the layers and, beside it, a .bin of the same name with their weights. */
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { checkpointOf, type Checkpoint, type Entry, type Importer, type OpenOptions } from './checkpoint.ts';
import type { FileReader } from './file-reader.ts';
import { paramKind, readParam, type NcnnGraph } from './ncnn-param.ts';
import { piecesOf, type Piece } from './ncnn-weights.ts';
import { bytesOf, elementCount, tensorOf, type Dtype, type Quantisation, type TensorInfo } from './tensor.ts';

/** What the four bytes before tagged values say about them. 0x0002c056 is float32 too, from the tools that scale. */
const TAGS: ReadonlyMap<number, Dtype> = new Map([
  [0, 'f32'],
  [0x0002c056, 'f32'],
  [0x01306b47, 'f16'],
  [0x000d4b38, 'i8'],
]);

export const ncnn: Importer = {
  format: 'ncnn',
  async match(head, file) {
    if (file.isFolder) return false;
    return paramKind(head) !== undefined || (await graphBeside(file)) !== undefined;
  },
  open: openNcnn,
};

/** The network of a .param file (the .bin it belongs to will do): what an engine builds its graph from. */
export async function readNcnnGraph(file: FileReader): Promise<NcnnGraph> {
  return await readParam((await graphBeside(file)) ?? file);
}

/** Weights have nothing to be known by: they are ncnn's when a graph of the same name lies beside them. */
async function graphBeside(file: FileReader): Promise<FileReader | undefined> {
  const name = basename(file.path);
  if (!name.endsWith('.bin')) return undefined;
  const graph = await file.open(`${name.slice(0, -'.bin'.length)}.param`);
  if (!graph || graph.isFolder) return undefined;
  return paramKind(await graph.read(0, Math.min(16, graph.size))) === 'text' ? graph : undefined;
}

interface Placed {
  readonly piece: Piece;
  readonly dtype: Dtype;
  readonly at: number;
}

async function openNcnn(file: FileReader, { signal }: OpenOptions = {}): Promise<Checkpoint> {
  const graph = await graphBeside(file);
  const param = graph ?? file;
  if (!graph && paramKind(await file.read(0, Math.min(16, file.size))) === 'binary') {
    const sentence = `${file.path} is a binary ncnn graph, which has no names; use the text one (.param) beside it.`;
    throw new AppError('checkpoint-refused', sentence);
  }
  const { layers } = await readParam(param);
  const weights = graph ? file : await weightsBeside(file);
  const placed = await place(weights, layers.flatMap(piecesOf), signal);
  const entries = new Map<string, Entry>();
  const byName = new Map(placed.map((found) => [found.piece.name, found]));
  if (byName.size !== placed.length) throw damaged(weights, 'two of its layers keep values of one name');
  for (const found of placed) entries.set(found.piece.name, await entryOf(weights, found, byName));
  const checkpoint = checkpointOf('ncnn', file, entries, { layers: layers.length });
  GRAPHS.set(checkpoint, { layers });
  return checkpoint;
}

const GRAPHS = new WeakMap<Checkpoint, NcnnGraph>();

/** The graph that the values of `checkpoint` belong to; undefined for a checkpoint of another format. */
export function ncnnGraphOf(checkpoint: Checkpoint): NcnnGraph | undefined {
  return GRAPHS.get(checkpoint);
}

async function weightsBeside(param: FileReader): Promise<FileReader> {
  const name = `${basename(param.path).replace(/\.param$/, '')}.bin`;
  const weights = await param.open(name);
  if (weights && !weights.isFolder) return weights;
  throw new AppError('not-found', `${param.path} is an ncnn graph, and ${name} with its weights is not beside it.`);
}

/** Where the pieces lie. They fill the file: anything else means that a layer was understood wrongly. */
async function place(file: FileReader, pieces: readonly Piece[], signal?: AbortSignal): Promise<Placed[]> {
  const placed: Placed[] = [];
  let at = 0;
  for (const piece of pieces) {
    signal?.throwIfAborted();
    let dtype: Dtype = 'f32';
    if (piece.tagged) {
      dtype = await tagAt(file, piece, at);
      at += 4;
    }
    placed.push({ piece, dtype, at });
    const bytes = elementCount(piece.shape) * bytesOf(dtype);
    at += Math.ceil(bytes / 4) * 4;
    if (at > file.size) throw damaged(file, `it is cut off within ${JSON.stringify(piece.name)}`);
  }
  if (at !== file.size) throw damaged(file, `its graph needs ${at} bytes and it has ${file.size}`);
  return placed;
}

async function tagAt(file: FileReader, { name }: Piece, at: number): Promise<Dtype> {
  const tag = Buffer.from(await file.read(at, 4)).readUInt32LE();
  const dtype = TAGS.get(tag);
  if (dtype !== undefined) return dtype;
  // ncnn reads any other tag as a table of 256 values with an index of a byte each, which no published network uses.
  const sentence = `${file.path}: ${JSON.stringify(name)} is stored in the way 0x${tag.toString(16)}, which is not read.`;
  throw new AppError('checkpoint-refused', sentence);
}

async function entryOf(file: FileReader, found: Placed, all: ReadonlyMap<string, Placed>): Promise<Entry> {
  const { piece, dtype, at } = found;
  const bytes = elementCount(piece.shape) * bytesOf(dtype);
  const scales = dtype === 'i8' ? await scalesOf(file, piece, all) : undefined;
  const info: TensorInfo = { dtype, shape: piece.shape, ...(scales ? { quantisation: scales } : {}) };
  return { info, read: async () => tensorOf(info, await file.read(at, bytes)) };
}

/** ncnn multiplies by the scale to store, so values are divided by it; one for each output, each group, or all. */
async function scalesOf(file: FileReader, piece: Piece, all: ReadonlyMap<string, Placed>): Promise<Quantisation> {
  const found = all.get(piece.scaledBy ?? '');
  if (!found) throw damaged(file, `${JSON.stringify(piece.name)} is stored in whole numbers without a scale`);
  const count = elementCount(found.piece.shape);
  const stored = tensorOf({ dtype: 'f32', shape: [count] }, await file.read(found.at, count * 4)).data;
  const outputs = piece.shape[0]!;
  if (count === 1) return { scales: Float32Array.of(1 / Number(stored[0])) };
  if (outputs % count !== 0)
    throw damaged(file, `${JSON.stringify(piece.name)} has ${count} scales for ${outputs} outputs`);
  return {
    scales: Float32Array.from({ length: outputs }, (_, i) => 1 / Number(stored[Math.floor((i * count) / outputs)])),
    axis: 0,
  };
}

function damaged(file: FileReader, why: string): AppError {
  return new AppError('checkpoint-damaged', `${file.path} does not fit its ncnn graph: ${why}.`);
}
