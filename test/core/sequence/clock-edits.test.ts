import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordedInfo } from '../../../app/contract/media.ts';
import type { Change, ProjectState } from '../../../app/contract/project.ts';
import { TICKS } from '../../../app/contract/time.ts';
import { applyChanges, problemOf } from '../../../app/core/sequence/apply.ts';
import * as edits from '../../../app/core/sequence/edits.ts';
import { sourceAt } from '../../../app/core/sequence/geometry.ts';
import { clip, layout, RATE, sequence } from './sequence-fixture.ts';

const after = (state: ProjectState, changes: Change[]) => {
  const next = applyChanges(state, changes);
  assert.equal(problemOf(next), null);
  return next;
};
const seconds = (state: ProjectState, k: number): number => sourceAt(state.clips['a']!, RATE, k) / TICKS;

/** Stored 8 times slower throughout. */
const ANDROID: RecordedInfo = { by: 'android', decoded: 'stored', sections: [{ from: 0, speed: { num: 8, den: 1 } }] };
/** From 0.4 s to 3.6 s stored 32 times slower. */
const SUPER: RecordedInfo = {
  ...{ by: 'samsung', decoded: 'stored' },
  sections: [{ from: 0.4, to: 3.6, speed: { num: 32, den: 1 } }],
};
/** Decoded as it was; from 1 s to 2 s shown 8 times slower. */
const APPLE: RecordedInfo = {
  ...{ by: 'apple', decoded: 'recorded' },
  sections: [{ from: 1, to: 2, speed: { num: 1, den: 8 } }],
};

test('as it was, a clip is as much shorter as it was slowed; what follows moves, and back again all is as before', () => {
  const state = sequence([clip('a', 0, 80), clip('b', 90, 10)]);
  const real = after(state, edits.setClock(state, 'a', { recorded: ANDROID, choice: 'recorded' }));
  assert.equal(layout(real), 'a 0+10@0, b 20+10@0');
  assert.equal(real.clips['a']!.clock, 'recorded');
  assert.deepEqual([seconds(real, 1), seconds(real, 10)], [8 / 25, 80 / 25]);
  assert.equal(edits.normalPace(ANDROID, 'recorded'), 8);
  const back = after(real, edits.setClock(real, 'a', { recorded: ANDROID, choice: 'stored' }));
  assert.deepEqual({ ...back.clips['a'], clock: undefined }, { ...state.clips['a'], clock: undefined });
});

test('a clip that was slowed stays as slow against its new clock, its curve kept', () => {
  const state = sequence([clip('a', 0, 80)]);
  const slow = after(state, edits.setSpeed(state, 'a', 0.25));
  const real = after(slow, edits.setClock(slow, 'a', { recorded: ANDROID, choice: 'recorded' }));
  assert.equal(real.clips['a']!.frames, 40);
  assert.equal(seconds(real, 1), 2 / 25);
});

test('where a part was slowed, only that part is led back, to the frame', () => {
  const state = sequence([clip('a', 0, 100)]);
  const real = after(state, edits.setClock(state, 'a', { recorded: SUPER, choice: 'recorded' }));
  // 0.4 s, 3.2 s in 0.1 s, 0.4 s.
  assert.equal(real.clips['a']!.frames, 23);
  for (const [k, at] of [
    [0, 0],
    [5, 0.2],
    [10, 0.4],
    [20, 3.9],
  ] as const)
    assert.ok(Math.abs(seconds(real, k) - at) < 1e-6, `${k}: ${seconds(real, k)}`);
});

test('a turn between two frames is met by the next of them, at its own moment', () => {
  const sections = [{ from: 0.39, to: 3.6, speed: { num: 32, den: 1 } }];
  const keys = edits.clockKeys({ ...SUPER, sections }, 'recorded', { from: 0, to: 4 }, RATE);
  assert.deepEqual([keys[1]!.output, Math.round(keys[1]!.source * 1e6) / 1e6], [0.4, 0.39 + 0.01 * 32]);
});

test('a clip of Apple’s edits is put in as its file shows it, and what it decodes to is real time', () => {
  const keys = edits.clockKeys(APPLE, undefined, { from: 0, to: 3 }, RATE);
  assert.deepEqual(
    keys.map(({ output, source }) => [output, source]),
    [
      [0, 0],
      [1, 1],
      [9, 2],
      [10, 3],
    ],
  );
  assert.deepEqual(
    edits.clockKeys(APPLE, 'recorded', { from: 0, to: 3 }, RATE),
    edits.speedKeys({ from: 0, to: 3 }, 1, RATE),
  );
  assert.deepEqual(
    edits.clockKeys(undefined, undefined, { from: 0, to: 3 }, RATE),
    edits.speedKeys({ from: 0, to: 3 }, 1, RATE),
  );
});
