/**
 * Gated recurrent units as PyTorch computes them, in plain TypeScript.
 *
 * [Note: no session for motion] These networks take 60 numbers to 60 numbers sixteen times: 20 million products for a whole gap with the published sizes,
 * which is some 30 ms here. As a graph they would want a thread, a device to be chosen and tried, and for the autoregressive one a run a step; and a path
 * would depend on the device. Here it is in double precision and, exp and tanh being the engine's own, the same wherever this runs.
 */
import type { Tensor } from '../../onnx/graph.ts';
import type { Weights } from '../weights.ts';

/** y = Wx + b. */
export interface Linear {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

export type Vector = ArrayLike<number>;

export function linear({ weight, bias }: Linear, x: Vector): Float64Array {
  const [outputs, inputs] = weight.dims as [number, number];
  const [w, b] = [weight.data as Float32Array, bias.data as Float32Array];
  const out = new Float64Array(outputs);
  for (let o = 0, at = 0; o < outputs; o++) {
    let sum = b[o]!;
    for (let i = 0; i < inputs; i++, at++) sum += w[at]! * x[i]!;
    out[o] = sum;
  }
  return out;
}

/** One direction of a layer. Rows of its weights are the gates r, z, n, `hidden` each. */
export interface Gru {
  readonly input: Linear;
  readonly state: Linear;
  readonly hidden: number;
}

/** Both directions of the layer called `name`. */
export function gruOf(weights: Weights, name: string): { readonly forward: Gru; readonly backward: Gru } {
  const direction = (suffix: string): Gru => {
    const part = (of: 'ih' | 'hh'): Linear => ({
      weight: weights.get(`${name}.weight_${of}_l0${suffix}`)!,
      bias: weights.get(`${name}.bias_${of}_l0${suffix}`)!,
    });
    return { input: part('ih'), state: part('hh'), hidden: part('hh').weight.dims[1]! };
  };
  return { forward: direction(''), backward: direction('_reverse') };
}

/** The state after one more `x`; zeros before the first. */
export function step({ input, state, hidden }: Gru, x: Vector, before: Vector): Float64Array {
  const [a, b] = [linear(input, x), linear(state, before)];
  const out = new Float64Array(hidden);
  for (let i = 0; i < hidden; i++) {
    const reset = sigmoid(a[i]! + b[i]!);
    const keep = sigmoid(a[hidden + i]! + b[hidden + i]!);
    const fresh = Math.tanh(a[2 * hidden + i]! + reset * b[2 * hidden + i]!);
    out[i] = (1 - keep) * fresh + keep * before[i]!;
  }
  return out;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** A bidirectional layer over a sequence: for each step the forward state and the backward one, side by side. */
export function bothWays(forward: Gru, backward: Gru, sequence: readonly Vector[]): Float64Array[] {
  const states = (gru: Gru, list: readonly Vector[]): Float64Array[] => {
    let state: Float64Array = new Float64Array(gru.hidden);
    return list.map((x) => (state = step(gru, x, state)));
  };
  const ahead = states(forward, sequence);
  const back = states(backward, sequence.toReversed()).toReversed();
  return ahead.map((state, i) => Float64Array.of(...state, ...back[i]!));
}
