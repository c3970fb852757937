/** Joins, cuts and new shapes; reductions, matrix products, layer norm and GRU. All throw bad-graph. */
import { attributesOf, type GraphBuilder } from '../builder.ts';
import type { Dim } from '../dim.ts';
import type { Value } from '../graph.ts';
import { add, div, mul, sqrt, sub } from './arithmetic.ts';

/** The parts, equal in all sizes but that of `axis`, one after the other along it. */
export function concat(g: GraphBuilder, parts: readonly Value[], axis: number): Value {
  return g.one('Concat', parts, attributesOf({ axis }));
}

/** Elements `from` up to (not with) `to` along `axis`; negative ones count from the end; without `to`, to the end. */
export function slice(g: GraphBuilder, x: Value, axis: number, from: number, to = 2 ** 31 - 1, step = 1): Value {
  return g.one('Slice', [x, g.ints([from]), g.ints([to]), g.ints([axis]), g.ints([step])]);
}

/** Cuts x along `axis` into parts of these sizes, which must add up. */
export function split(g: GraphBuilder, x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  return g.add('Split', [x, g.ints(sizes)], attributesOf({ axis }), {}, sizes.length);
}

/**
 * Adds elements before and after each axis (negative numbers cut off): zeros, the outermost element ('edge'), or the
 * picture mirrored without its outermost element ('reflect').
 */
export function pad(
  g: GraphBuilder,
  x: Value,
  before: readonly number[],
  after: readonly number[],
  mode: 'constant' | 'edge' | 'reflect' = 'constant',
): Value {
  return g.one('Pad', [x, g.ints([...before, ...after])], attributesOf({ mode }));
}

/** Axis i of the result is axis order[i] of x. */
export function transpose(g: GraphBuilder, x: Value, order: readonly number[]): Value {
  return g.one('Transpose', [x], attributesOf({ perm: order }));
}

/** The same elements in another shape: 0 keeps the size of that axis, one -1 takes what is left. */
export function reshape(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  return g.one('Reshape', [x, g.ints(shape)]);
}

/** x broadcast to `to`, a shape of numbers or an int64 value such as `shapeOf` another. */
export function expand(g: GraphBuilder, x: Value, to: readonly number[] | Value): Value {
  return g.one('Expand', [x, 'dtype' in to ? to : g.ints(to)]);
}

/** x repeated as a whole, times[i] times along axis i. */
export function tile(g: GraphBuilder, x: Value, times: readonly number[]): Value {
  return g.one('Tile', [x, g.ints(times)]);
}

/** The slices of `axis` at `indices` (int64, or a list): the axis is replaced by the axes of indices. */
export function gather(g: GraphBuilder, x: Value, indices: Value | number | readonly number[], axis: number): Value {
  const at = typeof indices === 'object' && 'dtype' in indices ? indices : g.ints(indices);
  return g.one('Gather', [x, at], attributesOf({ axis }));
}

/** New axes of size 1, at these places of the result. */
export function unsqueeze(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  return g.one('Unsqueeze', [x, g.ints(axes)]);
}

/** Without these axes, whose size must be 1. */
export function squeeze(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  return g.one('Squeeze', [x, g.ints(axes)]);
}

/** The shape of x as int64 [axes]. Its elements are known to the operators that take shapes, symbols included. */
export function shapeOf(g: GraphBuilder, x: Value): Value {
  return g.one('Shape', [x]);
}

/** Zeros (float32) in the shape an int64 value holds. */
export function zeros(g: GraphBuilder, shape: Value | readonly number[]): Value {
  return g.one('ConstantOfShape', ['dtype' in shape ? shape : g.ints(shape)]);
}

/** Mean over `axes`, which stay with size 1 unless `keep` is false. */
export function reduceMean(g: GraphBuilder, x: Value, axes: readonly number[], keep = true): Value {
  return g.one('ReduceMean', [x], attributesOf({ axes, keepdims: keep ? 1 : 0 }));
}

/** Largest over `axes`, which stay with size 1 unless `keep` is false. */
export function reduceMax(g: GraphBuilder, x: Value, axes: readonly number[], keep = true): Value {
  return g.one('ReduceMax', [x], attributesOf({ axes, keepdims: keep ? 1 : 0 }));
}

/** Sum over `axes`, which stay with size 1 unless `keep` is false. */
export function reduceSum(g: GraphBuilder, x: Value, axes: readonly number[], keep = true): Value {
  return g.one('ReduceSum', [x, g.ints(axes)], attributesOf({ keepdims: keep ? 1 : 0 }));
}

/** [..., m, k] times [..., k, n]: [..., m, n], leading axes broadcast. */
export function matMul(g: GraphBuilder, a: Value, b: Value): Value {
  return g.one('MatMul', [a, b]);
}

/** x [m, k] times weight [n, k] (PyTorch's Linear) plus bias [n]: [m, n]. */
export function linear(g: GraphBuilder, x: Value, weight: Value, bias?: Value): Value {
  return g.one('Gemm', [x, weight, bias], attributesOf({ transB: 1 }));
}

/**
 * Layer norm over the last axes, from `axis` on: (x - mean) / sqrt(variance + epsilon) * scale + bias. Out of opset 16's own
 * operators, since LayerNormalization came with 17.
 */
export function layerNorm(g: GraphBuilder, x: Value, axis: number, scale: Value, bias: Value, epsilon: number): Value {
  const first = axis < 0 ? axis + x.shape.length : axis;
  const axes = x.shape.map((_: Dim, index) => index).slice(first);
  const centred = sub(g, x, reduceMean(g, x, axes));
  const variance = reduceMean(g, mul(g, centred, centred), axes);
  return add(g, mul(g, div(g, centred, sqrt(g, add(g, variance, epsilon))), scale), bias);
}

/** The weights of a GRU, for one direction first axis 1. Gates in ONNX's order z, r, n (PyTorch stores r, z, n). */
export interface GruWeights {
  /** [1, 3*hidden, input] */
  readonly weight: Value;
  /** [1, 3*hidden, hidden] */
  readonly recurrent: Value;
  /** [1, 6*hidden]: input biases, then recurrent ones. */
  readonly bias?: Value;
}

/**
 * GRU over x [length, batch, input] from state [1, batch, hidden] (zeros if absent), as PyTorch computes it
 * (linear_before_reset). Returns all states [length, 1, batch, hidden] and the last [1, batch, hidden].
 */
export function gru(
  g: GraphBuilder,
  x: Value,
  { weight, recurrent, bias }: GruWeights,
  hidden: number,
  state?: Value,
): { readonly states: Value; readonly last: Value } {
  const attributes = attributesOf({ hidden_size: hidden, linear_before_reset: 1 });
  const [states, last] = g.add('GRU', [x, weight, recurrent, bias, undefined, state], attributes, {}, 2);
  return { states: states!, last: last! };
}
