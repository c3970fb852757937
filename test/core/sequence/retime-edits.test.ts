import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CurveKey } from '../../../app/contract/jobs.ts';
import type { Change, ProjectState } from '../../../app/contract/project.ts';
import { TICKS, type Rational } from '../../../app/contract/time.ts';
import { applyChanges, problemOf } from '../../../app/core/sequence/apply.ts';
import * as edits from '../../../app/core/sequence/edits.ts';
import { clipsInOrder, retimeFrames, sourceAt, speedAt } from '../../../app/core/sequence/geometry.ts';
import { clip, layout, linear, RATE, sequence } from './sequence-fixture.ts';

const FRAME = TICKS / 25;
const after = (state: ProjectState, changes: Change[]) => {
  const next = applyChanges(state, changes);
  assert.equal(problemOf(next), null);
  return next;
};
/** Source frames the clip shows, first to last. */
const shown = (state: ProjectState, id: string) => {
  const { rate } = state.settings;
  const one = state.clips[id]!;
  return Array.from({ length: one.frames }, (_, k) => sourceAt(one, rate, k) / FRAME);
};

test('half speed is twice as long; what follows moves by as much, and gaps stay', () => {
  const state = sequence([clip('a', 0, 10), clip('b', 15, 10)]);
  const slow = after(state, edits.setSpeed(state, 'a', 0.5));
  assert.equal(layout(slow), 'a 0+20@0, b 25+10@0');
  assert.deepEqual(shown(slow, 'a').slice(0, 4), [0, 0.5, 1, 1.5]);
  const back = after(slow, edits.setSpeed(slow, 'a', 1));
  assert.deepEqual(back, state);
});

test('backwards shows the same frames the other way round, each at its own time, and forwards again all of them', () => {
  const state = sequence([clip('a', 0, 10)]);
  const reversed = after(state, edits.setSpeed(state, 'a', -1));
  assert.deepEqual(shown(reversed, 'a'), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  const slow = after(reversed, edits.setSpeed(reversed, 'a', -0.5));
  assert.equal(slow.clips['a']!.frames, 20);
  assert.deepEqual([shown(slow, 'a')[0], shown(slow, 'a').at(-1)], [9.5, 0]);
  assert.deepEqual(after(slow, edits.setSpeed(slow, 'a', 1)), state);
});

test('a trimmed clip keeps the moments it was trimmed to when its speed changes', () => {
  const whole = sequence([clip('a', 0, 100), clip('b', 100, 10)]);
  let state = after(whole, edits.trimStart(whole, 'a', 20, { ripple: true }));
  state = after(state, edits.trimEnd(state, 'a', -30, { ripple: true }));
  assert.equal(layout(state), 'a 0+50@20, b 50+10@0');
  for (const speed of [0.25, 0.5, 2, 5]) {
    const next = after(state, edits.setSpeed(state, 'a', speed));
    assert.equal(sourceAt(next.clips['a']!, RATE, 0), 20 * FRAME);
    assert.equal(next.clips['a']!.frames, 50 / speed);
    assert.equal(next.clips['b']!.start, 50 / speed);
  }
  const reversed = after(state, edits.setSpeed(state, 'a', -1));
  assert.deepEqual(shown(reversed, 'a'), shown(state, 'a').toReversed());
  assert.deepEqual(shown(after(reversed, edits.setSpeed(reversed, 'a', 1)), 'a'), shown(state, 'a'));
});

test('the halves of a split clip are retimed each for itself, and go on meeting', () => {
  const whole = sequence([clip('a', 0, 100)]);
  const split = after(whole, edits.splitAt(whole, 40));
  const slow = after(split, edits.setSpeed(split, 'a', 0.5));
  const [left, right] = clipsInOrder(slow);
  assert.deepEqual([left!.frames, right!.start, right!.frames], [80, 80, 60]);
  assert.equal(sourceAt(left!, RATE, 80), sourceAt(right!, RATE, 0));
});

test('keys land on whole frames, and a key that is dragged ripples', () => {
  const state = sequence([clip('a', 0, 50), clip('b', 50, 10)]);
  const keys: CurveKey[] = [
    { output: 0, source: 0, ease: 'smooth' },
    { output: 1.013, source: 1, ease: 'smooth' },
    { output: 3.007, source: 2, ease: 'linear' },
  ];
  const next = after(state, edits.setKeys(state, 'a', keys));
  assert.deepEqual(
    next.clips['a']!.keys.map((key) => key.output),
    [0, 1, 3],
  );
  assert.equal(layout(next), 'a 0+75@0, b 75+10@0');
  assert.deepEqual(edits.setKeys(state, 'a', keys.slice(0, 1)), []);
  assert.deepEqual(edits.setKeys(state, 'toString', keys), []);
});

test('markers stay on the moments they mark', () => {
  const state = sequence([clip('a', 10, 50), clip('b', 60, 10)]);
  const add = (frame: number) => (now: ProjectState) => applyChanges(now, edits.addMarker(now, { frame }));
  const marked = [5, 30, 65].reduce((now, frame) => add(frame)(now), state);
  const slow = after(marked, edits.setSpeed(marked, 'a', 0.25));
  assert.deepEqual(
    Object.values(slow.markers).map(({ frame }) => frame),
    [5, 10 + 20 * 4, 65 + 150],
  );
});

test('a curve that turns back keeps the trimmed ends where they were, not where the same moment comes again', () => {
  const pingpong: CurveKey[] = [
    { output: 0, source: 0, ease: 'linear' },
    { output: 4, source: 4, ease: 'linear' },
    { output: 8, source: 0, ease: 'linear' },
  ];
  const state = sequence([clip('a', 0, 75, { keys: pingpong, first: 25 })]);
  const slower = pingpong.map((key) => ({ ...key, output: key.output * 2 }));
  const next = after(state, edits.setKeys(state, 'a', slower));
  assert.equal(layout(next), 'a 0+150@50');
});

test('at every standard rate a clip at speed 1 lands on its own frames, forwards and backwards', () => {
  const rates: Rational[] = [24, 25, 30, 50, 60, 120].map((num) => ({ num, den: 1 }));
  rates.push(...[24, 30, 60, 120].map((num) => ({ num: num * 1000, den: 1001 })));
  for (const rate of rates) {
    const seconds = (1234 * rate.den) / rate.num;
    const frame = (TICKS * rate.den) / rate.num;
    for (const speed of [1, -1]) {
      const one = clip('a', 0, 1234, { keys: linear(seconds, speed, rate) });
      assert.equal(retimeFrames(one.keys, rate), 1234);
      for (const k of [0, 1, 2, 617, 1232, 1233]) {
        assert.equal(sourceAt(one, rate, k), frame * (speed > 0 ? k : 1233 - k), `${rate.num}/${rate.den} ${k}`);
      }
      assert.ok(Math.abs(speedAt(one, rate, 600) - speed) < 1e-5);
    }
  }
});

test('another rate of the sequence: clips keep their seconds, stay beside each other, and real speed stays real', () => {
  const state = sequence([clip('a', 0, 251), clip('b', 251, 100, { keys: linear(8, 0.5), first: 30 })]);
  const split = after(state, edits.splitAt(state, 101));
  const settings = { ...state.settings, rate: { num: 60, den: 1 } };
  const next = after(split, edits.changeSettings(split, settings));
  const clips = clipsInOrder(next);
  clips.reduce((end, one) => (assert.equal(one.start, end), one.start + one.frames), 0);
  assert.equal(clips[0]!.frames, Math.round((101 * 60) / 25));
  assert.equal(sourceAt(clips[0]!, settings.rate, 12), (TICKS * 12) / 60);
  assert.equal(speedAt(clips[2]!, settings.rate, 5), 0.5);
});
