/** What a label is taught from. */

/** A stretch of footage that bears the label (positive) or does not. */
export interface Example {
  /** Embeddings from within it, [dimensions] each, at least one. They count as one example together, however many there are. */
  readonly vectors: readonly Float32Array[];
  readonly positive: boolean;
  /** What a negative one is: another label, 'rejected' or 'between'. Each kind has a mean of its own. */
  readonly kind: string;
}

/** All vectors of examples in a row, each with the place of its example and a weight. */
export interface Rows {
  readonly dimensions: number;
  /** [count, dimensions] */
  readonly values: Float32Array;
  readonly count: number;
  readonly positive: Uint8Array;
  /** Sum 1: half for the positive examples and half for the others, whatever their numbers; alike for the examples of each half. */
  readonly weights: Float64Array;
}

export function dimensionsOf(examples: readonly Example[]): number {
  return examples[0]?.vectors[0]?.length ?? 0;
}

export function rowsOf(examples: readonly Example[]): Rows {
  const dimensions = dimensionsOf(examples);
  const count = examples.reduce((sum, { vectors }) => sum + vectors.length, 0);
  const values = new Float32Array(count * dimensions);
  const positive = new Uint8Array(count);
  const weights = new Float64Array(count);
  const positives = examples.filter((example) => example.positive).length;
  let at = 0;
  for (const example of examples) {
    const half = 0.5 / (example.positive ? positives : examples.length - positives);
    for (const vector of example.vectors) {
      values.set(vector, at * dimensions);
      positive[at] = example.positive ? 1 : 0;
      weights[at++] = half / example.vectors.length;
    }
  }
  return { dimensions, values, count, positive, weights };
}

/** Mean over the examples of the mean of each. */
export function centreOf(examples: readonly Example[]): Float32Array {
  const sum = new Float64Array(dimensionsOf(examples));
  for (const { vectors } of examples) {
    const weight = 1 / (vectors.length * examples.length);
    for (const vector of vectors) for (let i = 0; i < sum.length; i++) sum[i]! += weight * vector[i]!;
  }
  return Float32Array.from(sum);
}

/** The direction from `centre` to each of the vectors, length 1; 0 for one at the centre. `values` [n, dimensions], `into` the like. */
export function directions(values: Float32Array, centre: Float32Array, into: Float32Array): Float32Array {
  const size = centre.length;
  for (let from = 0; from < values.length; from += size) {
    let square = 0;
    for (let i = 0; i < size; i++) {
      const away = values[from + i]! - centre[i]!;
      into[from + i] = away;
      square += away * away;
    }
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let i = from; i < from + size; i++) into[i]! *= scale;
  }
  return into;
}
