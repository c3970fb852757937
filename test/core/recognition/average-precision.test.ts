import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpanFact } from '../../../app/contract/tags.ts';
import { averagePrecision, averagePrecisions, overlapOf } from '../../../app/core/recognition/average-precision.ts';

const found = (start: number, end: number, score: number, label = 'jump'): SpanFact => ({ label, start, end, score });
const truth = (start: number, end: number, label = 'jump') => ({ label, start, end });

test('overlap is intersection over union', () => {
  assert.equal(overlapOf(truth(0, 4), truth(2, 6)), 2 / 6);
  assert.equal(overlapOf(truth(0, 2), truth(2, 6)), 0);
  assert.equal(overlapOf(truth(1, 2), truth(0, 4)), 0.25);
});

test('the area below precision over recall, by hand', () => {
  // From the highest score: right, wrong, right; four in the truth. Precision 1, 1/2, 2/3: area (1 + 2/3) / 4.
  const videos = [
    { found: [found(0, 2, 0.9), found(10, 12, 0.8)], truth: [truth(0, 2), truth(5, 6)] },
    { found: [found(3, 4, 0.5)], truth: [truth(3, 4.5), truth(8, 9)] },
  ];
  assert.ok(Math.abs(averagePrecision(videos, 'jump', 0.5)! - (1 + 2 / 3) / 4) < 1e-12);
  // At 0.7 the last one is wrong: an overlap of 2/3.
  assert.equal(averagePrecision(videos, 'jump', 0.7), 1 / 4);
});

test('a wrong one before a right one: precision is the best at that recall or any higher', () => {
  const videos = [
    { found: [found(20, 21, 0.9), found(0, 1, 0.8), found(2, 3, 0.7)], truth: [truth(0, 1), truth(2, 3)] },
  ];
  // 0, 1/2, 2/3: interpolated both are 2/3.
  assert.ok(Math.abs(averagePrecision(videos, 'jump', 0.5)! - 2 / 3) < 1e-12);
});

test('a true span is found once, by the better of two; other videos and labels do not count', () => {
  const twice = [{ found: [found(0, 2, 0.9), found(0, 2, 0.8)], truth: [truth(0, 2)] }];
  assert.equal(averagePrecision(twice, 'jump', 0.5), 1);
  const elsewhere = [
    { found: [], truth: [truth(0, 2)] },
    { found: [found(0, 2, 0.9)], truth: [] },
    { found: [found(0, 2, 0.9, 'walk')], truth: [] },
  ];
  assert.equal(averagePrecision(elsewhere, 'jump', 0.5), 0);
  assert.equal(averagePrecision(elsewhere, 'walk', 0.5), null);
  assert.deepEqual(
    [...averagePrecisions([...twice, { found: [], truth: [truth(0, 1, 'bend')] }], 0.5)],
    [
      ['bend', 0],
      ['jump', 1],
    ],
  );
});
