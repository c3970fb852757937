import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../../app/core/app.ts';
import { engineCost } from '../../../app/core/bench/engines.ts';
import { benchMorphs, morphBenchTable } from '../../../app/core/bench/morphs.ts';
import { benchJson, benchTable, runBench } from '../../../app/core/bench/run.ts';
import { FRAMES_NEEDED } from '../../../app/core/bench/measure.ts';
import { draw, toFrame } from '../../../app/core/demo/render.ts';
import { createScene } from '../../../app/core/demo/scene.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { tempFolder } from '../../support/command.ts';

const scene = createScene(160);
const frames = Array.from({ length: FRAMES_NEEDED }, (_, i) =>
  toFrame(draw(scene, i / 24, 160, 90), pixelFormat('yuv420p'), i / 24, i),
);

test('an engine is measured in a process of its own', async () => {
  const mine = (process.resourceUsage().maxRSS * 1024) / 1e6;
  for (const id of ['blend', 'glide']) {
    const cost = await engineCost(id, frames, { threads: 1 });
    assert.deepEqual(Object.keys(cost.secondsPerFrame), ['2', '4', '8']);
    for (const seconds of Object.values(cost.secondsPerFrame)) assert.ok(seconds > 0 && seconds < 10, `${seconds} s`);
    assert.ok(cost.synthesisMs > 0);
    assert.ok(cost.memoryMB > 20 && cost.memoryMB < 4000, `${cost.memoryMB} MB beside the ${mine} MB here`);
  }
});

test('what the engine throws comes back, and an abort ends the process', async () => {
  await assert.rejects(engineCost('no-such-engine', frames, { threads: 1 }), { code: 'engine-unknown' });
  const cancelled = new AbortController();
  setTimeout(() => cancelled.abort(Object.assign(new Error('stop'), { name: 'AbortError' })), 60);
  await assert.rejects(engineCost('glide:best', frames, { threads: 1, signal: cancelled.signal }), {
    code: 'cancelled',
  });
});

test('a morph is measured at every size, each in a process of its own', async () => {
  const result = await benchMorphs({ engines: ['blend:enlarged'], sides: [64, 128] });
  assert.deepEqual(Object.keys(result.engines), ['blend:enlarged']);
  for (const bySide of Object.values(result.engines)) {
    assert.deepEqual(Object.keys(bySide), ['64', '128']);
    for (const { seconds, memoryMB } of Object.values(bySide)) assert.ok(seconds > 0 && memoryMB > 20);
  }
  assert.match(morphBenchTable(result), /64x64 +128x128\n.*\nblend:enlarged( +\d+\.\d\d +\d+){2}\n/);
  await assert.rejects(benchMorphs({ engines: ['glimmer'] }), { code: 'engine-unknown' });
});

test('the bench measures engines and a whole job', async (context) => {
  await using app = await openApp({ library: tempFolder(context) });
  const options = { width: 160, height: 90, engines: ['blend'], pipelineEngine: 'blend' };
  const result = await runBench({ ...options, slowmo: (spec, request) => app.run(spec, request) });
  const json = JSON.parse(benchJson(result)) as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(json), ['size', 'threads', 'machine', 'engines', 'pipeline']);
  assert.equal(result.size, '160x90');
  const costs = json['engines']!['blend'] as object;
  assert.deepEqual(Object.keys(costs), ['secondsPerFrame', 'analysisMs', 'synthesisMs', 'memoryMB', 'device']);
  const { engine, frames: made, wallSeconds, engineSeconds, overheadMsPerFrame } = result.pipeline;
  assert.deepEqual([engine, made], ['blend', 96]);
  assert.ok(Math.abs(overheadMsPerFrame - (1000 * (wallSeconds - engineSeconds)) / 96) < 1e-9);
  assert.ok(engineSeconds > 0 && wallSeconds > engineSeconds);
  assert.match(benchTable(result), /^blend +0\.\d{4} .*\n\nA whole job \(4x with blend/m);
  const unknown = runBench({ ...options, engines: ['glimmer'], slowmo: (spec, request) => app.run(spec, request) });
  await assert.rejects(unknown, { code: 'engine-unknown' });
});
