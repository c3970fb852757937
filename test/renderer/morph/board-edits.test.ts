import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_GAP_FRAMES, MOST_KEYFRAMES, MOST_TAKES, type Board, type BoardGap } from '../../../app/contract/morph.ts';
import {
  addKeyframes,
  addTake,
  changeGap,
  changeKeyframe,
  firstGap,
  moveKeyframe,
  newKeyframe,
  pickTake,
  removeKeyframe,
  removeTake,
  reseedTake,
  reverse,
  setPoints,
  spreadGap,
} from '../../../app/renderer/morph/board-edits.ts';

const gap = (frames: number, more: Partial<BoardGap> = {}): BoardGap => ({
  ...{ frames, engine: 'cvi', motion: 'linear', ease: 'through', takes: [0], take: 0 },
  ...more,
});

/** Keyframes a, b, c ... with gaps of 1, 2, 3 ... frames after them. */
function board(names = 'abc'): Board {
  return {
    ...{ name: 'B', loop: false, fps: { num: 24, den: 1 }, fit: 'crop', size: null, origin: null },
    keyframes: [...names].map((name) => ({ id: name, name, path: `/${name}.png`, at: null, points: null })),
    gaps: [...names].map((_, i) => gap(i + 1)),
  };
}

/** 'a1 b2 c3': each keyframe with the frames after it. */
function words({ keyframes, gaps }: Board): string {
  return keyframes.map(({ name }, i) => `${name}${gaps[i]!.frames}`).join(' ');
}

const still = (name: string) => ({ ...newKeyframe({ path: `/${name}.png`, at: null, name }), id: name });

test('a keyframe comes with a gap like the one before it, with one take', () => {
  const taken = { ...board(), gaps: [gap(1), gap(2, { takes: [7, 8], take: 1, engine: 'fomm' }), gap(3)] };
  const more = addKeyframes(taken, 2, [still('x'), still('y')]);
  assert.equal(words(more), 'a1 b2 x2 y2 c3');
  assert.deepEqual(more.gaps[2], gap(2, { takes: [7], engine: 'fomm' }));
  assert.equal(words(addKeyframes(board(), 0, [still('x')])), 'x1 a1 b2 c3');
  assert.equal(words(addKeyframes(board(''), 9, [still('x')], gap(5))), 'x5');
});

test('a new board is filled by an engine for stills far apart, where there is one', () => {
  const engine = (id: string, seed = false) => ({
    ...{ id, name: id, summary: '', network: false, uses: { seed, motion: false, points: false } },
  });
  assert.equal(firstGap([engine('hold'), engine('glide'), engine('film'), engine('cvi', true)]).engine, 'cvi');
  assert.equal(firstGap([engine('hold'), engine('glide'), engine('film')]).engine, 'film');
  assert.equal(firstGap([engine('hold')]).engine, 'hold');
});

test('a full board takes no more', () => {
  const full = addKeyframes(
    board(''),
    0,
    Array.from({ length: MOST_KEYFRAMES + 5 }, () => newKeyframe({ path: '/x', at: null, name: 'x' })),
  );
  assert.equal(full.keyframes.length, MOST_KEYFRAMES);
  assert.equal(full.gaps.length, MOST_KEYFRAMES);
  assert.equal(addKeyframes(full, 0, [still('x')]), full);
});

test('moving takes the gap along; what moves nothing gives the same board', () => {
  const before = board();
  assert.equal(words(moveKeyframe(before, 'a', 3)), 'b2 c3 a1');
  assert.equal(words(moveKeyframe(before, 'c', 0)), 'c3 a1 b2');
  assert.equal(words(moveKeyframe(before, 'a', 2)), 'b2 a1 c3');
  for (const to of [0, 1]) assert.equal(moveKeyframe(before, 'a', to), before);
  assert.equal(moveKeyframe(before, 'nobody', 0), before);
  assert.equal(words(before), 'a1 b2 c3');
});

test('removing closes up, and there and back again is the same', () => {
  assert.equal(words(removeKeyframe(board(), 'b')), 'a1 c3');
  assert.equal(words(reverse(board())), 'c2 b1 a3');
  assert.deepEqual(reverse(reverse(board())), board());
});

test('frames are whole and within what a gap may have', () => {
  assert.equal(changeGap(board(), 'a', { frames: 2.6 }).gaps[0]!.frames, 3);
  assert.equal(changeGap(board(), 'a', { frames: -4 }).gaps[0]!.frames, 0);
  assert.equal(changeGap(board(), 'a', { frames: 1e9 }).gaps[0]!.frames, MOST_GAP_FRAMES);
  const spread = spreadGap(changeGap(board(), 'b', { engine: 'fomm', takes: [3], ease: 'in' }), 'b');
  assert.deepEqual(
    spread.gaps.map(({ frames, engine, ease, takes }) => [frames, engine, ease, takes]),
    [
      [2, 'fomm', 'in', [0]],
      [2, 'fomm', 'in', [3]],
      [2, 'fomm', 'in', [0]],
    ],
  );
});

test('takes: seeds differ, the last stays, and the chosen one is the chosen one when others go', () => {
  let now = addTake(addTake(board(), 'a'), 'a');
  assert.deepEqual([now.gaps[0]!.takes, now.gaps[0]!.take], [[0, 1, 2], 2]);
  now = pickTake(now, 'a', 1);
  assert.deepEqual([removeTake(now, 'a', 0).gaps[0]!.takes, removeTake(now, 'a', 0).gaps[0]!.take], [[1, 2], 0]);
  assert.deepEqual([removeTake(now, 'a', 1).gaps[0]!.takes, removeTake(now, 'a', 1).gaps[0]!.take], [[0, 2], 1]);
  assert.deepEqual([removeTake(now, 'a', 2).gaps[0]!.takes, removeTake(now, 'a', 2).gaps[0]!.take], [[0, 1], 1]);
  assert.equal(removeTake(board(), 'a', 0).gaps[0]!.takes.length, 1);
  assert.equal(reseedTake(now, 'a', 0, 2), now);
  assert.deepEqual(reseedTake(now, 'a', 0, 99).gaps[0]!.takes, [99, 1, 2]);
  for (let i = 0; i < 40; i++) now = addTake(now, 'a');
  assert.equal(new Set(now.gaps[0]!.takes).size, MOST_TAKES);
  const last = addTake(reseedTake(board(), 'a', 0, 2 ** 32 - 1), 'a').gaps[0]!.takes;
  assert.deepEqual(last, [2 ** 32 - 1, 0]);
});

test('key points belong to their picture: another picture has none', () => {
  const points = [{ x: 0, y: 0, jacobian: [1, 0, 0, 1] as [number, number, number, number] }];
  const set = setPoints(board(), 'b', points);
  assert.equal(set.keyframes[1]!.points, points);
  assert.equal(changeKeyframe(set, 'b', { name: 'other' }).keyframes[1]!.points, points);
  assert.equal(changeKeyframe(set, 'b', { path: '/z.png' }).keyframes[1]!.points, null);
  assert.equal(changeKeyframe(set, 'b', { at: 2 }).keyframes[1]!.points, null);
  assert.equal(setPoints(board(), 'nobody', points).keyframes[0]!.points, null);
});
