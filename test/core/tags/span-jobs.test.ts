import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { TICKS } from '../../../app/contract/time.ts';
import { checkShape, cutOut, plainRetime, slowed, SLOW_SHAPE } from '../../../app/core/tags/span-jobs.ts';
import { safeName, spanOutputs, type SpanOfClip } from '../../../app/core/tags/span-names.ts';
import { curvePieces } from '../../../app/core/time/curve.ts';
import { constantRatePlan } from '../../../app/core/time/plan.ts';
import { rational } from '../../../app/core/time/rational.ts';
import { sourceTiming } from '../../../app/core/time/regular.ts';

const span = (label: string, start: number, end: number, path = '/c/beach.mp4', clip = path): SpanOfClip => ({
  ...{ clip, clipPath: path, label, start, end },
});
// Ten seconds at 24 frames a second.
const times = Array.from({ length: 240 }, (_, i) => Math.round((i * TICKS) / 24));
const timing = sourceTiming(times, 10 * TICKS, rational(1, 24), [rational(24)]);
const spec = plainRetime('/c/beach.mp4', '/o/x.mp4', false);

test('files are named by clip, label and number, safely and all differently', () => {
  const spans = [
    span('jump', 1, 2),
    span('wave: one/two', 3, 4),
    span('jump', 5, 6),
    span('jump', 1, 2, '/d/beach.avi'),
    span('Jump', 1, 2, '/d/beach.avi'),
    span('jump', 1, 2, '/e/100% .webm'),
  ];
  assert.deepEqual(
    spanOutputs(spans, '/o').map((path) => path.slice(3)),
    [
      ...['beach - jump 01.mp4', 'beach - wave_ one_two 01.mp4', 'beach - jump 02.mp4'],
      ...['beach (2) - jump 01.mp4', 'beach (2) - Jump 02.mp4', '100_ - jump 01.webm'],
    ],
  );
  const many = spanOutputs(
    Array.from({ length: 120 }, () => span('jump', 1, 2)),
    '/o',
  );
  assert.equal(basename(many[4]!), 'beach - jump 005.mp4');
  const long = spanOutputs([span('\u8df3'.repeat(300), 1, 2, join('/c', `${'\u00e9'.repeat(200)}.mp4`))], '/o');
  assert.ok(Buffer.byteLength(basename(long[0]!)) <= 255);
  assert.equal(safeName('..', 20), '_');
});

test('a span is cut at the frames that are shown in it', () => {
  const frames = (start: number, end: number, lead: number) => {
    const { from, to } = cutOut(spec, span('jump', start, end), timing, lead);
    return [from, to];
  };
  assert.deepEqual(frames(1, 2, 0), [{ frame: 24 }, { frame: 48 }]);
  // The frame shown at 1.03 began at 1; the one of 1.99 began at 1.958.
  assert.deepEqual(frames(1.03, 1.99, 0), [{ frame: 24 }, { frame: 48 }]);
  assert.deepEqual(frames(1, 2, 1.5), [{ frame: 0 }, { frame: 84 }]);
  assert.deepEqual(frames(9.5, 12, 0), [{ frame: 228 }, { frame: 240 }]);
});

test('a slowed match has its own frames at normal speed, then ever slower, each frame of the slow part shown', () => {
  const { curve } = slowed(spec, span('jump', 3, 5), timing, SLOW_SHAPE);
  const source = { times: timing.times, end: timing.end, cuts: [], holds: [] };
  const plan = constantRatePlan(source, curvePieces(curve!.keys, timing.rate), timing.rate, 0);
  const frames = Array.from({ length: plan.count }, (_, k) => plan.frame(k));
  const own = frames.flatMap((frame) => (frame.kind === 'source' && !frame.held ? [frame.index] : []));
  const counting = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  // Half a second before and after as they are; a ramp is 5 frames long.
  assert.deepEqual(own.slice(0, 13), counting(60, 73));
  assert.deepEqual(own.slice(-12), counting(120, 132));
  for (const index of counting(77, 115)) assert.ok(own.includes(index), `frame ${index}`);
  const speeds = frames.slice(1).map((_, k) => ((plan.sourceTime(k + 1) - plan.sourceTime(k)) * 24) / TICKS);
  const middle = Math.floor(speeds.length / 2);
  assert.ok(Math.abs(speeds[0]! - 1) < 1e-6 && Math.abs(speeds[middle]! - 0.25) < 1e-6);
  const jumps = speeds.slice(1).map((speed, k) => Math.abs(speed - speeds[k]!));
  assert.ok(Math.max(...jumps) < 0.2, `the speed changes by ${Math.max(...jumps)} at once`);
  const slowest = speeds.indexOf(Math.min(...speeds));
  assert.ok(speeds.slice(0, slowest).every((speed, k) => k === 0 || speed <= speeds[k - 1]! + 1e-6));
});

test('without footage before or after there is no ramp, and a short match has a short one', () => {
  const speeds = (start: number, end: number) => {
    const { keys } = slowed(spec, span('jump', start, end), timing, SLOW_SHAPE).curve!;
    return keys
      .slice(1)
      .map((key, i) => Number(((key.source - keys[i]!.source) / (key.output - keys[i]!.output)).toFixed(3)));
  };
  assert.deepEqual(speeds(0, 10), [0.25]);
  assert.deepEqual(speeds(0, 3), [0.25, 0.625, 1]);
  assert.deepEqual(speeds(4, 4.05), [1, 0.25, 1]);
});

test('a drawn curve is stretched to the match and keeps its speeds', () => {
  const curve = [
    { output: 1, source: 0, ease: 'linear' as const },
    { output: 2, source: 1, ease: 'smooth' as const },
    { output: 6, source: 2, ease: 'linear' as const },
  ];
  const { keys } = slowed(spec, span('jump', 3, 4), timing, { ...SLOW_SHAPE, curve }).curve!;
  assert.deepEqual(keys, [
    { output: 0, source: 2.5, ease: 'linear' },
    { output: 1, source: 3.5, ease: 'smooth' },
    { output: 5, source: 4.5, ease: 'linear' },
  ]);
  const flat = curve.map((key) => ({ ...key, source: 1 }));
  assert.throws(() => slowed(spec, span('jump', 3, 4), timing, { ...SLOW_SHAPE, curve: flat }), { code: 'bad-curve' });
});

test('shapes that make no sense are refused', () => {
  for (const wrong of [{ speed: 0 }, { speed: -1 }, { lead: -1 }, { ramp: NaN }]) {
    assert.throws(() => checkShape({ ...SLOW_SHAPE, ...wrong }), { code: 'usage' });
  }
});
