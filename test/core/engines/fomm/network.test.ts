import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KeyPoint } from '../../../../app/contract/morph.ts';
import { OFFICIAL, parameterCount, type FommConfig } from '../../../../app/core/engines/fomm/config.ts';
import { configJson, parseConfig } from '../../../../app/core/engines/fomm/config.ts';
import { offsetsOf } from '../../../../app/core/engines/fomm/fields.ts';
import { FommNetwork } from '../../../../app/core/engines/fomm/network.ts';
import { readFomm, recogniseFomm } from '../../../../app/core/engines/fomm/weights.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { tempFolder } from '../../../support/command.ts';
import { fixture, random, skip } from '../../import/support.ts';
import { seeded, TINY, withTensors, writeFomm } from './support.ts';

const picture = ({ channels, width, height }: FommConfig, seed: number): Float32Array => {
  const next = random(seed);
  return Float32Array.from({ length: channels * width * height }, next);
};

const open = async (config: FommConfig, weights: Weights) => await FommNetwork.open(config, weights, { threads: 1 });

function off(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

const flat = (points: readonly KeyPoint[]): number[] => points.flatMap(({ x, y, jacobian }) => [x, y, ...jacobian]);

test('the published networks have the numbers of parameters they are published with', () => {
  const counts = (config: FommConfig) => [parameterCount(config, 'kp_detector'), parameterCount(config, 'generator')];
  assert.deepEqual(counts(OFFICIAL), [14_215_368, 45_575_391]);
  assert.deepEqual(counts({ ...OFFICIAL, singleJacobian: true }), [14_153_592, 45_575_391]);
  assert.deepEqual(counts({ ...OFFICIAL, channels: 1 }), [14_209_316, 45_524_565]);
});

test('fixtures: a published file says what network it is, wrapped or not', { skip }, async () => {
  for (const [id, channels] of [
    ['fomm-vox-small', 3],
    ['fomm-kth-small', 1],
  ] as const) {
    await using checkpoint = await openCheckpoint(join(fixture(id), 'cpk.pth.tar'));
    const config = recogniseFomm(checkpoint)!;
    assert.equal(config.channels, channels);
    assert.deepEqual([config.width, config.detectorStep], id === 'fomm-vox-small' ? [256, 4] : [128, 2]);
    const wrapped = {
      ...checkpoint,
      names: () => checkpoint.names().map((name) => name.replace(/^(kp_detector|generator)\./, '$1.module.')),
      info: (name: string) => checkpoint.info(name.replace('.module.', '.')),
      tensor: (name: string) => checkpoint.tensor(name.replace('.module.', '.')),
    };
    assert.deepEqual(recogniseFomm(wrapped), config);
    const { weights } = await readFomm(wrapped);
    assert.ok(weights.size > 100);
  }
});

test('a checkpoint without a word about itself is known by its shapes', async (t) => {
  const folder = tempFolder(t);
  const kinds: Record<string, FommConfig> = {
    whole: { ...TINY, alignCorners: false, width: 128, height: 128 },
    plain: { ...TINY, jacobian: false, occlusion: false, alignCorners: false, width: 128, height: 128 },
    grey: { ...TINY, channels: 1, singleJacobian: true, alignCorners: false, width: 128, height: 128 },
    small: { ...TINY, detectorStep: 1, motionStep: 1, alignCorners: false, width: 64, height: 64 },
  };
  for (const [name, config] of Object.entries(kinds)) {
    await using bare = await openCheckpoint(writeFomm(join(folder, `${name}.safetensors`), seeded(config, 2)));
    assert.deepEqual(recogniseFomm(bare), config, name);
    // What shapes do not tell stands in our own files.
    const own = { ...config, temperature: 0.2, alignCorners: true, width: 96, height: 64 };
    await using said = await openCheckpoint(writeFomm(join(folder, `${name}-own.safetensors`), seeded(own, 2), own));
    assert.deepEqual(recogniseFomm(said), own, name);
  }
});

test('no network is one of another size than its halvings allow, or a part of one', async (t) => {
  assert.equal(parseConfig({ ...configJson(TINY), frame: [32, 40] }), undefined);
  assert.equal(parseConfig({ ...configJson(TINY), frame: [0, 32] }), undefined);
  const part = new Map([...seeded(TINY, 1)].filter(([name]) => !name.startsWith('generator.final')));
  const folder = tempFolder(t);
  await using checkpoint = await openCheckpoint(writeFomm(join(folder, 'a.safetensors'), part));
  assert.equal(recogniseFomm(checkpoint), null);
  await using more = await openCheckpoint(
    writeFomm(
      join(folder, 'b.safetensors'),
      new Map([...seeded(TINY, 1), ['generator.more', seeded(TINY, 1).get('kp_detector.kp.bias')!]]),
    ),
  );
  await assert.rejects(readFomm(more), { code: 'weights-mismatch', message: /generator\.more/ });
});

test('points that stay where they are move nothing, however grids are sampled', async () => {
  for (const alignCorners of [true, false]) {
    const config = { ...TINY, alignCorners };
    await using network = await open(config, seeded(config, 3));
    const still = picture(config, 5);
    const points = await network.detect(still);
    const { deformation } = await network.generate(still, points, points);
    const offsets = offsetsOf(deformation!, { width: 64, height: 64 });
    assert.ok(offsets.every((pixels) => Math.abs(pixels) < 1e-4));
  }
});

test('one map of jacobians for all points is the same map for each', async () => {
  const single = { ...TINY, singleJacobian: true };
  const weights = seeded(single, 4);
  const repeated = new Map(weights);
  for (const name of ['kp_detector.jacobian.weight', 'kp_detector.jacobian.bias']) {
    const { dims, data } = weights.get(name)!;
    const many = Float32Array.from({ length: TINY.points * data.length }, (_, i) => data[i % data.length] as number);
    repeated.set(name, { dtype: 'float32', dims: [4 * TINY.points, ...dims.slice(1)], data: many });
  }
  await using one = await open(single, weights);
  await using each = await open(TINY, repeated);
  const still = picture(TINY, 6);
  const points = await one.detect(still);
  assert.ok(off(flat(points), flat(await each.detect(still))) < 1e-6);
  assert.ok(new Set(points.map(({ jacobian }) => jacobian[0].toFixed(6))).size > 1, 'each point looks elsewhere');
});

test('without jacobians points move what is around them as it is; without occlusion all is shown', async () => {
  const dense = 'generator.dense_motion_network.occlusion';
  const whole = withTensors(seeded(TINY, 7), { [`${dense}.weight`]: 0, [`${dense}.bias`]: 60 });
  const plain = { ...TINY, jacobian: false, occlusion: false };
  const fewer = new Map([...whole].filter(([name]) => !/\.jacobian\.|\.occlusion\./.test(name)));
  await using a = await open(TINY, whole);
  await using b = await open(plain, fewer);
  const still = picture(TINY, 8);
  const places = (await b.detect(still)).map((point) => ({ ...point, jacobian: [1, 0, 0, 1] as KeyPoint['jacobian'] }));
  const moved = places.map(({ x, y, jacobian }, i) => ({ x: x + 0.05 * Math.sin(i), y: y - 0.03, jacobian }));
  const [full, less] = [await a.generate(still, places, moved), await b.generate(still, places, moved)];
  assert.equal(less['occlusion'], undefined);
  for (const name of ['prediction', 'deformation'])
    assert.ok(off(full[name]!.data as Float32Array, less[name]!.data as Float32Array) < 1e-5, name);
  await assert.rejects(a.generate(still, places.slice(1), moved), { code: 'bad-keypoints' });
});
