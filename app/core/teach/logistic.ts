/** Logistic regression with a penalty on the weights. */
import type { Rows } from './example.ts';
import { minimise } from './lbfgs.ts';

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : 1 - 1 / (1 + Math.exp(x));
}

export interface Linear {
  readonly weights: Float32Array;
  readonly offset: number;
}

/**
 * The weights w and the offset b that make the weighted mean of log(1 + exp(-y (w.x + b))) and penalty/2 |w|^2 least, y being 1 for positive rows and -1 for others.
 * The offset is not penalised.
 */
export async function fitLogistic(rows: Rows, penalty: number, signal?: AbortSignal): Promise<Linear> {
  const { dimensions: size, values, count, positive, weights } = rows;
  const found = await minimise(
    (x, gradient) => {
      gradient.fill(0);
      let value = 0;
      for (let n = 0; n < count; n++) {
        const row = n * size;
        let z = x[size]!;
        for (let i = 0; i < size; i++) z += x[i]! * values[row + i]!;
        const sign = positive[n] ? 1 : -1;
        value += weights[n]! * softplus(-sign * z);
        const pull = -sign * weights[n]! * sigmoid(-sign * z);
        for (let i = 0; i < size; i++) gradient[i]! += pull * values[row + i]!;
        gradient[size]! += pull;
      }
      for (let i = 0; i < size; i++) {
        value += (penalty / 2) * x[i]! * x[i]!;
        gradient[i]! += penalty * x[i]!;
      }
      return value;
    },
    new Float64Array(size + 1),
    signal,
  );
  return { weights: Float32Array.from(found.subarray(0, size)), offset: found[size]! };
}

/** log(1 + exp(x)) */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
