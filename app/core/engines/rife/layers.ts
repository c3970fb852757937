/** The layers of RIFE 4.x with weights: blocks and the encoder, at whatever size they are given. */
import type { GraphBuilder } from '../../onnx/builder.ts';
import type { Tensor, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { Weights } from '../weights.ts';
import { DEPTH, outputsOf, shuffles, type RifeConfig } from './config.ts';
import { asConvolution, plusIdentity, reordered, scaled } from './fold.ts';

/** Slope of the activation below zero, where it is not learned. */
const SLOPE = 0.2;

export class Layers {
  readonly #g: GraphBuilder;
  readonly #config: RifeConfig;
  readonly #weights: Weights;
  readonly #values = new Map<string, Value>();

  /** `weights` as `takeRife` gives them. [Note: folded layers] says how they enter the graph. */
  constructor(g: GraphBuilder, config: RifeConfig, weights: Weights) {
    this.#g = g;
    this.#config = config;
    this.#weights = weights;
  }

  /**
   * Block `n` over both pictures with their features `frames` [2, 3 + features, h, w] and the `rest` [1, c, h, w] of what it sees: flow 4, mask 1,
   * carried features, [1, 5 + carried, ...] of the same size, or of half of it in versions without a pixel shuffle. Flow is in pixels of that size.
   */
  block(n: number, frames: Value, rest: Value): Value {
    return this.#g.within('layers', () => {
      const name = `block${n}`;
      const stem = this.#entry(`${name}.conv0.0`, frames, rest);
      const entered = this.#layer(`${name}.conv0.1`, stem, 2);
      let body = entered;
      for (let k = 0; k < DEPTH; k++) body = this.#bodyLayer(`${name}.convblock.${k}`, body);
      if (this.#config.skip) body = op.add(this.#g, body, entered);
      const keep = Math.min(outputsOf(this.#config), 5 + this.#config.carried);
      return this.#transposed(`${name}.lastconv`, body, shuffles(this.#config) ? 2 : 1, keep);
    });
  }

  /** Features of [1, 3, h, w] at its own size. */
  encoder(picture: Value): Value {
    const { convolutions, outputs } = this.#config.encoder!;
    let x = picture;
    for (let n = 0; n < convolutions; n++) {
      x = op.conv(this.#g, x, ...this.#pair(`encode.${n}`), { pad: 1, stride: n === 0 ? 2 : 1 });
      if (convolutions > 1) x = op.leakyRelu(this.#g, x, SLOPE);
    }
    return this.#transposed('encode.last', x, 1, outputs);
  }

  /**
   * The first layer. Checkpoints have one kernel over picture 0, picture 1, features 0, features 1 and the rest; here a picture stands with its
   * features, and the rest has a kernel of its own: laying all of it side by side costs more than adding two results of half the size.
   */
  #entry(name: string, frames: Value, rest: Value): Value {
    const [, channels, height, width] = frames.shape as number[];
    const features = channels! - 3;
    const range = (from: number, length: number) => Array.from({ length }, (_, i) => from + i);
    const order = [...range(0, 3), ...range(6, features), ...range(3, 3), ...range(6 + features, features)];
    const others = range(order.length, Number(rest.shape[1]));
    const kernels = [order, others].map((inputs, i) =>
      this.#value(`${name}.weight`, (kernel) => reordered(kernel, inputs), i === 0 ? '' : '/rest'),
    );
    const both = op.reshape(this.#g, frames, [1, 2 * channels!, height!, width!]);
    const how = { pad: 1, stride: 2 };
    const first = op.conv(this.#g, both, kernels[0]!, this.#value(`${name}.bias`), how);
    return this.#activated(name, op.add(this.#g, first, op.conv(this.#g, rest, kernels[1]!, undefined, how)));
  }

  /** Convolution of 3x3 and activation. */
  #layer(name: string, x: Value, stride: number): Value {
    const { groups } = this.#config;
    const kernel = this.#value(`${name}.weight`);
    const group = stride === 1 ? groups : 1;
    return this.#activated(name, op.conv(this.#g, x, kernel, this.#value(`${name}.bias`), { pad: 1, stride, group }));
  }

  #bodyLayer(name: string, x: Value): Value {
    if (this.#config.body === 'plain') return this.#layer(name, x, 1);
    const beta = this.#tensor(`${name}.beta`);
    const kernel = this.#value(`${name}.weight`, (tensor) => plusIdentity(scaled(tensor, beta)));
    const bias = this.#value(`${name}.bias`, (tensor) => scaled(tensor, beta));
    return this.#activated(name, op.conv(this.#g, x, kernel, bias, { pad: 1, group: this.#config.groups }));
  }

  #activated(name: string, x: Value): Value {
    if (this.#config.activation === 'leaky') return op.leakyRelu(this.#g, x, SLOPE);
    const slope = this.#value(`${name}.slope`, (tensor) => ({ ...tensor, dims: [tensor.dims[0]!, 1, 1] }));
    return op.prelu(this.#g, x, slope);
  }

  #transposed(name: string, x: Value, shuffle: number, keep: number): Value {
    const [kernel, bias] = asConvolution(this.#tensor(`${name}.weight`), this.#tensor(`${name}.bias`), shuffle, keep);
    const values = [this.#value(`${name}.weight`, () => kernel), this.#value(`${name}.bias`, () => bias)] as const;
    return op.pixelShuffle(this.#g, op.conv(this.#g, x, ...values, { pad: 1 }), 2 * shuffle);
  }

  #pair(name: string): [Value, Value] {
    return [this.#value(`${name}.weight`), this.#value(`${name}.bias`)];
  }

  /** A tensor as a constant, changed, once; `part` tells constants of one tensor apart. */
  #value(name: string, change = (tensor: Tensor): Tensor => tensor, part = ''): Value {
    const found = this.#values.get(name + part);
    if (found) return found;
    const value = this.#g.weight(name + part, change(this.#tensor(name)));
    this.#values.set(name + part, value);
    return value;
  }

  #tensor(name: string): Tensor {
    const tensor = this.#weights.get(name);
    if (!tensor) throw new RangeError(`no weights ${name}`);
    return tensor;
  }
}
