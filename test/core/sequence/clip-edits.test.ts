import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, ProjectState } from '../../../app/contract/project.ts';
import { applyChanges, problemOf } from '../../../app/core/sequence/apply.ts';
import * as edits from '../../../app/core/sequence/edits.ts';
import { clip, layout, sequence } from './sequence-fixture.ts';

const three = () => sequence([clip('a', 0, 10), clip('b', 10, 20), clip('c', 40, 10)]);
const after = (state: ProjectState, changes: Change[]) => {
  const next = applyChanges(state, changes);
  assert.equal(problemOf(next), null);
  return next;
};
const marked = (state: ProjectState, ...frames: number[]) =>
  frames.reduce((now, frame) => applyChanges(now, edits.addMarker(now, { frame, name: String(frame) })), state);
const markers = (state: ProjectState) =>
  Object.fromEntries(Object.values(state.markers).map(({ name, frame }) => [name, frame]));

test('splitting: the second part goes on where the first ends; at an edge or in a gap there is nothing to do', () => {
  assert.equal(layout(after(three(), edits.splitAt(three(), 14))), 'a 0+10@0, b 10+4@0, * 14+16@4, c 40+10@0');
  for (const frame of [0, 10, 35, 50, 99]) assert.deepEqual(edits.splitAt(three(), frame), []);
  assert.deepEqual(edits.splitAt(three(), 14, ['a']), []);
});

test('deleting: rippling closes the hole and keeps gaps, lifting leaves it', () => {
  const state = marked(three(), 5, 15, 45);
  const rippled = after(state, edits.rippleDelete(state, ['b']));
  assert.equal(layout(rippled), 'a 0+10@0, c 20+10@0');
  assert.deepEqual(markers(rippled), { 5: 5, 15: 10, 45: 25 });
  const both = after(state, edits.rippleDelete(state, ['a', 'c', 'nobody']));
  assert.equal(layout(both), 'b 0+20@0');
  const lifted = after(state, edits.lift(state, ['b']));
  assert.equal(layout(lifted), 'a 0+10@0, c 40+10@0');
  assert.deepEqual(markers(lifted), { 5: 5, 15: 15, 45: 45 });
});

test('trimming stops at the retime, at the neighbour and at the last frame', () => {
  const state = after(three(), edits.trimStart(three(), 'b', 5, { ripple: false }));
  assert.equal(layout(state), 'a 0+10@0, b 15+15@5, c 40+10@0');
  assert.equal(layout(after(state, edits.trimStart(state, 'b', -99, { ripple: false }))), layout(three()));
  assert.equal(
    layout(after(state, edits.trimStart(state, 'b', 99, { ripple: false }))),
    'a 0+10@0, b 29+1@19, c 40+10@0',
  );
  const short = after(three(), edits.trimEnd(three(), 'b', -18, { ripple: false }));
  assert.equal(layout(short), 'a 0+10@0, b 10+2@0, c 40+10@0');
  assert.equal(layout(after(short, edits.trimEnd(short, 'b', 99, { ripple: false }))), layout(three()));
  const near = sequence([clip('a', 0, 10), clip('b', 12, 5, { first: 5, keys: clip('', 0, 10).keys })]);
  assert.equal(layout(after(near, edits.trimStart(near, 'b', -5, { ripple: false }))), 'a 0+10@0, b 10+7@3');
  assert.deepEqual(edits.trimEnd(near, 'a', 9, { ripple: false }), []);
});

test('rippling trims move what follows, and markers with it', () => {
  const state = marked(three(), 12, 20, 45);
  const later = after(state, edits.trimStart(state, 'b', 5, { ripple: true }));
  assert.equal(layout(later), 'a 0+10@0, b 10+15@5, c 35+10@0');
  assert.deepEqual(markers(later), { 12: 10, 20: 15, 45: 40 });
  assert.equal(layout(after(later, edits.trimStart(later, 'b', -5, { ripple: true }))), layout(state));
  const shorter = after(state, edits.trimEnd(state, 'b', -15, { ripple: true }));
  assert.equal(layout(shorter), 'a 0+10@0, b 10+5@0, c 25+10@0');
  assert.deepEqual(markers(shorter), { 12: 12, 20: 15, 45: 30 });
  assert.equal(layout(after(shorter, edits.trimEnd(shorter, 'b', 99, { ripple: true }))), layout(state));
});

test('moving over others trims them, cuts them in two, or takes them away', () => {
  const state = sequence([clip('a', 0, 10), clip('b', 10, 30), clip('c', 50, 10)]);
  const move = (ids: string[], delta: number) =>
    layout(after(state, edits.moveClips(state, ids, delta, { how: 'overwrite' })));
  assert.equal(move(['a'], 5), 'a 5+10@0, b 15+25@5, c 50+10@0');
  assert.equal(move(['a'], 15), 'b 10+5@0, a 15+10@0, * 25+15@15, c 50+10@0');
  assert.equal(move(['b'], 40), 'a 0+10@0, b 50+30@0');
  assert.equal(move(['c'], -99), 'c 0+10@0, b 10+30@0');
  assert.equal(move(['a', 'b'], 3), 'a 3+10@0, b 13+30@0, c 50+10@0');
  assert.equal(move(['a', 'b'], 15), 'a 15+10@0, b 25+30@0, c 55+5@5');
  assert.deepEqual(edits.moveClips(state, ['a'], 0, { how: 'overwrite' }), []);
});

test('moving between others closes the hole and opens a place, with the markers on the clip', () => {
  const state = marked(three(), 3, 15, 45);
  const move = (ids: string[], delta: number) => after(state, edits.moveClips(state, ids, delta, { how: 'insert' }));
  // Before c, which starts at 40.
  assert.equal(layout(move(['a'], 40)), 'b 0+20@0, a 30+10@0, c 40+10@0');
  assert.deepEqual(markers(move(['a'], 40)), { 3: 33, 15: 5, 45: 45 });
  // Into the middle of b.
  assert.equal(layout(move(['a'], 20)), 'b 0+10@0, a 10+10@0, * 20+10@10, c 40+10@0');
  assert.equal(layout(move(['c'], -40)), 'c 0+10@0, a 10+10@0, b 20+20@0');
  assert.deepEqual(markers(move(['c'], -40)), { 3: 13, 15: 25, 45: 5 });
  // Within itself: nothing.
  assert.deepEqual(edits.moveClips(state, ['b'], 7, { how: 'insert' }), []);
  // b and c have a gap between them, which goes with them; a does not.
  assert.equal(layout(move(['b', 'c'], -10)), 'b 0+20@0, c 30+10@0, a 40+10@0');
  assert.equal(layout(move(['a', 'c'], 50)), 'b 0+20@0, a 30+10@0, c 40+10@0');
});

test('inserting cuts the clip under the place in two, overwriting takes its place', () => {
  const state = marked(three(), 12, 30);
  const fresh = [clip('x', 0, 5), clip('y', 0, 5)];
  const inserted = after(state, edits.insertClips(state, 14, fresh, 'insert'));
  assert.equal(layout(inserted), 'a 0+10@0, b 10+4@0, x 14+5@0, y 19+5@0, * 24+16@4, c 50+10@0');
  assert.deepEqual(markers(inserted), { 12: 12, 30: 40 });
  const over = after(state, edits.insertClips(state, 14, [clip('a', 100, 5), clip('y', 107, 5)], 'overwrite'));
  assert.equal(layout(over), 'a 0+10@0, b 10+4@0, * 14+5@0, * 19+2@9, y 21+5@0, * 26+4@16, c 40+10@0');
  assert.equal(layout(after(state, edits.insertClips(state, 60, fresh))), `${layout(state)}, x 60+5@0, y 65+5@0`);
});

test('closing a gap, and only a gap', () => {
  const state = marked(three(), 35, 45);
  const closed = after(state, edits.closeGap(state, 33));
  assert.equal(layout(closed), 'a 0+10@0, b 10+20@0, c 30+10@0');
  assert.deepEqual(markers(closed), { 35: 30, 45: 35 });
  for (const frame of [5, 10, 40, 80]) assert.deepEqual(edits.closeGap(state, frame), []);
});

test('a marked stretch grows and shrinks with what it marks', () => {
  const state = applyChanges(three(), edits.addMarker(three(), { frame: 5, frames: 20, name: 'span' }));
  const span = (next: ProjectState) => Object.values(next.markers).map(({ frame, frames }) => [frame, frames])[0];
  assert.deepEqual(span(after(state, edits.insertClips(state, 10, [clip('x', 0, 7)]))), [5, 27]);
  assert.deepEqual(span(after(state, edits.trimStart(state, 'b', 6, { ripple: true }))), [5, 14]);
  assert.deepEqual(span(after(state, edits.rippleDelete(state, ['a']))), [0, 15]);
});
