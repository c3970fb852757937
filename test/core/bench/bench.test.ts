import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineCost } from '../../../app/core/bench/engines.ts';
import { FRAMES_NEEDED } from '../../../app/core/bench/measure.ts';
import { draw, toFrame } from '../../../app/core/demo/render.ts';
import { createScene } from '../../../app/core/demo/scene.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';

const scene = createScene(320);
const frames = Array.from({ length: FRAMES_NEEDED }, (_, i) =>
  toFrame(draw(scene, i / 24, 320, 180), pixelFormat('yuv420p'), i / 24, i),
);

test('an engine is measured in a process of its own', async () => {
  const mine = (process.resourceUsage().maxRSS * 1024) / 1e6;
  for (const id of ['blend', 'glide']) {
    const cost = await engineCost(id, frames, 1);
    assert.deepEqual(Object.keys(cost.secondsPerFrame), ['2', '4', '8']);
    for (const seconds of Object.values(cost.secondsPerFrame)) assert.ok(seconds > 0 && seconds < 10, `${seconds} s`);
    assert.ok(cost.synthesisMs > 0);
    assert.ok(cost.memoryMB > 20 && cost.memoryMB < 4000, `${cost.memoryMB} MB beside the ${mine} MB here`);
  }
});

test('what the engine throws comes back, and an abort ends the process', async () => {
  await assert.rejects(engineCost('no-such-engine', frames, 1), { code: 'engine-unknown' });
  const cancelled = new AbortController();
  setTimeout(() => cancelled.abort(Object.assign(new Error('stop'), { name: 'AbortError' })), 60);
  await assert.rejects(engineCost('glide:best', frames, 1, cancelled.signal), { code: 'cancelled' });
});
