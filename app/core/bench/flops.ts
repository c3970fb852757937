/** How many operations a graph takes. */
import { evaluate, type Dim } from '../onnx/dim.ts';
import type { Graph, Value } from '../onnx/graph.ts';

/**
 * Multiplications, each with its addition: what papers on networks call FLOPs. Of convolutions, matrix products and products with more than one constant; what else is
 * done element by element is left out, as papers do. `sizes` says what symbolic sizes are.
 */
export function multiplyAdds(graph: Graph, sizes: Readonly<Record<string, number>>): number {
  const values = new Map(graph.values.map((value) => [value.name, value]));
  const constants = new Set(graph.initialisers.map(({ name }) => name));
  const size = (dim: Dim): number => (typeof dim === 'number' ? dim : evaluate(dim, sizes));
  const count = ({ shape }: Value): number => shape.reduce((product: number, dim) => product * size(dim), 1);
  let total = 0;
  for (const { op, inputs, outputs } of graph.nodes) {
    const [a, b, made] = [inputs[0], inputs[1], outputs[0]].map((name) => values.get(name ?? ''));
    if (!a || !b || !made) continue;
    // Each number of the result is a sum over the kernel of its output, or over a row.
    if (op === 'Conv') total += count(made) * (count(b) / size(b.shape[0]!));
    else if (op === 'Gemm' || op === 'MatMul') total += count(made) * size(a.shape.at(-1)!);
    else if (op === 'Mul' && constants.has(b.name) && count(b) > 1) total += count(made);
  }
  return total;
}
