import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TICKS, type Rational } from '../../../app/contract/time.ts';
import { readEdl } from '../../../app/core/projects/interchange/edl-read.ts';
import { writeEdl } from '../../../app/core/projects/interchange/edl-write.ts';
import { problemOf } from '../../../app/core/sequence/apply.ts';
import { sourceAt, speedAt } from '../../../app/core/sequence/geometry.ts';
import { everything, inOrder, markersOf, media, rebuilt } from './interchange-fixture.ts';

const RATES: Rational[] = [
  { num: 25, den: 1 },
  { num: 24_000, den: 1001 },
  { num: 30_000, den: 1001 },
  { num: 60_000, den: 1001 },
];

test('there and back: clips, gaps, constant speeds, markers, stretches and cuts are as they were', () => {
  for (const rate of RATES) {
    for (const timecode of [undefined, { frames: 86_400, drop: false }]) {
      const out = { ...everything(rate), media: media(rate, timecode) };
      const { text, notes } = writeEdl(out);
      assert.match(notes.join(' '), /curve\.mov/);
      const read = readEdl(text);
      assert.deepEqual([read.rate, read.name], [rate, 'Everything & more']);
      const back = rebuilt(read, out);
      assert.equal(problemOf(back), null);
      assert.deepEqual(markersOf(back), markersOf(out.state));
      assert.deepEqual(
        read.markers.filter(({ cut }) => cut).map(({ frame }) => frame),
        [40],
      );
      const [before, after] = [inOrder(out.state), inOrder(back)];
      assert.deepEqual(
        after.map(({ name, media: id, start, frames }) => [name, id, start, frames]),
        before.map(({ name, media: id, start, frames }) => [name, id, start, frames]),
      );
      // The curve becomes its mean; all others show the same moments.
      const frame = (TICKS * rate.den) / rate.num;
      for (const [i, one] of before.slice(0, 5).entries()) {
        for (const k of [0, 1, Math.floor(one.frames / 2), one.frames - 1]) {
          const error = Math.abs(sourceAt(one, rate, k) - sourceAt(after[i]!, rate, k)) / frame;
          assert.ok(error <= 0.51, `${one.name}, frame ${k} is ${error} source frames off at ${rate.num}/${rate.den}`);
        }
        assert.ok(Math.abs(speedAt(one, rate, 5) - speedAt(after[i]!, rate, 5)) < 1e-3, one.name);
      }
    }
  }
});

test('what is written is a CMX3600 list', () => {
  const { text } = writeEdl(everything({ num: 30_000, den: 1001 }));
  const lines = text.split('\r\n');
  assert.equal(lines[0], 'TITLE: Everything & more');
  assert.equal(lines[1], 'FCM: DROP FRAME');
  assert.equal(lines[4], '001  AX       B     C        00:00:00;10 00:00:03;10 01:00:00;00 01:00:03;00');
  assert.ok(lines.includes('M2   AX       014.985                00:00:00;16'), text);
  assert.ok(
    lines.some((line) => /^M2 {3}AX {7}-029\.97 /.test(line)),
    text,
  );
  assert.ok(lines.includes('* FROM CLIP NAME: plain.mov'));
  assert.ok(lines.includes('* SOURCE FILE: /clips/a b/plain.mov'));
  assert.ok(lines.includes('* LOC: 01:00:00;05 RED     first & <best>'));
  assert.ok(lines.includes('* LOC: 01:00:05;00 PURPLE  a stretch |D:60'));
});

test('lists of other programs', () => {
  const avid = `TITLE:   SCENE 4
FCM: NON-DROP FRAME

001  TAPE_1   V     C        10:00:00:00 10:00:04:00 01:00:00:00 01:00:04:00
* FROM CLIP NAME:  SHOT_A.MOV
* LOC: 01:00:01:10 GREEN   LOOK HERE
002  BL       V     C        00:00:00:00 00:00:01:00 01:00:04:00 01:00:05:00
003  TAPE_2   AA/V  C        10:01:00:00 10:01:01:00 01:00:05:00 01:00:07:00
M2   TAPE_2   012.0                10:01:00:00
* FROM CLIP NAME:  SHOT_B.MOV
004  TAPE_2   A2    C        10:01:00:00 10:01:01:00 01:00:05:00 01:00:07:00
005  TAPE_3   V     D    024 10:02:00:00 10:02:01:00 01:00:07:00 01:00:08:00
* FROM CLIP NAME:  SHOT_B.MOV
* TO CLIP NAME:  SHOT_C.MOV
`;
  const read = readEdl(avid, { num: 24, den: 1 });
  assert.deepEqual(
    read.clips.map(({ name, start, frames, retime }) => [
      name,
      start,
      frames,
      retime.kind === 'constant' && retime.speed,
    ]),
    [
      ['SHOT_A.MOV', 0, 96, 1],
      ['SHOT_B.MOV', 120, 48, 0.5],
      ['SHOT_C.MOV', 168, 24, 1],
    ],
  );
  assert.deepEqual(read.markers, [{ frame: 34, frames: 1, name: 'LOOK HERE', colour: 'green', cut: false }]);
  assert.equal(read.notes.length, 3);
  // Without help the rate is the least usual one that has such frames.
  assert.deepEqual(readEdl(avid.replace('01:10 GREEN', '01:24 GREEN').replaceAll('10:00:04:00', '10:00:04:27')).rate, {
    num: 30,
    den: 1,
  });
});

test('the media’s own timecode is where its source times count from', () => {
  const rate = { num: 25, den: 1 };
  const out = { ...everything(rate), media: media(rate, { frames: 90_000, drop: false }) };
  const read = readEdl(writeEdl(out).text);
  const [first] = read.clips;
  assert.deepEqual(first!.retime, { kind: 'constant', from: 3600 + 10 / 25, speed: 1 });
});
