import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CurveKey } from '../../../app/contract/jobs.ts';
import { retimeFrames, retimeSourceAt } from '../../../app/core/sequence/geometry.ts';
import {
  addKey,
  frameOf,
  freezeKeys,
  moveKey,
  pieceSpeed,
  removeKey,
  reverseKeys,
  setEase,
  setPieceSpeed,
} from '../../../app/renderer/timeline/curve-edit.ts';

const RATE = { num: 25, den: 1 };
const STRAIGHT: CurveKey[] = [
  { output: 0, source: 0, ease: 'linear' },
  { output: 4, source: 4, ease: 'linear' },
];
const CURVED: CurveKey[] = [
  { output: 0, source: 0, ease: 'bezier', handles: [0.6, 0, 0.2, 1] },
  { output: 2, source: 1, ease: 'hold' },
  { output: 3, source: 1, ease: 'smooth' },
  { output: 6, source: 4, ease: 'linear' },
];

function sources(keys: readonly CurveKey[]): number[] {
  return Array.from({ length: retimeFrames(keys, RATE) }, (_, frame) => retimeSourceAt(keys, RATE, frame));
}

test('a key that is added changes nothing, on straight, held and Bezier pieces', () => {
  for (const [keys, frame] of [
    [STRAIGHT, 37],
    [CURVED, 13],
    [CURVED, 60],
  ] as const) {
    const { keys: added, index } = addKey(keys, frame, RATE);
    assert.equal(added.length, keys.length + 1);
    assert.equal(frameOf(added[index]!.output, RATE), frame);
    const [before, after] = [sources(keys), sources(added)];
    assert.equal(after.length, before.length);
    // A tenth of a millisecond: what is left of halving and rounding.
    after.forEach((ticks, i) => assert.ok(Math.abs(ticks - before[i]!) < 70_560, `frame ${i}`));
  }
});

test('a key where there is one is that one', () => {
  assert.deepEqual(addKey(CURVED, 50, RATE), { keys: CURVED, index: 1 });
});

test('keys move between their neighbours, or take all that follows along', () => {
  assert.equal(moveKey(CURVED, 1, { frame: 500 }, RATE)[1]!.output, 74 / 25);
  assert.equal(moveKey(CURVED, 1, { frame: -5 }, RATE)[1]!.output, 1 / 25);
  const rippled = moveKey(CURVED, 1, { frame: 60 }, RATE, true);
  assert.deepEqual(
    rippled.map(({ output }) => frameOf(output, RATE)),
    [0, 60, 85, 160],
  );
  assert.equal(moveKey(STRAIGHT, 0, { frame: 9, source: -1 }, RATE)[0]!.output, 0);
  assert.equal(moveKey(STRAIGHT, 0, { source: -1 }, RATE)[0]!.source, 0);
});

test('the speed of a piece is its length', () => {
  const slow = setPieceSpeed(STRAIGHT, 0, 0.25, RATE);
  assert.equal(retimeFrames(slow, RATE), 400);
  assert.equal(pieceSpeed(slow, 0), 0.25);
  assert.deepEqual(setPieceSpeed(CURVED, 1, 2, RATE), CURVED, 'a hold has none');
  const back = setPieceSpeed(reverseKeys(STRAIGHT, RATE), 0, 0.5, RATE);
  assert.ok(pieceSpeed(back, 0) < 0, 'backwards stays backwards');
});

test('reversed, every frame shows what its mirror showed, and again it is as it was', () => {
  for (const keys of [STRAIGHT, CURVED]) {
    const turned = reverseKeys(keys, RATE);
    assert.equal(turned[0]!.output, 0);
    const [before, after] = [sources(keys).toReversed(), sources(turned)];
    assert.equal(after.length, before.length);
    const most = Math.max(...after.map((ticks, i) => Math.abs(ticks - before[i]!)));
    assert.ok(most < 70_560, `${most / 705_600_000} s`);
    const again = sources(reverseKeys(turned, RATE)).map((ticks, i) => Math.abs(ticks - sources(keys)[i]!));
    assert.ok(Math.max(...again) < 70_560);
  }
});

test('a freeze stands still and what follows comes later', () => {
  const frozen = freezeKeys(STRAIGHT, 50, 25, RATE);
  assert.equal(retimeFrames(frozen, RATE), 125);
  const shown = sources(frozen);
  assert.ok(shown.slice(50, 76).every((ticks) => ticks === shown[50]));
  assert.equal(shown[100], sources(STRAIGHT)[75]);
});

test('ends stay, only Bezier pieces have handles', () => {
  assert.deepEqual(removeKey(STRAIGHT, 0), STRAIGHT);
  assert.equal(removeKey(CURVED, 1).length, 3);
  assert.equal(setEase(CURVED, 0, 'linear')[0]!.handles, undefined);
  assert.deepEqual(setEase(STRAIGHT, 0, 'bezier')[0]!.handles, [0.42, 0, 0.58, 1]);
});
