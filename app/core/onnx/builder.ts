/**
 * Builds graphs. Every value has its type and shape the moment it is made, and what cannot run is refused there, by AppError
 * bad-graph with the node's name, not at the run. The operators are functions in ops/, each over `GraphBuilder.add`.
 */
import { AppError } from '../../contract/errors.ts';
import { isDimText, type Dim, type Shape } from './dim.ts';
import { holds, type Dtype, type TensorData } from './dtype.ts';
import { frozen, OPSET, type Attribute, type Attributes, type Graph, type Initialiser } from './graph.ts';
import type { Node, Tensor, Value } from './graph.ts';
import { ruleOf } from './rules/index.ts';
import { Call, product, show, type Inferred, type Rule } from './rules/rule.ts';

/** How many elements a constant may have to be known to shape rules. */
const KNOWN_LIMIT = 64;

/** Names given in a file or by a caller; without them a node is named after its operator, its outputs after the node. */
export interface Names {
  readonly name?: string;
  readonly outputs?: readonly string[];
}

export class GraphBuilder {
  readonly name: string;
  private readonly inputs: Value[] = [];
  private readonly nodes: Node[] = [];
  private readonly initialisers: Initialiser[] = [];
  private readonly values = new Map<string, Value>();
  private readonly nodeNames = new Set<string>();
  private readonly counts = new Map<string, number>();
  /** Small constants by content, so that a number used often is one constant. */
  private readonly shared = new Map<string, Value>();
  private prefix = '';

  /** `name` goes into the file and helps whoever opens it. */
  constructor(name: string) {
    this.name = name;
  }

  /** An input of the graph. A size may be a number or a symbol (dim.ts). Throws bad-graph if the name is taken. */
  input(name: string, dtype: Dtype, shape: Shape): Value {
    for (const dim of shape)
      if (typeof dim === 'number' ? !Number.isSafeInteger(dim) || dim < 0 : !isDimText(dim))
        throw new AppError('bad-graph', `Input ${name}: '${dim}' is not a size.`);
    const value = this.define({ name, dtype, shape }, `Input ${name}`);
    this.inputs.push(value);
    return value;
  }

  /**
   * A constant with a name of its own: a weight. `data` is kept, not copied, row-major, `dims` its sizes.
   * Throws bad-graph if the name is taken or the number of elements is not the product of `dims`.
   */
  weight(name: string, { dtype, dims, data }: Tensor): Value {
    const label = `Constant ${name}`;
    if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0))
      throw new AppError('bad-graph', `${label}: ${show(dims)} is not a shape.`);
    if (!holds(dtype, data)) throw new AppError('bad-graph', `${label}: its data is not an array for ${dtype}.`);
    if (data.length !== product(dims))
      throw new AppError('bad-graph', `${label}: ${data.length} elements do not fill ${show(dims)}.`);
    const known = knownElements(dtype, dims, data);
    const value = this.define({ name, dtype, shape: dims, ...(known && { known }) }, label);
    this.initialisers.push({ name, dtype, dims, data });
    return value;
  }

  /** int64 numbers as a constant [n], or [] for a single number not in a list. Equal ones are one constant. */
  ints(numbers: number | readonly number[]): Value {
    const list = typeof numbers === 'number' ? [numbers] : numbers;
    const dims = typeof numbers === 'number' ? [] : [list.length];
    const data = BigInt64Array.from(list, BigInt);
    return this.share(`int64${show(dims)}:${list.join()}`, { dtype: 'int64', dims, data });
  }

  /** Floating-point numbers as a constant [n], or [] for a single number. Equal ones are one constant. */
  floats(numbers: number | readonly number[]): Value {
    const list = typeof numbers === 'number' ? [numbers] : numbers;
    const dims = typeof numbers === 'number' ? [] : [list.length];
    return this.share(`float32${show(dims)}:${list.join()}`, { dtype: 'float32', dims, data: Float32Array.from(list) });
  }

  private share(key: string, tensor: Tensor): Value {
    const found = this.shared.get(key);
    if (found) return found;
    const value = this.weight(this.fresh('const', false), tensor);
    this.shared.set(key, value);
    return value;
  }

  /** Runs `body`; the nodes it adds are named below `scope`, as in 'block0/conv_2'. */
  within<T>(scope: string, body: () => T): T {
    const outer = this.prefix;
    this.prefix = `${outer}${scope}/`;
    try {
      return body();
    } finally {
      this.prefix = outer;
    }
  }

  /**
   * Adds a node of any supported operator (the functions in ops/ are the typed way) and returns its outputs.
   * `inputs` may leave optional ones undefined. Throws bad-graph, naming the node: an unknown operator or attribute, wrong
   * types or shapes, a value of another graph.
   */
  add(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    names: Names = {},
    outputs = names.outputs?.length ?? 1,
  ): readonly Value[] {
    const name = names.name ?? this.fresh(op.toLowerCase());
    const trimmed = [...inputs];
    while (trimmed.length > 0 && trimmed.at(-1) === undefined) trimmed.pop();
    const call = new Call({ name, op, attributes }, trimmed, outputs);
    const rule = ruleOf(op) ?? call.fail('this operator is not supported');
    const [least, most] = rule.inputs;
    if (trimmed.length < least || trimmed.length > most)
      call.fail(`it has ${trimmed.length} inputs, not ${least === most ? least : `${least} to ${most}`}`);
    for (const key of Object.keys(attributes))
      if (!rule.attributes?.includes(key)) call.fail(`attribute ${key} is not supported`);
    for (const value of trimmed)
      if (value && this.values.get(value.name) !== value) call.fail(`its input ${value.name} is not of this graph`);
    if (this.nodeNames.has(name)) call.fail('there is another node of this name');
    const inferred = inferOutputs(rule, call);
    if (inferred.length < outputs) call.fail(`it has ${outputs} outputs, not ${inferred.length}`);
    this.nodeNames.add(name);
    const label = `Node ${name} (${op})`;
    const defined = inferred.slice(0, outputs).map((output, index) => {
      const own = names.outputs?.[index] ?? (outputs === 1 ? `${name}:out` : `${name}:out${index}`);
      return own === '' ? { name: '', ...output } : this.define({ name: own, ...output }, label);
    });
    const node = { name, op, inputs: trimmed.map((value) => value?.name ?? ''), outputs: defined.map((v) => v.name) };
    this.nodes.push({ ...node, attributes });
    return defined;
  }

  /** `add` for operators with one output. */
  one(op: string, inputs: readonly (Value | undefined)[], attributes?: Attributes, names?: Names): Value {
    return this.add(op, inputs, attributes, names)[0]!;
  }

  /** The value of this name, if there is one. */
  value(name: string): Value | undefined {
    return this.values.get(name);
  }

  /**
   * The graph, frozen. `outputs` gives the names outputs have in the file: a value of another name gets an Identity node.
   * A constant that nothing uses is bad-graph: a weight that takes no part is a mistake.
   */
  build(outputs: Readonly<Record<string, Value>>): Graph {
    const results = Object.entries(outputs).map(([name, value]) => {
      if (this.values.get(value.name) !== value)
        throw new AppError('bad-graph', `Output ${name}: ${value.name} is not of this graph.`);
      if (value.name === name) return value;
      return this.one('Identity', [value], {}, { name: `output/${name}`, outputs: [name] });
    });
    if (results.length === 0) throw new AppError('bad-graph', `Graph ${this.name} has no outputs.`);
    const used = new Set([...this.nodes.flatMap((node) => node.inputs), ...results.map(({ name }) => name)]);
    const unused = this.initialisers.find(({ name }) => !used.has(name));
    if (unused) throw new AppError('bad-graph', `Constant ${unused.name}: nothing uses it.`);
    return frozen({
      name: this.name,
      opset: OPSET,
      inputs: [...this.inputs],
      outputs: results,
      nodes: [...this.nodes],
      initialisers: [...this.initialisers],
      values: this.ordered(),
    });
  }

  /** Every value: inputs, constants, then what nodes make, whatever order the caller made them in. */
  private ordered(): readonly Value[] {
    const first = [...this.inputs, ...this.initialisers].map(({ name }) => name);
    const made = this.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== ''));
    return [...first, ...made].map((name) => this.values.get(name)!);
  }

  private define(value: Value, label: string): Value {
    if (value.name === '') throw new AppError('bad-graph', `${label}: a value without a name.`);
    if (this.values.has(value.name))
      throw new AppError('bad-graph', `${label}: the name ${value.name} is taken by another value.`);
    this.values.set(value.name, frozen(value));
    return value;
  }

  /** A name nothing has yet. */
  private fresh(stem: string, scoped = true): string {
    const base = `${scoped ? this.prefix : ''}${stem}`;
    for (;;) {
      const count = this.counts.get(base) ?? 0;
      this.counts.set(base, count + 1);
      const name = `${base}_${count}`;
      if (!this.nodeNames.has(name) && !this.values.has(name)) return name;
    }
  }
}

/** The rule's outputs; sizes no tensor can have are refused. */
function inferOutputs(rule: Rule, call: Call): readonly Inferred[] {
  try {
    const outputs = rule.infer(call);
    for (const { shape } of outputs)
      if (shape.some((dim) => typeof dim === 'number' && (!Number.isSafeInteger(dim) || dim < 0)))
        call.fail(`its output would have the shape ${show(shape)}`);
    return outputs;
  } catch (error) {
    // Symbolic sizes beyond nine digits (dim.ts).
    if (error instanceof RangeError) call.fail(error.message);
    throw error;
  }
}

/** The elements of a small constant of at most one axis, as shape rules read them. */
function knownElements(dtype: Dtype, dims: readonly number[], data: TensorData): readonly Dim[] | undefined {
  if (dims.length > 1 || data.length > KNOWN_LIMIT) return undefined;
  if (dtype !== 'int64' && dtype !== 'int32' && dtype !== 'float32') return undefined;
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** Attributes from plain numbers and texts: whole numbers are written as such, `float` marks the others. */
export function attributesOf(
  from: Readonly<Record<string, number | string | readonly number[] | { readonly float: number } | undefined>>,
): Attributes {
  const entries = Object.entries(from).flatMap(([name, value]): [string, Attribute][] => {
    if (value === undefined) return [];
    if (typeof value === 'number') return [[name, { type: 'int', value }]];
    if (typeof value === 'string') return [[name, { type: 'string', value }]];
    if ('float' in value) return [[name, { type: 'float', value: Math.fround(value.float) }]];
    return [[name, { type: 'ints', value }]];
  });
  return Object.fromEntries(entries);
}
