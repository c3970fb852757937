/**
 * A graph as ONNX Runtime's WebGPU can run it.
 *
 * [Note: three channels at a time] Its convolution reads input channels by four, or by three where their number is no multiple of 4 but one
 * of 3, and with more than three channels the latter gives wrong results (ONNX Runtime 1.30; reported as microsoft/onnxruntime issue
 * 29651; seen on SwiftShader with 6, 9, 15 and 39 channels and kernels of 3x3 and up). Such convolutions get channels of zeros up to a
 * multiple of 4, in the picture by Pad and in the weight. Parity with the CPU is tried on the graph as it was.
 */
import { GraphBuilder } from '../onnx/builder.ts';
import { bytesOf, DTYPES } from '../onnx/dtype.ts';
import type { Graph, Initialiser, Node, Tensor } from '../onnx/graph.ts';
import * as op from '../onnx/ops.ts';

/** The graph with the same inputs and outputs; the very same where nothing has to be done. */
export function webgpuGraph(graph: Graph): Graph {
  const weights = new Map(graph.initialisers.map((weight) => [weight.name, weight]));
  const zerosOf = (node: Node): number => {
    const weight = weights.get(node.inputs[1] ?? '');
    return node.op === 'Conv' && weight ? missingChannels(node, weight) : 0;
  };
  if (graph.nodes.every((node) => zerosOf(node) === 0)) return graph;
  const g = new GraphBuilder(graph.name);
  const kept = new Set(graph.nodes.flatMap((node) => (zerosOf(node) > 0 ? node.inputs.toSpliced(1, 1) : node.inputs)));
  for (const { name, dtype, shape } of graph.inputs) g.input(name, dtype, shape);
  for (const { name, ...tensor } of graph.initialisers) if (kept.has(name)) g.weight(name, tensor);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => g.value(name));
    const zeros = zerosOf(node);
    const [input, name] = [inputs[0], `${node.inputs[1]}/padded`];
    if (zeros > 0 && input) {
      const axes = input.shape.map(() => 0);
      // A scope of its own: no node of the graph may have the name.
      inputs[0] = g.within('webgpu', () => op.pad(g, input, axes, axes.with(1, zeros)));
      inputs[1] = g.value(name) ?? g.weight(name, withZeros(weights.get(node.inputs[1]!)!, zeros));
    }
    g.add(node.op, inputs, node.attributes, { name: node.name, outputs: node.outputs });
  }
  return g.build(Object.fromEntries(graph.outputs.map(({ name }) => [name, g.value(name)!])));
}

/** Channels of zeros to add to a convolution's input; 0 for one that is right as it is. */
function missingChannels({ attributes }: Node, { dtype, dims }: Initialiser): number {
  const [, channels = 0, ...kernel] = dims;
  const group = attributes['group'];
  if (dtype !== 'float32' || kernel.length !== 2 || kernel.every((size) => size === 1)) return 0;
  if (group?.type === 'int' && group.value !== 1) return 0;
  return channels > 3 && channels % 3 === 0 && channels % 4 !== 0 ? 4 - (channels % 4) : 0;
}

/** [out, c, h, w] to [out, c + zeros, h, w]. */
function withZeros({ dtype, dims, data }: Initialiser, zeros: number): Tensor {
  const [outputs = 0, channels = 0, ...kernel] = dims;
  const size = kernel.reduce((a, b) => a * b, DTYPES[dtype].bytes);
  const [from, to] = [channels * size, (channels + zeros) * size];
  const bytes = new Uint8Array(outputs * to);
  for (let n = 0; n < outputs; n++) bytes.set(bytesOf(data).subarray(n * from, (n + 1) * from), n * to);
  const made = DTYPES[dtype].make(bytes.buffer, 0, (outputs * to) / DTYPES[dtype].bytes);
  return { dtype, dims: [outputs, channels + zeros, ...kernel], data: made };
}
