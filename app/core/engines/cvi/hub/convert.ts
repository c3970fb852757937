/**
 * A TensorFlow 1 graph, operator by operator, as a graph of ours.
 *
 * [Note: converting TensorFlow] Every size is known when the graph is read (the modules have a fixed batch and frame), so what TensorFlow computes of shapes is folded by the
 * builder, and only arithmetic on pictures is left. Whole numbers are int64 throughout. Tensors stay laid as TensorFlow lays them, channels last; convolutions turn
 * theirs there and back, which ONNX Runtime takes together where two meet. A random operator becomes an input of the graph.
 */
import { AppError } from '../../../../contract/errors.ts';
import type { Checkpoint } from '../../../import/checkpoint.ts';
import { toFloat32 } from '../../../import/tensor.ts';
import type { TfGraph, TfNode, TfTensor } from '../../../import/tf-graph.ts';
import { GraphBuilder } from '../../../onnx/builder.ts';
import type { Graph, Value } from '../../../onnx/graph.ts';
import { OPERATORS } from './operators.ts';
import { countOf, type Held, type Site } from './site.ts';

export interface ConvertedGraph {
  readonly graph: Graph;
  /** Inputs of the graph for random numbers of the normal distribution, in the order of the operators. */
  readonly noises: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export interface ConvertOptions {
  /** 'node:0' of the placeholder that pictures go into, and its shape; the graph's input is `pictures`. */
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  /** 'node:0' of what comes out; the graph's output is `film`. */
  readonly output: string;
}

/** How many operators a message lists. */
const LISTED = 6;

/**
 * Converts what leads to `output`. The variables' values are read from `checkpoint` by their names in the graph. Throws `weights-mismatch`, naming the operators that cannot
 * be converted and how often each occurs, or the variable that is not there; `bad-graph` for a graph that contradicts itself.
 */
export async function convertGraph(
  tf: TfGraph,
  checkpoint: Checkpoint,
  { input, output }: ConvertOptions,
): Promise<ConvertedGraph> {
  const place = partOf(input.name).node;
  const order = needed(tf, output, place);
  refuseUnknown(order);
  const conversion = new Conversion();
  conversion.keep(place, [conversion.g.input('pictures', 'float32', input.shape)]);
  for (const node of order) {
    if (node.name === place) continue;
    const variable = await variableOf(node, checkpoint);
    conversion.keep(node.name, variable ? { constant: variable } : OPERATORS[node.op]!(conversion.at(node)));
  }
  return { graph: conversion.g.build({ film: conversion.value(output) }), noises: conversion.noises };
}

/** What the nodes so far have given. */
class Conversion {
  readonly g = new GraphBuilder('hub');
  readonly noises: { name: string; shape: readonly number[] }[] = [];
  readonly #values = new Map<string, readonly Value[]>();
  readonly #constants = new Map<string, TfTensor>();

  keep(node: string, held: Held): void {
    if ('constant' in held) this.#constants.set(node, held.constant);
    else this.#values.set(node, held);
  }

  /** What `reference` ('node:1') is; a constant is one of the graph from here on. */
  value(reference: string): Value {
    const { node, index } = partOf(reference);
    const constant = this.#constants.get(node);
    if (constant && !this.#values.has(node)) this.#values.set(node, [constantValue(this.g, node, constant)]);
    const value = this.#values.get(node)?.[index];
    if (!value) throw new AppError('weights-mismatch', `The graph asks for ${reference}, which nothing gives.`);
    return value;
  }

  /** The numbers that `reference` is, where they are known. */
  numbers(reference: string): readonly number[] | undefined {
    const constant = this.#constants.get(partOf(reference).node);
    if (constant) return [...constant.values];
    const { known } = this.value(reference);
    return known?.every((dim) => typeof dim === 'number') ? (known as readonly number[]) : undefined;
  }

  at(node: TfNode): Site {
    const fail = (why: string): never => {
      throw new AppError('weights-mismatch', `The graph's ${node.op} '${node.name}' cannot be converted: ${why}.`);
    };
    const reference = (index: number): string => node.inputs[index] ?? fail(`it has no input ${index}`);
    return {
      g: this.g,
      node,
      count: node.inputs.length,
      value: (index) => this.value(reference(index)),
      constant: (index) => this.#constants.get(partOf(reference(index)).node),
      numbers: (index) => this.numbers(reference(index)) ?? fail(`its input ${index} is not known beforehand`),
      attribute: (name) => node.attributes.get(name) ?? {},
      fail,
      random: (shape) => {
        countOf(shape, { fail });
        const name = `noise_${this.noises.length}`;
        this.noises.push({ name, shape });
        return this.g.input(name, 'float32', shape);
      },
    };
  }
}

function partOf(reference: string): { readonly node: string; readonly index: number } {
  const [, node = reference, index = '0'] = /^(.*):(\d+)$/.exec(reference) ?? [];
  return { node, index: Number(index) };
}

/** The nodes that `output` needs, each after those it needs itself. `input` needs none. */
function needed(tf: TfGraph, output: string, input: string): TfNode[] {
  const order: TfNode[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const stack: string[] = [partOf(output).node];
  while (stack.length > 0) {
    const name = stack.at(-1)!;
    const node = tf.nodes.get(name);
    if (!node) throw new AppError('weights-mismatch', `The graph asks for ${name}, which is not in it.`);
    if (state.get(name) === 'done') {
      stack.pop();
      continue;
    }
    const before = name === input ? [] : node.inputs.map((reference) => partOf(reference).node);
    const open = before.filter((each) => state.get(each) !== 'done');
    if (open.length === 0) {
      state.set(name, 'done');
      order.push(node);
      stack.pop();
      continue;
    }
    if (state.get(name) === 'open')
      throw new AppError('weights-mismatch', `The graph runs in a circle through ${name}; loops are not converted.`);
    state.set(name, 'open');
    for (const each of open) stack.push(each);
  }
  return order;
}

const VARIABLES = new Set(['VariableV2', 'Variable', 'VarHandleOp']);

function refuseUnknown(order: readonly TfNode[]): void {
  const unknown = new Map<string, number>();
  for (const { op } of order)
    if (!Object.hasOwn(OPERATORS, op) && !VARIABLES.has(op) && op !== 'Placeholder')
      unknown.set(op, (unknown.get(op) ?? 0) + 1);
  if (unknown.size === 0) return;
  const all = [...unknown].toSorted(([, a], [, b]) => b - a).map(([op, count]) => `${op} (${count})`);
  const rest = all.length > LISTED ? ` and ${all.length - LISTED} more` : '';
  throw new AppError(
    'weights-mismatch',
    `The graph uses operators that are not converted: ${all.slice(0, LISTED).join(', ')}${rest}. Its weights can be taken by models import --map.`,
  );
}

/** The values of a variable; undefined for a node that is none. */
async function variableOf(node: TfNode, checkpoint: Checkpoint): Promise<TfTensor | undefined> {
  if (node.op === 'Placeholder')
    throw new AppError('weights-mismatch', `The graph needs a second input, ${node.name}, that nobody gives.`);
  if (!VARIABLES.has(node.op)) return undefined;
  const shared = node.attributes.get('shared_name')?.text;
  const there = checkpoint.names();
  const name = [shared, node.name].find((each) => each !== undefined && there.includes(each));
  if (name === undefined)
    throw new AppError('weights-mismatch', `The graph's variable ${node.name} is not in the checkpoint.`);
  const tensor = await checkpoint.tensor(name);
  return { type: 'float', shape: tensor.shape, values: toFloat32(tensor) };
}

function constantValue(g: GraphBuilder, name: string, { type, shape, values }: TfTensor): Value {
  if (type === 'float') return g.weight(name, { dtype: 'float32', dims: shape, data: values as Float32Array });
  if (type === 'bool') return g.weight(name, { dtype: 'bool', dims: shape, data: Uint8Array.from(values) });
  if (type === undefined)
    throw new AppError('weights-mismatch', `The constant ${name} is of a type that is not converted.`);
  return g.weight(name, {
    dtype: 'int64',
    dims: shape,
    data: BigInt64Array.from(values, (value) => BigInt(Math.trunc(value))),
  });
}
