import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameTime, framesIn, minus, parseTime, secondsTime } from '../../../app/core/projects/interchange/fcp-time.ts';
import { canDrop, framesOf, parseTimecode, timecodeOf } from '../../../app/core/projects/interchange/timecode.ts';

const R2997 = { num: 30_000, den: 1001 };
const R5994 = { num: 60_000, den: 1001 };

test('drop-frame timecode leaves out two names a minute but every tenth, four at twice the rate', () => {
  // SMPTE ST 12-1: what everybody's table says.
  const known: [number, string][] = [
    [0, '00:00:00;00'],
    [1799, '00:00:59;29'],
    [1800, '00:01:00;02'],
    [3597, '00:01:59;29'],
    [3598, '00:02:00;02'],
    [17_981, '00:09:59;29'],
    [17_982, '00:10:00;00'],
    [19_782, '00:11:00;02'],
    [107_892, '01:00:00;00'],
  ];
  for (const [frames, code] of known) {
    assert.equal(timecodeOf(frames, R2997, true), code);
    assert.equal(framesOf(parseTimecode(code)!, R2997, true), frames);
  }
  assert.equal(timecodeOf(3599, R5994, true), '00:00:59;59');
  assert.equal(timecodeOf(3600, R5994, true), '00:01:00;04');
  assert.equal(timecodeOf(215_784, R5994, true), '01:00:00;00');
});

test('every frame of a day has a name of its own and is found by it', () => {
  for (const [rate, drop] of [
    [R2997, true],
    [R5994, true],
    [R2997, false],
    [{ num: 25, den: 1 }, false],
  ] as const) {
    const day = Math.round((24 * 3600 * rate.num) / rate.den);
    for (let frames = 0; frames < day - 60; frames += 997) {
      assert.equal(framesOf(parseTimecode(timecodeOf(frames, rate, drop))!, rate, drop), frames);
    }
  }
  for (let frames = 0; frames < 40_000; frames++) {
    assert.equal(framesOf(parseTimecode(timecodeOf(frames, R2997, true))!, R2997, true), frames);
  }
  // After a day the clock is within a few frames of the truth.
  assert.equal(timecodeOf(2_589_407, R2997, true), '23:59:59;29');
});

test('only the two rates drop; what is no timecode is none', () => {
  assert.ok(canDrop(R2997) && canDrop(R5994));
  for (const rate of [
    { num: 24_000, den: 1001 },
    { num: 30, den: 1 },
    { num: 25, den: 1 },
  ])
    assert.ok(!canDrop(rate));
  for (const text of ['', '1:2:3:4', '00:60:00:00', '00:00:61:00', 'aa:bb:cc:dd', '00:00:00', '01:00:00:00x']) {
    assert.equal(parseTimecode(text), undefined, text);
  }
});

test('FCPXML times are exact rationals', () => {
  assert.equal(frameTime(0, R2997), '0s');
  assert.equal(frameTime(30, { num: 30, den: 1 }), '1s');
  assert.equal(frameTime(1, R2997), '1001/30000s');
  assert.equal(frameTime(100, R2997), '1001/300s');
  assert.equal(secondsTime(0.04), '1/25s');
  assert.equal(framesIn(parseTime('1001/300s')!, R2997), 100);
  assert.deepEqual(parseTime('1.5s'), { num: 3, den: 2 });
  assert.deepEqual(minus(parseTime('2s')!, parseTime('1001/30000s')!), { num: 58_999, den: 30_000 });
  assert.equal(parseTime(undefined), undefined);
  for (const text of ['', 's', '1/0s', '1e9s', '99999999999s', '1/2/3s', 'NaN', '9999999999999999999999s']) {
    assert.throws(() => parseTime(text), { code: 'bad-project' }, text);
  }
});
