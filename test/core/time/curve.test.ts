import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TICKS } from '../../../app/contract/time.ts';
import { curvePieces, parseCurve } from '../../../app/core/time/curve.ts';
import { rational } from '../../../app/core/time/rational.ts';
import { parseTimePoint, timePointTicks } from '../../../app/core/time/time-point.ts';

const curve = (keys: unknown) => parseCurve(JSON.stringify({ keys })).keys;

test('a piece lasts a whole number of frames and ends exactly on its key', () => {
  for (const ease of ['linear', 'smooth', 'bezier']) {
    const keys = curve([
      { output: 0, source: 1, ease },
      { output: 2.01, source: 3, ease },
      { output: 3, source: 3.5, ease },
    ]);
    const pieces = curvePieces(keys, rational(24));
    assert.deepEqual(
      pieces.map((piece) => piece.frames),
      [48, 24],
    );
    assert.equal(pieces[0]!.sourceAt(0), TICKS);
    assert.equal(pieces[0]!.sourceAt(48), 3 * TICKS);
    assert.equal(pieces[1]!.sourceAt(0), 3 * TICKS);
    assert.equal(pieces[1]!.sourceAt(24), 3.5 * TICKS);
  }
});

test('an edit of one piece leaves the frames of the others alone', () => {
  const later = { output: 4, source: 4, ease: 'linear' };
  const before = curvePieces(curve([{ output: 0, source: 0 }, { output: 1, source: 1 }, later]), rational(30));
  const after = curvePieces(
    curve([
      { output: 0, source: 0 },
      { output: 1.7, source: 1 },
      { ...later, output: 4.7 },
    ]),
    rational(30),
  );
  assert.notEqual(before[0]!.frames, after[0]!.frames);
  assert.equal(before[1]!.frames, after[1]!.frames);
  for (let j = 0; j <= 90; j++) assert.equal(before[1]!.sourceAt(j), after[1]!.sourceAt(j));
});

test('a smooth curve through rising keys never turns back, and its speed is continuous', () => {
  const keys = curve([
    { output: 0, source: 0, ease: 'smooth' },
    { output: 1, source: 1, ease: 'smooth' },
    { output: 5, source: 1.2, ease: 'smooth' },
    { output: 6, source: 4, ease: 'smooth' },
  ]);
  const pieces = curvePieces(keys, rational(100));
  const all = pieces.flatMap((piece) => Array.from({ length: piece.frames }, (_, j) => piece.sourceAt(j)));
  all.forEach((time, i) => i > 0 && assert.ok(time >= all[i - 1]!, `at ${i}`));
  pieces.slice(1).forEach((piece, i) => {
    const before = pieces[i]!;
    const left = before.sourceAt(before.frames) - before.sourceAt(before.frames - 0.01);
    const right = piece.sourceAt(0.01) - piece.sourceAt(0);
    assert.ok(Math.abs(left - right) < 0.01 * Math.max(left, right), `${left} ${right}`);
  });
});

test('hold stands still and reverse runs backwards', () => {
  const [freeze, reverse] = curvePieces(
    curve([
      { output: 0, source: 2, ease: 'hold' },
      { output: 1, source: 2, ease: 'linear' },
      { output: 2, source: 0, ease: 'linear' },
    ]),
    rational(10),
  );
  assert.deepEqual(
    [0, 5, 9].map((j) => freeze!.sourceAt(j)),
    [2 * TICKS, 2 * TICKS, 2 * TICKS],
  );
  assert.deepEqual(
    [0, 5, 10].map((j) => reverse!.sourceAt(j)),
    [2 * TICKS, TICKS, 0],
  );
});

test('bad curves are refused with their place', () => {
  const bad: [string, RegExp][] = [
    ['{', /not JSON/],
    ['{"keys":[]}', /keys/],
    ['{"keys":[{"output":0,"source":0},{"output":0,"source":1}]}', /key 2 is not later/],
    ['{"keys":[{"output":0,"source":-1},{"output":1,"source":1}]}', /keys\.0\.source/],
    ['{"keys":[{"output":0,"source":0,"ease":"bouncy"},{"output":1,"source":1}]}', /keys\.0\.ease/],
    ['{"keys":[{"output":0,"source":0},{"output":1,"source":1}],"speed":2}', /speed/],
    ['{"keys":[{"output":0,"source":1e999},{"output":1,"source":1}]}', /keys\.0\.source/],
  ];
  for (const [text, message] of bad) assert.throws(() => parseCurve(text), { code: 'bad-curve', message }, text);
});

test('times as people write them', () => {
  assert.deepEqual(parseTimePoint('12.5'), { seconds: 12.5 });
  assert.deepEqual(parseTimePoint('00:01:02.500'), { seconds: 62.5 });
  assert.deepEqual(parseTimePoint('1:02'), { seconds: 62 });
  assert.deepEqual(parseTimePoint('123f'), { frame: 123 });
  for (const bad of ['', '-1', '1:2:3:4', 'f', '1e3']) assert.throws(() => parseTimePoint(bad), { code: 'usage' }, bad);
  assert.equal(timePointTicks({ frame: 9 }, [0, 10], 20), 20);
  assert.equal(timePointTicks({ frame: 1 }, [0, 10], 20), 10);
});
