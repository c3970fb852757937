/** WebGPU computes what the CPU does, on a GPU that a program plays; and the graph that is made for it is the same network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelFor } from '../../../app/core/nn/devices.ts';
import { tryDevice } from '../../../app/core/nn/trial.ts';
import { webgpuGraph } from '../../../app/core/nn/webgpu-graph.ts';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import { decodeModel } from '../../../app/core/onnx/decode.ts';
import { encodeModel } from '../../../app/core/onnx/encode.ts';
import type { Graph, Value } from '../../../app/core/onnx/graph.ts';
import * as op from '../../../app/core/onnx/ops.ts';
import { filled, runGraph } from '../onnx/support.ts';
import { useSwiftShader } from './swiftshader.ts';

const skip = useSwiftShader();
const [HEIGHT, WIDTH] = [20, 24];

/** A convolution of `channels` that gives a flow, by which the first picture is sampled. */
function warping(channels: number): Graph {
  const g = new GraphBuilder('warping');
  const a = g.input('a', 'float32', [1, channels, HEIGHT, WIDTH]);
  const conv = (x: Value, from: number, to: number): Value =>
    op.conv(g, x, g.weight(`w${to}`, filled([to, from, 3, 3])), g.weight(`b${to}`, filled([to])), { pad: 1 });
  const flow = op.tanh(g, conv(op.leakyRelu(g, conv(a, channels, 8), 0.1), 8, 2));
  const grid = op.transpose(g, flow, [0, 2, 3, 1]);
  return g.build({ y: op.gridSample(g, a, grid, { outside: 'border', alignCorners: true }) });
}

test('convolutions of 6 and 9 channels get zeros, others stay', async () => {
  for (const [channels, padded] of [
    [6, 8],
    [9, 12],
  ] as const) {
    const graph = warping(channels);
    const made = webgpuGraph(graph);
    assert.deepEqual(made.initialisers.find(({ name }) => name === 'w8/padded')?.dims, [8, padded, 3, 3]);
    assert.ok(!made.initialisers.some(({ name }) => name === 'w8'));
    // It is a graph like any other: read back, and the CPU computes the same with it.
    assert.deepEqual(decodeModel(encodeModel(made)).values, made.values);
    const inputs = { a: filled([1, channels, HEIGHT, WIDTH]) };
    const [y, z] = [(await runGraph(graph, inputs)).y!.data, (await runGraph(made, inputs)).y!.data];
    assert.ok(y.every((value, i) => Math.abs(Number(value) - Number(z[i])) < 1e-5));
  }
  for (const channels of [3, 4, 5, 7, 8, 12]) {
    const graph = warping(channels);
    assert.equal(webgpuGraph(graph), graph);
  }
  const bytes = encodeModel(warping(6));
  assert.notEqual(modelFor('webgpu', bytes).length, bytes.length);
  assert.equal(modelFor('cpu', bytes), bytes);
  const odd = new Uint8Array(9);
  assert.equal(modelFor('webgpu', odd), odd);
});

test('parity on SwiftShader', { skip }, async () => {
  const graph = warping(6);
  const files = [encodeModel(graph), modelFor('webgpu', graph)] as const;
  const trial = await tryDevice('webgpu', files, { threads: 1 });
  assert.equal(trial.reason, undefined);
  assert.ok(trial.error! < 1e-5, `${trial.error}`);
  assert.deepEqual(trial.onCpu, []);
  assert.ok(trial.own! >= 4, `${trial.own} nodes`);
  // The gate sees what is wrong: the same network without the zeros.
  const wrong = await tryDevice('webgpu', [files[0], files[0]], { threads: 1 });
  if (wrong.reason === undefined) console.log("ONNX Runtime's WebGPU convolves 6 channels: webgpu-graph.ts may go");
  else assert.match(wrong.reason, /off by/);
});
