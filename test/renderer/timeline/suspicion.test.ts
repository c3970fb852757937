import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClipPreview } from '../../../app/contract/preview.ts';
import type { TimelineClip } from '../../../app/contract/project.ts';
import { limitOf, suspectsOf, SuspectWalk } from '../../../app/renderer/timeline/suspicion.ts';

function clip(id: string, start: number, frames: number, remedies: TimelineClip['remedies'] = []): TimelineClip {
  return {
    id,
    media: 'm',
    name: id,
    start,
    keys: [],
    first: 0,
    frames,
    engine: 'glide',
    audio: 'auto',
    cuts: { auto: true, added: [], removed: [], accepted: [] },
    holds: 'auto',
    maxHold: 6,
    shutter: 0,
    remedies,
  };
}

function preview(id: string, confidence: (number | null)[]): ClipPreview {
  return {
    clip: id,
    version: 1,
    kinds: confidence.map((value) => (value === null ? 0 : 2)),
    sources: confidence.map((_, i) => i * 1000),
    confidence,
    cuts: [],
    direct: false,
    chunks: [],
    notes: [],
    sound: null,
  };
}

/** 40 frames, every fourth real, the others near 0.9. */
function usual(): (number | null)[] {
  return Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? null : 0.9 + (i % 3) / 100));
}

test('the planted bad frame is the first one, wherever it is, and the next worse follows', () => {
  const [a, b] = [usual(), usual()];
  a[5] = 0.42;
  b[30] = 0.11;
  b[9] = 0.3;
  const clips = [clip('a', 100, 40), clip('b', 0, 40)];
  const previews = new Map([
    ['a', preview('a', a)],
    ['b', preview('b', b)],
  ]);
  const suspects = suspectsOf(clips, (id) => previews.get(id));
  assert.deepEqual(
    suspects.map(({ frame, at }) => [frame, at]),
    [
      [30, 30_000],
      [9, 9000],
      [105, 5000],
    ],
  );
  const walk = new SuspectWalk();
  assert.equal(walk.next(suspects)!.frame, 30);
  assert.equal(walk.next(suspects)!.frame, 9);
  assert.equal(walk.previous(suspects)!.frame, 30);
  assert.equal(walk.next(suspects)!.frame, 9);
  assert.equal(walk.next(suspects)!.frame, 105);
  assert.equal(walk.next(suspects)!.frame, 30, 'from the worst again');
});

test('a remedied frame is no suspect, and one that turns up worse is next', () => {
  const values = usual();
  values[9] = 0.3;
  values[21] = 0.35;
  const plan = preview('a', values);
  const walk = new SuspectWalk();
  const before = suspectsOf([clip('a', 0, 40)], () => plan);
  assert.equal(walk.next(before)!.frame, 9);
  const remedied = suspectsOf([clip('a', 0, 40, [{ at: 9000, engine: 'hold' }])], () => plan);
  assert.deepEqual(
    remedied.map(({ frame }) => frame),
    [21],
  );
  const worse = [...values];
  worse[33] = 0.05;
  const after = suspectsOf([clip('a', 0, 40)], () => preview('a', worse));
  assert.equal(walk.next(after)!.frame, 33);
});

test('of bad neighbours the worst is the stop', () => {
  const values = usual();
  [values[17], values[18], values[19]] = [0.4, 0.2, 0.3];
  assert.deepEqual(
    suspectsOf([clip('a', 0, 40)], () => preview('a', values)).map(({ frame }) => frame),
    [18],
  );
});

test('what is usual for the clip is not suspicious, what sticks out is', () => {
  const calm = Array.from({ length: 60 }, (_, i) => 0.93 + (i % 5) / 200);
  assert.deepEqual(
    suspectsOf([clip('a', 0, 60)], () => preview('a', calm)),
    [],
  );
  calm[31] = 0.74;
  assert.equal(suspectsOf([clip('a', 0, 60)], () => preview('a', calm))[0]!.frame, 31);
  assert.equal(limitOf([null, 0.9]), 0.5, 'few are no statistics');
});
