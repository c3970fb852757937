/** The tensors of an unpickled checkpoint: what they are called, and their values out of the storages. */
import { AppError } from '../../contract/errors.ts';
import type { Entry } from './checkpoint.ts';
import { bytesOf, elementCount, swap, tensorOf, viewOf, type Tensor, type TensorInfo } from './tensor.ts';
import { reach, TorchObject, TorchTensor, type Storage } from './torch-host.ts';

/** Reads `length` bytes from `offset` of a storage (of the whole one, where the tensor has a part). */
export type StorageReader = (storage: Storage, offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

const MAX_DEPTH = 64;
const MAX_VISITS = 500_000;
const MAX_NOTES = 1000;
const MAX_NOTE_LENGTH = 10_000;

/** Everything found in a pickled value. */
export interface Findings {
  /** By dotted path: 'state_dict.module.conv.weight'; list items by their index. */
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** Numbers, texts and truths beside them, by dotted path; the first thousand. */
  readonly notes: ReadonlyMap<string, string | number | boolean>;
}

/**
 * Walks through dicts, lists and attributes. A value reached by two paths has two names. Throws `checkpoint-refused` when that
 * never ends (a container within itself, or shared so often that the names outnumber the file), `checkpoint-damaged` for one name
 * with two tensors.
 */
export function findTensors(root: unknown): Findings {
  const tensors = new Map<string, TorchTensor>();
  const notes = new Map<string, string | number | boolean>();
  let visits = 0;
  const visit = (value: unknown, path: string, depth: number): void => {
    if (++visits > MAX_VISITS || depth > MAX_DEPTH) {
      throw new AppError(
        'checkpoint-refused',
        'The checkpoint is not read: its containers hold one another without end.',
      );
    }
    if (value instanceof TorchTensor) {
      if (tensors.has(path)) throw twice(path);
      tensors.set(path, value);
      return;
    }
    for (const [key, inner] of childrenOf(value)) visit(inner, path === '' ? key : `${path}.${key}`, depth + 1);
    if (isNote(value) && notes.size < MAX_NOTES) notes.set(path, value);
  };
  visit(root, '', 0);
  return { tensors, notes };
}

function twice(path: string): AppError {
  return new AppError('checkpoint-damaged', `The checkpoint has two tensors with the name ${JSON.stringify(path)}.`);
}

function isNote(value: unknown): value is string | number | boolean {
  return (
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (typeof value === 'string' && value.length <= MAX_NOTE_LENGTH)
  );
}

function* childrenOf(value: unknown): Iterable<[string, unknown]> {
  if (Array.isArray(value)) for (const [index, inner] of value.entries()) yield [String(index), inner];
  else if (value instanceof Map) for (const [key, inner] of value) yield [keyText(key), inner];
  else if (value instanceof TorchObject) yield* childrenOf(value.state);
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return String(key);
  return '?';
}

/** An entry for each tensor. `isBig`: the storages are big-endian. */
export function torchEntries(
  tensors: ReadonlyMap<string, TorchTensor>,
  read: StorageReader,
  isBig = false,
): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [name, tensor] of tensors) {
    refuseSwollen(name, tensor);
    const info: TensorInfo = { dtype: tensor.dtype, shape: tensor.shape };
    entries.set(name, { info, read: async () => await readTensor(info, tensor, read, isBig) });
  }
  return entries;
}

/** A stride of 0 repeats values: a few bytes may claim to be any number of them. */
const MAX_SWOLLEN = 2 ** 22;

function refuseSwollen(name: string, tensor: TorchTensor): void {
  const count = elementCount(tensor.shape);
  if (count <= Math.max(MAX_SWOLLEN, tensor.storage.count)) return;
  const sentence = `The checkpoint is not read: ${JSON.stringify(name)} repeats ${tensor.storage.count} values to ${count}.`;
  throw new AppError('checkpoint-refused', sentence);
}

async function readTensor(info: TensorInfo, tensor: TorchTensor, read: StorageReader, isBig: boolean): Promise<Tensor> {
  const size = bytesOf(tensor.dtype);
  const start = tensor.storage.offset * bytesOf(tensor.storage.dtype) + tensor.offset * size;
  const bytes = await read(tensor.storage, start, reach(tensor) * size);
  if (isBig) swap(bytes, size);
  return isRowMajor(tensor) ? tensorOf(info, bytes) : { ...info, data: gather(tensor, bytes) };
}

function isRowMajor({ shape, strides }: TorchTensor): boolean {
  let wanted = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== wanted) return shape.includes(0);
    wanted *= shape[axis]!;
  }
  return true;
}

/** Row-major copy of a view: transposed, sliced, expanded. */
function gather({ dtype, shape, strides }: TorchTensor, bytes: Uint8Array<ArrayBuffer>): Tensor['data'] {
  const size = bytesOf(dtype);
  const count = elementCount(shape);
  const out = new Uint8Array(count * size);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < count; to++) {
    for (let byte = 0; byte < size; byte++) out[to * size + byte] = bytes[from * size + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return viewOf(dtype, out);
}
