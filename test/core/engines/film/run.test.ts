import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFilm } from '../../../../app/core/engines/film/index.ts';
import { filmBytes, WHOLE_BYTES } from '../../../../app/core/engines/film/memory.ts';
import { paddingOf } from '../../../../app/core/engines/film/padding.ts';
import { openFilmNetwork } from '../../../../app/core/engines/film/run.ts';
import { OFFICIAL } from '../../../../app/core/engines/film/config.ts';
import { planTiles } from '../../../../app/core/engines/tiles.ts';
import { collect, FORMATS, maxDifference, paint, texture } from '../frames.ts';
import { fadingWeights, TINY } from './support.ts';

const SIZE = { width: 53, height: 38, threads: 1 };

function picture(of: (x: number, y: number, c: number) => number, { width, height } = SIZE): Float32Array {
  return Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = i % (width * height);
    return of(pixel % width, Math.floor(pixel / width), Math.floor(i / (width * height)));
  });
}

const far = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

test('padding is centred, the odd one at the end', () => {
  assert.deepEqual(paddingOf(150, 100, 64), {
    left: 21,
    right: 21,
    top: 14,
    bottom: 14,
    paddedWidth: 192,
    paddedHeight: 128,
  });
  assert.deepEqual(paddingOf(75, 50, 16), { left: 2, right: 3, top: 7, bottom: 7, paddedWidth: 80, paddedHeight: 64 });
  assert.deepEqual(paddingOf(64, 1, 64), { left: 0, right: 0, top: 31, bottom: 32, paddedWidth: 64, paddedHeight: 64 });
});

test('the picture comes back in its own place and size, not clipped', async () => {
  // Flows of nothing: the middle is the mean of the two, to the last pixel.
  await using network = await openFilmNetwork(TINY, fadingWeights(TINY, 0), SIZE);
  const a = picture((x, y, c) => 0.1 + (x + 3 * y + 50 * c) / 300);
  const b = picture((x, y, c) => 2 - (x + 2 * y + 20 * c) / 300);
  const mean = a.map((value, i) => (value + b[i]!) / 2);
  const { picture: middle, confidence } = await network.between(a, b, 0.5);
  assert.equal(middle.length, a.length);
  assert.ok(far(middle, mean) < 1e-5, String(far(middle, mean)));
  assert.ok(Math.max(...middle) > 1, 'brighter than 1 stays so');
  const apart = (255 * a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0)) / a.length;
  assert.ok(Math.abs(confidence - 4 / (4 + apart)) < 1e-3, 'the padding has no say');
  assert.equal(network.device, 'cpu, 1 thread');
});

test('256ths are halved as published, other times lie within a half, and pictures made are kept', async () => {
  await using network = await openFilmNetwork(TINY, fadingWeights(TINY, 0.7), SIZE);
  const a = picture((x, y, c) => 0.5 + 0.4 * Math.sin(x / 5 + y / 9 + c));
  const b = picture((x, y, c) => 0.5 + 0.4 * Math.sin((x - 4) / 5 + (y - 2) / 9 + c));
  const at = async (first: Float32Array, second: Float32Array, t: number) =>
    (await network.between(first, second, t)).picture;
  const half = await at(a, b, 0.5);
  assert.ok(far(half, a) > 0.05 && far(half, b) > 0.05);
  assert.equal(await at(a, b, 0.5), half, 'the very picture');
  const quarter = await at(a, b, 0.25);
  const eighth = await at(a, b, 0.375);
  assert.deepEqual(await at(a, half, 0.5), quarter);
  assert.deepEqual(await at(quarter, half, 0.5), eighth);
  // Within a half flows are scaled; so halfway into it is the halving itself.
  const third = await at(a, b, 1 / 3);
  const near = await at(a, b, 0.3333);
  assert.ok(far(third, near) < 1e-3);
  assert.ok(far(await at(a, b, 0.25 + 1e-4), quarter) < 1e-3, 'both ways meet');
  assert.ok(far(third, quarter) > 0 && far(third, half) > 0);
  // In ascending order only what is still needed is kept, and the pictures are the same in any order.
  const times = Array.from({ length: 15 }, (_, n) => (n + 1) / 16);
  const up = [];
  for (const t of times) up.push(await at(a, b, t));
  for (const [n, t] of [...times.entries()].toReversed()) assert.deepEqual(await at(a, b, t), up[n]);
});

test('a run is given up at once', async () => {
  await using network = await openFilmNetwork(TINY, fadingWeights(TINY, 1), SIZE);
  const a = picture((x) => x / 100);
  const stop = new AbortController();
  const running = network.between(a, a.slice(), 1 / 3, stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(running, /enough/);
});

test('tiles: the picture is what it is as a whole, without seams', async () => {
  const weights = fadingWeights(TINY, 0.3);
  const size = { width: 320, height: 224, threads: 2 };
  const frame = (shift: number) =>
    paint(
      FORMATS.gbrp,
      size.width,
      size.height,
      shift,
      (x, y, c) => 0.2 + 0.6 * texture(x - 3 * shift, y + (c === 'g' ? 0 : 90)),
    );
  const [a, b] = [frame(0), frame(1)];
  const made = async (maxBytes: number) => {
    await using engine = await openFilm(TINY, weights, size, maxBytes);
    return await collect(engine.between(a, b, [0.3, 0.5]));
  };
  const whole = await made(WHOLE_BYTES);
  const limit = filmBytes(TINY, 208, 144);
  const plan = planTiles(a.format, size.width, size.height, {
    bytes: (_, width, height) => filmBytes(TINY, width, height),
    maxBytes: limit,
  });
  assert.ok(plan.x.starts.length > 1 && plan.y.starts.length > 1);
  const tiles = await made(limit);
  whole.forEach(({ frame: one, confidence }, n) => {
    assert.ok(maxDifference(one, tiles[n]!.frame) <= 1, `${maxDifference(one, tiles[n]!.frame)} codes`);
    assert.ok(Math.abs(confidence - tiles[n]!.confidence) < 0.02);
  });
});

test('a published network is cut up at 1080p, one of 16 filters is not', () => {
  assert.ok(filmBytes(OFFICIAL, 1920, 1080) > WHOLE_BYTES);
  assert.ok(filmBytes(OFFICIAL, 1280, 720) > WHOLE_BYTES * 0.9);
  assert.ok(filmBytes({ ...OFFICIAL, filters: 16 }, 1920, 1080) < WHOLE_BYTES);
});
