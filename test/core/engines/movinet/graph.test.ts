import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configJson, parseConfig, published, VARIANTS } from '../../../../app/core/engines/movinet/config.ts';
import type { MovinetConfig } from '../../../../app/core/engines/movinet/config.ts';
import { movinetGraph } from '../../../../app/core/engines/movinet/graph.ts';
import { parameterCount, statesOf } from '../../../../app/core/engines/movinet/layers.ts';
import { seededWeights } from '../../../../app/core/engines/movinet/seeded.ts';
import { openSession } from '../../../../app/core/nn/session.ts';
import { parameterCount as graphParameters } from '../../../../app/core/onnx/graph.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { literal } from './literal.ts';
import { apart, clip, smallConfig } from './support.ts';

/** Base and stream parameters, state tensors and the numbers in them: the table of spec/systems.md, section 3a. */
const TABLE = {
  a0: [3_111_799, 3_748_031, 43, 674_208],
  a1: [4_690_296, 6_447_352, 67, 1_220_585],
  a2: [5_249_562, 7_326_962, 73, 2_707_115],
  a3: [7_397_545, 10_986_618, 124, 4_568_947],
  a4: [11_349_463, 18_136_182, 178, 12_350_175],
  a5: [18_650_523, 31_495_934, 222, 18_773_511],
} as const;

test('the published networks have the published numbers of parameters and states', () => {
  for (const variant of VARIANTS) {
    const stream = published(variant, 'stream');
    const states = statesOf(stream, stream.resolution, stream.resolution);
    const numbers = states.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0);
    const counts = [parameterCount(published(variant, 'base')), parameterCount(stream), states.length, numbers];
    assert.deepEqual(counts, TABLE[variant], variant);
  }
});

test('states are named and sized as published', () => {
  const a0 = published('a0', 'stream');
  const states = new Map(statesOf(a0, 172, 172).map(({ name, dims }) => [name, dims.join()]));
  assert.equal(states.get('state_block1_layer0_stream_buffer'), '2,80,22,22');
  assert.equal(states.get('state_block4_layer0_stream_buffer'), '4,384,6,6');
  assert.equal(states.get('state_block0_layer0_pool_buffer'), '1,24');
  assert.equal(states.get('state_head_pool_frame_count'), '1');
  assert.ok(!states.has('state_block0_layer0_stream_buffer'));
  assert.ok(
    statesOf(published('a3', 'stream'), 256, 256).some(({ name }) => /block2_layer1_pos_enc_frame_count/.test(name)),
  );
});

test('the graph holds what is counted, norms in the convolutions', () => {
  const a0 = published('a0', 'base');
  const graph = movinetGraph(a0, seededWeights(a0, 1), { width: 172, height: 172 });
  // A norm is two numbers a channel and becomes one bias; the scale of a layer is gone, and a few numbers are the operators'.
  assert.ok(Math.abs(graphParameters(graph) - parameterCount(a0)) < 10_000);
  assert.equal(graph.outputs.map(({ name }) => name).join(), 'logits,probabilities,embedding');
});

test('a configuration survives JSON and is refused where it contradicts itself', () => {
  const config = published('a3', 'stream');
  assert.deepEqual(parseConfig(JSON.parse(JSON.stringify(configJson(config)))), config);
  const json = configJson(smallConfig());
  assert.equal(parseConfig({ ...json, labels: ['one'] }), undefined);
  assert.equal(parseConfig({ ...json, causal: false, positional_encoding: true }), undefined);
  assert.equal(parseConfig({ ...json, blocks: [{ out: 8, expand: [8], kernels: [], strides: [] }] }), undefined);
});

async function graphLogits(
  config: MovinetConfig,
  frames: number,
  perCall: number,
  memory?: number,
): Promise<number[][]> {
  const { resolution: side } = config;
  const weights = seededWeights(config, 7);
  const graph = movinetGraph(config, weights, { width: side, height: side, ...(memory && { memory }) });
  const session = await openSession(graph, { threads: 1 });
  try {
    const data = clip(frames, side);
    const states = statesOf(config, side, side);
    const rows: number[][] = [];
    let now: Record<string, Tensor> = Object.fromEntries(
      states.map(({ name, dtype, dims }) => {
        const length = dims.reduce((a, b) => a * b, 1);
        return [name, { dtype, dims, data: dtype === 'int32' ? new Int32Array(length) : new Float32Array(length) }];
      }),
    );
    for (let at = 0; at < frames; at += perCall) {
      const count = Math.min(perCall, frames - at);
      const part = data.subarray(at * 3 * side ** 2, (at + count) * 3 * side ** 2);
      const made = await session.run({ image: { dtype: 'float32', dims: [count, side, side, 3], data: part }, ...now });
      now = Object.fromEntries(states.map(({ name }) => [name, made[`next_${name}`]!]));
      const logits = made['logits']!;
      for (let row = 0; row < logits.dims[0]!; row++)
        rows.push(Array.from((logits.data as Float32Array).subarray(row * config.classes, (row + 1) * config.classes)));
    }
    return rows;
  } finally {
    await session.close();
  }
}

const KINDS: Readonly<Record<string, [MovinetConfig, number | undefined]>> = {
  base: [smallConfig({ causal: false }), undefined],
  'stream, clip': [smallConfig(), undefined],
  'stream, relu6': [smallConfig({ gate: 'relu6' }), undefined],
  'stream, told the time': [smallConfig({ positional_encoding: true, resolution: 40 }), undefined],
  'stream that forgets': [smallConfig({ positional_encoding: true, gate: 'relu6', resolution: 34 }), 3],
};

for (const [name, [config, memory]] of Object.entries(KINDS))
  test(`${name}: the graph computes what the description says, in one call and in others`, async () => {
    const frames = 9;
    const truth = literal(config, seededWeights(config, 7), clip(frames, config.resolution), frames, memory);
    const spread = Math.max(...truth.flat().map(Math.abs));
    assert.ok(spread > 0.1, `logits up to ${spread} tell nothing`);
    for (const perCall of config.causal ? [1, 4, frames] : [frames]) {
      const rows = await graphLogits(config, frames, perCall, memory);
      assert.equal(rows.length, truth.length);
      for (const [i, row] of rows.entries()) {
        const off = apart(Float32Array.from(row), truth[i]!);
        assert.ok(off < 1e-5 * Math.max(1, spread), `${perCall} a call, row ${i}: ${off}`);
      }
    }
  });
