/**
 * AdaConv as two graphs: the trunk, from a tile of two pictures to features, and the head, from a band of features to the taps of its pixels.
 * What the taps do to the pictures is kernels/local.ts.
 *
 * [Note: strides as dilations] Published is a network that makes one pixel from a patch of 79x79, and three of its layers move by two. Run over a
 * picture as it is, it would give every eighth pixel. Its authors proposed to run it on shifted pictures and to stitch the results. The same numbers,
 * and nothing computed twice, come from letting the three layers move by one and spreading the taps of all layers after each of them twice as far:
 * what a pixel's patch had at stride two lies two apart. 79 halves to 73, 36 (the last row and column of 73 are never read), 32, 16, 12, 6, 4
 * and 1: so a pixel sees 78 rows and columns, from 39 before to 38 after.
 *
 * [Note: taps as a product] The last layer is 1x1, so it is a matrix product, and written as one it is: its result then lies as planes of taps,
 * as kernels/local.ts reads them, where a Conv's would be laid out anew. Of few pixels at a time the taps stay in cache from there to the sums
 * (2.5 s of processor time per megapixel for 2 * 25 * 25 taps and 96 features, against 3.5 to 5.3 for Conv), and softmax adds 1 s rather than 3.
 */
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Graph, Tensor, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { Weights } from '../weights.ts';
import { AROUND, LAYERS, PATCH, type AdaconvConfig } from './config.ts';

/** The layer that makes taps. */
const HEAD = LAYERS.length - 1;

class Network {
  readonly g: GraphBuilder;
  readonly #config: AdaconvConfig;
  readonly #weights: Weights;

  constructor(name: string, config: AdaconvConfig, weights: Weights) {
    this.g = new GraphBuilder(name);
    this.#config = config;
    this.#weights = weights;
  }

  weight(name: string): Value {
    return this.g.weight(name, this.#weights.get(name)!);
  }

  /** All layers but the last. */
  features(x: Value, way: 'dilated' | 'strided'): Value {
    let dilation = 1;
    for (const [n, { halves, norm }] of LAYERS.slice(0, HEAD).entries()) {
      const moves = way === 'dilated' ? { dilation } : { stride: halves ? 2 : 1 };
      x = op.relu(this.g, op.conv(this.g, x, this.weight(`conv${n}.weight`), this.weight(`conv${n}.bias`), moves));
      if (norm) x = this.#norm(x, norm);
      if (halves) dilation *= 2;
    }
    return x;
  }

  #norm(x: Value, name: string): Value {
    const [scale, bias] = [this.weight(`${name}.weight`), this.weight(`${name}.bias`)];
    const [mean, variance] = [this.weight(`${name}.running_mean`), this.weight(`${name}.running_var`)];
    return op.batchNorm(this.g, x, { scale, bias, mean, variance }, this.#config.bnEps);
  }

  /** The taps of `pixels` pixels for both pictures, [K * K, pixels] each, that sum to 1. `features` [features, pixels]. */
  taps(features: Value): readonly [Value, Value] {
    const { g } = this;
    const [weight, bias] = [this.#weights.get(`conv${HEAD}.weight`)!, this.#weights.get(`conv${HEAD}.bias`)!];
    const logits = [0, 1].map((picture) => {
      const rows = tapsOf(this.#config, weight, picture);
      const shifts = tapsOf(this.#config, bias, picture);
      const w = g.weight(`conv${HEAD}.weight.${picture}`, rows);
      return g.one('Gemm', [w, features, g.weight(`conv${HEAD}.bias.${picture}`, shifts)]);
    });
    const [first, second] = logits as [Value, Value];
    const most = op.max(g, op.reduceMax(g, first, [0]), op.reduceMax(g, second, [0]));
    const [a, b] = [first, second].map((x) => op.exp(g, op.sub(g, x, most))) as [Value, Value];
    const share = op.reciprocal(g, op.add(g, op.reduceSum(g, a, [0]), op.reduceSum(g, b, [0])));
    return [op.mul(g, a, share), op.mul(g, b, share)];
  }
}

/** The rows of the last layer that make the taps of one picture: [K * K, the rest]. Stored are rows of K taps of the first, K of the second. */
function tapsOf({ kernel }: AdaconvConfig, { dims, data }: Tensor, picture: number): Tensor {
  const each = data.length / dims[0]!;
  const out = new Float32Array(kernel * kernel * each);
  for (let row = 0; row < kernel; row++) {
    const from = (2 * row + picture) * kernel * each;
    out.set((data as Float32Array).subarray(from, from + kernel * each), row * kernel * each);
  }
  return { dtype: 'float32', dims: [kernel * kernel, each], data: out };
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Input `pictures` [1, 6, height + 77, width + 77]: both pictures' planes. Output `features` [1, filters[7], height, width]. */
export function trunkGraph(config: AdaconvConfig, weights: Weights, { width, height }: Size): Graph {
  const net = new Network('adaconv', config, weights);
  const pictures = net.g.input('pictures', 'float32', [1, 6, height + AROUND, width + AROUND]);
  return net.g.build({ features: net.features(pictures, 'dilated') });
}

/** Input `features` [1, filters[7], height, width]; outputs `first` and `second` [1, K * K, height, width]: the taps for each picture. */
export function headGraph(config: AdaconvConfig, weights: Weights, { width, height }: Size): Graph {
  const net = new Network('adaconv-taps', config, weights);
  const { g } = net;
  const channels = config.filters[HEAD - 1]!;
  const features = g.input('features', 'float32', [1, channels, height, width]);
  const shape = [1, config.kernel ** 2, height, width];
  const taps = net.taps(op.reshape(g, features, [channels, width * height]));
  const [first, second] = taps.map((x) => op.reshape(g, x, shape));
  return g.build({ first: first!, second: second! });
}

/**
 * The network as it is published, one pixel a patch: input `patches` [n, 6, 79, 79]; outputs `first` and `second` [K * K, n]. What the
 * others are measured against, and what parameters are counted on.
 */
export function patchGraph(config: AdaconvConfig, weights: Weights, patches: number): Graph {
  const net = new Network('adaconv-patches', config, weights);
  const { g } = net;
  const x = g.input('patches', 'float32', [patches, 6, PATCH, PATCH]);
  const features = op.reshape(g, net.features(x, 'strided'), [patches, config.filters[HEAD - 1]!]);
  const [first, second] = net.taps(op.transpose(g, features, [1, 0]));
  return g.build({ first, second });
}
