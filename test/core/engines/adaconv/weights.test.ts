import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LAYERS, OFFICIAL, type AdaconvConfig } from '../../../../app/core/engines/adaconv/config.ts';
import { readAdaconv, recogniseAdaconv } from '../../../../app/core/engines/adaconv/weights.ts';
import { permute, type Weights } from '../../../../app/core/engines/weights.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { shared, tempFolder } from '../../../support/command.ts';
import { writeWeights } from '../sepconv/support.ts';
import { seeded, SMALL } from './support.ts';

const CONFIG = {
  config: JSON.stringify({ kernel: 9, filters: SMALL.filters, bn_eps: 1e-3, range: 1, channels: 'rgb' }),
};

async function read(t: { after(hook: () => void): void }, weights: Weights, metadata?: Record<string, string>) {
  const options = { prefix: '', ...(metadata ? { metadata } : {}) };
  await using checkpoint = await openCheckpoint(writeWeights(join(tempFolder(t), 'w.safetensors'), weights, options));
  return await readAdaconv(checkpoint);
}

/** The weights under Keras' names, HWIO. `naming` gives the path of a layer (a normalisation where `norm`). */
function asKeras(weights: Weights, naming: (layer: number, norm: boolean) => string): Map<string, Tensor> {
  const out = new Map<string, Tensor>();
  LAYERS.forEach(({ norm }, n) => {
    const { dims, data } = weights.get(`conv${n}.weight`)!;
    const hwio = permute(data as Float32Array, dims, [2, 3, 1, 0]);
    out.set(`${naming(n, false)}/kernel`, {
      dtype: 'float32',
      dims: [2, 3, 1, 0].map((axis) => dims[axis]!),
      data: hwio,
    });
    out.set(`${naming(n, false)}/bias`, weights.get(`conv${n}.bias`)!);
    if (!norm) return;
    const names = { gamma: 'weight', beta: 'bias', moving_mean: 'running_mean', moving_variance: 'running_var' };
    for (const [theirs, ours] of Object.entries(names))
      out.set(`${naming(n, true)}/${theirs}`, weights.get(`${norm}.${ours}`)!);
  });
  return out;
}

const before = (layer: number): number => LAYERS.slice(0, layer).filter(({ norm }) => norm).length;

test('our own names, with what the file says of itself', async (t) => {
  const weights = seeded(SMALL, 1);
  const { config, weights: found } = await read(t, weights, CONFIG);
  assert.deepEqual(config, SMALL);
  assert.deepEqual([...found.keys()].toSorted(), [...weights.keys()].toSorted());
  for (const [name, tensor] of weights) assert.deepEqual(found.get(name), tensor, name);
  // Without a word in the file it is taken as published.
  const plain: AdaconvConfig = { ...SMALL, range: 255, channels: 'bgr' };
  assert.deepEqual((await read(t, weights)).config, plain);
  await assert.rejects(read(t, weights, { config: '{"range": 2}' }), { code: 'weights-mismatch' });
});

test('object checkpoints by variable and by layer number, with the unused normalisation and without', async (t) => {
  const weights = seeded(SMALL, 2);
  const variables = asKeras(weights, (n, norm) =>
    norm ? `batch_normalization_${before(n) + 1}` : n === 0 ? 'conv2d' : `conv2d_${n}`,
  );
  const numbered = (first: number) =>
    asKeras(weights, (n, norm) => `layer_with_weights-${first + n + before(n) + (norm ? 1 : 0)}`);
  const unused = (stem: string): [string, Tensor][] =>
    ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) => [
      `${stem}/${part}`,
      { dtype: 'float32', dims: [6], data: new Float32Array(6) },
    ]);
  const files: Weights[] = [
    variables,
    new Map([...variables, ...unused('batch_normalization')]),
    numbered(0),
    new Map([...numbered(1), ...unused('layer_with_weights-0')]),
    new Map([...numbered(0)].map(([name, tensor]) => [`${name}/.ATTRIBUTES/VARIABLE_VALUE`, tensor])),
  ];
  for (const file of files) {
    const { config, weights: found } = await read(t, file);
    assert.deepEqual(config, { ...SMALL, range: 255, channels: 'bgr' });
    for (const [name, tensor] of weights) assert.deepEqual(found.get(name), tensor, name);
  }
});

test('a missing, a left-over and a misshapen tensor are named', async (t) => {
  const weights = seeded(SMALL, 3);
  const without = new Map([...weights].filter(([name]) => name !== 'bn3.running_var'));
  await assert.rejects(read(t, without), { code: 'weights-mismatch', message: /lacks bn3\.running_var/ });
  const more = new Map([...weights, ['bn5.weight', weights.get('bn1.weight')!] as const]);
  await assert.rejects(read(t, more), { code: 'weights-mismatch', message: /bn5\.weight/ });
  const other = new Map(weights).set('conv4.bias', weights.get('conv3.bias')!);
  await assert.rejects(read(t, other), { code: 'weights-mismatch', message: /conv4\.bias is \[7\]/ });
  const extra = new Map([
    ...weights,
    ['bn1.num_batches_tracked', { dtype: 'float32', dims: [], data: new Float32Array(1) }] as const,
  ]);
  assert.deepEqual((await read(t, extra)).config.filters, SMALL.filters);
});

test('other networks are not taken for it', async (t) => {
  const weights = seeded(SMALL, 4);
  const cases: [string, Tensor][] = [
    // Two kernels that are no squares, an even kernel, and one larger than what is seen.
    ['conv8.weight', { dtype: 'float32', dims: [160, 16, 1, 1], data: new Float32Array(160 * 16) }],
    ['conv8.weight', { dtype: 'float32', dims: [2 * 64, 16, 1, 1], data: new Float32Array(128 * 16) }],
    ['conv8.weight', { dtype: 'float32', dims: [2 * 43 ** 2, 16, 1, 1], data: new Float32Array(2 * 43 ** 2 * 16) }],
    ['conv0.weight', { dtype: 'float32', dims: [6, 3, 7, 7], data: new Float32Array(6 * 3 * 49) }],
    ['conv7.weight', { dtype: 'float32', dims: [16, 12, 3, 3], data: new Float32Array(16 * 12 * 9) }],
  ];
  for (const [name, tensor] of cases) {
    const path = writeWeights(join(tempFolder(t), 'w.safetensors'), new Map(weights).set(name, tensor), { prefix: '' });
    await using checkpoint = await openCheckpoint(path);
    assert.equal(recogniseAdaconv(checkpoint), null);
  }
});

test('the published container', { skip: shared ? false : 'INBETWEEN_SHARED is not set' }, async () => {
  await using checkpoint = await openCheckpoint(join(shared!, 'fixtures/adaconv-seed/checkpoint'));
  const { config, weights } = await readAdaconv(checkpoint);
  assert.deepEqual(config, { ...OFFICIAL, filters: [6, 6, 8, 8, 10, 10, 12, 24, 3362] });
  assert.equal(weights.size, 2 * 9 + 4 * 4);
  for (const path of ['sepconv-official/network.pytorch', 'rife-v4.6-torch/flownet.pkl']) {
    await using other = await openCheckpoint(join(shared!, 'fixtures', path));
    assert.equal(recogniseAdaconv(other), null);
  }
});
