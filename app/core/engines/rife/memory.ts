/** What a graph holds while it runs. */
import { DTYPES } from '../../onnx/dtype.ts';
import type { Graph, Value } from '../../onnx/graph.ts';

/** The most bytes of values, constants apart, that are needed at one moment when nodes run in their order. Sizes must be numbers. */
export function liveBytes(graph: Graph): number {
  const bytes = new Map(graph.values.map((value) => [value.name, sizeOf(value)]));
  for (const { name } of graph.initialisers) bytes.set(name, 0);
  const lastUse = new Map<string, number>();
  graph.nodes.forEach(({ inputs }, n) => inputs.forEach((name) => lastUse.set(name, n)));
  for (const { name } of graph.outputs) lastUse.set(name, graph.nodes.length);
  let live = graph.inputs.reduce((sum, { name }) => sum + bytes.get(name)!, 0);
  let most = live;
  graph.nodes.forEach(({ inputs, outputs }, n) => {
    for (const name of outputs) live += bytes.get(name) ?? 0;
    most = Math.max(most, live);
    for (const name of new Set([...inputs, ...outputs]))
      if ((lastUse.get(name) ?? n) === n) live -= bytes.get(name) ?? 0;
  });
  return most;
}

function sizeOf({ shape, dtype }: Value): number {
  return shape.reduce<number>((product, size) => product * Number(size), DTYPES[dtype].bytes);
}
