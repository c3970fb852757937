import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compare,
  divide,
  format,
  mulDivRound,
  multiply,
  parseRate,
  parseSpeed,
  rational,
  standardRate,
  ticksOf,
} from '../../../app/core/time/rational.ts';

test('rationals are reduced, exact and refuse what does not fit', () => {
  assert.deepEqual(rational(60000, -1200), { num: -50, den: 1 });
  assert.deepEqual(multiply(rational(24000, 1001), rational(5, 2)), { num: 60000, den: 1001 });
  assert.deepEqual(divide(rational(1), rational(-3, 4)), { num: -4, den: 3 });
  assert.ok(compare(rational(24000, 1001), rational(24)) < 0);
  assert.equal(format(rational(30000, 1001)), '30000/1001');
  assert.throws(() => rational(1, 0), RangeError);
  assert.throws(() => multiply(rational(2 ** 52 + 1), rational(2 ** 52 + 3)), RangeError);
});

test('mulDivRound agrees with big integers, halves up', () => {
  for (const [a, b, c] of [
    [7, 3, 2],
    [-7, 3, 2],
    [-1, 1, 2],
    [123456789, 705600000 * 1001, 24000],
    [-987654321, 705600000, 7],
  ] as const) {
    const exact = 2n * BigInt(a) * BigInt(b) + BigInt(c);
    const d = 2n * BigInt(c);
    const floor = exact >= 0n ? exact / d : -((-exact + d - 1n) / d);
    assert.equal(mulDivRound(a, b, c), Number(floor));
  }
  assert.equal(ticksOf(1, { num: 1001, den: 24000 }), 29429400);
});

test('rates and speeds as people write them', () => {
  const rates: [string, string][] = [
    ['60', '60'],
    ['23.976', '24000/1001'],
    ['29.97', '30000/1001'],
    ['119.88', '120000/1001'],
    ['24000/1001', '24000/1001'],
    ['12.5', '25/2'],
    ['23.98', '1199/50'],
  ];
  for (const [text, expected] of rates) assert.equal(format(parseRate(text)), expected, text);
  const speeds: [string, string][] = [
    ['0.25', '1/4'],
    ['25%', '1/4'],
    ['1/3', '1/3'],
    ['-0.5', '-1/2'],
    ['4', '4'],
  ];
  for (const [text, expected] of speeds) assert.equal(format(parseSpeed(text)), expected, text);
  for (const bad of ['', 'fast', '0', '1/0', '1e3', '0.5/2', '--1']) {
    assert.throws(() => parseSpeed(bad), { code: 'usage' }, bad);
  }
  for (const bad of ['0', '-24', '24fps', '99999']) assert.throws(() => parseRate(bad), { code: 'usage' }, bad);
  assert.equal(standardRate(37, 0.001), undefined);
});
