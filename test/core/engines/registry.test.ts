import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { homeAt, homeFolder } from '../../../app/core/base/home.ts';
import { mix } from '../../../app/core/engines/blend.ts';
import { DEFAULT_ENGINE, ENGINES, findEngine } from '../../../app/core/engines/registry.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { tempFolder } from '../../support/command.ts';
import { FORMATS, collect, maxDifference, noise, paint } from './frames.ts';

test('ids are unique, the default exists, an unknown id is refused with the list', async () => {
  const ids = ENGINES.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal((await findEngine(DEFAULT_ENGINE)).id, 'glide');
  await assert.rejects(findEngine('magic'), { code: 'engine-unknown', message: /magic.*hold, blend, glide/ });
});

test('a damaged model says what is wrong with it', async (t) => {
  const home = process.env['INBETWEEN_HOME'];
  t.after(() => (home === undefined ? delete process.env['INBETWEEN_HOME'] : (process.env['INBETWEEN_HOME'] = home)));
  process.env['INBETWEEN_HOME'] = tempFolder(t);
  const folder = join(homeAt(homeFolder()).models, 'installed/rife-v4.6');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'manifest.json'), '{');
  for (const id of ['rife-v4.6', 'rife:rife-v4.6'])
    await assert.rejects(findEngine(id), { code: 'model-damaged', message: /no JSON.*models remove rife-v4.6/ });
  await assert.rejects(findEngine('rife-v4.7'), { code: 'engine-unknown', message: /models list/ });
});

test('every engine gives a frame for each timestep, in order, with a confidence', async () => {
  for (const entry of ENGINES) {
    await using engine = await entry.open({ width: 40, height: 30, threads: 1 });
    const [a, b] = [1, 2].map((seed) => paint(FORMATS.yuv420p10, 40, 30, seed * 100, noise(seed)));
    assert.ok(a && b);
    const made = await collect(engine.between(a, b, [0.1, 0.5, 0.9]));
    assert.equal(made.length, 3);
    for (const { frame, confidence } of made) {
      assert.equal(frame.format, a.format);
      assert.ok(confidence >= 0 && confidence <= 1);
    }
    if (entry.id === 'hold')
      assert.deepEqual(
        made.map(({ frame }) => frame),
        [a, b, b],
      );
  }
});

/** Colours of what is transparent are weighed by it ([Note: alpha], over-alpha.ts). */
function opaque(frame: Frame): Frame {
  frame.format.planes.forEach(({ channel }, p) => channel === 'a' && frame.planes[p]!.data.fill(65_535));
  return frame;
}

test('blend is the rounded mean of 8 and 16 bit samples', async () => {
  await using blend = await (await findEngine('blend')).open({ width: 9, height: 7, threads: 1 });
  for (const format of [FORMATS.gbrp, FORMATS.gbrap16, FORMATS.yuv420p]) {
    const [a, b] = [1, 2].map((seed) => opaque(paint(format, 9, 7, 0, noise(seed))));
    assert.ok(a && b);
    for (const t of [0.25, 0.5, 0.8]) {
      const [made] = await collect(blend.between(a, b, [t]));
      made?.frame.planes.forEach(({ data }, n) =>
        data.forEach((value, i) => {
          const [x, y] = [a.planes[n]?.data[i] ?? NaN, b.planes[n]?.data[i] ?? NaN];
          assert.equal(value, Math.floor(x + t * (y - x) + 0.5));
        }),
      );
    }
    const [same] = await collect(blend.between(a, a, [0.4]));
    assert.ok(same && maxDifference(same.frame, a) === 0 && same.confidence === 1);
  }
});

test('mixing 1080p takes milliseconds', () => {
  const [a, b, out] = [
    new Uint8Array(3_110_400).fill(10),
    new Uint8Array(3_110_400).fill(31),
    new Uint8Array(3_110_400),
  ];
  const times = Array.from({ length: 8 }, () => {
    const start = performance.now();
    mix(a, b, 0.5, out);
    return performance.now() - start;
  });
  // 4 ms here; the bound leaves room for a busy machine and still catches a slow path.
  assert.ok(Math.min(...times) < 30, `${times}`);
  assert.equal(out[77], 21);
});
