import assert from 'node:assert/strict';
import { appendFile, chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { configJson, published, type MovinetConfig } from '../../../../app/core/engines/movinet/config.ts';
import { layersOf, partsOf, type Part } from '../../../../app/core/engines/movinet/layers.ts';
import { ofPort, ofTensorFlow } from '../../../../app/core/engines/movinet/names.ts';
import { seededWeights } from '../../../../app/core/engines/movinet/seeded.ts';
import { readMovinet, recogniseMovinet } from '../../../../app/core/engines/movinet/weights.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { writeSafetensors, type Written } from '../../../../app/core/import/safetensors-write.ts';
import { liteModel, type Numbers } from './lite-writer.ts';
import { apart, smallConfig } from './support.ts';

const shared = process.env['INBETWEEN_SHARED'];

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'inbetween-movinet-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function worst(a: Weights, b: Weights): number {
  assert.deepEqual([...a.keys()].toSorted(), [...b.keys()].toSorted());
  return Math.max(
    ...[...a].map(([name, { data, dims }]) => {
      assert.deepEqual(dims, b.get(name)!.dims, name);
      return apart(data as Float32Array, b.get(name)!.data as Float32Array);
    }),
  );
}

test('names of the port and of TensorFlow, old and new, become one', () => {
  const same: readonly (readonly [string, string])[] = [
    ['conv1.conv_1.conv2d.weight', 'stem:weight'],
    ['module.blocks.b3_l2.deep.conv_2.norm.running_var', 'block3_layer2/temporal:variance'],
    ['blocks.b0_l0.se.fc1.conv_1.conv3d.bias', 'block0_layer0/reduce:bias'],
    ['blocks.b3_l0.res.0.conv_1.conv2d.weight', 'block3_layer0/skip:weight'],
    ['blocks.b3_l0.alpha', 'block3_layer0:scale'],
    ['classifier.3.conv_1.conv2d.bias', 'head/classifier:bias'],
  ];
  for (const [name, ours] of same) assert.equal(ofPort(name), ours, name);
  const tf: readonly (readonly [string, string])[] = [
    ['stem/stem/conv3d/kernel', 'stem:weight'],
    ['movinet/b1/l0/bneck/feature/conv2d/depthwise_conv2d/depthwise_kernel', 'block1_layer0/feature:weight'],
    ['b1/l0/bneck/feature/conv2d_temporal/depthwise_conv2d_1/depthwise_kernel', 'block1_layer0/temporal:weight'],
    ['b1/l0/bneck/feature/bn_temporal/moving_mean', 'block1_layer0/temporal:mean'],
    ['block2_layer1/bneck/se/se_expand/conv3d/bias', 'block2_layer1/gate:bias'],
    ['b0/l0/bneck/se/pos_encoding/rezero/scale', 'block0_layer0:position'],
    ['b0/l0/scale', 'block0_layer0:scale'],
    ['head/project/bn/gamma', 'head/project:gamma'],
    ['classifier_head/head/conv3d/kernel', 'head/hidden:weight'],
    ['classifier_head/classifier/conv2d/conv2d_1/bias', 'head/classifier:bias'],
  ];
  for (const [name, ours] of tf) assert.equal(ofTensorFlow(name), ours, name);
  for (const name of ['conv1.conv_2.conv2d.weight', 'blocks.b0_l0.unknown.conv_1.conv2d.weight', 'b0/l0/what/kernel'])
    assert.equal(ofPort(name) ?? ofTensorFlow(name), undefined, name);
});

/** The port's tensors that fold to `weights`: norms of mean 0, variance 1 - epsilon and scale 1. */
function portOf(config: MovinetConfig, weights: Weights): Written[] {
  const written: Written[] = [];
  const add = (name: string, shape: readonly number[], data: Float32Array): void => {
    written.push({ name, shape, read: async () => data });
  };
  const roles = {
    expand: 'expand',
    feature: 'deep',
    temporal: 'deep',
    reduce: 'se.fc1',
    gate: 'se.fc2',
    project: 'project',
  };
  const top = {
    stem: 'conv1',
    'head/project': 'conv7',
    'head/hidden': 'classifier.0',
    'head/classifier': 'classifier.3',
  };
  const stemOf = ({ name, role, layer }: Part): string => {
    if (!layer) return `${top[name as keyof typeof top]}.conv_1`;
    const part = role === 'skip' ? `res.${layer.skip === 'pool' ? 1 : 0}` : roles[role as keyof typeof roles];
    return `blocks.b${layer.block}_l${layer.index}.${part}.conv_${role === 'temporal' ? 2 : 1}`;
  };
  for (const part of partsOf(config)) {
    const { inputs, outputs, time, space, norm, name } = part;
    const stem = stemOf(part);
    const [weight, bias] = ['weight', 'bias'].map((leaf) => weights.get(`${name}/${leaf}`)!.data as Float32Array);
    const taps = config.causal ? [time > 1 ? time : space, time > 1 ? 1 : space] : [time, space, space];
    add(`${stem}.conv${config.causal ? 2 : 3}d.weight`, [outputs, inputs, ...taps], weight!);
    if (!norm) add(`${stem}.conv${config.causal ? 2 : 3}d.bias`, [outputs], bias!);
    if (!norm) continue;
    const all = (value: number): Float32Array => new Float32Array(outputs).fill(value);
    add(`${stem}.norm.weight`, [outputs], all(1));
    add(`${stem}.norm.bias`, [outputs], bias!);
    add(`${stem}.norm.running_mean`, [outputs], all(0));
    add(`${stem}.norm.running_var`, [outputs], all(1 - config.epsilon));
    add(`${stem}.norm.num_batches_tracked`, [], Float32Array.of(1));
  }
  for (const { block, index } of layersOf(config)) add(`blocks.b${block}_l${index}.alpha`, [], Float32Array.of(1));
  return written;
}

for (const causal of [true, false])
  test(`our own files: the port's names and a configuration, ${causal ? 'stream' : 'base'}`, async (t) => {
    const labels = ['walk', 'run', 'jump', 'clap', 'nothing'];
    const config = smallConfig({ causal, gate: 'relu6', activation: 'sigmoid', labels, memory: 2 });
    const weights = seededWeights(config, 3);
    const path = join(await folder(t), 'weights.safetensors');
    const tensors = portOf(config, weights);
    await writeSafetensors(path, tensors, { config: JSON.stringify(configJson(config)) });
    await using checkpoint = await openCheckpoint(path);
    assert.deepEqual(await recogniseMovinet(checkpoint), config);
    assert.ok(worst((await readMovinet(checkpoint)).weights, weights) < 1e-6);
    await writeSafetensors(path, tensors.slice(1));
    await using headless = await openCheckpoint(path);
    assert.equal(await recogniseMovinet(headless), null);
    await writeSafetensors(path, tensors.toSpliced(4, 1), { config: JSON.stringify(configJson(config)) });
    await using holed = await openCheckpoint(path);
    await assert.rejects(readMovinet(holed), { code: 'weights-mismatch', message: /lacks/ });
  });

const LITE: readonly (readonly [Numbers, MovinetConfig, number])[] = [
  ['float', smallConfig({ gate: 'relu6' }), 1e-6],
  ['half', smallConfig({ gate: 'clip' }), 2e-3],
  ['dynamic', smallConfig({ gate: 'relu6', positional_encoding: true, project: 64, head: 128 }), 5e-3],
  ['float', { ...published('a0', 'stream'), head: 64, classes: 7 }, 1e-6],
];

for (const [numbers, config, tolerance] of LITE)
  test(`TensorFlow Lite, ${numbers}, ${config.gate}, ${layersOf(config).length} layers: parts, scales and gates are told by the graph`, async (t) => {
    const weights = seededWeights(config, 3);
    const path = join(await folder(t), 'model.tflite');
    await writeFile(path, liteModel(config, weights, numbers));
    await using checkpoint = await openCheckpoint(path);
    const read = await readMovinet(checkpoint);
    assert.equal(read.config.gate, config.gate);
    assert.equal(read.config.positional, config.positional);
    assert.deepEqual(layersOf(read.config).map(strideAndWidths), layersOf(config).map(strideAndWidths));
    assert.ok(worst(read.weights, weights) <= tolerance, `${worst(read.weights, weights)}`);
  });

function strideAndWidths({ input, expand, output, time, space, stride, skip }: ReturnType<typeof layersOf>[number]) {
  return { input, expand, output, time, space, stride, skip };
}

test('recognised from names and shapes: the reference checkpoints', async (t) => {
  if (!shared) return t.skip('INBETWEEN_SHARED is not set: the reference checkpoints are not there');
  const { readCase } = await import('../../../../app/core/fixtures/read.ts');
  const { parseConfig } = await import('../../../../app/core/engines/movinet/config.ts');
  for (const [id, files] of Object.entries({
    'movinet-a0-base-narrow-torch': ['statedict', 'statedict_legacy', 'checkpoint'],
    'movinet-a0-base-tf': ['saved_model'],
    'movinet-a0-stream-narrow': ['statedict', 'checkpoint'],
    'movinet-a3-stream-narrow': ['checkpoint'],
  })) {
    const { fixture } = await readCase(join(shared, 'fixtures', id));
    const told = parseConfig(fixture.config)!;
    for (const file of files) {
      await using checkpoint = await openCheckpoint(join(fixture.folder, file));
      const found = await recogniseMovinet(checkpoint);
      const { resolution, rate, frames, memory } = told;
      assert.deepEqual({ ...found, resolution, rate, frames, memory }, told, `${id}/${file}`);
    }
  }
});

test("a SavedModel's gates are told by a constant of its functions", async (t) => {
  if (!shared) return t.skip('INBETWEEN_SHARED is not set: the reference checkpoints are not there');
  const path = join(await folder(t), 'saved_model');
  await cp(join(shared, 'fixtures/movinet-a0-base-tf/saved_model'), path, { recursive: true });
  const gate = async (): Promise<string | undefined> => {
    await using checkpoint = await openCheckpoint(path);
    return (await recogniseMovinet(checkpoint))?.gate;
  };
  assert.equal(await gate(), 'clip');
  const graph = join(path, 'saved_model.pb');
  // Those shared are read-only.
  for (const part of [path, join(path, 'variables')]) await chmod(part, 0o700);
  await chmod(graph, 0o600);
  // A field that nobody knows, with the number in it.
  await appendFile(graph, Buffer.from([0x7d, ...new Uint8Array(Float32Array.of(0.16667).buffer)]));
  assert.equal(await gate(), 'relu6');
});
