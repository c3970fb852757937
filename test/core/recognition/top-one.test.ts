import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanProbabilities, topOne } from '../../../app/core/recognition/top-one.ts';

const LABELS = ['walk', 'nothing', 'bend', 'jump'];

test('the highest mean over the video', () => {
  const watched = { probabilities: Float32Array.of(0.5, 0, 0, 1, 0.25, 0.5, 0, 0), scores: 2 };
  assert.deepEqual([...meanProbabilities(watched)], [0.375, 0.25, 0, 0.5]);
});

test('asked among the labels of the group and among all; never nothing; unknown labels are not counted', () => {
  const score = topOne(
    [
      { truth: 'walk', means: [0.4, 0.9, 0.1, 0.5] },
      { truth: 'bend', means: [0.1, 0.9, 0.6, 0.2] },
      { truth: 'bend', means: [0.3, 0.9, 0.2, 0.1] },
      { truth: 'cartwheel', means: [0.3, 0.9, 0.2, 0.1] },
    ],
    LABELS,
  );
  assert.deepEqual(score, {
    ...{ videos: 3, ofGroup: 2 / 3, ofAll: 1 / 3, chance: 1 / 2, chanceOfAll: 1 / 3 },
    answers: [
      { truth: 'walk', ofGroup: 'walk', ofAll: 'jump' },
      { truth: 'bend', ofGroup: 'bend', ofAll: 'bend' },
      { truth: 'bend', ofGroup: 'walk', ofAll: 'walk' },
    ],
  });
  assert.equal(topOne([{ truth: 'cartwheel', means: [1, 0, 0, 0] }], LABELS), null);
});
