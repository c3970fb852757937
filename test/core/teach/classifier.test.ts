import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeClassifier, probabilities, probabilityOf } from '../../../app/core/teach/classifier.ts';
import { rowsOf, type Example } from '../../../app/core/teach/example.ts';
import { foldsOf } from '../../../app/core/teach/folds.ts';
import { accuracyOf, leaveOut } from '../../../app/core/teach/left-out.ts';
import { fitLogistic, sigmoid } from '../../../app/core/teach/logistic.ts';

const METHODS = ['mean', 'logistic'] as const;

/** mulberry32, and normal numbers of it. */
function chance(seed: number): () => number {
  let state = seed;
  const even = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - even())) * Math.cos(2 * Math.PI * even());
}

function example(positive: boolean, kind: string, ...vectors: number[][]): Example {
  return { positive, kind, vectors: vectors.map((vector) => Float32Array.from(vector)) };
}

/** Examples of classes that lie around means of their own, all on one side of the origin as embeddings do. The first class is the label; `take` draws others of the same classes. */
function clusters(counts: readonly number[], size: number, spread: number, seed: number, take = 1): Example[] {
  const [ofMeans, normal] = [chance(seed), chance(seed * 1000 + take)];
  return counts.flatMap((count, kind) => {
    const mean = Array.from({ length: size }, () => 3 + ofMeans());
    return Array.from({ length: count }, () =>
      example(
        kind === 0,
        `class ${kind}`,
        mean.map((one) => one + spread * normal()),
        mean.map((one) => one + spread * normal()),
      ),
    );
  });
}

test('logistic regression of two points is where its equation says', async () => {
  // One dimension, points at +-1 of weight 1/2: w minimises log(1 + exp(-w)) + c/2 w^2, so c w = sigmoid(-w); the offset is 0 by symmetry.
  const rows = rowsOf([example(true, '', [1]), example(false, 'a', [-1])]);
  const { weights, offset } = await fitLogistic(rows, 0.1);
  const w = weights[0]!;
  assert.ok(Math.abs(0.1 * w - sigmoid(-w)) < 2e-5, `w ${w}`);
  assert.ok(Math.abs(offset) < 1e-6);
});

test('the gradient is nought at the end, with many points and weights of their own', async () => {
  const rows = rowsOf(clusters([5, 30], 12, 1.5, 3));
  const penalty = 0.01;
  const { weights, offset } = await fitLogistic(rows, penalty);
  const gradient = Array.from(weights, (w) => penalty * w);
  let ofOffset = 0;
  for (let n = 0; n < rows.count; n++) {
    const row = rows.values.subarray(n * 12, (n + 1) * 12);
    const z = row.reduce((sum, value, i) => sum + value * weights[i]!, offset);
    const pull = rows.weights[n]! * (sigmoid(z) - rows.positive[n]!);
    row.forEach((value, i) => (gradient[i]! += pull * value));
    ofOffset += pull;
  }
  for (const one of [...gradient, ofOffset]) assert.ok(Math.abs(one) < 2e-5, `${one}`);
});

test('both methods tell classes apart, whatever the length of the vectors', async () => {
  const examples = clusters([10, 10, 10], 32, 0.8, 1);
  for (const method of METHODS) {
    const classifier = await makeClassifier(method, examples);
    for (const one of examples) assert.equal(probabilityOf(classifier, one) > 0.5, one.positive, method);
    const together = Float32Array.from(examples.flatMap(({ vectors }) => [...vectors[0]!]));
    const all = probabilities(classifier, together);
    assert.equal(all.length, 30);
    assert.ok(Math.abs(all[4]! - probabilities(classifier, examples[4]!.vectors[0]!)[0]!) < 1e-6);
    assert.ok(Math.min(...all) > 0 && Math.max(...all) < 1);
  }
});

test('the mean is the nearest class mean by cosine: between, it is even', async () => {
  const examples = [
    ...[1, 2].map((n) => example(true, '', [n, 0])),
    ...[1, 2].map((n) => example(false, 'a', [0, n])),
    ...[1, 2].map((n) => example(false, 'b', [-n, -n])),
  ];
  const classifier = await makeClassifier('mean', examples);
  const [label, other] = [
    probabilities(classifier, Float32Array.of(3, 0.2)),
    probabilities(classifier, Float32Array.of(0.2, 3)),
  ];
  assert.ok(label[0]! > 0.7 && other[0]! < 0.3, `${label} ${other}`);
});

test('one example is judged without boasting', async () => {
  const examples = clusters([1, 20, 20], 64, 0.8, 5);
  const fresh = clusters([12, 20, 20], 64, 0.8, 5, 2);
  for (const method of METHODS) {
    assert.equal(await leaveOut(method, examples), null);
    const classifier = await makeClassifier(method, examples);
    const told = fresh.filter((one) => probabilityOf(classifier, one) > 0.5 === one.positive).length;
    assert.ok(told / fresh.length > 0.8, `${method}: ${told} of ${fresh.length}`);
  }
});

test('leaving out says of noise that it cannot be told, and of copies that they can', async () => {
  const normal = chance(9);
  const noise = Array.from({ length: 40 }, (_, n) =>
    example(
      n < 12,
      'other',
      Array.from({ length: 100 }, () => normal()),
    ),
  );
  for (const method of METHODS) {
    const classifier = await makeClassifier(method, noise);
    const seen = noise.filter((one) => probabilityOf(classifier, one) > 0.5 === one.positive).length;
    const left = await leaveOut(method, noise);
    assert.ok(left && left.positive.of === 12 && left.negative.of === 28);
    assert.ok(seen >= 35, `${method} learns noise by heart: ${seen} of 40`);
    assert.ok(accuracyOf(left) < 0.72, `${method}: ${accuracyOf(left)} of noise`);
    const copies = clusters([4, 4], 50, 0, 2);
    assert.equal(accuracyOf((await leaveOut(method, copies))!), 1);
  }
});

test('leaving out in the smaller space is leaving out in the whole one', async () => {
  // 24 vectors; in 23 dimensions they stay as they are, with 40 more of zeros they are made smaller first.
  const examples = clusters([6, 6], 23, 4, 11);
  const padded = examples.map((one) => ({
    ...one,
    vectors: one.vectors.map((vector) => Float32Array.from([...vector, ...Array.from({ length: 40 }, () => 0)])),
  }));
  for (const method of METHODS) assert.deepEqual(await leaveOut(method, padded), await leaveOut(method, examples));
});

test('an exact small case of leaving out', async () => {
  // On a line through the centre: the label's 3, 4 and a stray -3; others -4, -5, -6. Each but the stray is nearer to its own.
  const line = (positive: boolean, at: number) => example(positive, 'other', [at, 1]);
  const examples = [3, 4, -3].map((at) => line(true, at)).concat([-4, -5, -6].map((at) => line(false, at)));
  const left = await leaveOut('logistic', examples);
  assert.deepEqual(left, { positive: { right: 2, of: 3 }, negative: { right: 3, of: 3 } });
  assert.equal(accuracyOf(left!), (2 / 3 + 1) / 2);
});

test('folds leave each example out once and never a whole half', () => {
  const examples = clusters([3, 25], 2, 1, 1);
  for (const parts of [2, 8, 28, 100]) {
    const folds = foldsOf(examples, parts);
    assert.deepEqual(new Set(folds.flatMap(({ out }) => out)), new Set(examples));
    assert.equal(
      folds.reduce((sum, { out }) => sum + out.length, 0),
      examples.length,
    );
    for (const { rest, out } of folds) {
      assert.equal(rest.length + out.length, examples.length);
      for (const positive of [true, false]) assert.ok(rest.some((one) => one.positive === positive));
    }
  }
  assert.deepEqual(
    foldsOf(examples, 28).map(({ out }) => out.length),
    Array.from({ length: 28 }, () => 1),
  );
});
