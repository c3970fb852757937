import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TICKS } from '../../../../app/contract/time.ts';
import { windowChunks, type Retime } from '../../../../app/core/jobs/tasks/window-chunks.ts';
import { remedied } from '../../../../app/core/jobs/tasks/wanted-frame.ts';
import { constantRatePlan } from '../../../../app/core/time/plan.ts';
import type { Piece } from '../../../../app/core/time/curve.ts';

const RATE = { num: 25, den: 1 };
const TICK = TICKS / 25;

/** A retime of 300 source frames in pieces of [frames, speed], with cuts at source frames. */
function retime(pieces: readonly [number, number][], cuts: number[] = []): Retime {
  let from = 0;
  const made = pieces.map(([frames, speed]): Piece => {
    const start = from;
    from += frames * speed * TICK;
    return { frames, sourceAt: (j) => Math.round(start + j * speed * TICK) };
  });
  const times = Array.from({ length: 300 }, (_, i) => i * TICK);
  const plan = constantRatePlan({ times, end: 300 * TICK, cuts, holds: [] }, made, RATE, 0);
  return {
    pieces: pieces.map(([frames]) => frames),
    frame: (k) => remedied(plan.frame(k), undefined),
    section: (k) => plan.section(k),
  };
}

function spans(of: Retime, from: number, to: number, size = 48): [number, number][] {
  return [...windowChunks(of, from, to, size)].map(({ first, frames }) => [first, first + frames.length]);
}

test('chunks cover the window without a gap, whatever the speeds', () => {
  for (const pieces of [
    [[500, 1]],
    [
      [130, 0.25],
      [7, 2],
      [60, 0.01],
      [100, -0.5],
    ],
  ] as [number, number][][]) {
    const total = pieces.reduce((sum, [frames]) => sum + frames, 0);
    for (const [from, to] of [
      [0, total],
      [13, total - 5],
      [49, 50],
    ] as const) {
      const found = spans(retime(pieces, [20]), from, to);
      assert.equal(found[0]![0], from);
      assert.equal(found.at(-1)![1], to);
      found.slice(1).forEach(([start], i) => assert.equal(start, found[i]![1]));
      assert.ok(found.every(([start, end]) => end - start <= 96));
    }
  }
});

test('boundaries belong to the piece: a window, another window and a cut move none that is inside', () => {
  const slow = retime([
    [100, 1],
    [400, 0.3],
  ]);
  const whole = spans(slow, 0, 500);
  const ends = (list: [number, number][]) => new Set(list.map(([, end]) => end));
  for (const [from, to] of [
    [17, 500],
    [120, 480],
    [163, 421],
  ] as const) {
    const inside = spans(slow, from, to).filter(([start, end]) => start > from && end < to);
    assert.ok(inside.length > 2);
    for (const span of inside)
      assert.ok(
        whole.some((one) => one[0] === span[0] && one[1] === span[1]),
        String(span),
      );
  }
  const withCut = spans(
    retime(
      [
        [100, 1],
        [400, 0.3],
      ],
      [160],
    ),
    0,
    500,
  );
  const cut = [...ends(withCut)].filter((end) => !ends(whole).has(end));
  assert.equal(cut.length, 1);
  assert.ok([...ends(whole)].every((end) => ends(withCut).has(end)));
});

test('frames between the same pair are not parted while that is near', () => {
  for (const [, end] of spans(retime([[480, 0.1]]), 0, 480).slice(0, -1)) assert.equal(end % 10, 0);
  // A run of two hundred is parted.
  assert.ok(spans(retime([[400, 0.005]]), 0, 400).length >= 8);
});
