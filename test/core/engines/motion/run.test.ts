import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KeyPoint } from '../../../../app/contract/morph.ts';
import { configOf, parameterCount, type MotionShape } from '../../../../app/core/engines/motion/config.ts';
import { motion } from '../../../../app/core/engines/motion/index.ts';
import { motionPath, stitched } from '../../../../app/core/engines/motion/run.ts';
import { recogniseMotion } from '../../../../app/core/engines/motion/weights.ts';
import type { Checkpoint } from '../../../../app/core/import/checkpoint.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { tempFolder } from '../../../support/command.ts';
import { fixture, skip } from '../../import/support.ts';
import { seededMotion, withTensors, writeWeights } from '../fomm/support.ts';

const ADVERSARIAL: MotionShape = { kind: 'adversarial', points: 10, hidden: 12, noise: 6, encoded: 8 };
const AUTOREGRESSIVE: MotionShape = { kind: 'autoregressive', points: 10, hidden: 12, noise: 0, encoded: 0 };

const pointsAt = (x: number): KeyPoint[] =>
  Array.from({ length: 10 }, (_, i) => ({ x: x + 0.05 * i, y: -0.3 + 0.06 * i, jacobian: [1, 0.1, -0.1, 0.9] }));
const [FIRST, LAST] = [pointsAt(-0.4), pointsAt(0.2)];

test('the published models have the numbers of parameters they are published with', () => {
  const sizes = { points: 10, hidden: 256 };
  assert.equal(parameterCount({ kind: 'adversarial', ...sizes, noise: 40, encoded: 40 }), 613_828);
  assert.equal(parameterCount({ kind: 'autoregressive', ...sizes, noise: 0, encoded: 0 }), 519_228);
});

test('a way begins and ends where it was told to, and depends on the seed where there is noise', () => {
  for (const shape of [ADVERSARIAL, AUTOREGRESSIVE])
    for (const ends of ['replace', 'drift']) {
      const { config, weights } = seededMotion(shape, 3, { ends });
      const path = (seed: number) => motionPath(config, weights, [FIRST, LAST], { seed });
      const one = path(1);
      assert.equal(one.length, 16);
      assert.deepEqual([one[0], one[15]], [FIRST, LAST]);
      assert.deepEqual(path(1), one);
      const other = JSON.stringify(path(2)) !== JSON.stringify(one);
      assert.equal(other, shape.kind === 'adversarial');
    }
});

test('what drifts to its ends does not jump to them', () => {
  const jump = (ends: string): number => {
    const { config, weights } = seededMotion(ADVERSARIAL, 3, { ends });
    const path = motionPath(config, weights, [FIRST, LAST], { seed: 1 });
    return Math.max(...FIRST.map(({ x }, i) => Math.abs(path[1]![i]!.x - x)));
  };
  assert.ok(jump('drift') < jump('replace') / 2, `${jump('drift')} and ${jump('replace')}`);
});

test('roll-outs are joined where they meet, or as the authors’ code has it', () => {
  const rolls = (apart: readonly number[]) => ({
    forward: apart.map((_, i) => [i + 1]),
    backward: apart.map((far, i) => [i + 1 + far]),
  });
  const join5 = (apart: readonly number[], way: 'rest' | 'source') =>
    stitched(rolls(apart), way).map((vector) => vector[0]);
  // Nearest at the second of five.
  const early = [9, 0.5, 9, 9, 9];
  assert.deepEqual(join5(early, 'rest'), [1, 2.5, 12, 13, 14]);
  assert.deepEqual(join5(early, 'source'), [1, 0, 0, 0, 14], 'steps that nobody fills stay at zero');
  const late = [9, 9, 9, 0.5, 9];
  assert.deepEqual(join5(late, 'rest'), [1, 2, 3, 4.5, 14]);
  assert.deepEqual(join5(late, 'source'), [1, 2, 12, 4.5, 14], 'backward wins where both are');
  assert.deepEqual(join5([0.5, 9, 9, 9, 9], 'source'), [1.5, 11, 12, 13, 14]);
});

test('published files are known by their tensors; what is said of their numbers must fit', { skip }, async () => {
  await using net = await openCheckpoint(join(fixture('motion-wgan'), 'netG.pth'));
  const found = recogniseMotion(net)!;
  assert.deepEqual([found.kind, found.hidden, found.noise, found.encoded], ['adversarial', 40, 40, 40]);
  assert.deepEqual(
    [found.layout, found.least[0], found.least[20], found.most[59]],
    ['values-first', -1, -10.052552, 10.143672],
  );
  await using rolled = await openCheckpoint(join(fixture('motion-ar'), 'bigru.pth'));
  assert.equal(recogniseMotion(rolled)!.layout, 'jacobians-first');
  // The critic alone moves nothing.
  await using critic = await openCheckpoint(join(fixture('motion-wgan'), 'netD.pth'));
  assert.equal(recogniseMotion(critic), null);
  await motion.trial(join(fixture('motion-wgan'), 'netG.pth'), (await motion.recognise(net))!);
  const bad = { min: [0], max: [1] };
  await assert.rejects(motion.trial(join(fixture('motion-ar'), 'bigru.pth'), bad), { code: 'weights-mismatch' });
});

test('a configuration is what a file of ours says', async (t) => {
  const most = Array.from({ length: 60 }, (_, i) => 1 + i);
  const said = { layout: '40 jacobians then 20 values', min: most.map((value) => -value), max: most, frames: 12 };
  const { config, weights, json } = seededMotion(AUTOREGRESSIVE, 5, said);
  await using checkpoint = await openCheckpoint(writeWeights(join(tempFolder(t), 'a.safetensors'), weights, json));
  assert.deepEqual(recogniseMotion(checkpoint), config);
  assert.equal(motionPath(config, weights, [FIRST, LAST], { seed: 0 }).length, 12);
  assert.equal(configOf(AUTOREGRESSIVE, { layout: 'sideways' }), undefined);
  assert.equal(configOf(AUTOREGRESSIVE, { jmin: 1, jmax: 1 }), undefined);
  assert.throws(() => motionPath(config, weights, [FIRST.slice(1), LAST], { seed: 0 }), { code: 'bad-keypoints' });
  const broken = withTensors(weights, { 'fc.bias': Number.NaN });
  assert.throws(() => motionPath(config, broken, [FIRST, LAST], { seed: 0 }), { code: 'engine-failed' });
});

test('sizes that nobody trained are not believed', () => {
  const shapes: Readonly<Record<string, readonly number[]>> = {
    'fc.weight': [6e9, 256],
    'bi_gru.weight_ih_l0': [1, 1],
  };
  const claimed: Checkpoint = {
    ...{ format: 'claimed', metadata: {}, names: () => Object.keys(shapes) },
    info: (name) => ({ dtype: 'f32', shape: shapes[name]! }),
    tensor: () => Promise.reject(new Error('not read here')),
    [Symbol.asyncDispose]: async () => {},
  };
  assert.equal(recogniseMotion(claimed), null);
});
