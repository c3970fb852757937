/**
 * FILM's backward warps, which repeat the border; one grid serves many tensors. RIFE's, which add up places instead, are rife/warp.ts.
 *
 * [Note: warps that ONNX Runtime is fast at] Its GridSample on the CPU has a quick way for one case alone: bilinear, zeros outside, -1 and 1 at the
 * pixels' edges. A third of the time of the others (3.2 against 10.9 ms a channel and megapixel on one core, version 1.30). A border that is
 * repeated is that case once places are kept on the picture: then what lies outside weighs nothing.
 */
import type { GraphBuilder } from '../onnx/builder.ts';
import type { Tensor, Value } from '../onnx/graph.ts';
import * as op from '../onnx/ops.ts';

function constant(g: GraphBuilder, name: string, dims: readonly number[], data: () => readonly number[]): Value {
  const made = g.value(name);
  if (made) return made;
  const tensor: Tensor = { dtype: 'float32', dims, data: Float32Array.from(data()) };
  return g.weight(name, tensor);
}

/**
 * Places (x + dx, y + dy), kept on the picture, for a flow [n, 2, h, w] of (dx, dy) in pixels whose sizes are numbers. One grid serves every
 * tensor [n, c, h, w] that is sampled by the flow. Throws bad-graph.
 */
export function warpGrid(g: GraphBuilder, flow: Value): Value {
  const [height, width] = flow.shape.slice(2) as [number, number];
  const key = `warp_${height}x${width}`;
  const pair = (name: string, x: number, y: number): Value => constant(g, `${key}_${name}`, [1, 2, 1, 1], () => [x, y]);
  // Pixel i of n has its centre at (2i + 1) / n - 1.
  const centres = (n: number): number[] => Array.from({ length: n }, (_, i) => (2 * i + 1) / n - 1);
  const none = (n: number): number[] => Array.from({ length: n }, () => 0);
  const columns = constant(g, `${key}_columns`, [1, 2, 1, width], () => [...centres(width), ...none(width)]);
  const rows = constant(g, `${key}_rows`, [1, 2, height, 1], () => [...none(height), ...centres(height)]);
  const moved = op.mul(g, flow, pair('scale', 2 / width, 2 / height));
  const places = op.add(g, op.add(g, moved, columns), rows);
  const [x, y] = [1 - 1 / width, 1 - 1 / height];
  const kept = op.min(g, op.max(g, places, pair('first', -x, -y)), pair('last', x, y));
  return op.transpose(g, kept, [0, 2, 3, 1]);
}

/** x [n, c, h, w] at the places of a `warpGrid`, bilinear, the border repeated. */
export function warpAt(g: GraphBuilder, x: Value, grid: Value): Value {
  return op.gridSample(g, x, grid, { outside: 'zeros', alignCorners: false });
}
