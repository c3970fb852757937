import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseCurves, curveOf, scoresIn } from '../../../app/core/tags/curves.ts';

const labels = ['walk', 'jump', 'bend', 'kick'];
const scores = (rows: number[][]) => scoresIn(Float32Array.from(rows.flat()), labels, 5);

test('the first at the end comes first, then those that are oftenest among the top', () => {
  const rows = [
    [0.9, 0.8, 0.1, 0],
    [0.9, 0.8, 0.1, 0],
    [0.1, 0.8, 0.9, 0],
    [0.1, 0.2, 0.3, 0.9],
  ];
  const names = (top: number) => chooseCurves(scores(rows), top).map(({ label }) => label);
  // Once among the first each, but walk, which is twice.
  assert.deepEqual(names(1), ['kick', 'walk']);
  // Among the first two: jump 3 times, walk and bend twice; walk has the larger sum.
  assert.deepEqual(names(2), ['kick', 'jump', 'walk']);
  assert.deepEqual(names(3), ['kick', 'jump', 'bend', 'walk']);
  assert.deepEqual(names(9), ['kick', 'jump', 'walk', 'bend']);
});

test('a curve has the values of its label; what is not there is said', () => {
  const rows = [
    [0.25, 0.5, 0, 0],
    [0, 0.75, 0, 0],
  ];
  assert.deepEqual([...curveOf(scores(rows), 'jump').values], [0.5, 0.75]);
  assert.throws(() => curveOf(scores(rows), 'fly'), { code: 'usage' });
  assert.throws(() => chooseCurves(scores([]), 3), { code: 'no-frames' });
});
