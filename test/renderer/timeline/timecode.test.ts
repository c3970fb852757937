import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lengthText, parseTimecode, rulerSteps, speedText, timecode } from '../../../app/renderer/timeline/timecode.ts';

const PAL = { num: 25, den: 1 };
const NTSC = { num: 30_000, den: 1001 };
const NTSC60 = { num: 60_000, den: 1001 };
const FILM = { num: 24_000, den: 1001 };

test('timecode counts frames, seconds, minutes, hours', () => {
  assert.equal(timecode(0, PAL), '00:00:00:00');
  assert.equal(timecode(25 * 3600 + 26, PAL), '01:00:01:01');
  assert.equal(timecode(24 * 60, FILM), '00:01:00:00', '23.976 drops nothing');
});

test('numbers are dropped at 29.97 and 59.94, not in each tenth minute', () => {
  assert.equal(timecode(1799, NTSC), '00:00:59;29');
  assert.equal(timecode(1800, NTSC), '00:01:00;02');
  assert.equal(timecode(17_982, NTSC), '00:10:00;00');
  assert.equal(timecode(107_892, NTSC), '01:00:00;00', 'an hour of the clock');
  assert.equal(timecode(3600, NTSC60), '00:01:00;04');
});

test('what is typed comes back as the same frame', () => {
  for (const rate of [PAL, FILM, NTSC, NTSC60, { num: 12, den: 1 }]) {
    for (let frame = 0; frame < 120_000; frame += 97) {
      assert.equal(parseTimecode(timecode(frame, rate), rate), frame, `${frame} at ${rate.num}/${rate.den}`);
    }
  }
});

test('short forms, relative ones, seconds, nonsense', () => {
  assert.equal(parseTimecode('1204', PAL), 12 * 25 + 4);
  assert.equal(parseTimecode('3:04', PAL), 79);
  assert.equal(parseTimecode('+10', PAL, 100), 110);
  assert.equal(parseTimecode('-1:00', PAL, 100), 75);
  assert.equal(parseTimecode('-500', PAL, 100), 0);
  assert.equal(parseTimecode('2.5s', PAL), 63);
  for (const text of ['', 'abc', '1:2:3:4:5', '1;-2', '99999999999'])
    assert.equal(parseTimecode(text, PAL), null, text);
});

test('lengths and speeds for people', () => {
  assert.equal(lengthText(1, PAL), '1 frame');
  assert.equal(lengthText(12, PAL), '12 frames');
  assert.equal(lengthText(60, PAL), '2.40 s');
  assert.equal(lengthText(25 * 64, PAL), '1 min 04 s');
  assert.equal(speedText(0.125), '12.5 %');
  assert.equal(speedText(-2), '-200 %');
});

test('ruler labels keep their distance and ticks divide them', () => {
  for (const rate of [PAL, NTSC, NTSC60]) {
    for (const scale of [1e-4, 0.003, 0.05, 0.7, 4, 33, 80]) {
      const { label, tick } = rulerSteps(scale, rate, 100);
      assert.ok(label * scale >= 100 || label >= 25 * 36_000, `${scale}: ${label}`);
      assert.equal(label % tick, 0);
    }
  }
});
