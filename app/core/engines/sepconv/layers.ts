/** Convolutions and slopes of a network by their names, as its graph is built. */
import type { GraphBuilder } from '../../onnx/builder.ts';
import type { Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { Weights } from '../weights.ts';

/** For the last convolutions of a band: rows around it are there, columns are not. */
export const ROWS_THERE = { begin: [0, 1], end: [0, 1] } as const;

export class Layers {
  readonly g: GraphBuilder;
  readonly #weights: Weights;

  constructor(g: GraphBuilder, weights: Weights) {
    this.g = g;
    this.#weights = weights;
  }

  #weight(name: string): Value {
    return this.g.weight(name, this.#weights.get(name)!);
  }

  /** A 3x3 convolution, padded with a zero on each side unless `sliding` says otherwise. */
  conv(name: string, x: Value, sliding: op.Sliding = {}): Value {
    const [weight, bias] = [this.#weight(`${name}.weight`), this.#weight(`${name}.bias`)];
    return op.conv(this.g, x, weight, bias, { pad: 1, ...sliding });
  }

  relu(name: string, x: Value): Value {
    return op.relu(this.g, this.conv(name, x));
  }

  /** A slope for all channels that was learned. */
  prelu(name: string, x: Value): Value {
    return op.prelu(this.g, x, this.#weight(`${name}.weight`));
  }

  basic(name: string, x: Value): Value {
    return [0, 2, 4].reduce((from, n) => this.relu(`${name}.${n}`, from), x);
  }
}
