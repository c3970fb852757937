import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultAudioMode, meanSpeed } from '../../../../app/core/media/audio/modes.ts';
import { cells, runsOf, sourceSpan } from '../../../../app/core/media/audio/runs.ts';
import type { TimeMap } from '../../../../app/core/time/map.ts';
import { steady } from './helpers.ts';

const mixed: TimeMap = {
  duration: 4,
  pieces: [0, 1, 1.01, 2, 3],
  // Half speed, on at half speed, frozen, a jump to full speed, backwards from where it got.
  sourceAt: (t) => (t < 1.01 ? t / 2 : t < 2 ? 0.505 : t < 3 ? 7 + (t - 2) : 8 - 1.5 * (t - 3)),
};

test('cells cover the map, at most 20 ms each, within pieces', () => {
  let reached = 0;
  for (const cell of cells(mixed)) {
    assert.equal(cell.from, reached);
    assert.ok(cell.to > cell.from && cell.to - cell.from <= 0.02 + 1e-12);
    assert.ok(mixed.pieces.every((piece) => piece <= cell.from || piece >= cell.to));
    reached = cell.to;
  }
  assert.equal(reached, 4);
  const last = [...cells(mixed)].at(-1)!;
  assert.ok(Math.abs(last.b - 6.5) < 1e-9);
});

test('runs end at jumps, freezes and turns, and not at pieces that go on', () => {
  assert.deepEqual(
    runsOf(mixed, 0.005).map(({ kind, copy, start, end }) => [kind, copy, start, end]),
    [
      ['forward', false, 0, 1.01],
      ['freeze', false, 1.01, 2],
      ['forward', true, 2, 3],
      ['backward', false, 3, 4],
    ],
  );
  assert.deepEqual(sourceSpan(mixed), { from: 0, to: 8 });
});

test('a moment at speed 1 within a curve is not copied, a second of it is', () => {
  const through: TimeMap = { duration: 4, pieces: [0], sourceAt: (t) => t + 0.05 * (t - 2) ** 3 };
  assert.deepEqual(
    runsOf(through, 0.005).map((run) => run.copy),
    [false],
  );
  const rests: TimeMap = {
    duration: 3,
    pieces: [0, 1, 2],
    sourceAt: (t) => (t < 1 ? t / 2 : t < 2 ? t - 0.5 : 1.5 + (t - 2) * 2),
  };
  assert.deepEqual(
    runsOf(rests, 0.005).map((run) => run.copy),
    [false, true, false],
  );
});

test('sound is muted by default below half speed', () => {
  assert.equal(defaultAudioMode(steady(0.5, 4)), 'keep-pitch');
  assert.equal(defaultAudioMode(steady(0.25, 4)), 'mute');
  assert.equal(defaultAudioMode(steady(-1, 4, 4)), 'keep-pitch');
  assert.equal(defaultAudioMode(steady(2, 4)), 'keep-pitch');
  assert.equal(defaultAudioMode(mixed), 'keep-pitch');
  assert.equal(defaultAudioMode(steady(0, 4)), 'keep-pitch');
  // A freeze says nothing of the speed of the rest: (0.505 + 1 + 1.5) s in 3.01 s.
  assert.ok(Math.abs(meanSpeed(mixed) - 3.005 / 3.01) < 1e-6);
});
