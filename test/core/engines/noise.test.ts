import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gaussian, philox } from '../../../app/core/engines/noise.ts';

test('noise: Philox4x32-10 gives the words of its authors known answers', () => {
  const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');
  assert.equal(hex(philox([0, 0, 0, 0], [0, 0])), '6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  const ones = 0xffffffff;
  assert.equal(hex(philox([ones, ones, ones, ones], [ones, ones])), '408f276d 41c83b0e a20bc7c6 6d5451fd');
  assert.equal(
    hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])),
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  );
});

test('noise: normal, the same for a seed, other for another seed or stream', () => {
  const many = gaussian(7, 100_003);
  const moment = (power: number) => many.reduce((sum, x) => sum + x ** power, 0) / many.length;
  for (const [power, expected] of [1, 2, 3, 4].map((p) => [p, [0, 1, 0, 3][p - 1]!] as const))
    assert.ok(Math.abs(moment(power) - expected) < 0.06, `moment ${power} is ${moment(power)}`);
  // Within one deviation lie 68.27 %, within three 99.73 %.
  const within = (limit: number) => many.filter((x) => Math.abs(x) < limit).length / many.length;
  assert.ok(Math.abs(within(1) - 0.6827) < 0.005 && Math.abs(within(3) - 0.9973) < 0.001);
  assert.deepEqual(gaussian(7, 10), many.slice(0, 10));
  assert.deepEqual(gaussian(0xffffffff, 3).length, 3);
  for (const other of [gaussian(8, 100), gaussian(7, 100, 1)]) {
    const correlation = other.reduce((sum, x, i) => sum + x * many[i]!, 0) / 100;
    assert.ok(Math.abs(correlation) < 0.4, `correlation ${correlation}`);
  }
});

test('noise: the logarithm and the sine are those of Math to rounding', () => {
  const numbers = gaussian(3, 4000);
  for (let i = 0; i < 4000; i += 4) {
    const words = philox([i / 4, 0, 0, 0], [3, 0]);
    for (const pair of [0, 2]) {
      const [u, v] = [words[pair]!, words[pair + 1]!].map((word) => (word + 0.5) / 2 ** 32) as [number, number];
      const radius = Math.sqrt(-2 * Math.log(u));
      assert.ok(Math.abs(numbers[i + pair]! - radius * Math.cos(2 * Math.PI * v)) < 1e-6);
      assert.ok(Math.abs(numbers[i + pair + 1]! - radius * Math.sin(2 * Math.PI * v)) < 1e-6);
    }
  }
});
