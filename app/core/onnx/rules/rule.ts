/** What a shape rule is and what it is given. One rule an operator; the tables are in the files beside this one. */
import { AppError } from '../../../contract/errors.ts';
import { plus, type Dim, type Shape } from '../dim.ts';
import type { Dtype } from '../dtype.ts';
import type { Attributes, Value } from '../graph.ts';

/** What a rule says of one output. */
export interface Inferred {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly known?: readonly Dim[];
}

/** An operator: how many inputs it takes, which attributes, and what comes out. */
export interface Rule {
  /** Least and greatest number of inputs. */
  readonly inputs: readonly [number, number];
  readonly attributes?: readonly string[];
  /** Throws through `call.fail`. */
  readonly infer: (call: Call) => readonly Inferred[];
}

export type Rules = Readonly<Record<string, Rule>>;

/** One use of an operator, as its rule sees it. */
export class Call {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly outputCount: number;

  constructor(
    node: { name: string; op: string; attributes: Attributes },
    inputs: readonly (Value | undefined)[],
    outputCount: number,
  ) {
    this.name = node.name;
    this.op = node.op;
    this.attributes = node.attributes;
    this.inputs = inputs;
    this.outputCount = outputCount;
  }

  /** Ends in AppError bad-graph, naming the node. */
  fail(what: string): never {
    throw new AppError('bad-graph', `Node ${this.name} (${this.op}): ${what}.`);
  }

  /** Input `index`, which must be there. */
  input(index: number, rank?: number): Value {
    const value = this.inputs[index];
    if (!value) this.fail(`input ${index} is missing`);
    if (rank !== undefined && value.shape.length !== rank)
      this.fail(`input ${index} has shape ${show(value.shape)}, not ${rank} axes`);
    return value;
  }

  /** Input `index`, which must hold float32 or float16. */
  floats(index: number, rank?: number): Value {
    const value = this.input(index, rank);
    if (value.dtype !== 'float32' && value.dtype !== 'float16')
      this.fail(`input ${index} holds ${value.dtype}, not floating point`);
    return value;
  }

  /** All inputs have one type, which is returned. */
  oneType(): Dtype {
    const types = new Set(this.inputs.flatMap((value) => (value ? [value.dtype] : [])));
    if (types.size !== 1) this.fail(`its inputs differ in type: ${[...types].join(', ')}`);
    return this.input(0).dtype;
  }

  /** Elements of input `index`, which must be known before the graph runs. */
  known(index: number, what: string): readonly Dim[] {
    const { known } = this.input(index);
    if (!known) this.fail(`its ${what} must be a constant or computed from shapes`);
    return known;
  }

  /** As `known`, plain numbers only. */
  numbers(index: number, what: string): readonly number[] {
    return this.known(index, what).map((dim) => {
      if (typeof dim !== 'number') this.fail(`its ${what} holds ${dim}, which must be a number`);
      return dim;
    });
  }

  int(name: string, otherwise: number): number {
    const attribute = this.attributes[name];
    if (attribute === undefined) return otherwise;
    return attribute.type === 'int' ? attribute.value : this.wrongType(name, 'int');
  }

  /** One of `allowed`, whose first is the default. */
  text(name: string, allowed: readonly string[]): string {
    const attribute = this.attributes[name];
    if (attribute === undefined) return allowed[0]!;
    const value = attribute.type === 'string' ? attribute.value : this.wrongType(name, 'string');
    if (!allowed.includes(value)) this.fail(`attribute ${name} is '${value}', not ${allowed.join(', ')}`);
    return value;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.attributes[name];
    if (attribute === undefined) return undefined;
    return attribute.type === 'ints' ? attribute.value : this.wrongType(name, 'ints');
  }

  private wrongType(name: string, type: string): never {
    return this.fail(`attribute ${name} is ${this.attributes[name]?.type}, not ${type}`);
  }

  /** Whole numbers, `count` of them, each at least `least`; `otherwise` for each if the attribute is absent. */
  counts(name: string, count: number, otherwise: number, least: number): readonly number[] {
    const values = this.ints(name) ?? Array.from({ length: count }, () => otherwise);
    if (values.length !== count) this.fail(`attribute ${name} has ${values.length} numbers, not ${count}`);
    if (values.some((value) => value < least)) this.fail(`attribute ${name} is ${show(values)}, below ${least}`);
    return values;
  }

  /** An axis from -rank to rank-1, as 0 to rank-1. */
  axis(axis: number, rank: number): number {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) this.fail(`axis ${axis} is outside ${rank} axes`);
    return axis < 0 ? axis + rank : axis;
  }

  /** Axes as `axis`, each once. */
  axes(axes: readonly number[], rank: number): readonly number[] {
    const all = axes.map((axis) => this.axis(axis, rank));
    if (new Set(all).size !== all.length) this.fail(`axes ${show(axes)} name one axis twice`);
    return all;
  }

  /** The two shapes broadcast as NumPy does. */
  broadcast(a: Shape, b: Shape): Shape {
    const rank = Math.max(a.length, b.length);
    return Array.from({ length: rank }, (_, index) => {
      const [x, y] = [a[index - rank + a.length] ?? 1, b[index - rank + b.length] ?? 1];
      if (x !== y && x !== 1 && y !== 1) this.fail(`shapes ${show(a)} and ${show(b)} do not broadcast`);
      return x === 1 ? y : x;
    });
  }

  /** `n * dim`, refused where the product would hide a rounding. */
  exact(dim: Dim | undefined, what: string): Dim {
    if (dim === undefined) this.fail(`${what} cannot be written in one symbol; make the input's size a multiple`);
    return dim;
  }

  /** A size must not be negative (or, for `least` 1, empty) where it is a number. */
  atLeast(dim: Dim, least: number, what: string): Dim {
    if (typeof dim === 'number' && dim < least) this.fail(`${what} would be ${dim}`);
    return dim;
  }
}

/** A shape for messages: [1, 3, 64*h, w]. */
export function show(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** The size after a window of `reach` elements moved by `stride` over `size + padding`. */
export function windows(
  size: Dim,
  padding: number,
  reach: number,
  stride: number,
  divide: (dim: Dim, n: number) => Dim,
) {
  return plus(divide(plus(size, padding - reach), stride), 1);
}

/** The product of sizes that are all numbers; undefined if one is not. */
export function product(shape: Shape): number | undefined {
  let total = 1;
  for (const dim of shape) {
    if (typeof dim !== 'number') return undefined;
    total *= dim;
  }
  return total;
}
