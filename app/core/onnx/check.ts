/** The checker: builds a graph again from its parts, so what holds for a built graph holds for a read one. */
import { AppError } from '../../contract/errors.ts';
import { GraphBuilder } from './builder.ts';
import { OPSET, type Graph, type Initialiser, type Node, type Value } from './graph.ts';
import { show } from './rules/rule.ts';

/** What a file says of a graph: the edges between its nodes have names only. */
export interface GraphParts {
  readonly name: string;
  readonly opset: number;
  readonly inputs: readonly Value[];
  /** Outputs with the shapes stated for them; an absent shape is taken as inferred. */
  readonly outputs: readonly { readonly name: string; readonly stated?: Pick<Value, 'dtype' | 'shape'> }[];
  readonly nodes: readonly Node[];
  readonly initialisers: readonly Initialiser[];
}

/**
 * The graph made of `parts`, every value with its inferred type and shape.
 * Throws AppError bad-graph, naming the node: an input no earlier node made, a name used twice, an operator, attribute, type
 * or shape that cannot be; an output nothing makes or of another shape than stated; another opset than 16.
 */
export function assemble(parts: GraphParts): Graph {
  if (parts.opset !== OPSET)
    throw new AppError('bad-graph', `Graph ${parts.name} is written in opset ${parts.opset}, not ${OPSET}.`);
  const builder = new GraphBuilder(parts.name);
  for (const { name, dtype, shape } of parts.inputs) builder.input(name, dtype, shape);
  for (const initialiser of parts.initialisers) builder.weight(initialiser.name, initialiser);
  for (const { name, op, inputs, outputs, attributes } of parts.nodes) {
    const values = inputs.map((input) => (input === '' ? undefined : found(builder, input, `Node ${name} (${op})`)));
    builder.add(op, values, attributes, { name, outputs });
  }
  const outputs = parts.outputs.map(({ name, stated }) => {
    const value = found(builder, name, `Output ${name}`);
    if (stated && (stated.dtype !== value.dtype || show(stated.shape) !== show(value.shape)))
      throw new AppError(
        'bad-graph',
        `Output ${name}: stated as ${stated.dtype} ${show(stated.shape)}, but it is ${value.dtype} ${show(value.shape)}.`,
      );
    return [name, value] as const;
  });
  return builder.build(Object.fromEntries(outputs));
}

/** Checks a graph, however it was made: throws as `assemble`. */
export function checkGraph(graph: Graph): void {
  assemble({ ...graph, outputs: graph.outputs.map((value) => ({ name: value.name, stated: value })) });
}

function found(builder: GraphBuilder, name: string, label: string): Value {
  const value = builder.value(name);
  if (!value) throw new AppError('bad-graph', `${label}: nothing before it makes ${name}.`);
  return value;
}
