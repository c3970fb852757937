import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peakBetween, peaksOf } from '../../../app/renderer/timeline/peaks.ts';

test('a peak is found at every zoom, and nothing outside the sound', () => {
  const pairs = new Int8Array(2 * 6000);
  [pairs[2 * 1234], pairs[2 * 1234 + 1]] = [-100, 64];
  const peaks = peaksOf(pairs);
  assert.ok(peaks.levels.length > 2);
  for (const width of [0.01, 0.2, 3, 50]) {
    assert.deepEqual(peakBetween(peaks, 12.34, 12.34 + width), [-100 / 128, 0.5], `${width} s`);
    assert.deepEqual(peakBetween(peaks, 12.34 + width, 12.34), [-100 / 128, 0.5], 'backwards');
  }
  assert.deepEqual(peakBetween(peaks, 30, 31), [0, 0]);
  assert.deepEqual(peakBetween(peaks, 70, 90), [0, 0]);
  assert.deepEqual(peakBetween(peaksOf(new Int8Array()), 0, 1), [0, 0]);
});
