import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPORT_KINDS, outputOf, placeFor } from '../../../app/renderer/morph/export-kinds.ts';
import { lengthOf, placeAt, spanOf, startsOf, usedGaps } from '../../../app/renderer/morph/film-map.ts';
import { inOrder, keyframeOf } from '../../../app/renderer/morph/keyframe-files.ts';
import { rateOf } from '../../../app/renderer/morph/rate.ts';

const of = (frames: number[], loop = false) => ({
  loop,
  keyframes: frames,
  gaps: frames.map((count) => ({ frames: count })),
});

/** 'K0 0.0 0.1 K1': what each frame of a film is. */
function film(board: ReturnType<typeof of>): string {
  const starts = startsOf(board);
  return Array.from({ length: lengthOf(board) }, (_, frame) => {
    const place = placeAt(starts, frame)!;
    return place.kind === 'keyframe' ? `K${place.index}` : `${place.gap}.${place.n}/${place.frames}`;
  }).join(' ');
}

test('two stills and 14 frames are 16', () => {
  assert.equal(lengthOf(of([14, 99])), 16);
  assert.equal(lengthOf(of([])), 0);
  assert.equal(lengthOf(of([9])), 1);
});

test('every frame is a keyframe or a picture of its gap; the last gap is in a loop only', () => {
  assert.equal(film(of([2, 0, 5])), 'K0 0.0/2 0.1/2 K1 K2');
  assert.equal(film(of([1, 0, 2], true)), 'K0 0.0/1 K1 K2 2.0/2 2.1/2');
  assert.equal(placeAt(startsOf(of([2, 1])), 4), undefined);
  assert.equal(placeAt(startsOf(of([2, 1])), -1), undefined);
  assert.equal(usedGaps(of([1], true)), 0);
});

test('a gap with its two keyframes; the way back of a loop without the first, which is not shown again', () => {
  const starts = startsOf(of([2, 1, 3], true));
  assert.deepEqual(starts, [0, 3, 5, 9]);
  assert.deepEqual(spanOf(starts, 0), { from: 0, to: 4 });
  assert.deepEqual(spanOf(starts, 2), { from: 5, to: 9 });
});

test('files: of a video a moment, of a still none; in the order of their numbers', () => {
  assert.deepEqual(
    ['/a/b.MP4', 'C:\\p\\still.png', '/x/anim.gif'].map((path) => {
      const { name, at } = keyframeOf(path);
      return [name, at];
    }),
    [
      ['b.MP4', 0],
      ['still.png', null],
      ['anim.gif', null],
    ],
  );
  assert.equal(keyframeOf('/a.mp4', 1.5).at, 1.5);
  assert.deepEqual(inOrder(['x/a10.png', 'y/a2.png', 'z/a1.png']), ['z/a1.png', 'y/a2.png', 'x/a10.png']);
});

test('where an export goes, as each kind', () => {
  const kind = (id: string) => EXPORT_KINDS.find((one) => one.id === id)!;
  assert.equal(outputOf('/x/y.mp4', kind('mp4')), '/x/y.mp4');
  assert.equal(outputOf('/x/y/', kind('folder')), '/x/y/');
  assert.equal(outputOf('/x/y', kind('folder')), '/x/y/');
  assert.equal(outputOf('  ', kind('folder')), '');
  assert.equal(placeFor('/x/y.mp4', kind('mp4'), kind('gif')), '/x/y.gif');
  assert.equal(placeFor('/x/v1.2.mp4', kind('mp4'), kind('folder')), '/x/v1.2');
  assert.equal(placeFor('/x/y/', kind('folder'), kind('strip')), '/x/y.png');
  assert.equal(placeFor('', kind('folder'), kind('strip')), '');
});

test('rates that are typed are the ones that are meant', () => {
  assert.deepEqual(rateOf(25), { num: 25, den: 1 });
  assert.deepEqual(rateOf(23.976), { num: 24000, den: 1001 });
  assert.deepEqual(rateOf(59.94), { num: 60000, den: 1001 });
  assert.deepEqual(rateOf(12.5), { num: 12500, den: 1000 });
});
