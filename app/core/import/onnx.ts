/** Weights out of an ONNX file: its graph's initialisers, by name. The nodes are skipped (onnx/decode.ts reads those). */
import { AppError } from '../../contract/errors.ts';
import { GRAPH, MODEL, TENSOR } from '../onnx/schema.ts';
import { checkpointOf, type Checkpoint, type Entry, type Importer, type OpenOptions } from './checkpoint.ts';
import type { FileReader } from './file-reader.ts';
import { PagedFile } from './paged-file.ts';
import { fieldsOf, readVarint, textOf } from './proto-fields.ts';
import { placedFields, type PlacedField } from './proto-skim.ts';
import { bytesOf, elementCount, tensorOf, viewOf, type Dtype, type Tensor, type TensorInfo } from './tensor.ts';

/** TensorProto.DataType. */
const DTYPES: Readonly<Record<number, Dtype>> = {
  1: 'f32',
  2: 'u8',
  3: 'i8',
  4: 'u16',
  5: 'i16',
  6: 'i32',
  7: 'i64',
  9: 'bool',
  10: 'f16',
  11: 'f64',
  12: 'u32',
  13: 'u64',
  16: 'bf16',
};
/** Fields of ModelProto: no other number is in one. */
const MODEL_FIELDS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26]);
const DOUBLE_DATA = 10;
const UINT64_DATA = 11;
const MAX_TENSORS = 50_000;
/** A list of numbers written one by one is a handful of constants, never a layer. */
const MAX_LISTED_BYTES = 2 ** 20;

export const onnx: Importer = {
  format: 'onnx',
  async match(_head, file) {
    if (file.isFolder || file.size < 8) return false;
    return (await graphOf(new PagedFile(file)).catch(() => undefined)) !== undefined;
  },
  open: openOnnx,
};

/** The model's graph; undefined when the file is no ModelProto or has none. */
async function graphOf(pages: PagedFile): Promise<PlacedField | undefined> {
  let graph: PlacedField | undefined;
  for await (const field of placedFields(pages, 0, pages.size)) {
    if (!MODEL_FIELDS.has(field.number)) return undefined;
    if (field.number === MODEL.graph && field.wire === 2) graph = field;
  }
  return graph;
}

async function openOnnx(file: FileReader, { signal }: OpenOptions = {}): Promise<Checkpoint> {
  const pages = new PagedFile(file);
  const graph = await graphOf(pages);
  if (!graph) throw pages.damaged('it has no graph');
  const entries = new Map<string, Entry>();
  for await (const field of placedFields(pages, graph.at, graph.at + graph.length)) {
    if (field.number !== GRAPH.initializer || field.wire !== 2) continue;
    signal?.throwIfAborted();
    const { name, entry } = await readInitialiser(file, pages, field);
    if (entries.has(name)) throw pages.damaged(`it has ${JSON.stringify(name)} twice`);
    if (entries.size >= MAX_TENSORS) throw pages.refused('has more weights than any model');
    entries.set(name, entry);
  }
  return checkpointOf('onnx', file, entries);
}

/** What one TensorProto says before any value is read. */
interface Found {
  readonly name: string;
  readonly info: TensorInfo;
  readonly values: PlacedField | undefined;
  readonly external: ReadonlyMap<string, string> | undefined;
}

async function readInitialiser(
  file: FileReader,
  pages: PagedFile,
  message: PlacedField,
): Promise<{ name: string; entry: Entry }> {
  const { name, info, values, external } = await describe(pages, message);
  if (!external && !values && elementCount(info.shape) > 0)
    throw pages.damaged(`${JSON.stringify(name)} has no values`);
  const read = async (): Promise<Tensor> => {
    if (external) return tensorOf(info, await externalBytes(file, pages, external, info));
    if (!values) return tensorOf(info, new Uint8Array());
    const bytes = await file.read(values.at, values.length);
    const isRaw = [TENSOR.rawData, TENSOR.floatData, DOUBLE_DATA].some((number) => number === values.number);
    return tensorOf(info, isRaw ? bytes : listedBytes(pages, bytes, info.dtype));
  };
  return { name, entry: { info, read } };
}

async function describe(pages: PagedFile, { at, length }: PlacedField): Promise<Found> {
  let [name, code] = ['', 0];
  let isExternal = false;
  let values: PlacedField | undefined;
  const shape: number[] = [];
  const external = new Map<string, string>();
  for await (const field of placedFields(pages, at, at + length)) {
    if (field.number === TENSOR.name) name = textOf(await bytesIn(pages, field));
    else if (field.number === TENSOR.dataType) code = field.value;
    else if (field.number === TENSOR.location) isExternal = field.value === 1;
    else if (field.number === TENSOR.dims && field.wire === 0) shape.push(field.value);
    else if (field.number === TENSOR.dims) shape.push(...varints(await bytesIn(pages, field)));
    else if (field.number === TENSOR.external) addExternal(external, await bytesIn(pages, field));
    else if (isValues(field)) values = field;
    if (shape.length > 16 || external.size > 8) throw pages.refused('describes a tensor at unusual length');
  }
  const dtype = DTYPES[code];
  if (name === '') throw pages.damaged('a tensor has no name');
  if (!dtype) throw pages.refused(`has ${JSON.stringify(name)} of a type that is not read (${code})`);
  elementCount(shape, JSON.stringify(name));
  return { name, info: { dtype, shape }, values, external: isExternal ? external : undefined };
}

function isValues({ number, wire }: PlacedField): boolean {
  const { rawData, floatData, int32Data, int64Data } = TENSOR;
  return wire === 2 && [rawData, floatData, int32Data, int64Data, DOUBLE_DATA, UINT64_DATA].some((n) => n === number);
}

/** A short field's bytes. Throws `checkpoint-refused` when it is long. */
async function bytesIn(pages: PagedFile, { at, length }: PlacedField): Promise<Uint8Array> {
  if (length > 4096) throw pages.refused('describes a tensor at unusual length');
  const view = await pages.view(at, length);
  return Uint8Array.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

function* varints(bytes: Uint8Array): Generator<number> {
  for (const cursor = { bytes, at: 0 }; cursor.at < bytes.length;) yield readVarint(cursor);
}

function addExternal(to: Map<string, string>, bytes: Uint8Array): void {
  const pair = ['', ''];
  for (const { number, bytes: text } of fieldsOf(bytes))
    if (number === 1 || number === 2) pair[number - 1] = textOf(text);
  to.set(pair[0]!, pair[1]!);
}

/** Integers (and sixteen-bit floats as their bits) that the file lists as varints. */
function listedBytes(pages: PagedFile, bytes: Uint8Array, dtype: Dtype): Uint8Array<ArrayBuffer> {
  if (bytes.length > MAX_LISTED_BYTES) throw pages.refused('lists integers at unusual length');
  const numbers = [...varints(bytes)];
  const out = viewOf(dtype, new Uint8Array(numbers.length * bytesOf(dtype)));
  for (const [i, value] of numbers.entries())
    if (out instanceof BigInt64Array || out instanceof BigUint64Array) out[i] = BigInt(value);
    else out[i] = value;
  return new Uint8Array(out.buffer as ArrayBuffer, out.byteOffset, out.byteLength);
}

/** Values kept in a file beside the model. */
async function externalBytes(
  file: FileReader,
  pages: PagedFile,
  external: ReadonlyMap<string, string>,
  info: TensorInfo,
): Promise<Uint8Array<ArrayBuffer>> {
  const location = external.get('location') ?? '';
  const beside = await file.open(location);
  if (!beside || beside.isFolder)
    throw new AppError(
      'not-found',
      `${file.path} keeps its values in ${JSON.stringify(location)}, which is not beside it.`,
    );
  const offset = Number(external.get('offset') ?? 0);
  const wanted = elementCount(info.shape) * bytesOf(info.dtype);
  const length = Number(external.get('length') ?? wanted);
  if (length !== wanted) throw pages.damaged(`${JSON.stringify(location)} has ${length} bytes for ${wanted}`);
  return await beside.read(offset, length);
}
