/** Runs graphs on the real ONNX Runtime. */
import { openSession } from '../../../app/core/nn/session.ts';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import { evaluate, type Shape } from '../../../app/core/onnx/dim.ts';
import { DTYPES, type Dtype } from '../../../app/core/onnx/dtype.ts';
import { encodeModel } from '../../../app/core/onnx/encode.ts';
import type { Graph, Tensor, Value } from '../../../app/core/onnx/graph.ts';

/** A tensor of small varied numbers; the same each time. Floats lie in (-1, 1), whole numbers in 0 to 4. */
export function filled(dims: readonly number[], dtype: Dtype = 'float32'): Tensor {
  const length = dims.reduce((a, b) => a * b, 1);
  const data = DTYPES[dtype].make(new ArrayBuffer(length * DTYPES[dtype].bytes), 0, length);
  for (let i = 0; i < length; i++) {
    if (data instanceof BigInt64Array) data[i] = BigInt((i * 7) % 5);
    else data[i] = dtype === 'float32' ? Math.sin(1 + i * 12.9898) : dtype === 'bool' ? i % 2 : (i * 7) % 5;
  }
  return { dtype, dims, data };
}

/** A float32 tensor of these numbers. */
export function tensor(dims: readonly number[], numbers: readonly number[]): Tensor {
  return { dtype: 'float32', dims, data: Float32Array.from(numbers) };
}

/** Runs a graph once; its outputs by name. */
export async function runGraph(graph: Graph, inputs: Readonly<Record<string, Tensor>>) {
  const session = await openSession(encodeModel(graph), { threads: 1 });
  try {
    return await session.run(inputs);
  } finally {
    await session.close();
  }
}

/** Builds `body` over constants given as tensors, as inputs of the graph, and returns its first output's numbers. */
export async function compute(
  inputs: Readonly<Record<string, Tensor>>,
  body: (g: GraphBuilder, values: Readonly<Record<string, Value>>) => Value,
): Promise<number[]> {
  const g = new GraphBuilder('test');
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, dims }]) => [name, g.input(name, dtype, dims)]),
  );
  const { y } = await runGraph(g.build({ y: body(g, values) }), inputs);
  return Array.from(y!.data as ArrayLike<number | bigint>, Number);
}

/** The sizes a shape has when its symbols have these values. */
export function sizes(shape: Shape, values: Readonly<Record<string, number>>): number[] {
  return shape.map((dim) => evaluate(dim, values));
}
