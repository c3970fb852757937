/** The graph: plain frozen data. Made by GraphBuilder (builder.ts) or read from a file (decode.ts); never by hand. */
import type { Dim, Shape } from './dim.ts';
import type { Dtype, TensorData } from './dtype.ts';

/** The operator set every graph is written in: the newest whose GridSample runs on DirectML, the first that has one. */
export const OPSET = 16;

/** One edge: a tensor with a name, a type and a shape. */
export interface Value {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** The elements, where they are known before the graph runs: small constants, and shapes computed in the graph. */
  readonly known?: readonly Dim[];
}

/** A constant tensor, row-major. `data` is shared, not copied: do not write to it. */
export interface Tensor {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** A constant of the graph: most often a weight. */
export interface Initialiser extends Tensor {
  readonly name: string;
}

/** An attribute of a node, tagged with its type since ONNX tells 1 from 1.0. */
export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'tensor'; readonly value: Tensor };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operation. Inputs and outputs are names of values; '' is an optional one left out. */
export interface Node {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A network. Nodes stand in an order in which they can run; `values` holds every edge, constants included. */
export interface Graph {
  readonly name: string;
  readonly opset: number;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly initialisers: readonly Initialiser[];
  readonly values: readonly Value[];
}

/** How many numbers the constants of a graph hold: its parameter count. Only floating-point ones are counted. */
export function parameterCount(graph: Graph): number {
  return graph.initialisers
    .filter(({ dtype }) => dtype === 'float32' || dtype === 'float16')
    .reduce((total, { data }) => total + data.length, 0);
}

/** Freezes data made of plain objects and arrays, deeply. Typed arrays stay as they are: they cannot be frozen. */
export function frozen<T>(data: T): T {
  if (typeof data !== 'object' || data === null || ArrayBuffer.isView(data) || Object.isFrozen(data)) return data;
  Object.values(data).forEach(frozen);
  return Object.freeze(data);
}
