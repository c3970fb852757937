/** Leaving examples out. */
import type { Example } from './example.ts';

export interface Fold {
  readonly rest: readonly Example[];
  readonly out: readonly Example[];
}

/**
 * `parts` divisions of the examples into some that are left out and the rest, each example being left out once; one for each example where there are no more than
 * `parts`. Positive and negative ones are dealt out alike and in their order. What would leave no positive or no negative example is not left out at all.
 */
export function foldsOf(examples: readonly Example[], parts: number): Fold[] {
  const outs: Example[][] = [];
  for (const positive of [true, false]) {
    const half = examples.filter((example) => example.positive === positive);
    if (half.length < 2) continue;
    const count = Math.min(parts, half.length);
    const places = examples.length <= parts ? outs.length : 0;
    half.forEach((example, n) => (outs[places + (n % count)] ??= []).push(example));
  }
  return outs.map((out) => {
    const gone = new Set(out);
    return { out, rest: examples.filter((example) => !gone.has(example)) };
  });
}
