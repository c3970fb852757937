import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { OFFICIAL, parameterCount, storedOf, type CviConfig } from '../../../../app/core/engines/cvi/config.ts';
import { cviGraph } from '../../../../app/core/engines/cvi/graph.ts';
import { permute } from '../../../../app/core/engines/weights.ts';
import { readCase } from '../../../../app/core/fixtures/read.ts';
import { runCase } from '../../../../app/core/fixtures/run.ts';
import { openSession } from '../../../../app/core/nn/session.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { shared } from '../../../support/command.ts';
import { random } from '../../import/support.ts';
import { literalFilm, type Video } from './literal.ts';
import { seeded, TINY } from './support.ts';

/** Two smooth stills. */
function still(seed: number, h: number, w: number, c: number): Video {
  const data = Float64Array.from({ length: h * w * c }, (_, n) => {
    const [k, x, y] = [n % c, Math.floor(n / c) % w, Math.floor(n / (c * w))];
    return 0.8 * Math.sin(0.7 * x + seed + k) * Math.cos(0.5 * y - seed);
  });
  return { t: 1, h, w, c, data };
}

function planes({ h, w, c, data }: Video): Tensor {
  return { dtype: 'float32', dims: [1, c, h, w], data: permute(Float32Array.from(data), [1, h, w, c], [0, 3, 1, 2]) };
}

function distance(made: Tensor, wanted: Video): number {
  const [, t, c, h, w] = made.dims as [number, number, number, number, number];
  const pixels = permute(made.data as Float32Array, [t, c, h, w], [0, 2, 3, 1]);
  assert.equal(pixels.length, wanted.data.length);
  return pixels.reduce((most, value, n) => Math.max(most, Math.abs(value - wanted.data[n]!)), 0);
}

test('the published network has 14.38 million parameters', () => {
  assert.equal(parameterCount(OFFICIAL), 14_375_875);
  assert.equal(storedOf({ ...OFFICIAL, output: 'bn_lrelu' }).length, 276);
});

const VARIANTS: readonly Partial<CviConfig>[] = [
  { output: 'warp', skips: true },
  { output: 'warp', skips: false, timed: true, channels: 1, decoder: [...TINY.decoder.slice(0, 6), 1] },
  { output: 'tanh', skips: true },
  { output: 'bn_lrelu', skips: false },
];

test('the graph is the description, number by number', async () => {
  for (const [seed, variant] of VARIANTS.entries()) {
    const config = { ...TINY, ...variant };
    const weights = seeded(config, 3 + seed);
    const [first, last] = [1, 2].map((n) => still(n, 8, 16, config.channels)) as [Video, Video];
    const next = random(seed);
    const noise = Array.from({ length: config.noise }, () => 4 * next() - 2);
    const wanted = literalFilm(config, weights, first, last, noise);
    const session = await openSession(cviGraph(config, weights, { width: 16, height: 8 }), { threads: 1 });
    const random5: Tensor = { dtype: 'float32', dims: [1, config.noise], data: Float32Array.from(noise) };
    const made = await session.run({ first: planes(first), last: planes(last), noise: random5 });
    await session.close();
    assert.ok(
      distance(made['video']!, wanted.video) < 1e-5,
      `${config.output}: ${distance(made['video']!, wanted.video)}`,
    );
    const reach = Math.max(...wanted.video.data.map(Math.abs));
    assert.ok(reach > 0.2, 'there is a picture');
    if (!wanted.toFirst || !wanted.weights) continue;
    assert.ok(distance(made['toFirst']!, wanted.toFirst) < 1e-5);
    assert.ok(distance(made['weights']!, wanted.weights) < 1e-5);
    assert.ok(Math.max(...wanted.toFirst.data.map(Math.abs)) > 1, 'things move');
  }
});

test('sides are multiples of 8', () => {
  assert.throws(() => cviGraph(TINY, seeded(TINY, 1), { width: 60, height: 64 }), /steps of 8/);
});

test('the reference case', { skip: shared ? false : 'INBETWEEN_SHARED is not set' }, async () => {
  const result = await runCase(await readCase(join(shared!, 'fixtures/cvi-small')));
  assert.equal(result.status, 'passed', JSON.stringify(result));
  assert.equal(result.compared, 8);
});
