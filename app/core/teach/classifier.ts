/**
 * One taught label: how probable it is for an embedding.
 *
 * [Note: taught] An embedding's direction u from the centre of all examples is what counts (its cosines), not its length. The margin is u.w - max over k of u.v_k
 * (0 where there are no v); the probability is sigmoid(slope * margin + offset).
 *   mean      w is the direction of the mean of the label's examples, v_k that of each kind of negative ones: the nearest class mean by cosine. Slope and offset are
 *             Platt's, fitted to margins of examples that were left out (below), pulled towards a slope that suits cosines, so that few examples do not make it sure.
 *   logistic  w and offset are those of a logistic regression, slope 1, no v.
 * Positive and negative examples have the same weight together, so 0.5 is where both are as likely, not where the label is as frequent as in the examples.
 *
 * [Note: one example] Nothing can be left out of one: the positive margin is then that of the example itself, halved, since a second example never lies where the
 * first does. No accuracy is stated.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { TeachMethod } from '../../contract/tags.ts';
import { centreOf, directions, rowsOf, type Example } from './example.ts';
import { foldsOf } from './folds.ts';
import { fitLogistic, sigmoid } from './logistic.ts';
import { platt, type Margin } from './platt.ts';

export interface Classifier {
  readonly method: TeachMethod;
  readonly centre: Float32Array;
  /** w, then each v. */
  readonly rows: readonly Float32Array[];
  readonly slope: number;
  readonly offset: number;
}

const PENALTY = 0.003;
/** Parts that examples are left out in, for the slope of means. */
const PARTS = 8;

/** Makes the classifier; there must be a positive and a negative example. Throws the signal's reason. */
export async function makeClassifier(
  method: TeachMethod,
  examples: readonly Example[],
  signal?: AbortSignal,
): Promise<Classifier> {
  return method === 'mean' ? await calibratedMeans(examples, signal) : await logistic(examples, signal);
}

/** For each of the embeddings in a row, [n, dimensions]. */
export function probabilities(classifier: Classifier, embeddings: Float32Array): Float32Array {
  return margins(classifier, embeddings).map((margin) => sigmoid(classifier.slope * margin + classifier.offset));
}

/** Mean over the example's embeddings. */
export function probabilityOf(classifier: Classifier, example: Example): number {
  return meanOver(example, (vector) => probabilities(classifier, vector)[0]!);
}

async function logistic(examples: readonly Example[], signal: AbortSignal | undefined): Promise<Classifier> {
  const centre = centreOf(examples);
  const rows = rowsOf(examples);
  const values = directions(rows.values, centre, rows.values);
  const { weights, offset } = await fitLogistic({ ...rows, values }, PENALTY, signal);
  return { method: 'logistic', centre, rows: [weights], slope: 1, offset };
}

async function calibratedMeans(examples: readonly Example[], signal: AbortSignal | undefined): Promise<Classifier> {
  const means = classMeans(examples);
  const held: Margin[] = [];
  for (const { rest, out } of foldsOf(examples, PARTS)) {
    await breathe();
    signal?.throwIfAborted();
    const others = classMeans(rest);
    held.push(...out.map((example) => ({ positive: example.positive, margin: marginOf(others, example) })));
  }
  const unheld = (positive: boolean) => !held.some((one) => one.positive === positive);
  // [Note: one example]
  for (const example of examples)
    if (unheld(example.positive)) held.push({ positive: example.positive, margin: marginOf(means, example) / 2 });
  return { ...means, ...platt(held) };
}

function classMeans(examples: readonly Example[]): Classifier {
  const centre = centreOf(examples);
  const kinds = Map.groupBy(examples, ({ positive, kind }) => (positive ? '' : `-${kind}`));
  const label = kinds.get('') ?? [];
  kinds.delete('');
  const rows = [label, ...kinds.values()].map((group) => meanDirection(group, centre));
  return { method: 'mean', centre, rows, slope: 1, offset: 0 };
}

function meanDirection(examples: readonly Example[], centre: Float32Array): Float32Array {
  const units = examples.map(({ vectors }) => ({
    vectors: vectors.map((vector) => directions(vector, centre, new Float32Array(vector.length))),
    positive: true,
    kind: '',
  }));
  const origin = new Float32Array(centre.length);
  return directions(centreOf(units), origin, new Float32Array(centre.length));
}

function marginOf(classifier: Classifier, example: Example): number {
  return meanOver(example, (vector) => margins(classifier, vector)[0]!);
}

function margins({ centre, rows }: Classifier, embeddings: Float32Array): Float32Array {
  const size = centre.length;
  const units = directions(embeddings, centre, new Float32Array(embeddings.length));
  const out = new Float32Array(embeddings.length / size);
  for (let n = 0; n < out.length; n++) {
    const [own = 0, ...others] = rows.map((row) => dot(row, units, n * size));
    out[n] = others.length === 0 ? own : own - Math.max(...others);
  }
  return out;
}

function dot(row: Float32Array, values: Float32Array, from: number): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i]! * values[from + i]!;
  return sum;
}

function meanOver({ vectors }: Example, value: (vector: Float32Array) => number): number {
  return vectors.reduce((sum, vector) => sum + value(vector), 0) / vectors.length;
}
