import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filmFrames, filmPieces, gapEnds } from '../../../app/core/morph/layout.ts';
import { gap, morphOf } from './support.ts';

test('two stills and 14 frames are 16 frames, in order, in one piece', () => {
  const spec = morphOf(['a', 'b'], 'o.webm', 14);
  assert.equal(filmFrames(spec), 16);
  const [only, ...others] = filmPieces(spec);
  assert.equal(others.length, 0);
  assert.deepEqual(only![0], { keyframe: 0 });
  assert.deepEqual(
    only!.slice(1, 15),
    Array.from({ length: 14 }, (_, k) => ({ gap: 0, k })),
  );
  assert.deepEqual(only![15], { keyframe: 1 });
});

test('pieces hold whole gaps where they fit, and every frame once', () => {
  for (const frames of [
    [14, 14, 14, 14],
    [100, 0, 3],
    [47, 48, 1],
    [1000, 1000],
  ])
    for (const loop of [false, true]) {
      const stills = Array.from({ length: loop ? frames.length : frames.length + 1 }, (_, i) => `${i}.png`);
      const spec = morphOf(
        stills,
        'o.webm',
        frames.map((n) => gap(n)),
        { loop },
      );
      const pieces = filmPieces(spec);
      const flat = pieces.flat();
      assert.equal(flat.length, filmFrames(spec));
      assert.equal(new Set(flat.map((frame) => JSON.stringify(frame))).size, flat.length);
      for (const piece of pieces) assert.ok(piece.length <= 49 && piece.length > 0);
      for (const [i, n] of frames.entries()) {
        const holding = pieces.filter((piece) => piece.some((frame) => 'gap' in frame && frame.gap === i));
        assert.equal(holding.length, n === 0 ? 0 : Math.ceil((n + 1) / 48), `${frames.join()} ${i}`);
      }
    }
});

test("a gap's neighbours; of a loop the last gap leads to the first still", () => {
  assert.deepEqual(gapEnds(0, 3, false), { before: undefined, first: 0, last: 1, after: 2 });
  assert.deepEqual(gapEnds(1, 3, false), { before: 0, first: 1, last: 2, after: undefined });
  assert.deepEqual(gapEnds(2, 3, true), { before: 1, first: 2, last: 0, after: 1 });
});
