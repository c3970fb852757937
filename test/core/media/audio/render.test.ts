import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TICKS } from '../../../../app/contract/time.ts';
import { AppError } from '../../../../app/contract/errors.ts';
import { capabilities } from '../../../../app/core/media/capabilities.ts';
import { runFfmpeg } from '../../../../app/core/media/ffmpeg.ts';
import { audioBytes, renderAudio } from '../../../../app/core/media/audio/render.ts';
import type { TimeMap } from '../../../../app/core/time/map.ts';
import { amplitude, click, loudest, outputAt, readSound, render, rms, scratch } from './helpers.ts';
import { steady, stream, writeSound } from './helpers.ts';
import { few, FULL } from '../../../support/few.ts';

const RATE = 48_000;
const folder = scratch();
const sine =
  (frequency: number, rate = RATE) =>
  (n: number) =>
    0.5 * Math.sin((2 * Math.PI * frequency * n) / rate);

/** Speed 1 to about 0.5 and 1.5, always ascending. */
const curve: TimeMap = { duration: 12, pieces: [0], sourceAt: (t) => t + 0.5 * Math.sin(t) };
/** From speed 1 down to 0.3 and on. */
const ramp: TimeMap = { duration: 8, pieces: [0], sourceAt: (t) => t - (0.35 * (t * t)) / 8 };

for (const mode of ['keep-pitch', 'tape'] as const) {
  test(`${mode}: 20 clicks along a curve sound when their frame shows`, async () => {
    const times = Array.from({ length: 20 }, (_, k) => 0.3 + k * 0.55 + 0.013 * (k % 3));
    const path = await writeSound(join(folder, `clicks-${mode}.wav`), 13, RATE, 1, (n) =>
      times.reduce((sum, t) => sum + click(n, t * RATE, RATE), 0),
    );
    const [out] = await render({ path, stream: stream(1, RATE), map: curve, mode, to: join(folder, `c-${mode}.wav`) });
    for (const time of times) {
      const expected = outputAt(curve, time);
      const error = loudest(out!, RATE, expected, 0.15) - expected;
      assert.ok(Math.abs(error) < 0.01, `click at ${time} s is ${(error * 1000).toFixed(1)} ms off`);
    }
  });
}

test('keep-pitch: half, quarter, double speed and a ramp keep 440 Hz', async () => {
  const path = await writeSound(join(folder, 'sine.wav'), 10, RATE, 1, sine(440));
  for (const map of [steady(0.5, 6), steady(0.25, 6), steady(1.6, 5), ramp]) {
    const [out] = await render({ path, stream: stream(1, RATE), map, mode: 'keep-pitch', to: join(folder, 'kp.wav') });
    const middle = out!.subarray(RATE, 4 * RATE);
    assert.ok(Math.abs(amplitude(middle, RATE, 440) - 0.5) < 0.03, `440 Hz at ${amplitude(middle, RATE, 440)}`);
    assert.ok(amplitude(middle, RATE, 220) < 0.01);
    assert.ok(Math.abs(rms(middle) - 0.5 * Math.SQRT1_2) < 0.02, 'nothing but the sine');
  }
});

test('tape: half speed is an octave down, double an octave up, and what would alias is gone', async () => {
  const path = await writeSound(join(folder, 'tape.wav'), 10, RATE, 1, sine(440));
  const at = async (speed: number, from: string): Promise<Float32Array> =>
    (
      await render({
        path: from,
        stream: stream(1, RATE),
        map: steady(speed, 3),
        mode: 'tape',
        to: join(folder, 't.wav'),
      })
    )[0]!;
  assert.ok(Math.abs(amplitude(await at(0.5, path), RATE, 220) - 0.5) < 0.005);
  assert.ok(Math.abs(amplitude(await at(2, path), RATE, 880) - 0.5) < 0.005);
  assert.ok(Math.abs(amplitude(await at(-2, path), RATE, 880)) < 0.005, 'before the start there is silence');
  const high = await writeSound(join(folder, 'high.wav'), 10, RATE, 1, sine(15_000));
  const out = await at(2, high);
  assert.ok(rms(out.subarray(RATE / 10, -RATE / 10)) < 0.001, '30 kHz does not fold down to 18 kHz');
});

test('speed 1 gives the very samples back, reverse the mirrored ones', async () => {
  const noise = (n: number): number => ((Math.imul(n + 1, 2654435761) >>> 8) % 65536) / 65536 - 0.5;
  const path = await writeSound(join(folder, 'noise.wav'), 3, RATE, 1, noise);
  for (const mode of ['keep-pitch', 'tape', 'original'] as const) {
    const [out] = await render({
      path,
      stream: stream(1, RATE),
      map: steady(1, 3),
      mode,
      to: join(folder, 'same.wav'),
    });
    assert.ok(
      out!.every((value, n) => value === Math.fround(noise(n))),
      mode,
    );
  }
  const [back] = await render({
    path,
    stream: stream(1, RATE),
    map: steady(-1, 2, 2),
    mode: 'keep-pitch',
    to: join(folder, 'b.wav'),
  });
  assert.ok(back!.every((value, n) => value === Math.fround(noise(2 * RATE - n))));
});

test('reverse at half speed: clicks in the opposite order, pitch kept', async () => {
  const path = await writeSound(
    join(folder, 'r.wav'),
    4,
    RATE,
    1,
    (n) => click(n, RATE, RATE) + click(n, 2.5 * RATE, RATE),
  );
  const [out] = await render({
    path,
    stream: stream(1, RATE),
    map: steady(-0.5, 8, 4),
    mode: 'keep-pitch',
    to: join(folder, 'rr.wav'),
  });
  for (const expected of [3, 6]) assert.ok(Math.abs(loudest(out!, RATE, expected, 0.2) - expected) < 0.01);
  const tone = await writeSound(join(folder, 'rt.wav'), 4, RATE, 1, sine(440));
  const [held] = await render({
    path: tone,
    stream: stream(1, RATE),
    map: steady(-0.5, 8, 4),
    mode: 'keep-pitch',
    to: join(folder, 'rt2.wav'),
  });
  assert.ok(Math.abs(amplitude(held!.subarray(RATE, 7 * RATE), RATE, 440) - 0.5) < 0.03);
});

test('a freeze is silent, a jump is crossfaded, neither clicks', async () => {
  const path = await writeSound(join(folder, 'f.wav'), 8, RATE, 1, sine(200));
  // One second at half speed, one second frozen, then a jump and reverse.
  const map: TimeMap = {
    duration: 3,
    pieces: [0, 1, 2],
    sourceAt: (t) => (t < 1 ? t / 2 : t < 2 ? 0.5 : 6.0013 - 0.7 * (t - 2)),
  };
  for (const mode of ['keep-pitch', 'tape'] as const) {
    const [out] = await render({ path, stream: stream(1, RATE), map, mode, to: join(folder, `f-${mode}.wav`) });
    assert.equal(out!.length, 3 * RATE);
    assert.equal(rms(out!.subarray(1.005 * RATE, 1.995 * RATE)), 0);
    assert.ok(rms(out!.subarray(0.2 * RATE, 0.9 * RATE)) > 0.3);
    assert.ok(rms(out!.subarray(2.1 * RATE, 2.9 * RATE)) > 0.3);
    let step = 0;
    for (let n = 1; n < out!.length; n++) step = Math.max(step, Math.abs(out![n]! - out![n - 1]!));
    // A 200 Hz sine moves 0.013 a sample; fading 0.5 away over 240 samples adds 0.004.
    assert.ok(step < 0.025, `${mode}: a step of ${step}`);
  }
  const cut: TimeMap = { duration: 2, pieces: [0, 1], sourceAt: (t) => (t < 1 ? t : t + 2.00125) };
  const [jump] = await render({ path, stream: stream(1, RATE), map: cut, mode: 'tape', to: join(folder, 'j.wav') });
  for (let n = 1; n < jump!.length; n++) assert.ok(Math.abs(jump![n]! - jump![n - 1]!) < 0.02, `a click at ${n}`);
});

test('from mono to 7.1: every channel keeps its own sound, and the layout its name', async () => {
  const all = [
    [1, 'mono'],
    [2, 'stereo'],
    [3, '2.1'],
    [6, '5.1(side)'],
    [8, '7.1'],
  ] as const;
  for (const [channels, layout] of few(all, ([one]) => one === 1 || one === 6)) {
    const tone = (c: number): number => 300 + 150 * c;
    const path = await writeSound(join(folder, 'm.wav'), 3, RATE, channels, (n, c) => sine(tone(c))(n), layout);
    const to = join(folder, `m${channels}.wav`);
    const info = stream(channels, RATE, { channelLayout: layout });
    const planes = await render({ path, stream: info, map: steady(0.6, 4), mode: 'keep-pitch', to });
    for (const [c, plane] of planes.entries()) {
      const middle = plane.subarray(RATE, 3 * RATE);
      assert.ok(Math.abs(amplitude(middle, RATE, tone(c)) - 0.5) < 0.03, `channel ${c} of ${layout}`);
      for (let o = 0; o < channels; o++) if (o !== c) assert.ok(amplitude(middle, RATE, tone(o)) < 0.01);
    }
    const { stderr } = await runFfmpeg(['-i', to, '-f', 'null', '-'], { logLevel: 'info' });
    assert.ok(stderr.join('\n').includes(` Hz, ${layout},`), `${layout} in:\n${stderr.join('\n')}`);
  }
});

test('sound later, earlier, shorter than the picture, or with a gap stays where its timestamps say', async () => {
  const clicks = await writeSound(join(folder, 'g.wav'), 6, RATE, 1, (n) =>
    [0.75, 1.5, 3.5, 4.25].reduce((sum, t) => sum + click(n, t * RATE, RATE), 0),
  );
  // Sound starts at 1.2 s on the file's clock and has nothing from 2 to 3 s; the picture starts at 0.7 s and ends at 9.
  const path = join(folder, 'gap.mkv');
  const picture = ['-itsoffset', '0.7', '-f', 'lavfi', '-i', 'color=size=32x32:rate=10:duration=8.3'];
  const gap = ['-af', "aselect='not(between(t,3.2,4.2))'", '-c:a', 'pcm_s16le', ...(await capabilities()).passthrough];
  await runFfmpeg([
    '-y',
    ...picture,
    '-itsoffset',
    '1.2',
    '-i',
    clicks,
    '-copyts',
    '-map',
    '0',
    '-map',
    '1',
    ...gap,
    path,
  ]);
  const info = stream(1, RATE, { index: 1 });
  const base = { path, stream: info, sourceStart: Math.round(0.7 * TICKS) };
  for (const mode of ['original', 'keep-pitch', 'tape'] as const) {
    const speed = mode === 'original' ? 1 : 0.8;
    const [out] = await render({ ...base, map: steady(speed, 10), mode, to: join(folder, `gap-${mode}.wav`) });
    for (const click of [0.75, 1.5, 3.5, 4.25]) {
      const expected = (click + 0.5) / speed;
      const error = loudest(out!, RATE, expected, 0.2) - expected;
      assert.ok(Math.abs(error) < 0.006, `${mode}: the click at ${click} is ${(error * 1000).toFixed(2)} ms off`);
    }
    assert.equal(rms(out!.subarray(0, 0.3 * RATE)), 0, 'silence before the sound starts');
    assert.equal(rms(out!.subarray(9 * RATE)), 0, 'silence after it ends');
  }
  // The picture starts after the sound: what came before is not heard.
  const late = { ...base, sourceStart: Math.round(2.2 * TICKS) };
  const [out] = await render({ ...late, map: steady(1, 4), mode: 'original', to: join(folder, 'late.wav') });
  assert.ok(Math.abs(loudest(out!, RATE, 0.5, 0.3) - 0.5) < 0.002);
});

test("the length is the map's, to the sample, at any rate; a part starts where the map does", async () => {
  const path = await writeSound(join(folder, 'l.wav'), 2, 44_100, 2, (n) => click(n, 44_100, 44_100));
  for (const duration of [1.2345678, 0.04, 2 / 3, 5]) {
    const to = join(folder, 'l2.wav');
    const made = await renderAudio({
      path,
      stream: stream(2, 44_100),
      map: steady(0.7, duration),
      mode: 'keep-pitch',
      sourceStart: 0,
      to,
    });
    assert.deepEqual(made, { samples: Math.round(duration * 44_100), sampleRate: 44_100, channels: 2 });
    assert.equal((await readSound(to, 2))[0]!.length, made.samples);
  }
  const options = { path, stream: stream(2, 44_100), map: steady(0.5, 1, 0.8), sampleRate: 48_000 };
  for (const [mode, at] of [
    ['keep-pitch', 0.4],
    ['tape', 0.4],
    ['original', 0.2],
  ] as const) {
    const [out] = await render({ ...options, mode, to: join(folder, 'part.wav') });
    assert.equal(out!.length, 48_000);
    const error = loudest(out!, 48_000, at, 0.1) - at;
    assert.ok(Math.abs(error) < 0.004, `${mode}: ${(error * 1000).toFixed(2)} ms off`);
  }
});

test('long sound: no drift at the end, no memory that grows with length', async () => {
  const rate = 8000;
  const seconds = FULL ? 1200 : 400;
  const path = await writeSound(
    join(folder, 'long.wav'),
    seconds,
    rate,
    1,
    (n) => click(n, (seconds - 1) * rate, rate) + click(n, rate, rate),
  );
  const map = steady(0.97, seconds / 0.97);
  const before = process.memoryUsage().rss;
  let most = 0;
  const to = join(folder, 'long-out.wav');
  await renderAudio({
    path,
    stream: stream(1, rate),
    map,
    mode: 'keep-pitch',
    sourceStart: 0,
    to,
    onProgress: () => (most = Math.max(most, process.memoryUsage().rss)),
  });
  assert.ok(most - before < 120e6, `grew by ${(most - before) / 1e6} MB`);
  const [out] = await readSound(to, 1);
  for (const time of [1, seconds - 1]) {
    const expected = time / 0.97;
    assert.ok(Math.abs(loudest(out!, rate, expected, 0.2) - expected) < 0.005);
  }
  const bytes = audioBytes({ stream: stream(1, rate), map, mode: 'keep-pitch' });
  assert.ok(Math.abs(bytes.scratch / (seconds * rate * 4) - 1) < 0.01);
  assert.equal(bytes.output, Math.ceil((seconds / 0.97) * rate * 4) + 104);
});

test('a source that cannot be decoded, and an abort, leave no scratch file', async () => {
  const path = await writeSound(join(folder, 'a.wav'), 60, RATE, 2, sine(440));
  const to = join(folder, 'aborted.wav');
  const cancel = new AbortController();
  const reason = new AppError('cancelled', 'Cancelled.');
  const running = renderAudio({
    path,
    stream: stream(2, RATE),
    map: steady(0.5, 120),
    mode: 'keep-pitch',
    sourceStart: 0,
    to,
    signal: cancel.signal,
    onProgress: (fraction) => fraction > 0.35 && cancel.abort(reason),
  });
  await assert.rejects(running, (error) => error === reason);
  assert.ok(!existsSync(`${to}.source`));
  const broken = renderAudio({
    path: join(folder, 'none.wav'),
    stream: stream(2, RATE),
    map: steady(1, 1),
    mode: 'tape',
    sourceStart: 0,
    to,
  });
  await assert.rejects(broken, (error) => error instanceof AppError && error.code === 'decode-failed');
  assert.ok(!existsSync(`${to}.source`));
});
