/** Files: what is written reads back equal, runs, and shares memory with the graph. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSession } from '../../../app/core/nn/session.ts';
import { attributesOf, GraphBuilder } from '../../../app/core/onnx/builder.ts';
import { decodeInitialisers, decodeModel } from '../../../app/core/onnx/decode.ts';
import { encodeModel, modelChunks } from '../../../app/core/onnx/encode.ts';
import { parameterCount, type Graph } from '../../../app/core/onnx/graph.ts';
import * as op from '../../../app/core/onnx/ops.ts';
import { filled, runGraph } from './support.ts';

/** A small network with every kind of constant and attribute, symbols, scopes, optional inputs and two outputs. */
function sample(): Graph {
  const g = new GraphBuilder('sample');
  const x = g.input('x', 'float32', ['n', 3, '4*h', '4*w']);
  const grid = g.input('grid', 'float32', ['n', 5, 6, 2]);
  const w = g.weight('stem/weight', filled([8, 3, 3, 3]));
  let y = g.within('stem', () => op.leakyRelu(g, op.conv(g, x, w, undefined, { pad: 1, stride: 2 }), 0.2));
  y = op.clip(g, op.pixelShuffle(g, op.resizeLike(g, y, y, 'corners'), 2), undefined, 0.5);
  const half = g.weight('half', { dtype: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xc000) });
  const bytes = g.weight('bytes', { dtype: 'int8', dims: [2], data: Int8Array.of(-128, 127) });
  const flags = g.weight('flags', filled([2], 'bool'));
  const filler = { type: 'tensor', value: { dtype: 'int32', dims: [1], data: Int32Array.of(-7) } } as const;
  const sevens = g.one('ConstantOfShape', [g.ints([2])], { value: filler });
  const parts = op.split(
    g,
    op.where(g, flags, op.cast(g, half, 'int32'), op.add(g, op.cast(g, bytes, 'int32'), sevens)),
    0,
    [1, 1],
  );
  return g.build({
    y,
    sampled: op.gridSample(g, x, grid, { outside: 'border', alignCorners: true }),
    first: parts[0]!,
  });
}

test('a model reads back equal to its graph, and byte for byte when written again', () => {
  const graph = sample();
  const file = encodeModel(graph);
  const back = decodeModel(file);
  assert.deepEqual(back, graph);
  assert.deepEqual(encodeModel(back), file);
  assert.ok(
    Object.isFrozen(back) && Object.isFrozen(back.nodes[0]!.attributes) && Object.isFrozen(back.inputs[0]!.shape),
  );
});

test('a read model computes what the built one computes', async () => {
  const inputs = { x: filled([2, 3, 8, 12]), grid: filled([2, 5, 6, 2]) };
  const built = await runGraph(sample(), inputs);
  const read = await runGraph(decodeModel(encodeModel(sample())), inputs);
  assert.deepEqual(read, built);
  assert.deepEqual(built.y!.dims, [2, 2, 8, 12]);
  assert.deepEqual([...(built.first!.data as Int32Array)], [-135]);
});

test('chunks are the file, and large weights in them are the very arrays of the graph', () => {
  const g = new GraphBuilder('large');
  const weights = filled([64, 64, 5, 5]);
  const graph = g.build({ y: op.conv(g, g.input('x', 'float32', [1, 64, 9, 9]), g.weight('w', weights)) });
  const chunks = [...modelChunks(graph)];
  assert.deepEqual(Buffer.concat(chunks), Buffer.from(encodeModel(graph)));
  assert.ok(chunks.some((chunk) => chunk.buffer === weights.data.buffer));
  assert.equal(parameterCount(graph), 64 * 64 * 25);
  const aligned = new Uint8Array(new ArrayBuffer(encodeModel(graph).length + 4));
  const views = [0, 1, 2, 3].filter((offset) => {
    const file = aligned.subarray(offset, offset + aligned.length - 4);
    file.set(encodeModel(graph));
    const [weight] = decodeModel(file).initialisers;
    assert.deepEqual(weight!.data, weights.data);
    return weight!.data.buffer === aligned.buffer;
  });
  assert.equal(views.length, 1, 'at one offset of four the weight is aligned, and then it is a view');
});

test('weights of a foreign file are read from its typed fields, whatever its operators', () => {
  // GraphProto.initializer { dims: 2, float: 1, float_data (packed): 1, -2, name 'w' } and one in int32_data, one node unknown here.
  const float = [0x0a, 1, 2, 0x10, 1, 0x22, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0x42, 1, 0x77];
  const int8 = [
    0x08,
    2,
    0x10,
    3,
    0x28,
    5,
    0x28,
    ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
    0x42,
    1,
    0x76,
  ];
  const node = [0x22, 4, ...Buffer.from('Loop')];
  const graph = [0x0a, node.length, ...node, 0x2a, float.length, ...float, 0x2a, int8.length, ...int8];
  const file = Uint8Array.from([0x3a, graph.length, ...graph]);
  assert.deepEqual(decodeInitialisers(file), [
    { name: 'w', dtype: 'float32', dims: [2], data: Float32Array.of(1, -2) },
    { name: 'v', dtype: 'int8', dims: [2], data: Int8Array.of(5, -1) },
  ]);
  assert.throws(() => decodeModel(file), { code: 'bad-graph', message: /opset 0/ });
});

test('numbers and texts at the edges of their fields survive', () => {
  const g = new GraphBuilder('édge 名');
  const name = 'π'.repeat(70);
  const x = g.input(name, 'float32', [1, 1, 4]);
  const y = g.one('LeakyRelu', [x], attributesOf({ alpha: { float: -1e-30 } }));
  const z = op.slice(g, y, 2, -(2 ** 31), 2 ** 31 - 1);
  const graph = g.build({ z });
  assert.deepEqual(decodeModel(encodeModel(graph)), graph);
});

test('ONNX Runtime says what is wrong with inputs', async () => {
  const g = new GraphBuilder('one');
  const session = await openSession(encodeModel(g.build({ y: op.relu(g, g.input('x', 'float32', [2])) })), {
    threads: 1,
  });
  await assert.rejects(session.run({ x: filled([3]) }), { code: 'engine-failed', message: /dimension/ });
  await assert.rejects(session.run({}), { code: 'engine-failed' });
  await session.close();
  await assert.rejects(openSession(new Uint8Array(9), { threads: 1 }), { code: 'engine-failed' });
});
