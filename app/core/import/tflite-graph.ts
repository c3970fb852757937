/** Tensors, operators and signatures of a TensorFlow Lite model. Field numbers are those of schema.fbs. */
import { elementCount, type Dtype, type Quantisation } from './tensor.ts';
import type { FlatFile, Table } from './tflite-flatbuffer.ts';

/** TensorType of schema.fbs. Strings, complex numbers, resources and four-bit integers are not read. */
const DTYPES: Readonly<Record<number, Dtype>> = {
  0: 'f32',
  1: 'f16',
  2: 'i32',
  3: 'u8',
  4: 'i64',
  6: 'bool',
  7: 'i16',
  9: 'i8',
  10: 'f64',
  12: 'u64',
  15: 'u32',
  16: 'u16',
  18: 'bf16',
};
const DEQUANTIZE = 6;
const MAX_SUBGRAPHS = 64;
const MAX_TENSORS = 10_000;
const MAX_RANK = 16;
const MAX_OPERATORS = 10_000;
const MAX_EDGES = 1000;
/** Over all tensors: many may point to one long list. */
const MAX_SCALES = 2 ** 21;

export interface LiteTensor {
  /** Unique: the second of one name has '#2' behind it. */
  readonly name: string;
  readonly dtype: Dtype | undefined;
  readonly shape: readonly number[];
  readonly buffer: number;
  readonly quantisation: Quantisation | undefined;
  readonly sparse: boolean;
}

interface Operator {
  /** BuiltinOperator of schema.fbs. */
  readonly code: number;
  /** Tensor names; null for an input that is left out. */
  readonly inputs: readonly (string | null)[];
  readonly outputs: readonly (string | null)[];
}

export interface LiteGraph {
  /** Of all subgraphs, the main one first. */
  readonly tensors: readonly LiteTensor[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Throws `checkpoint-damaged` or `checkpoint-refused`. */
export async function readGraph(flat: FlatFile, root: Table): Promise<LiteGraph> {
  const codes: number[] = [];
  for await (const code of flat.tables(root, 1, MAX_OPERATORS)) {
    // The first field was a byte and ran full; 127 in it means to look at the other.
    codes.push(Math.max(await flat.u8(code, 0), await flat.i32(code, 3)));
  }
  const tensors: LiteTensor[] = [];
  const uses = new Map<string, number>();
  const budget = { scales: MAX_SCALES, tensors: MAX_TENSORS, operators: MAX_OPERATORS };
  const operators: Operator[] = [];
  const mains: string[] = [];
  for await (const subgraph of flat.tables(root, 2, MAX_SUBGRAPHS)) {
    const names: string[] = [];
    for await (const table of flat.tables(subgraph, 0, budget.tensors)) {
      budget.tensors -= 1;
      const tensor = await readTensor(flat, table, uses, budget);
      names.push(tensor.name);
      tensors.push(tensor);
    }
    if (mains.length === 0) mains.push(...names);
    for await (const table of flat.tables(subgraph, 3, budget.operators)) {
      budget.operators -= 1;
      operators.push(await readOperator(flat, table, codes, names));
    }
  }
  const metadata = {
    version: await flat.i32(root, 0),
    description: await flat.text(root, 3),
    operators,
    dequantised: dequantised(operators),
    signatures: await readSignatures(flat, root, mains),
  };
  return { tensors, metadata };
}

async function readTensor(
  flat: FlatFile,
  table: Table,
  uses: Map<string, number>,
  budget: { scales: number },
): Promise<LiteTensor> {
  const shape = [...(await flat.i32s(table, 0, MAX_RANK))];
  const own = await flat.text(table, 3);
  const use = (uses.get(own) ?? 0) + 1;
  uses.set(own, use);
  const name = use === 1 ? own : `${own}#${use}`;
  const dtype = DTYPES[await flat.u8(table, 1)];
  const parameters = await flat.table(table, 4);
  const quantisation =
    parameters && /^[iu](8|16|32)$/.test(dtype ?? '')
      ? await readQuantisation(flat, parameters, name, shape, budget)
      : undefined;
  return {
    name,
    dtype,
    shape,
    buffer: await flat.i32(table, 2),
    quantisation,
    sparse: (await flat.table(table, 6)) !== undefined,
  };
}

async function readQuantisation(
  flat: FlatFile,
  table: Table,
  name: string,
  shape: readonly number[],
  budget: { scales: number },
): Promise<Quantisation | undefined> {
  const vector = await flat.vector(table, 2, 4, budget.scales);
  if (vector.length === 0) return undefined;
  budget.scales -= vector.length;
  const axis = await flat.i32(table, 6);
  const bad = flat.damaged(`${JSON.stringify(name)} has ${vector.length} scales for [${shape.join(', ')}]`);
  if (vector.length > 1 && (elementCount(shape) === 0 || shape[axis] !== vector.length)) throw bad;
  const bytes = await flat.bytes(vector, 4);
  const view = new DataView(bytes.buffer);
  const scales = Float32Array.from({ length: vector.length }, (_, i) => view.getFloat32(4 * i, true));
  const points = await flat.vector(table, 3, 8, vector.length);
  if (points.length !== 0 && points.length !== vector.length) throw bad;
  const pointBytes = new DataView((await flat.bytes(points, 8)).buffer);
  const zeroPoints = Int32Array.from({ length: points.length }, (_, i) => Number(pointBytes.getBigInt64(8 * i, true)));
  return {
    scales,
    ...(zeroPoints.some((point) => point !== 0) && { zeroPoints }),
    ...(vector.length > 1 && { axis }),
  };
}

async function readOperator(
  flat: FlatFile,
  table: Table,
  codes: readonly number[],
  names: readonly string[],
): Promise<Operator> {
  const code = codes[await flat.i32(table, 0)];
  if (code === undefined) throw flat.damaged('an operator is of no kind');
  const named = (indices: Int32Array): (string | null)[] => [...indices].map((index) => names[index] ?? null);
  const inputs = named(await flat.i32s(table, 1, MAX_EDGES));
  return { code, inputs, outputs: named(await flat.i32s(table, 2, MAX_EDGES)) };
}

/** Name after widening to name of the constant, for every DEQUANTIZE operator. */
function dequantised(operators: readonly Operator[]): Record<string, string> {
  const pairs = operators.flatMap(({ code, inputs, outputs }) =>
    code === DEQUANTIZE && inputs[0] && outputs[0] ? [[outputs[0], inputs[0]] as const] : [],
  );
  return Object.fromEntries(pairs);
}

/** Signature key to its inputs and outputs: public name to tensor name of the main graph. */
async function readSignatures(flat: FlatFile, root: Table, names: readonly string[]): Promise<Record<string, unknown>> {
  const side = async (signature: Table, id: number): Promise<Record<string, string | undefined>> => {
    const pairs: [string, string | undefined][] = [];
    for await (const map of flat.tables(signature, id, 1000)) {
      pairs.push([await flat.text(map, 0), names[await flat.i32(map, 1)]]);
    }
    return Object.fromEntries(pairs);
  };
  const signatures: [string, unknown][] = [];
  for await (const signature of flat.tables(root, 7, 16)) {
    const sides = { inputs: await side(signature, 0), outputs: await side(signature, 1) };
    signatures.push([await flat.text(signature, 2), sides]);
  }
  return Object.fromEntries(signatures);
}
