import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { before, type TestContext } from 'node:test';
import { defaultAudioMode } from '../../../app/core/media/audio/modes.ts';
import { findFrameFacts } from '../../../app/core/media/frame-facts.ts';
import { indexSource } from '../../../app/core/media/index-source.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { planRetime } from '../../../app/core/jobs/tasks/retime-plan.ts';
import { retimeSpec } from '../../../app/cli/slowmo-options.ts';
import { TICKS } from '../../../app/contract/time.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { shared, tempFolder } from '../../support/command.ts';
import { appendTrailer, putEdits, putSamsungMode } from '../../support/phone-clips.ts';
import { FIGURE } from '../../guarantees/promise.ts';

/** A second at 30 and half a second at 240 frames a second, with sound; made once. */
let slow = '';
let fast = '';
before((context) => {
  const folder = tempFolder(context as TestContext);
  slow = join(folder, 'slow.mp4');
  fast = join(folder, 'fast.mov');
  const make = (rate: number, seconds: number, to: string): Buffer =>
    ffmpegOutput(
      ...['-f', 'lavfi', '-i', `testsrc2=s=64x48:r=${rate}:d=${seconds}`, '-f', 'lavfi', '-i', `sine=d=${seconds}`],
      ...['-threads', '1', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-c:a', 'aac', '-y', to],
    );
  make(30, 1, slow);
  make(240, 0.5, fast);
});

function copyOf(context: TestContext, path: string, name: string): string {
  const to = join(tempFolder(context), name);
  copyFileSync(path, to);
  return to;
}

/** The same film with tags of the kind phones write. */
function tagged(context: TestContext, path: string, name: string, tags: Record<string, string>): string {
  const to = join(tempFolder(context), name);
  const words = Object.entries(tags).flatMap(([key, value]) => ['-metadata', `${key}=${value}`]);
  ffmpegOutput('-i', path, '-map', '0', '-c', 'copy', ...words, '-movflags', 'use_metadata_tags', '-y', to);
  return to;
}

async function plan(path: string, options: Record<string, string>) {
  const info = await probe(path);
  const facts = await findFrameFacts(path, info, {});
  const spec = await retimeSpec(path, `${path}.out.mp4`, { engine: 'blend', cuts: 'off', ...options });
  return await planRetime(spec, info, facts);
}

/** Source seconds of output frame k. */
function at({ frames }: Awaited<ReturnType<typeof plan>>, k: number): number {
  return frames.sourceTime(k) / TICKS;
}

test('Android: a film of 240 stored at 30 is 8 times slower, and played as it was where that is chosen', async (context) => {
  const path = tagged(context, slow, 'a.mp4', { 'com.android.capture.fps': '240.000000' });
  const { recorded } = await probe(path);
  assert.deepEqual(recorded, {
    ...{ by: 'android', captureRate: { num: 240, den: 1 }, decoded: 'stored' },
    sections: [{ from: 0, speed: { num: 8, den: 1 } }],
  });
  const stored = await plan(path, { speed: '1' });
  assert.equal(stored.frames.count, 30);
  assert.match(stored.notes.join(' '), /240 frames a second.*8 times slower.*--clock recorded/);
  const real = await plan(path, { speed: '1', clock: 'recorded' });
  assert.deepEqual([real.frames.count, real.frames.rate], [30, { num: 240, den: 1 }]);
  assert.deepEqual(
    [at(real, 0), at(real, 1), at(real, 29)],
    [0, 1 / 30, 29 / 30].map((s) => Math.round(s * TICKS) / TICKS),
  );
  assert.equal(real.durationIn, 0.125);
  assert.doesNotMatch(real.notes.join(' '), /240 frames/);
  // A quarter of what it was is twice what is stored, and its sound goes with it.
  const quarter = await plan(path, { speed: '1/4', clock: 'recorded', fps: '60' });
  assert.equal(quarter.frames.count, 30);
  assert.deepEqual([at(quarter, 1), quarter.frames.map.sourceAt(0.25)], [1 / 30, 0.5]);
  assert.equal(defaultAudioMode(quarter.frames.map), 'keep-pitch');
  // A range and cuts are told on the clock that was chosen.
  const part = await plan(path, { speed: '1', clock: 'recorded', from: '0.05', to: '0.1' });
  assert.deepEqual([part.frames.count, at(part, 0)], [12, 0.4]);
});

test('Android: where the times are true already there is nothing to choose', async (context) => {
  const path = tagged(context, fast, 'a.mp4', { 'com.android.capture.fps': '240' });
  const { recorded } = await probe(path);
  assert.deepEqual(recorded, { by: 'android', captureRate: { num: 240, den: 1 }, decoded: 'stored', sections: [] });
  assert.equal((await plan(path, { speed: '1' })).notes.filter((note) => note.includes('clock')).length, 0);
  const lapse = tagged(context, slow, 'lapse.mp4', { 'com.android.capture.fps': '1.0' });
  assert.equal((await probe(lapse)).recorded, undefined);
});

test('Samsung: slow motion by the mode of the camera, super slow stretches and regions by the trailer', async (context) => {
  const v2 = copyOf(context, slow, 'v2.mp4');
  putSamsungMode(v2, 12);
  appendTrailer(v2, { SlowMotion_Data: '200:600:4*700:900:3', Other: 'x' });
  assert.deepEqual((await probe(v2)).recorded, {
    ...{ by: 'samsung', captureRate: { num: 240, den: 1 }, decoded: 'stored' },
    sections: [{ from: 0, speed: { num: 8, den: 1 } }],
    regions: [
      { from: 0.2, to: 0.6, speed: { num: 1, den: 8 } },
      { from: 0.7, to: 0.9, speed: { num: 1, den: 4 } },
    ],
  });
  const told = copyOf(context, slow, 'told.mp4');
  putSamsungMode(told, 21, 120);
  assert.equal((await probe(told)).recorded?.sections[0]?.speed.num, 4);
  const old = copyOf(context, fast, 'old.mp4');
  appendTrailer(old, { SlowMotion_Data: '100:300:3' });
  assert.deepEqual((await probe(old)).recorded?.sections, []);

  const superSlow = copyOf(context, slow, 'super.mp4');
  appendTrailer(superSlow, { Super_SlowMotion_BGM: 'none', Super_SlowMotion_Data: '200:840:400:1!1' });
  assert.deepEqual((await probe(superSlow)).recorded?.sections, [{ from: 0.2, to: 0.84, speed: { num: 32, den: 1 } }]);
  const real = await plan(superSlow, { speed: '1', clock: 'recorded', fps: '600' });
  // 0.2 s, 0.64 s in 0.02 s, 0.16 s.
  assert.equal(real.frames.count, 228);
  for (const [k, seconds] of [
    [60, 0.1],
    [120, 0.2],
    [126, 0.52],
    [132, 0.84],
    [180, 0.92],
  ] as const)
    assert.ok(Math.abs(at(real, k) - seconds) < 32 / TICKS, `${k}: ${at(real, k)}`);
});

test('Apple: edits with rates are the stored clock, for picture and sound, and nothing is shown twice', async (context) => {
  const path = copyOf(context, fast, 'edited.mov');
  putEdits(path, [
    { duration: 0.125, media: 0, rate: 1 },
    { duration: 2, media: 0.125, rate: 0.125 },
    { duration: 0.125, media: 0.375, rate: 1 },
  ]);
  const info = await probe(path);
  assert.equal(info.recorded?.by, 'apple');
  assert.deepEqual(
    info.recorded?.sections.map(({ from, speed }) => [from, speed.num / speed.den]),
    [
      [0, 1],
      [0.125, 1 / 8],
      [0.375, 1],
    ],
  );
  assert.equal((await indexSource(path, info)).times.length, 120);
  const stored = await plan(path, { speed: '1' });
  assert.deepEqual([stored.frames.count, stored.durationIn], [540, 2.25]);
  assert.match(stored.notes.join(' '), /a part of it plays slower/);
  assert.deepEqual(
    [at(stored, 30), at(stored, 38), at(stored, 510), at(stored, 539)].map((s) => Math.round(s * 240 * 1e6) / 1e6),
    [30, 31, 90, 119],
  );
  const real = await plan(path, { speed: '1', clock: 'recorded' });
  assert.deepEqual([real.frames.count, at(real, 100)], [120, Math.round((100 / 240) * TICKS) / TICKS]);
  // Sound without its edits comes later by what its codec padded: 1024 samples.
  assert.ok(Math.abs((info.audio[0]?.unedited ?? 0) - 1024 / 44_100) < 1e-3, String(info.audio[0]?.unedited));
  const cut = copyOf(context, fast, 'cut.mov');
  putEdits(cut, [{ duration: 1, media: 0.25, rate: 0.125 }]);
  const trimmed = await plan(cut, { speed: '1' });
  assert.deepEqual(
    [trimmed.frames.count, at(trimmed, 0), at(trimmed, 8)],
    [240, 0.25, Math.round((61 / 240) * TICKS) / TICKS],
  );
});

test('Apple: slow motion as the camera stores it is true, and ordinary edits stay what they were', async (context) => {
  const tags = { 'com.apple.quicktime.make': 'Apple' };
  assert.deepEqual((await probe(tagged(context, fast, 'i.mov', tags))).recorded, {
    ...{ by: 'apple', captureRate: { num: 240, den: 1 }, decoded: 'recorded', sections: [] },
  });
  assert.equal((await probe(tagged(context, slow, 'j.mov', tags))).recorded, undefined);
  const plain = copyOf(context, fast, 'plain.mov');
  putEdits(plain, [{ duration: 0.25, media: 0.125, rate: 1 }]);
  const info = await probe(plain);
  assert.equal(info.recorded, undefined);
  assert.equal((await indexSource(plain, info)).times.length, 60);
});

test('damaged and hostile trailers, boxes and edits are no slow motion and no harm', async (context) => {
  const seed = readFileSync(slow);
  const path = join(tempFolder(context), 'bad.mp4');
  const tails = {
    'a table longer than the file': Buffer.from([0xff, 0xff, 0xff, 0x7f, ...Buffer.from('SEFT')]),
    'a table of nothing': Buffer.from([0, 0, 0, 0, ...Buffer.from('SEFT')]),
    'half a foot': Buffer.from('EFT'),
  };
  for (const [what, tail] of Object.entries(tails)) {
    writeFileSync(path, Buffer.concat([seed, tail]));
    assert.equal((await probe(path)).recorded, undefined, what);
  }
  for (const text of [
    '',
    '5:1:4',
    '1:2',
    '1:2:3*1:2:3',
    '-1:5:2',
    `${'9'.repeat(40)}:1:1`,
    'a:b:c',
    '*'.repeat(9000),
  ]) {
    writeFileSync(path, seed);
    appendTrailer(path, { Super_SlowMotion_Data: text });
    assert.equal((await probe(path)).recorded, undefined, text.slice(0, 20));
  }
  for (const rate of [0, -1, 20_000]) {
    copyFileSync(fast, path);
    putEdits(path, [{ duration: 1, media: 0, rate }]);
    assert.equal((await probe(path)).recorded, undefined, `rate ${rate}`);
  }
  appendFileSync(path, 'x');
  let tried = 0;
  const whole = readFileSync(fast);
  const header = whole.lastIndexOf('moov');
  for (let place = header; place < whole.length && tried < 12; place += 499, tried++) {
    const broken = Buffer.from(whole);
    broken.fill(0xff, place, place + 4);
    writeFileSync(path, broken);
    await probe(path).catch((error: { code?: string }) => assert.ok(error.code, String(error)));
  }
  context.diagnostic(
    `${FIGURE}${tried + 14} damaged phone files: none read as slow motion that is none, none ends otherwise than read or refused`,
  );
});

test('two films of real phones', { skip: shared ? false : 'needs INBETWEEN_SHARED: its clips of phones' }, async () => {
  const clip = (name: string): string => join(shared!, 'clips/odd', `media__sample_${name}_slow_motion.mp4`);
  const android = await probe(clip('android'));
  assert.equal(android.recorded?.sections[0]?.speed.num, 8);
  const samsung = await probe(clip('sef_super'));
  assert.deepEqual(samsung.recorded?.sections, [{ from: 0.997, to: 13.53, speed: { num: 32, den: 1 } }]);
});
