import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MORPH_EASES, type MorphEase } from '../../../app/contract/morph.ts';
import { gapTimes } from '../../../app/core/morph/ease.ts';

type Gaps = { frames: number; ease: MorphEase }[];

/** The way of every frame of the film, keyframes included: keyframe i is way i. */
function film(gaps: Gaps, loop = false): number[] {
  const ways = gaps.flatMap((_, i) => [i, ...gapTimes(gaps, i, loop).map((t) => i + t)]);
  return [...ways, gaps.length];
}

const steps = (ways: readonly number[]): number[] => ways.slice(1).map((way, k) => way - ways[k]!);

test('times ascend within a gap whatever the ease and its neighbours', () => {
  for (const ease of MORPH_EASES)
    for (const before of MORPH_EASES)
      for (const after of MORPH_EASES)
        for (const [a, n, b] of [
          [1, 14, 200],
          [500, 3, 2],
          [0, 40, 1],
          [30, 1, 30],
        ] as const) {
          const gaps = [
            { frames: a, ease: before },
            { frames: n, ease },
            { frames: b, ease: after },
          ];
          const times = [0, ...gapTimes(gaps, 1, false), 1];
          assert.equal(times.length, n + 2);
          for (const step of steps(times))
            assert.ok(step > 0, `${ease} between ${before} and ${after}: ${times.join()}`);
        }
});

test('linear is even, through alone in the film as well; recursions fall on halves', () => {
  for (const ease of ['linear', 'through'] as const)
    assert.deepEqual(gapTimes([{ frames: 3, ease }], 0, false), [0.25, 0.5, 0.75]);
  assert.deepEqual(gapTimes([{ frames: 0, ease: 'in' }], 0, false), []);
});

test('in starts slowly, out ends slowly, in-out does both', () => {
  const at = (ease: MorphEase) => gapTimes([{ frames: 3, ease }], 0, false);
  assert.deepEqual(at('in'), [1 / 16, 1 / 4, 9 / 16]);
  assert.deepEqual(at('out'), [7 / 16, 3 / 4, 15 / 16]);
  assert.deepEqual(at('in-out'), [0.15625, 0.5, 0.84375]);
});

test('a middle keyframe is passed at one speed: the step before it is the step after it, as steps get small', () => {
  const jump = (gaps: Gaps, loop = false): number => {
    const all = steps(film(gaps, loop));
    let [most, at] = [0, 0];
    for (const { frames } of loop ? gaps : gaps.slice(0, -1)) {
      at += frames + 1;
      const [before, after] = [all[at - 1]!, all[at % all.length]!];
      most = Math.max(most, Math.abs(after / before - 1));
    }
    return most;
  };
  const through = (...frames: number[]) => frames.map((n) => ({ frames: n, ease: 'through' as const }));
  const even = (...frames: number[]) => frames.map((n) => ({ frames: n, ease: 'linear' as const }));
  assert.ok(jump(even(4000, 1000, 2000)) > 0.9, 'even gaps of different lengths jump');
  assert.ok(jump(through(4000, 1000, 2000)) < 0.02);
  assert.ok(jump(through(4000, 1000, 2000), true) < 0.02, 'a loop closes without a jump as well');
  // Beside a gap with an ease of its own its pace is taken over.
  for (const ease of ['linear', 'out'] as const) {
    const gaps = [...through(300), { frames: 300, ease }, ...through(200)];
    const all = steps(film(gaps));
    assert.ok(Math.abs(all[301]! / all[300]! - 1) < 0.03, ease);
  }
});
