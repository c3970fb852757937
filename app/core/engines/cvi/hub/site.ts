/** A node of TensorFlow's graph while it is converted ([Note: converting TensorFlow]). */
import type { TfAttribute, TfNode, TfTensor } from '../../../import/tf-graph.ts';
import type { GraphBuilder } from '../../../onnx/builder.ts';
import type { Value } from '../../../onnx/graph.ts';

/** What a node gives: values of the graph, or a constant that becomes one where a value is asked for. */
export type Held = readonly Value[] | { readonly constant: TfTensor };

/** A node while it is converted. */
export interface Site {
  readonly g: GraphBuilder;
  readonly node: TfNode;
  /** How many inputs it has. */
  readonly count: number;
  /** Input `index` as a value. */
  value(index: number): Value;
  /** Input `index` where it is a constant: to be passed on as one, or never to be a value. */
  constant(index: number): TfTensor | undefined;
  /** Input `index` as numbers, which must be known now. */
  numbers(index: number): readonly number[];
  attribute(name: string): TfAttribute;
  /** Throws `weights-mismatch`: what about this node cannot be converted. */
  fail(why: string): never;
  /** A new input of the graph for random numbers of this shape. */
  random(shape: readonly number[]): Value;
}

/** Numbers that a few bytes of a file may ask for: a film of the modules has 16 x 14 x 64 x 64 x 3. */
const MOST_NUMBERS = 2 ** 24;

/** How many numbers `shape` has; fails for a shape that is none, and for more than any module needs. */
export function countOf(shape: readonly number[], site: Pick<Site, 'fail'>): number {
  const count = shape.reduce((product, size) => product * size, 1);
  const sound = shape.every((size) => Number.isInteger(size) && size >= 0) && count <= MOST_NUMBERS;
  return sound ? count : site.fail(`it has the shape [${shape.join(', ')}]`);
}

/** The sizes of a value, which must be known. */
export function sizesOf({ shape }: Value, site: Site): readonly number[] {
  return shape.map((dim) => (typeof dim === 'number' ? dim : site.fail(`a size of ${dim} is not known`)));
}
