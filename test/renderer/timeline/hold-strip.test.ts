import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rational } from '../../../app/core/time/rational.ts';
import { speedKeys } from '../../../app/core/sequence/retime-edits.ts';
import { holdDashes } from '../../../app/renderer/timeline/hold-strip.ts';

const rate = rational(24);
const times = Array.from({ length: 48 }, (_, i) => i / 24);
const holds: [number, number][] = [
  [0, 1],
  [2, 3],
  [10, 19],
];

function dashes(speed: number, scale: number, longest: number, part = { from: 0, to: (48 * scale) / Math.abs(speed) }) {
  const keys = speedKeys({ from: 0, to: 2 }, speed, rate);
  const clip = { keys, first: 0, frames: Math.round(48 / Math.abs(speed)) };
  return holdDashes({ clip, rate, scale, ...part, times, holds, longest });
}

test('a dash for each drawing that lasts, from where it is new to where the next one is', () => {
  assert.deepEqual(dashes(1, 10, 6), [
    { x: 0, width: 19, full: true },
    { x: 20, width: 19, full: true },
    { x: 100, width: 99, full: false },
  ]);
  assert.deepEqual(dashes(0.5, 10, 0)[1], { x: 40, width: 39, full: false });
  // Only the part that is near the window, from its own left edge.
  assert.deepEqual(dashes(1, 10, 6, { from: 30, to: 110 }), [
    { x: 0, width: 9, full: true },
    { x: 70, width: 9, full: false },
  ]);
});
