/**
 * The graph of operators in a TensorFlow 1 SavedModel (graph.proto, node_def.proto, attr_value.proto, tensor.proto, meta_graph.proto). Only its description: what
 * its variables hold is in the checkpoint, and nothing of it is run.
 */
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { FileReader } from './file-reader.ts';
import { fieldsOf, readVarint, textOf, type Field } from './proto-fields.ts';
import { shapeOf } from './tensor-bundle-entry.ts';

/** TensorFlow's numbers of the types that graphs here compute with. */
export const TF_TYPES = { 1: 'float', 3: 'int32', 9: 'int64', 10: 'bool' } as const;
export type TfType = (typeof TF_TYPES)[keyof typeof TF_TYPES];

/** A constant. Whole numbers and bools are kept as doubles: they are shapes and axes. */
export interface TfTensor {
  /** Undefined for a type not in TF_TYPES; then there are no values. */
  readonly type: TfType | undefined;
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

/** What an attribute holds, each kind on its own as TensorFlow keeps it. */
export interface TfAttribute {
  readonly text?: string;
  readonly int?: number;
  readonly float?: number;
  readonly bool?: boolean;
  /** Undefined for a type not in TF_TYPES. */
  readonly type?: TfType | undefined;
  /** -1 for an unknown size; undefined where not even the rank is known. */
  readonly shape?: readonly number[] | undefined;
  readonly tensor?: TfTensor;
  readonly ints?: readonly number[];
}

export interface TfNode {
  readonly name: string;
  readonly op: string;
  /** As stored: 'node', 'node:1'. Without those that only order ('^node'). */
  readonly inputs: readonly string[];
  readonly attributes: ReadonlyMap<string, TfAttribute>;
}

/** An input or output of a signature: 'node:0'. */
export interface TfEnd {
  readonly name: string;
  readonly type: TfType | undefined;
  readonly shape: readonly number[] | undefined;
}

export interface TfSignature {
  readonly inputs: ReadonlyMap<string, TfEnd>;
  readonly outputs: ReadonlyMap<string, TfEnd>;
}

export interface TfGraph {
  readonly nodes: ReadonlyMap<string, TfNode>;
  readonly signatures: ReadonlyMap<string, TfSignature>;
}

/** Larger than any that keeps its weights where they belong. */
const MAX_BYTES = 64 * 2 ** 20;
const MAX_NODES = 200_000;
/** In all constants together. */
const MAX_VALUES = 2 ** 24;
/** Tag of the meta graph that is for training. */
const TRAIN = 'train';

/** How many more values constants may have. */
interface Budget {
  left: number;
}

const GRAPHS = new WeakMap<Checkpoint, () => Promise<TfGraph | undefined>>();
const FILES = new WeakMap<Checkpoint, FileReader>();

/** For the reader of SavedModels: `file` is saved_model.pb, open as long as the checkpoint is. */
export function keepTfGraph(checkpoint: Checkpoint, file: FileReader): Checkpoint {
  let graph: Promise<TfGraph | undefined> | undefined;
  GRAPHS.set(checkpoint, () => (graph ??= readTfGraph(file)));
  FILES.set(checkpoint, file);
  return checkpoint;
}

/** The operators that use the values of `checkpoint`; undefined where it describes none. Throws `checkpoint-damaged`, `checkpoint-refused`. */
export async function tfGraphOf(checkpoint: Checkpoint): Promise<TfGraph | undefined> {
  return await GRAPHS.get(checkpoint)?.();
}

/** Bytes looked through at a time. */
const BLOCK = 2 ** 20;

/**
 * Whether what `checkpoint` describes has this float32 anywhere, TensorFlow 2's functions included, which are not read otherwise: for constants that nothing else would be. False
 * where it describes nothing.
 */
export async function tfHoldsConstant(checkpoint: Checkpoint, value: number): Promise<boolean> {
  const file = FILES.get(checkpoint);
  if (!file) return false;
  const wanted = Buffer.alloc(4);
  wanted.writeFloatLE(value);
  for (let at = 0; at < Math.min(file.size, MAX_BYTES); at += BLOCK) {
    // It may lie across the end of a block.
    const block = await file.read(at, Math.min(BLOCK + wanted.length - 1, file.size - at));
    if (Buffer.from(block.buffer, block.byteOffset, block.byteLength).includes(wanted)) return true;
  }
  return false;
}

/** Of several meta graphs the first that is not for training. SavedModel: 2 meta graphs; of one 1 info, 2 graph, 5 signatures. */
async function readTfGraph(file: FileReader): Promise<TfGraph | undefined> {
  if (file.size > MAX_BYTES)
    throw new AppError('checkpoint-refused', `${basename(file.path)} is larger than any graph.`);
  const metas: Field[][] = [];
  for (const { number, bytes } of fieldsOf(await file.read(0, file.size)))
    if (number === 2) metas.push([...fieldsOf(bytes)]);
  const meta = metas.find((fields) => !tagsOf(fields).includes(TRAIN)) ?? metas[0];
  const graph = meta?.find(({ number }) => number === 2);
  if (!meta || !graph) return undefined;
  const signatures = new Map<string, TfSignature>();
  for (const { number, bytes } of meta)
    if (number === 5) entry(bytes, (key, value) => signatures.set(key, signatureOf(value)));
  return { nodes: nodesOf(graph.bytes), signatures };
}

/** MetaInfoDef: 4 tags. */
function tagsOf(meta: readonly Field[]): readonly string[] {
  const info = meta.find(({ number }) => number === 1);
  return info ? [...fieldsOf(info.bytes)].flatMap(({ number, bytes }) => (number === 4 ? [textOf(bytes)] : [])) : [];
}

/** An entry of a protobuf map with text keys: 1 key, 2 value. */
function entry(bytes: Uint8Array, take: (key: string, value: Uint8Array) => void): void {
  let [key, value] = ['', new Uint8Array()];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) key = textOf(field.bytes);
    else if (field.number === 2) value = field.bytes as Uint8Array<ArrayBuffer>;
  }
  take(key, value);
}

/** SignatureDef: 1 inputs, 2 outputs; TensorInfo: 1 name, 2 type, 3 shape. */
function signatureOf(bytes: Uint8Array): TfSignature {
  const ends = [new Map<string, TfEnd>(), new Map<string, TfEnd>()] as const;
  const endOf = (value: Uint8Array): TfEnd => {
    let end: TfEnd = { name: '', type: undefined, shape: undefined };
    for (const field of fieldsOf(value)) {
      if (field.number === 1) end = { ...end, name: textOf(field.bytes) };
      else if (field.number === 2) end = { ...end, type: typeOf(field.value) };
      else if (field.number === 3) end = { ...end, shape: knownShape(field.bytes) };
    }
    return end;
  };
  for (const { number, bytes: value } of fieldsOf(bytes)) {
    const side = number === 1 ? ends[0] : number === 2 ? ends[1] : undefined;
    if (side) entry(value, (key, end) => side.set(key, endOf(end)));
  }
  return { inputs: ends[0], outputs: ends[1] };
}

function typeOf(code: number): TfType | undefined {
  return TF_TYPES[code as keyof typeof TF_TYPES];
}

/** TensorShapeProto: 3 unknown rank. */
function knownShape(bytes: Uint8Array): readonly number[] | undefined {
  for (const { number, value } of fieldsOf(bytes)) if (number === 3 && value === 1) return undefined;
  return shapeOf(bytes);
}

/** GraphDef: 1 nodes; NodeDef: 1 name, 2 op, 3 inputs, 5 attributes. */
function nodesOf(bytes: Uint8Array): ReadonlyMap<string, TfNode> {
  const nodes = new Map<string, TfNode>();
  let read = 0;
  const budget = { left: MAX_VALUES };
  for (const { number, bytes: body } of fieldsOf(bytes)) {
    if (number !== 1) continue;
    if (++read > MAX_NODES) throw new AppError('checkpoint-refused', 'The graph has more operators than any model.');
    let [name, op] = ['', ''];
    const inputs: string[] = [];
    const attributes = new Map<string, TfAttribute>();
    for (const field of fieldsOf(body)) {
      if (field.number === 1) name = textOf(field.bytes);
      else if (field.number === 2) op = textOf(field.bytes);
      else if (field.number === 3) inputs.push(textOf(field.bytes));
      else if (field.number === 5) entry(field.bytes, (key, value) => attributes.set(key, attributeOf(value, budget)));
    }
    nodes.set(name, { name, op, inputs: inputs.filter((input) => !input.startsWith('^')), attributes });
  }
  return nodes;
}

/** AttrValue: 1 list, 2 text, 3 int, 4 float, 5 bool, 6 type, 7 shape, 8 tensor. */
function attributeOf(bytes: Uint8Array, budget: Budget): TfAttribute {
  for (const { number, value, bytes: body } of fieldsOf(bytes)) {
    if (number === 1) return { ints: integersOf([...fieldsOf(body)].filter((field) => field.number === 3)) };
    if (number === 2) return { text: textOf(body) };
    if (number === 3) return { int: value };
    if (number === 4) return { float: floatOf(value) };
    if (number === 5) return { bool: value !== 0 };
    if (number === 6) return { type: typeOf(value) };
    if (number === 7) return { shape: knownShape(body) };
    if (number === 8) return { tensor: tensorOf(body, budget) };
  }
  return {};
}

function floatOf(bits: number): number {
  return new Float32Array(new Uint32Array([bits]).buffer)[0]!;
}

/** Repeated varints, packed or each a field. */
function integersOf(fields: readonly Field[]): number[] {
  return fields.flatMap(({ value, bytes }) => {
    if (bytes.length === 0) return [value];
    const cursor = { bytes, at: 0 };
    const list: number[] = [];
    while (cursor.at < bytes.length) list.push(readVarint(cursor));
    return list;
  });
}

/** TensorProto: 1 type, 2 shape, 4 raw content; values of float 5, int 7, int64 10, bool 11: the last one stands for all that follow. */
function tensorOf(bytes: Uint8Array, budget: Budget): TfTensor {
  const fields = [...fieldsOf(bytes)];
  const of = (number: number): Field[] => fields.filter((field) => field.number === number);
  const type = typeOf(of(1)[0]?.value ?? 0);
  const shape = shapeOf(of(2)[0]?.bytes ?? new Uint8Array());
  if (type === undefined) return { type, shape, values: new Float32Array() };
  const count = shape.reduce((product, size) => product * size, 1);
  // A few bytes can stand for any number of values.
  if (!(count >= 0 && (budget.left -= count) >= 0))
    throw new AppError('checkpoint-damaged', `A constant of the graph has the shape [${shape.join(', ')}].`);
  const raw = of(4)[0]?.bytes;
  const given = raw ? contentOf(raw, type) : valuesOf(type, of);
  const values = type === 'float' ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = given[Math.min(i, given.length - 1)] ?? 0;
  return { type, shape, values };
}

function contentOf(raw: Uint8Array, type: TfType): ArrayLike<number> {
  const bytes = raw.slice();
  const whole = (size: number): number => Math.floor(bytes.length / size);
  if (type === 'float') return new Float32Array(bytes.buffer, 0, whole(4));
  if (type === 'int32') return new Int32Array(bytes.buffer, 0, whole(4));
  if (type === 'int64') return Array.from(new BigInt64Array(bytes.buffer, 0, whole(8)), Number);
  return bytes;
}

function valuesOf(type: TfType, of: (number: number) => Field[]): ArrayLike<number> {
  if (type !== 'float') return integersOf(of(type === 'int32' ? 7 : type === 'int64' ? 10 : 11));
  return of(5).flatMap(({ value, bytes }) =>
    bytes.length > 0 ? [...(contentOf(bytes, 'float') as Float32Array)] : [floatOf(value)],
  );
}
