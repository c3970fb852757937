import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProjectState, TimelineClip } from '../../../app/contract/project.ts';
import { TICKS } from '../../../app/contract/time.ts';
import { applyChanges, invert, problemOf, sameValue, staleChange } from '../../../app/core/sequence/apply.ts';
import * as edits from '../../../app/core/sequence/edits.ts';
import { clipsInOrder, retimeFrames, sequenceLength, sourceAt } from '../../../app/core/sequence/geometry.ts';
import { SPEED_PRESETS } from '../../../app/core/sequence/presets.ts';
import { timelineClipSchema } from '../../../app/core/sequence/schemas.ts';
import { PLACING, randomEdit, RETIMING } from './random-edit.ts';
import { clip, randomFrom, sequence } from './sequence-fixture.ts';

test('after any series of edits the state is a sequence, and every edit can be undone exactly', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomFrom(seed);
    let state = sequence(['a', 'b', 'c', 'd'].map((id, i) => clip(id, i * 130, 100)));
    for (let step = 0; step < 60; step++) {
      const [kind, changes] = randomEdit(state, random, [...PLACING, ...RETIMING]);
      const where = `seed ${seed}, step ${step}: ${kind}`;
      assert.equal(staleChange(state, changes), undefined, where);
      const next = applyChanges(state, changes);
      assert.equal(problemOf(next), null, where);
      for (const one of Object.values(next.clips)) timelineClipSchema.parse(one);
      assert.deepEqual(applyChanges(next, invert(changes)), applyChanges(state, []), where);
      assert.ok(changes.length === 0 || !sameValue(next, state), where);
      state = next;
    }
  }
});

/** Every source moment each piece of media is shown at, and the retime it is shown by. */
function moments(state: ProjectState): Set<string> {
  const seen = new Set<string>();
  for (const one of clipsInOrder(state)) {
    for (let k = 0; k < one.frames; k++) seen.add(`${one.media} ${sourceAt(one, state.settings.rate, k)}`);
  }
  return seen;
}

test('placing and trimming never shows a moment that its clip did not have, and real frames stay on source frames', () => {
  for (let seed = 100; seed < 120; seed++) {
    const random = randomFrom(seed);
    let state = sequence(['a', 'b', 'c', 'd'].map((id, i) => clip(id, i * 130, 100)));
    for (let step = 0; step < 40; step++) {
      const [, changes] = randomEdit(state, random, PLACING);
      const next = applyChanges(state, changes);
      for (const moment of moments(next)) {
        assert.equal(Number(moment.split(' ')[1]) % (TICKS / 25), 0, `seed ${seed}, step ${step}`);
      }
      state = next;
    }
  }
});

test('splitting and rippling keep every shown frame of what is left', () => {
  const random = randomFrom(7);
  let state = sequence(['a', 'b', 'c'].map((id, i) => clip(id, i * 100, 100)));
  const all = moments(state);
  for (let step = 0; step < 30; step++) state = applyChanges(state, edits.splitAt(state, random(300)));
  assert.ok(clipsInOrder(state).length > 20);
  assert.deepEqual(moments(state), all);
  const gone = clipsInOrder(state).filter(() => random(2) === 0);
  const next = applyChanges(
    state,
    edits.rippleDelete(
      state,
      gone.map(({ id }) => id),
    ),
  );
  assert.equal(moments(next).size, 300 - gone.reduce((sum, one: TimelineClip) => sum + one.frames, 0));
  assert.equal(sequenceLength(next), moments(next).size);
});

test('presets play the whole of the source, between a tenth and ten times its speed', () => {
  assert.deepEqual(
    SPEED_PRESETS.map(({ name }) => name),
    [
      ...['Linear', 'Ease In', 'Ease Out', 'Ease In/Out', 'Ramp-Hold-Ramp', 'Montage', 'Hero', 'Bullet', 'Jump Cut'],
      ...['Flash In', 'Flash Out'],
    ],
  );
  for (const preset of SPEED_PRESETS) {
    for (const seconds of [0.04, 0.2, 1, 8, 61.7]) {
      const rate = { num: 30_000, den: 1001 };
      const keys = preset.keys(2, 2 + seconds, rate);
      const frames = retimeFrames(keys, rate);
      const one = clip('p', 0, frames, { keys });
      assert.equal(problemOf({ ...sequence([one], rate) }), null, preset.name);
      const times = Array.from({ length: frames + 1 }, (_, k) => sourceAt(one, rate, k) / TICKS);
      assert.equal(times[0], 2);
      const end = times.at(-1)! - 2 - seconds;
      assert.ok(end > -1e-6 && end < 1001 / 30_000 + 1e-6, `${preset.name} ends ${end} s after its source`);
      if (seconds < 1) continue;
      for (const [k, time] of times.entries()) {
        if (k === 0) continue;
        const speed = ((time - times[k - 1]!) * 30_000) / 1001;
        assert.ok(speed > 0.09 && speed < 10.5, `${preset.name} over ${seconds} s, frame ${k}: ${speed}`);
      }
    }
  }
});

test('Hero is slow in the middle, Bullet slower, and the flashes are at the ends', () => {
  const rate = { num: 25, den: 1 };
  const speeds = (id: string) => {
    const keys = SPEED_PRESETS.find((preset) => preset.id === id)!.keys(0, 10, rate);
    const one = clip('p', 0, retimeFrames(keys, rate), { keys });
    const at = (moment: number) => {
      const k = Array.from({ length: one.frames }, (_, i) => i).find((i) => sourceAt(one, rate, i) >= moment * TICKS)!;
      return ((sourceAt(one, rate, k + 1) - sourceAt(one, rate, k)) * 25) / TICKS;
    };
    return [at(0), at(5), at(9.3)].map((speed) => Math.round(speed * 10) / 10);
  };
  const [start, middle, end] = speeds('hero');
  assert.ok(start! > 3.5 && middle! <= 0.4 && end! > 3, `${speeds('hero')}`);
  assert.ok(speeds('bullet')[1]! <= 0.2);
  assert.ok(speeds('flash-in')[0]! > 6 && speeds('flash-in')[2] === 1, `${speeds('flash-in')}`);
  assert.ok(speeds('flash-out')[0] === 1 && speeds('flash-out')[2]! > 6, `${speeds('flash-out')}`);
});
