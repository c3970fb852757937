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
   * Block `n` over [1, inputs, h, w]: flow 4, mask 1, carried features, [1, 5 + carried, ...] of the same size, or of half of it in versions
   * without a pixel shuffle. Flow is in pixels of that size. Inputs are in the order of `inputOrder`.
   */
  block(n: number, x: Value): Value {
    return this.#g.within('layers', () => {
      const name = `block${n}`;
      const stem = this.#layer(`${name}.conv0.0`, x, 2, (kernel) => reordered(kernel, this.#inputOrder(kernel)));
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
   * Checkpoints see picture 0, picture 1, features 0, features 1, the rest; the graph holds a picture with its features. Input i of the
   * graph's kernel is the checkpoint's input order[i].
   */
  #inputOrder(kernel: Tensor): number[] {
    const features = this.#config.encoder?.outputs ?? 0;
    const range = (from: number, length: number) => Array.from({ length }, (_, i) => from + i);
    const frames = 6 + 2 * features;
    return [
      ...[...range(0, 3), ...range(6, features)],
      ...[...range(3, 3), ...range(6 + features, features)],
      ...range(frames, kernel.dims[1]! - frames),
    ];
  }

  /** Convolution of 3x3 and activation. */
  #layer(name: string, x: Value, stride: number, change = (kernel: Tensor): Tensor => kernel): Value {
    const { groups } = this.#config;
    const kernel = this.#value(`${name}.weight`, change);
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

  #value(name: string, change = (tensor: Tensor): Tensor => tensor): Value {
    const found = this.#values.get(name);
    if (found) return found;
    const value = this.#g.weight(name, change(this.#tensor(name)));
    this.#values.set(name, value);
    return value;
  }

  #tensor(name: string): Tensor {
    const tensor = this.#weights.get(name);
    if (!tensor) throw new RangeError(`no weights ${name}`);
    return tensor;
  }
}
