import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChanges } from '../../../app/core/sequence/apply.ts';
import * as edits from '../../../app/core/sequence/edits.ts';
import { clipAt, clipOf, clipsInOrder, sequenceLength } from '../../../app/core/sequence/geometry.ts';
import { cutFrames, snap, snapDelta, snapPoints } from '../../../app/core/sequence/snap.ts';
import { clip, linear, RATE, sequence } from './sequence-fixture.ts';

const cuts = { auto: true, added: [1], removed: [3], accepted: [2] };

test('edges, markers, the playhead and believed cuts attract, what is dragged does not', () => {
  let state = sequence([clip('a', 0, 10), clip('b', 20, 100, { cuts })]);
  state = applyChanges(state, edits.addMarker(state, { frame: 33 }));
  state = applyChanges(state, edits.addMarker(state, { frame: 40, frames: 5 }));
  assert.deepEqual(snapPoints(state, { playhead: 7 }), [0, 7, 10, 20, 33, 40, 45, 70, 120]);
  assert.deepEqual(snapPoints(state, { exclude: ['b'], more: [99] }), [0, 10, 33, 40, 45, 99]);
});

test('a cut is shown where the retime comes to it', () => {
  assert.deepEqual(
    cutFrames(clip('a', 10, 50, { keys: linear(4, 0.5), first: 0, frames: 200, cuts }), RATE),
    [60, 110],
  );
  assert.deepEqual(cutFrames(clip('a', 0, 40, { keys: linear(4), first: 20, frames: 10, cuts }), RATE), [5]);
  assert.deepEqual(cutFrames(clip('a', 0, 25, { keys: linear(4, 4), cuts }), RATE), [7, 13]);
});

test('the nearest point within reach is taken', () => {
  const points = [0, 10, 14, 50];
  assert.equal(snap(11, points, 3), 10);
  assert.equal(snap(13, points, 3), 14);
  assert.equal(snap(20, points, 3), null);
  assert.equal(snap(52, points, 3), 50);
  assert.equal(snap(5, [], 3), null);
  assert.deepEqual(snapDelta([0, 20], 29, points, 3), { delta: 30, point: 50 });
  assert.equal(snapDelta([0, 20], 25, points, 3), null);
});

test('looking up clips', () => {
  const state = sequence([clip('b', 20, 10), clip('a', 0, 10)]);
  assert.deepEqual(
    clipsInOrder(state).map(({ id }) => id),
    ['a', 'b'],
  );
  assert.equal(clipAt(state, 9)?.id, 'a');
  assert.equal(clipAt(state, 10), undefined);
  assert.equal(clipAt(state, 20)?.id, 'b');
  assert.equal(sequenceLength(state), 30);
  for (const id of ['constructor', '__proto__', 'toString']) assert.equal(clipOf(state, id), undefined);
});
