import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Example } from '../../../app/core/teach/example.ts';
import type { SpanState } from '../../../app/contract/tags.ts';
import { ExampleSheaf, stretchesOf, type Footage } from '../../../app/core/teach/examples-of.ts';

/** Two embeddings a second, each holding its own time. */
function footage(seconds: number, ...spans: [label: string, start: number, end: number, state: SpanState][]): Footage {
  const times = Array.from({ length: seconds * 2 }, (_, n) => n / 2);
  return {
    times,
    values: Float32Array.from(times),
    spans: spans.map(([label, start, end, state]) => ({ label, start, end, state })),
  };
}

function examplesOf(all: readonly Footage[], label: string): Example[] {
  const sheaf = new ExampleSheaf(label);
  for (const one of all) sheaf.add(one);
  return sheaf.examples();
}

/** Kind and times of each example. */
function facts(all: readonly Footage[], label: string): [string, number[]][] {
  return examplesOf(all, label).map(({ kind, positive, vectors }) => [
    positive ? `+${kind}` : kind,
    vectors.map((vector) => vector[0]!),
  ]);
}

test('what people said becomes examples, what nobody looked at none', () => {
  const clip = footage(
    20,
    ['spin', 2, 4, 'marked'],
    ['walk', 6, 8, 'accepted'],
    ['spin', 10, 11, 'rejected'],
    ['spin', 14, 16, 'found'],
    ['walk', 17, 18, 'found'],
  );
  assert.deepEqual(
    facts([clip], 'spin'),
    [
      ['+spin', [2.5, 3, 3.5, 4]],
      ['walk', [6.5, 7, 7.5, 8]],
      ['rejected', [10.5, 11]],
      // 0 to 2, 5 to 6, 9 to 10, 12 to 14, 17 to the end at 19.75: none within a second after a span, none of what was found and not looked at.
      ['between', [0.5, 1, 1.5]],
      ['between', [5.5, 6]],
      ['between', [9.5, 10]],
      ['between', [12.5, 13, 13.5]],
      ['between', [17.5, 18, 18.5, 19, 19.5].filter((_, n) => n !== 2)],
    ].map((row) => row as [string, number[]]),
  );
});

test('spans that overlap are one example; what bears the label is never against it', () => {
  const clip = footage(8, ['spin', 1, 3, 'accepted'], ['spin', 2, 4, 'marked'], ['walk', 0, 7.5, 'marked']);
  assert.deepEqual(stretchesOf(clip.spans, 'spin'), [[1, 4]]);
  assert.deepEqual(facts([clip], 'spin'), [
    ['+spin', [1.5, 2.5, 3, 4]],
    ['walk', [4.5, 5.5, 6.5, 7.5]],
  ]);
});

test('a span between two moments takes the one nearest to its end, a clip without moments gives nothing', () => {
  assert.deepEqual(facts([footage(4, ['blink', 1.1, 1.2, 'marked'])], 'blink')[0], ['+blink', [1]]);
  assert.deepEqual(facts([{ ...footage(0), spans: footage(4, ['blink', 1, 2, 'marked']).spans }], 'blink'), []);
});

test('thousands of stretches are thinned out evenly, examples of the label are not', () => {
  const spans = Array.from({ length: 1500 }, (_, n): [string, number, number, SpanState] => [
    'a',
    10 * n,
    10 * n + 2,
    'marked',
  ]);
  const clip = footage(15_000, ...spans);
  const examples = examplesOf(
    Array.from({ length: 6 }, () => clip),
    'a',
  );
  assert.equal(examples.filter(({ positive }) => positive).length, 9000);
  assert.equal(examples.length, 10_000);
});
