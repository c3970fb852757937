/** What the operators compute, by small sums done by hand: that each constructor says to ONNX Runtime what its docs say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as op from '../../../app/core/onnx/ops.ts';
import { compute, filled, tensor } from './support.ts';

const ramp = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);

function near(actual: readonly number[], expected: readonly number[], within = 1e-6): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, index) =>
    assert.ok(
      Math.abs(value - expected[index]!) <= within,
      `${index}: ${value}, not ${expected[index]} in ${actual.join()}`,
    ),
  );
}

test('same padding puts the odd element at the end, as TensorFlow does', async () => {
  const x = tensor([1, 1, 2, 2], [1, 2, 3, 4]);
  const ones = tensor([1, 1, 2, 2], [1, 1, 1, 1]);
  near(await compute({ x, w: ones }, (g, v) => op.conv(g, v.x!, v.w!, undefined, { pad: 'same' })), [10, 6, 7, 4]);
  // The padding takes no part in the mean.
  near(await compute({ x }, (g, v) => op.avgPool(g, v.x!, 2, { stride: 1, pad: 'same' })), [2.5, 3, 3.5, 4]);
  near(await compute({ x }, (g, v) => op.avgPool(g, v.x!, 2, { pad: 1, countPadding: true })), [0.25, 0.5, 0.75, 1]);
  near(await compute({ x }, (g, v) => op.maxPool(g, op.neg(g, v.x!), 2, { pad: 1 })), [-1, -2, -3, -4]);
});

test('convolution: groups, dilation, bias; its transpose spreads', async () => {
  const x = tensor([1, 2, 1, 4], [1, 2, 3, 4, 5, 6, 7, 8]);
  const taps = tensor([2, 1, 1, 2], [1, 1, 1, -1]);
  const bias = tensor([2], [100, 0]);
  const body = { x, w: taps, b: bias };
  near(await compute(body, (g, v) => op.conv(g, v.x!, v.w!, v.b!, { group: 2, dilation: [1, 2] })), [104, 106, -2, -2]);
  const spread = await compute(
    { x: tensor([1, 1, 1, 2], [1, 2]), w: tensor([1, 1, 1, 4], [1, 10, 100, 1000]) },
    (g, v) => op.convTranspose(g, v.x!, v.w!, undefined, { stride: [1, 2], pad: [0, 1] }),
  );
  near(spread, [10, 102, 1020, 200]);
});

test('resize: the three conventions', async () => {
  const x = tensor([1, 1, 1, 2], [0, 4]);
  const double = (mode: op.ResizeMode) => compute({ x }, (g, v) => op.resize(g, v.x!, [1, 2], mode));
  near(await double('half-pixel'), [0, 1, 3, 4]);
  near(await double('corners'), [0, 4 / 3, 8 / 3, 4]);
  near(await double('nearest'), [0, 0, 4, 4]);
});

test('grid sample: a flow of one pixel, border and zeros', async () => {
  const x = tensor([1, 1, 1, 3], [1, 2, 3]);
  const grid = tensor([1, 1, 3, 2], [0, 0, 1, 0, 2, 0]);
  const sample = (outside: 'border' | 'zeros', alignCorners: boolean) =>
    compute({ x, grid }, (g, v) => op.gridSample(g, v.x!, v.grid!, { outside, alignCorners }));
  near(await sample('border', true), [2, 3, 3]);
  near(await sample('zeros', true), [2, 3, 0]);
  near(await sample('zeros', false), [2, 1.5, 0]);
});

test('shuffles: the channel order of each framework', async () => {
  const x = tensor([1, 8, 1, 1], ramp(8));
  near(await compute({ x }, (g, v) => op.pixelShuffle(g, v.x!, 2)), [0, 1, 2, 3, 4, 5, 6, 7]);
  near(await compute({ x }, (g, v) => op.depthToSpace(g, v.x!, 2)), [0, 2, 4, 6, 1, 3, 5, 7]);
  near(await compute({ x }, (g, v) => op.spaceToDepth(g, op.depthToSpace(g, v.x!, 2), 2)), ramp(8));
});

test('activations', async () => {
  const x = tensor([5], [-4, -1, 0, 1, 4]);
  const apply = (
    f: (g: Parameters<typeof op.relu>[0], x: Parameters<typeof op.relu>[1]) => ReturnType<typeof op.relu>,
  ) => compute({ x }, (g, v) => f(g, v.x!));
  near(await apply((g, v) => op.leakyRelu(g, v, 0.2)), [-0.8, -0.2, 0, 1, 4]);
  near(await apply(op.hardSwish), [0, -1 / 3, 0, 2 / 3, 4]);
  near(await apply((g, v) => op.hardSigmoid(g, v, 0.2, 0.5)), [0, 0.3, 0.5, 0.7, 1]);
  near(await apply((g, v) => op.clip(g, v, -1, 0.5)), [-1, -1, 0, 0.5, 0.5]);
  near(await apply((g, v) => op.clip(g, v, undefined, 0)), [-4, -1, 0, 0, 0]);
  near(
    await apply(op.swish),
    [-4, -1, 0, 1, 4].map((value) => value / (1 + Math.exp(-value))),
  );
  near(await apply((g, v) => op.cumSum(g, v, 0)), [-4, -5, -5, -4, 0]);
  near(await apply((g, v) => op.cast(g, op.mul(g, v, 0.9), 'int64')), [-3, 0, 0, 0, 3]);
  near(await apply((g, v) => op.where(g, op.greater(g, v, 0.5), v, op.identity(g, g.floats(9)))), [9, 9, 9, 1, 4]);
});

test('joins and cuts', async () => {
  const x = tensor([2, 3], ramp(6));
  const apply = (
    f: (g: Parameters<typeof op.relu>[0], x: Parameters<typeof op.relu>[1]) => ReturnType<typeof op.relu>,
  ) => compute({ x }, (g, v) => f(g, v.x!));
  near(await apply((g, v) => op.slice(g, v, 1, 1)), [1, 2, 4, 5]);
  near(await apply((g, v) => op.slice(g, v, 1, -1, -100, -1)), [2, 1, 0, 5, 4, 3]);
  near(await apply((g, v) => op.transpose(g, v, [1, 0])), [0, 3, 1, 4, 2, 5]);
  near(await apply((g, v) => op.pad(g, v, [0, 2], [0, 1], 'reflect')), [2, 1, 0, 1, 2, 1, 5, 4, 3, 4, 5, 4]);
  near(await apply((g, v) => op.pad(g, v, [0, 1], [0, 1], 'edge')), [0, 0, 1, 2, 2, 3, 3, 4, 5, 5]);
  near(await apply((g, v) => op.pad(g, v, [0, 0], [1, 0])), [0, 1, 2, 3, 4, 5, 0, 0, 0]);
  near(await apply((g, v) => op.gather(g, v, [2, 0], 1)), [2, 0, 5, 3]);
  near(await apply((g, v) => op.split(g, v, 1, [1, 2])[1]!), [1, 2, 4, 5]);
  near(await apply((g, v) => op.concat(g, [v, v], 1)), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]);
  near(await apply((g, v) => op.tile(g, v, [1, 2])), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]);
  near(await apply((g, v) => op.shapeOf(g, v)), [2, 3]);
});

test('means, products, norms', async () => {
  const x = tensor([2, 3], ramp(6));
  near(await compute({ x }, (g, v) => op.reduceMean(g, v.x!, [1])), [1, 4]);
  near(await compute({ x }, (g, v) => op.reduceSum(g, v.x!, [0], false)), [3, 5, 7]);
  near(await compute({ x }, (g, v) => op.reduceMax(g, v.x!, [0, 1])), [5]);
  const pair = { x, w: tensor([2, 3], [1, 1, 1, 1, 0, 0]), b: tensor([2], [10, 0]) };
  near(await compute(pair, (g, v) => op.linear(g, v.x!, v.w!, v.b!)), [13, 0, 22, 3]);
  const norm = { x, s: tensor([3], [1, 2, 1]), b: tensor([3], [0, 0, 5]) };
  const third = Math.sqrt(1.5);
  near(
    await compute(norm, (g, v) => op.layerNorm(g, v.x!, -1, v.s!, v.b!, 0)),
    [-third, 0, 5 + third, -third, 0, 5 + third],
    1e-5,
  );
  const stats = {
    scale: tensor([3], [1, 2, 3]),
    bias: tensor([3], [0, 1, 2]),
    mean: tensor([3], [1, 1, 1]),
    variance: tensor([3], [4, 4, 4]),
  };
  const batch = await compute({ x, ...stats }, (g, v) => {
    const { scale, bias, mean, variance } = v;
    return op.batchNorm(g, v.x!, { scale: scale!, bias: bias!, mean: mean!, variance: variance! }, 0);
  });
  near(batch, [-0.5, 1, 3.5, 1, 4, 8]);
  const q = {
    x: tensor([3], [-1, 0.24, 9]),
    s: tensor([], [0.1]),
    z: { dtype: 'uint8', dims: [], data: Uint8Array.of(20) } as const,
  };
  near(await compute(q, (g, v) => op.quantize(g, v.x!, v.s!, v.z!)), [10, 22, 110]);
  near(await compute(q, (g, v) => op.dequantize(g, op.quantize(g, v.x!, v.s!, v.z!), v.s!, v.z!)), [-1, 0.2, 9]);
});

test("GRU is PyTorch's: gates z, r, n, reset applied after the product", async () => {
  const [hidden, size] = [2, 3];
  const parts = {
    x: filled([2, 1, size]),
    w: filled([1, 3 * hidden, size]),
    r: filled([1, 3 * hidden, hidden]),
    b: filled([1, 6 * hidden]),
    h: filled([1, 1, hidden]),
  };
  const [x, w, r, b] = [parts.x.data, parts.w.data, parts.r.data, parts.b.data] as Float32Array[];
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
  let h = Array.from(parts.h.data as Float32Array);
  for (let step = 0; step < 2; step++) {
    const row = (
      weights: Float32Array,
      gate: number,
      unit: number,
      from: ArrayLike<number>,
      at: number,
      count: number,
    ) => ramp(count).reduce((sum, k) => sum + weights[(gate * hidden + unit) * count + k]! * from[at + k]!, 0);
    const next = ramp(hidden).map((unit) => {
      const into = (gate: number) => row(w!, gate, unit, x!, step * size, size) + b![gate * hidden + unit]!;
      const back = (gate: number) => row(r!, gate, unit, h, 0, hidden) + b![3 * hidden + gate * hidden + unit]!;
      const [z, reset] = [sigmoid(into(0) + back(0)), sigmoid(into(1) + back(1))];
      return (1 - z) * Math.tanh(into(2) + reset * back(2)) + z * h[unit]!;
    });
    h = next;
  }
  const last = await compute(
    parts,
    (g, v) => op.gru(g, v.x!, { weight: v.w!, recurrent: v.r!, bias: v.b! }, hidden, v.h!).last,
  );
  near(last, h, 1e-5);
});
