/** The network that shows whether a device works at all: the operators interpolating networks are made of, in small. */
import { GraphBuilder } from '../onnx/builder.ts';
import type { Graph, Value } from '../onnx/graph.ts';
import * as op from '../onnx/ops.ts';

const SIDE = 64;
const WIDTH = 16;

/** Two pictures a, b [1, 3, 64, 64] to one: features at half size, a flow from them, both pictures warped by it and blended. */
export function trialModel(): Graph {
  const g = new GraphBuilder('trial');
  const [a, b] = ['a', 'b'].map((name) => g.input(name, 'float32', [1, 3, SIDE, SIDE])) as [Value, Value];
  const conv = (x: Value, from: number, to: number, stride = 1): Value =>
    op.conv(g, x, weight(g, [to, from, 3, 3], 1 / Math.sqrt(9 * from)), undefined, { pad: 1, stride });
  const slope = weight(g, [WIDTH, 1, 1], 0.25);
  let x = op.prelu(g, conv(op.concat(g, [a, b], 1), 6, WIDTH, 2), slope);
  x = op.add(g, x, op.leakyRelu(g, conv(x, WIDTH, WIDTH), 0.1));
  const half = op.resize(g, op.avgPool(g, x, 2, { stride: 2 }), 2, 'half-pixel');
  const [flow, rest] = op.split(g, conv(op.add(g, x, half), WIDTH, WIDTH), 1, [8, 8]) as [Value, Value];
  const moved = op.tanh(g, op.resize(g, conv(flow, 8, 2), 2, 'corners'));
  const mask = op.sigmoid(g, op.pixelShuffle(g, conv(rest, 8, 4), 2));
  const [first, second] = [warp(g, a, moved), warp(g, b, op.mul(g, moved, g.floats(-1)))];
  const blend = op.add(g, op.mul(g, first, mask), op.mul(g, second, op.sub(g, g.floats(1), mask)));
  return g.build({ picture: op.clip(g, blend, 0, 1), flow: moved });
}

/** The picture sampled up to four pixels away: `flow` [1, 2, h, w] is from -1 to 1. */
function warp(g: GraphBuilder, picture: Value, flow: Value): Value {
  const data = new Float32Array(2 * SIDE * SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    data[2 * i] = ((i % SIDE) / (SIDE - 1)) * 2 - 1;
    data[2 * i + 1] = (Math.floor(i / SIDE) / (SIDE - 1)) * 2 - 1;
  }
  const still = g.value('still') ?? g.weight('still', { dtype: 'float32', dims: [1, SIDE, SIDE, 2], data });
  const grid = op.add(g, still, op.mul(g, op.transpose(g, flow, [0, 2, 3, 1]), g.floats(8 / (SIDE - 1))));
  return op.gridSample(g, picture, grid, { outside: 'border', alignCorners: true });
}

/** Varied numbers of this size; the same each time. */
function weight(g: GraphBuilder, dims: readonly number[], size: number): Value {
  const data = new Float32Array(dims.reduce((n, dim) => n * dim, 1));
  const name = `weight_${dims.join('_')}`;
  const found = g.value(name);
  if (found) return found;
  for (let i = 0; i < data.length; i++) data[i] = size * Math.sin(1 + i * 12.9898) * 1.7;
  return g.weight(name, { dtype: 'float32', dims, data });
}
