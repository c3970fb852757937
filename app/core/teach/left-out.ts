/**
 * How well a label can be told, by leaving examples out.
 *
 * [Note: left out] Every example is judged by a classifier made, calibration and all, from the others; it counts as told rightly where its probability lies on the right side
 * of 0.5. Up to EACH examples are left out one by one, more of them in PARTS parts. The accuracy is the mean of the shares told rightly of the positive and of the negative
 * examples: saying always no is worth 0.5, however few the positive ones are. With one positive example there is none.
 *
 * Classifiers see examples only through their inner products, which stay the same in the space the examples span: with fewer vectors than dimensions, everything happens in
 * that smaller space (rows of the Cholesky factor of the Gram matrix).
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { TeachMethod } from '../../contract/tags.ts';
import { makeClassifier, probabilityOf } from './classifier.ts';
import { dimensionsOf, rowsOf, type Example } from './example.ts';
import { foldsOf } from './folds.ts';

const EACH = 40;
const PARTS = 20;
/** More examples of a half than this say nothing new; they are taken evenly. */
const MOST = 150;

export interface LeftOut {
  /** How many examples were left out, and how many of them told rightly. */
  readonly positive: { readonly right: number; readonly of: number };
  readonly negative: { readonly right: number; readonly of: number };
}

/** Null with fewer than two positive or two negative examples. Throws the signal's reason. */
export async function leaveOut(
  method: TeachMethod,
  examples: readonly Example[],
  signal?: AbortSignal,
): Promise<LeftOut | null> {
  const halves = [true, false].map((positive) => examples.filter((example) => example.positive === positive));
  if (halves.some((half) => half.length < 2)) return null;
  const some = await reduced(
    halves.flatMap((half) => evenly(half, MOST)),
    signal,
  );
  const count = { true: { right: 0, of: 0 }, false: { right: 0, of: 0 } };
  for (const { rest, out } of foldsOf(some, some.length <= EACH ? some.length : PARTS)) {
    await breathe();
    signal?.throwIfAborted();
    const classifier = await makeClassifier(method, rest, signal);
    for (const example of out) {
      const tally = count[`${example.positive}`];
      tally.of++;
      if (probabilityOf(classifier, example) >= 0.5 === example.positive) tally.right++;
    }
  }
  return { positive: count.true, negative: count.false };
}

/** 0..1: [Note: left out]. */
export function accuracyOf({ positive, negative }: LeftOut): number {
  return (positive.right / positive.of + negative.right / negative.of) / 2;
}

/** `most` of them, evenly spread. */
export function evenly<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, n) => all[Math.floor(((n + 0.5) * all.length) / most)]!);
}

/** The same examples with as many dimensions as they have vectors, where that is fewer. */
export async function reduced(examples: readonly Example[], signal?: AbortSignal): Promise<readonly Example[]> {
  const { values, count } = rowsOf(examples);
  const size = dimensionsOf(examples);
  if (count >= size) return examples;
  const factor = new Float64Array(count * count);
  let largest = 0;
  for (let i = 0; i < count; i++) {
    if (i % 32 === 31) await breathe();
    signal?.throwIfAborted();
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += values[i * size + k]! * values[j * size + k]!;
      for (let k = 0; k < j; k++) sum -= factor[i * count + k]! * factor[j * count + k]!;
      if (i === j) largest = Math.max(largest, sum);
      // What depends on the rows before it (a second copy, say) adds no dimension.
      const pivot = factor[j * count + j]!;
      factor[i * count + j] = i === j ? (sum > 1e-9 * largest ? Math.sqrt(sum) : 0) : pivot > 0 ? sum / pivot : 0;
    }
  }
  let at = 0;
  return examples.map((example) => ({
    ...example,
    vectors: example.vectors.map(() => Float32Array.from(factor.subarray(at * count, ++at * count))),
  }));
}
