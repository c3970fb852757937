import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cadenceNotes, cadences } from '../../../app/core/media/cadence.ts';

/** Holds of a shot from `first` whose pictures last these many frames. */
function drawn(first: number, lengths: readonly number[]): { first: number; last: number }[] {
  const holds = [];
  for (const length of lengths) {
    if (length > 1) holds.push({ first, last: first + length - 1 });
    first += length;
  }
  return holds;
}
const times = (n: number, ...lengths: number[]): number[] => Array.from({ length: n }, () => lengths).flat();

test('each shot has the cadence it is drawn on, with its share and its regularity', () => {
  const shots = [
    times(24, 1),
    times(12, 2),
    times(8, 3),
    times(6, 4),
    times(6, 2, 3),
    [2, 2, 2, 1, 2, 2, 1, 2, 2, 2, 2],
  ];
  const [cuts, holds]: [number[], ReturnType<typeof drawn>] = [[], []];
  let at = 0;
  for (const lengths of shots) {
    if (at > 0) cuts.push(at);
    holds.push(...drawn(at, lengths));
    at += lengths.reduce((sum, length) => sum + length, 0);
  }
  const found = cadences(at, cuts, holds);
  assert.deepEqual(
    found.map(({ cadence }) => cadence),
    ['ones', 'twos', 'threes', 'fours', 'mixed', 'twos'],
  );
  assert.deepEqual(
    found.map(({ first }) => first),
    [0, ...cuts],
  );
  assert.deepEqual([found[1]!.share, found[1]!.regularity, found[1]!.repeated], [1, 1, 0.5]);
  assert.equal(found[4]!.regularity, 0);
  assert.ok(found[5]!.share > 0.8 && found[5]!.share < 1 && found[5]!.regularity < 0.7);
});

test('rests between moves say nothing, and what is too short or too still is not told', () => {
  assert.equal(
    cadences(58, [], drawn(0, [...times(5, 2), 20, ...times(5, 2), 10, ...times(4, 2)]))[0]!.cadence,
    'twos',
  );
  assert.equal(cadences(6, [], drawn(0, [2, 2, 2]))[0]!.cadence, 'none');
  assert.equal(cadences(60, [], drawn(0, [1, 58, 1]))[0]!.cadence, 'none');
  // A cut through a hold: each shot has its part of it.
  const [before, after] = cadences(40, [21], drawn(0, times(20, 2)));
  assert.deepEqual([before!.cadence, before!.frames, after!.cadence, after!.frames], ['twos', 21, 'twos', 19]);
});

test('what is said of a retime names the shots, and what would be done about them', () => {
  const shots = cadences(72, [24, 48], [...drawn(0, times(12, 2)), ...drawn(48, times(12, 2))]);
  assert.deepEqual(cadenceNotes(shots, { holds: 'off', maxHold: 6 }), [
    'Shots 1 and 3 are drawn on twos: --holds auto makes them ones.',
  ]);
  assert.deepEqual(cadenceNotes(shots, { holds: 'auto', maxHold: 6 }), [
    'Shots 1 and 3 are drawn on twos: frames are made in place of the repeats.',
  ]);
  assert.deepEqual(cadenceNotes(shots, { holds: 'auto', maxHold: 1 }), [
    'Shots 1 and 3 are drawn on twos: --max-hold 1 leaves them so.',
  ]);
  assert.deepEqual(cadenceNotes(cadences(24, [], []), { holds: 'off', maxHold: 6 }), []);
  assert.deepEqual(cadenceNotes(cadences(30, [], drawn(0, times(6, 1, 1, 1, 2))), { holds: 'off', maxHold: 6 }), [
    'The clip is drawn on a mixed cadence, some frames repeat: --holds auto makes every frame of it new.',
  ]);
});
