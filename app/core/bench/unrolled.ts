/** A separable local convolution written out in ONNX operators: what it would cost inside a graph. Measured, not used. */
import { GraphBuilder } from '../onnx/builder.ts';
import type { Graph, Value } from '../onnx/graph.ts';
import * as op from '../onnx/ops.ts';

/**
 * Inputs `picture` [1, 3, height + k - 1, width + k - 1], padded, `v` and `h` [k, 1, height, width]; output `out` [1, 3, height, width].
 * Columns of the picture are stacked once, and each row of taps is a product and a sum over the stack: written as k * k products of
 * whole planes it is half as fast again.
 */
export function unrolledSeparable(k: number, width: number, height: number): Graph {
  const g = new GraphBuilder('separable');
  const picture = g.input('picture', 'float32', [1, 3, height + k - 1, width + k - 1]);
  const v = g.input('v', 'float32', [k, 1, height, width]);
  const h = g.input('h', 'float32', [k, 1, height, width]);
  const columns = Array.from({ length: k }, (_, j) => op.slice(g, picture, 3, j, j + width));
  const stack = op.concat(g, columns, 0);
  const rows = op.split(g, v, 0, Array<number>(k).fill(1)).map((tap, i): Value => {
    const products = op.mul(g, h, op.slice(g, stack, 2, i, i + height));
    return op.mul(g, tap, op.reduceSum(g, products, [0]));
  });
  return g.build({ out: rows.reduce((sum, row) => op.add(g, sum, row)) });
}
