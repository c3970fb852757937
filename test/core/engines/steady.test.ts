/** What stands still keeps its brightness; what passes by stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { steadied } from '../../../app/core/engines/steady.ts';

const SIZE = { width: 70, height: 41 };
const COUNT = SIZE.width * SIZE.height;

/** A picture of ramps with grain, `add` brighter. */
function picture(seed: number, add = 0, grain = 0.008): Float32Array {
  let state = seed;
  return Float32Array.from({ length: 3 * COUNT }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 0.2 + (0.6 * (i % SIZE.width)) / SIZE.width + add + grain * (state / 2 ** 32 - 0.5) * 3.5;
  });
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('a picture that came out brighter than two that are alike is brought back, grain or not', () => {
  const [a, b] = [picture(1), picture(2)];
  for (const add of [-4 / 255, 1 / 255, 4 / 255]) {
    const made = picture(3, add);
    const kept = made.slice();
    const out = steadied(made, [a, b], 0.5, SIZE);
    const before = 255 * (mean(made) - (mean(a) + mean(b)) / 2);
    const after = 255 * (mean(out) - (mean(a) + mean(b)) / 2);
    assert.ok(Math.abs(before) > 0.9 && Math.abs(after) < 0.05, `${before} became ${after}`);
    assert.deepEqual(made, kept, 'what the network made is its own');
  }
});

test('the correction goes smoothly from block to block', () => {
  const flat = new Float32Array(3 * COUNT).fill(0.5);
  const made = flat.map((value, i) => value + (i % SIZE.width < 16 ? 4 / 255 : 0));
  const out = steadied(made, [flat, flat], 0.5, SIZE);
  for (let x = 1; x < SIZE.width; x++) {
    const step = Math.abs(out[x]! - out[x - 1]! - (made[x]! - made[x - 1]!));
    assert.ok(step < 0.5 / 255, `column ${x}`);
  }
});

test('an object that is in neither picture but between them stays, and so does what moves', () => {
  const [a, b] = [picture(1), picture(2)];
  const passing = picture(3);
  for (let y = 10; y < 26; y++) for (let x = 20; x < 40; x++) passing[y * SIZE.width + x] = 1;
  assert.deepEqual(
    steadied(passing, [picture(1, 0, 0), picture(1, 0, 0)], 0.5, SIZE).subarray(
      22 * SIZE.width + 30,
      22 * SIZE.width + 32,
    ),
    passing.subarray(22 * SIZE.width + 30, 22 * SIZE.width + 32),
  );
  const later = b.map((value) => value + 8 / 255);
  const made = picture(3, 1 / 255);
  assert.deepEqual(steadied(made, [a, later], 0.5, SIZE), made);
});
