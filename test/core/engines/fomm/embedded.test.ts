/** The FOMM and the models of motion that come with Inbetween: what PyTorch gave when they were published. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import type { KeyPoint } from '../../../../app/contract/morph.ts';
import { parseConfig } from '../../../../app/core/engines/fomm/config.ts';
import { FommNetwork } from '../../../../app/core/engines/fomm/network.ts';
import { readFomm } from '../../../../app/core/engines/fomm/weights.ts';
import { motion, openMotion } from '../../../../app/core/engines/motion/index.ts';
import { generate, met, motionPath, rowsOf, scaled, unscaled } from '../../../../app/core/engines/motion/run.ts';
import { readMotion } from '../../../../app/core/engines/motion/weights.ts';
import { findInbetweener } from '../../../../app/core/engines/registry.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { installedModels } from '../../../../app/core/nn/store.ts';
import { collect, FORMATS, maxDifference, paint, texture } from '../frames.ts';

const models = (await installedModels()).filter(({ embedded }) => embedded);
const modelOf = (id: string) => models.find((model) => model.id === id);
const skipOf = (id: string) => (modelOf(id) ? false : `models/${id} is not there`);
const numbers = z.array(z.number());

function goldenOf<T>(id: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(join(modelOf(id)!.folder, 'golden.json'), 'utf8')));
}

function near(made: ArrayLike<number>, wanted: readonly number[], tolerance: number, what: string): void {
  assert.equal(made.length, wanted.length, what);
  const off = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - made[i]!)), 0);
  assert.ok(off < tolerance, `${what} is off by ${off}`);
}

/** The picture that golden.json's formula describes, moved on by `k` steps. */
function picture(k: number, width: number, height: number): Float32Array {
  return Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const c = Math.floor(i / (width * height));
    const u = (i % width) - 3 * k;
    const v = (Math.floor(i / width) % height) - 2 * k;
    return 0.5 + 0.2 * Math.sin(0.31 * u + 0.17 * v + c) + 0.15 * Math.cos(0.23 * v - 0.41 * u + 2 * c);
  });
}

test('fomm gives what it gave when it was published', { skip: skipOf('fomm') }, async () => {
  const schema = z.object({ width: z.number(), height: z.number(), tolerance: z.number(), output: numbers });
  const more = { values: numbers, jacobians: numbers, deformation: numbers, occlusion: numbers };
  const golden = goldenOf('fomm', schema.extend(more));
  const { width, height, tolerance } = golden;
  const { path, manifest } = modelOf('fomm')!;
  await using checkpoint = await openCheckpoint(path);
  const { config, weights } = await readFomm(checkpoint, parseConfig(manifest.config));
  await using network = await FommNetwork.open(config, weights, { width, height, threads: 1 });
  const [source, driving] = [picture(0, width, height), picture(1, width, height)];
  const [from, to] = [await network.detect(source), await network.detect(driving)];
  near(
    from.flatMap(({ x, y }) => [x, y]),
    golden.values,
    tolerance,
    'values',
  );
  near(
    from.flatMap(({ jacobian }) => jacobian),
    golden.jacobians,
    tolerance,
    'jacobians',
  );
  const made = await network.generate(source, from, to);
  const data = (name: string) => made[name]!.data as Float32Array;
  near(data('deformation'), golden.deformation, tolerance, 'deformation');
  near(data('occlusion'), golden.occlusion, tolerance, 'occlusion');
  near(data('prediction'), golden.output, tolerance, 'prediction');
});

test('fomm fills a gap, straight and by every model of motion', { skip: skipOf('fomm') }, async () => {
  const still = (dx: number) => paint(FORMATS.yuv420p, 96, 64, dx, (x, y) => 0.2 + 0.6 * texture(x - dx, y));
  const gap = { first: { frame: still(0) }, last: { frame: still(6) } };
  await using engine = await (await findInbetweener('fomm')).open({ width: 96, height: 64, threads: 1, device: 'cpu' });
  const made = async (kind: 'linear' | 'adversarial' | 'autoregressive') =>
    (await collect(engine.fill(gap, [0.3, 0.5], { seed: 1, motion: kind })))[1]!.frame;
  const straight = await made('linear');
  for (const kind of ['adversarial', 'autoregressive'] as const)
    if (modelOf(`motion-${kind}`)) assert.ok(maxDifference(await made(kind), straight) > 0, kind);
});

/** The vector of golden.json's formula: places first, then matrices. */
function vector(s: number): KeyPoint[] {
  const at = (i: number): number =>
    i < 20
      ? 0.4 * Math.sin(0.9 * i + s)
      : ((i - 20) % 4) % 3 === 0
        ? 1 + 0.2 * Math.sin(0.7 * i + s)
        : 0.2 * Math.sin(0.7 * i + s);
  return Array.from({ length: 10 }, (_, i) => ({
    ...{ x: at(2 * i), y: at(2 * i + 1) },
    jacobian: [0, 1, 2, 3].map((k) => at(20 + 4 * i + k)) as KeyPoint['jacobian'],
  }));
}

const flat = (points: readonly KeyPoint[]): number[] => [
  ...points.flatMap(({ x, y }) => [x, y]),
  ...points.flatMap(({ jacobian }) => jacobian),
];

for (const kind of ['adversarial', 'autoregressive']) {
  const id = `motion-${kind}`;
  test(`${id} gives what it gave when it was published`, { skip: skipOf(id) }, async () => {
    const { tolerance, output } = goldenOf(id, z.object({ tolerance: z.number(), output: numbers }));
    const { path, manifest } = modelOf(id)!;
    await motion.trial(path, manifest.config);
    assert.equal((await openMotion(path, manifest.config)).config.kind, kind);
    await using checkpoint = await openCheckpoint(path);
    const { config, weights } = await readMotion(checkpoint, manifest.config);
    const [first, last] = [vector(0), vector(1)];
    let made = motionPath(config, weights, [first, last], { seed: 0 });
    if (kind === 'adversarial') {
      const { frames, noise } = config;
      const given = Float32Array.from({ length: frames * noise }, (_, i) => {
        return 1.2 * Math.sin(1.7 * (i % noise) + 0.9 * Math.floor(i / noise) + 0.4);
      });
      const [from, to] = [scaled(config, first), scaled(config, last)];
      const path16 = met(generate(weights, from, to, rowsOf(given, noise)), from, to, config.ends);
      made = [first, ...path16.slice(1, -1).map((step) => unscaled(config, step)), last];
    }
    near(made.flatMap(flat), output, tolerance, 'path');
  });
}
