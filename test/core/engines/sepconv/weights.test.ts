import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { layersOf, OFFICIAL, PLUS, type SepconvConfig } from '../../../../app/core/engines/sepconv/config.ts';
import { bandsOf, headsGraph, trunkGraph } from '../../../../app/core/engines/sepconv/graph.ts';
import { plusLayers } from '../../../../app/core/engines/sepconv/plus.ts';
import { readSepconv, recogniseSepconv } from '../../../../app/core/engines/sepconv/weights.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { tempFolder } from '../../../support/command.ts';
import { seeded, seededPlus, SMALL, SMALL_PLUS, weightsOf, writeWeights } from './support.ts';

for (const [variant, parameters] of [
  ['official', 21_675_452],
  ['keras', 21_567_708],
] as const)
  test(`the full-size network has the ${parameters} parameters published (${variant})`, () => {
    const config: SepconvConfig = { ...OFFICIAL, variant };
    const weights = weightsOf(config);
    const { seen } = bandsOf(config, 64, 128, 64);
    const graphs = [trunkGraph(config, weights, 128, 128), headsGraph(config, weights, { width: 64, seen, made: 64 })];
    const used = graphs.flatMap(({ initialisers }) => initialisers.filter(({ name }) => weights.has(name)));
    assert.equal(used.length, 2 * 47);
    assert.equal(
      used.reduce((sum, { data }) => sum + data.length, 0),
      parameters,
    );
    assert.equal(layersOf(config).length, 47);
  });

async function read(t: TestContext, weights: Weights, options?: Parameters<typeof writeWeights>[2]) {
  const path = writeWeights(join(tempFolder(t), 'weights.safetensors'), weights, options);
  await using checkpoint = await openCheckpoint(path);
  return await readSepconv(checkpoint);
}

test('names of the repository, of its published files, and of DataParallel', async (t) => {
  const weights = seeded(SMALL, 1);
  for (const prefix of ['net', 'module', 'module.net']) {
    const found = await read(t, weights, { prefix });
    assert.deepEqual(found.config, { ...SMALL, channels: 'bgr', pad: 128 });
    assert.deepEqual(found.weights.get('Horizontal2.7.weight')!.data, weights.get('Horizontal2.7.weight')!.data);
  }
});

test('a file of ours may say its order of channels and its padding', async (t) => {
  const config = (own: object) => ({ metadata: { config: JSON.stringify(own) } });
  const weights = seeded(SMALL, 2);
  const pad = 128;
  assert.deepEqual((await read(t, weights, config({ variant: 'official', channels: 'rgb' }))).config, {
    ...SMALL,
    pad,
  });
  assert.deepEqual((await read(t, weights, config({ pad: 64 }))).config, { ...SMALL, channels: 'bgr', pad: 64 });
  for (const wrong of [{ pad: 12 }, { pad: 2 ** 30 }, { channels: 'gbr' }])
    await assert.rejects(read(t, weights, config(wrong)), { code: 'weights-mismatch' });
});

test("Keras' names and layout", async (t) => {
  const config: SepconvConfig = { ...SMALL, variant: 'keras', channels: 'bgr' };
  const weights = seeded(config, 3);
  const renamed = layersOf(config).flatMap(({ name, index }): [string, Tensor][] => {
    const stem = index === 0 ? 'conv2d' : `conv2d_${index}`;
    const { dims, data } = weights.get(`${name}.weight`)!;
    const [out, from] = dims as [number, number];
    const hwio = Float32Array.from(
      { length: data.length },
      (_, i) => data[((i % out) * from + (Math.floor(i / out) % from)) * 9 + Math.floor(i / (out * from))] as number,
    );
    return [
      [`${stem}/kernel:0`, { dtype: 'float32', dims: [3, 3, from, out], data: hwio }],
      [`${stem}/bias:0`, weights.get(`${name}.bias`)!],
    ];
  });
  const found = await read(t, new Map(renamed), { prefix: '' });
  assert.deepEqual(found.config, config);
  for (const [name, { data }] of weights) assert.deepEqual(found.weights.get(name)!.data, data, name);
});

test("SepConv++'s names, and its 13,560,102 parameters", async (t) => {
  const weights = seededPlus(SMALL_PLUS, 5);
  const found = await read(t, weights);
  assert.deepEqual(found.config, { ...SMALL_PLUS, channels: 'bgr' });
  assert.ok(weights.has('Decode.0.netHor.0.netMain.3.bias') && weights.has('Decode.0.netVer.1.netMain.4.weight'));
  const parameters = (layers: ReturnType<typeof plusLayers>): number =>
    layers.reduce((sum, { in: from, out }) => sum + (from === undefined ? out : out * (9 * from + 1)), 0);
  assert.equal(parameters(plusLayers(PLUS)), 13_560_102);
  const { seen } = bandsOf(SMALL_PLUS, 16, 32, 16);
  const graphs = [
    trunkGraph(SMALL_PLUS, weights, 32, 32),
    headsGraph(SMALL_PLUS, weights, { width: 16, seen, made: 16 }),
  ];
  const used = graphs.flatMap(({ initialisers }) => initialisers.filter(({ name }) => weights.has(name)));
  assert.equal(
    used.reduce((sum, { data }) => sum + data.length, 0),
    parameters(plusLayers(SMALL_PLUS)),
  );
  const without = new Map(weights);
  without.delete('Encode.0.netVer.2.netMain.2.weight');
  await assert.rejects(read(t, without), {
    code: 'weights-mismatch',
    message: /lacks netEncode\.0\.netVer\.2\.netMain\.2/,
  });
});

test('a repository that keeps features and heads apart', async (t) => {
  const apart = [...seeded(SMALL, 9)].map(([name, tensor]) => {
    const half = /^(Vertical|Horizontal)/.test(name) ? 'subnet_kernel' : 'features';
    return [`${half}.module${name}`, tensor] as const;
  });
  assert.equal((await read(t, new Map(apart), { prefix: '' })).config.kernel, SMALL.kernel);
});

test('what is missing, left over or of another shape is named', async (t) => {
  const without = new Map(seeded(SMALL, 4));
  without.delete('Deconv3.2.bias');
  await assert.rejects(read(t, without), { code: 'weights-mismatch', message: /lacks netDeconv3\.2\.bias/ });
  const more = new Map([
    ...seeded(SMALL, 4),
    ['Extra.weight', { dtype: 'float32', dims: [1], data: Float32Array.of(1) } as const],
  ]);
  await assert.rejects(read(t, more), { code: 'weights-mismatch', message: /has besides netExtra\.weight/ });
  const bent = new Map(seeded(SMALL, 4));
  bent.set('Vertical2.0.bias', { dtype: 'float32', dims: [3], data: new Float32Array(3) });
  await assert.rejects(read(t, bent), { code: 'weights-mismatch', message: /netVertical2\.0\.bias is \[3\]/ });
});

test('another network is not recognised', async (t) => {
  const path = join(tempFolder(t), 'other.safetensors');
  writeWeights(
    path,
    new Map([['Conv1.0.weight', { dtype: 'float32', dims: [8, 6, 3, 3], data: new Float32Array(432) }]]),
  );
  await using checkpoint = await openCheckpoint(path);
  assert.equal(recogniseSepconv(checkpoint), null);
  await assert.rejects(readSepconv(checkpoint), { code: 'weights-mismatch' });
});
