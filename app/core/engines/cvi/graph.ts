/**
 * CVI as a graph: two stills and noise in, sixteen pictures out; spec/systems.md, section 4a.
 *
 * [Note: frames as a batch] Videos are [n, frames, c, h, w] between the layers, so that a frame and its channels lie together; convolutions see the frames as a
 * batch ([Note: time as channels]). What a layer needs of time (the frames before and after, doubling it) is cutting and joining.
 */
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Graph, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { Weights } from '../weights.ts';
import { decoderKernel, doublesAt, encoderKernel, FRAMES, framesAt, LATENT_LAYERS, skipInto, STEP } from './config.ts';
import type { CviConfig } from './config.ts';
import { warpHead } from './head.ts';
import {
  imageKernel,
  normalised,
  normOf,
  scaled,
  tensorOf,
  timeKernel,
  transposedKernel,
  videoKernel,
} from './kernels.ts';
import type { Kernel } from './kernels.ts';

/** Negative slope of the activations of generator and decoder. */
const SLOPE = 0.2;

export interface CviGraphOptions {
  /** Multiples of 8. */
  readonly width: number;
  readonly height: number;
  /** Pairs of stills; 1 unless given. */
  readonly batch?: number;
  /** Gives what is between as well, for comparison with the original. */
  readonly all?: boolean;
}

/**
 * The graph of a network for stills of one size. Inputs: `first` and `last` [n, c, height, width] in -1..1, `noise` [n, noise]. Outputs: `video`
 * [n, 16, c, height, width], as the network makes it: its ends are not the stills. With the warp head also `toFirst` and `toLast` [n, 16, 2, h, w] in
 * pixels, `weights` [n, 16, 3, h, w], `painted` [n, 16, c, h, w] ([Note: warp head]). With `all` also `enc_first` and `enc_last` [n, latent, h/8, w/8], and
 * `z1`, `z8`, `z24`: the latent video after so many layers. `weights` has every tensor of `storedOf(config)`. Throws bad-graph, RangeError for sides that
 * are no multiples of 8.
 */
export function cviGraph(config: CviConfig, weights: Weights, options: CviGraphOptions): Graph {
  if (options.width % STEP !== 0 || options.height % STEP !== 0)
    throw new RangeError(`${options.width}x${options.height} is not in steps of ${STEP}`);
  return new Cvi(config, weights, options).build();
}

class Cvi {
  readonly #config: CviConfig;
  readonly #weights: Weights;
  readonly #options: CviGraphOptions;
  readonly #batch: number;
  readonly #g = new GraphBuilder('cvi');

  constructor(config: CviConfig, weights: Weights, options: CviGraphOptions) {
    this.#config = config;
    this.#weights = weights;
    this.#options = options;
    this.#batch = options.batch ?? 1;
  }

  build(): Graph {
    const g = this.#g;
    const { width, height, all } = this.#options;
    const { channels, noise } = this.#config;
    const dims = [this.#batch, channels, height, width];
    const stills = ['first', 'last'].map((name) => g.input(name, 'float32', dims)) as [Value, Value];
    const random = g.input('noise', 'float32', [this.#batch, noise]);
    const features = this.#encode(stills);
    const ends = features.map((layers) => layers[6]!) as [Value, Value];
    const made = this.#latent(ends, random);
    const last = this.#decode(made.at(-1)!, features);
    const outputs = this.#output(last, stills);
    const [z1, z8, z24] = [made[0]!, made[7]!, made[23]!];
    return g.build({ ...outputs, ...(all && { enc_first: ends[0], enc_last: ends[1], z1, z8, z24 }) });
  }

  /** The features of both stills after each of the encoder's layers. The statistics of a batch are each still's own. */
  #encode(stills: readonly [Value, Value]): readonly (readonly Value[])[] {
    const made: Value[][] = [[], []];
    let [first, last] = stills;
    for (let layer = 0; layer < this.#config.encoder.length; layer++) {
      const { norm, conv } = this.#stepped(`bn${layer + 1}`, imageKernel(this.#weights, `image_conv${layer + 1}`), 0);
      const weights = this.#constants(`image_conv${layer + 1}`, conv);
      const stride = encoderKernel(layer) === 4 ? 2 : 1;
      const step = (x: Value): Value => op.relu(this.#g, norm(op.conv(this.#g, x, ...weights, { stride, pad: 1 })));
      [first, last] = [step(first), step(last)];
      made[0]!.push(first);
      made[1]!.push(last);
    }
    return made;
  }

  /** The latent video after each of the generator's layers. */
  #latent([first, last]: readonly [Value, Value], noise: Value): readonly Value[] {
    const g = this.#g;
    const { latent } = this.#config;
    const still = (x: Value): Value => op.unsqueeze(g, x, [1]);
    const ends = [still(first), still(last)] as const;
    const made: Value[] = [];
    let z = op.concat(g, ends, 1);
    for (let layer = 0; layer < LATENT_LAYERS; layer++)
      g.within(`latent${layer}`, () => {
        if (doublesAt(layer)) z = this.#doubled(z);
        const [ofFirst, ofLast, added] = this.#gates(layer, noise);
        const rest = op.relu(g, op.sub(g, op.sub(g, 1, ofFirst), ofLast));
        const seen = op.add(g, op.mul(g, ofFirst, ends[0]), op.mul(g, ofLast, ends[1]));
        const into = op.add(g, op.add(g, seen, op.mul(g, rest, z)), added);
        const stem = `latent_layer${layer}`;
        const inner = op.leakyRelu(g, this.#conv3(`${stem}/conv3d1/conv3d`, into, latent), SLOPE);
        z = op.leakyRelu(g, op.add(g, z, this.#conv3(`${stem}/conv3d2/conv3d`, inner, latent)), SLOPE);
        made.push(z);
      });
    return made;
  }

  /** How much of either still enters layer `layer` in each frame, 0..1, and what the noise adds: [n, frames, latent, 1, 1] each. */
  #gates(layer: number, noise: Value): readonly [Value, Value, Value] {
    const g = this.#g;
    const { latent } = this.#config;
    const frames = framesAt(layer);
    const stem = `latent_layer${layer}`;
    const spread = this.#weights.get(`${stem}/layer_u${layer}/w`)!;
    const bias = this.#weights.get(`${stem}/layer_u${layer}/biases`)!;
    const laid = { ...bias, dims: [frames * latent] };
    const names = [`${stem}/layer_u${layer}/w`, `${stem}/layer_u${layer}/biases`] as const;
    const u = op.linear(g, noise, g.weight(names[0], spread), g.weight(names[1], laid));
    const overTime = op.transpose(g, op.reshape(g, u, [this.#batch, frames, latent]), [0, 2, 1]);
    const gate = this.#constants(`${stem}/gates`, timeKernel(this.#weights, `${stem}/g_s_e_3conv/conv1d`));
    const o = op.transpose(g, op.conv(g, overTime, ...gate, { pad: 1 }), [0, 2, 1]);
    const parts = op.split(g, op.unsqueeze(g, o, [3, 4]), 2, [latent, latent, latent]);
    return [op.sigmoid(g, parts[0]!), op.sigmoid(g, parts[1]!), parts[2]!];
  }

  /** Every frame twice. */
  #doubled(z: Value): Value {
    const [n, frames, ...rest] = z.shape as number[];
    const apart = op.unsqueeze(this.#g, z, [2]);
    return op.reshape(this.#g, op.concat(this.#g, [apart, apart], 2), [n!, 2 * frames!, ...rest]);
  }

  /** 3x3x3, stride 1, over [n, frames, c, h, w]. */
  #conv3(name: string, x: Value, outputs: number): Value {
    const g = this.#g;
    const made = op.conv(g, this.#stacked(x), ...this.#constants(name, videoKernel(this.#weights, name)), { pad: 1 });
    const [n, frames, , h, w] = x.shape as number[];
    return op.reshape(g, made, [n!, frames!, outputs, h!, w!]);
  }

  /** Each frame between the one before and the one after it, zeros beyond the ends, as a batch: [n * frames, 3 * c, h, w]. */
  #stacked(x: Value): Value {
    const g = this.#g;
    const [n, frames, c, h, w] = x.shape as [number, number, number, number, number];
    const key = `nothing_${c}x${h}x${w}`;
    const dims = [n, 1, c, h, w];
    const nothing = g.value(key) ?? g.weight(key, tensorOf(dims, new Float32Array(n * c * h * w)));
    const before = op.concat(g, [nothing, op.slice(g, x, 1, 0, frames - 1)], 1);
    const after = op.concat(g, [op.slice(g, x, 1, 1), nothing], 1);
    return op.reshape(g, op.concat(g, [before, x, after], 2), [n * frames, 3 * c, h, w]);
  }

  /** What the last layer gives, [n, 16, c, h, w], before its activation. */
  #decode(latent: Value, features: readonly (readonly Value[])[]): Value {
    const { decoder, output } = this.#config;
    let x = latent;
    for (let layer = 0; layer < decoder.length; layer++)
      this.#g.within(`decode${layer + 1}`, () => {
        const skip = skipInto(this.#config, layer);
        const seen =
          skip === undefined
            ? undefined
            : op.concat(
                this.#g,
                features.map((each) => each[skip]!),
                1,
              );
        const normed = layer < 6 || output === 'bn_lrelu';
        x = this.#transposed(layer, x, seen, normed);
        if (normed) x = op.leakyRelu(this.#g, x, SLOPE);
      });
    return x;
  }

  /** One transposed convolution of the decoder; `still` [n, c, h, w] is what it sees besides in every frame. */
  #transposed(layer: number, x: Value, still: Value | undefined, normed: boolean): Value {
    const g = this.#g;
    const name = `video_transconv3d${layer + 1}/conv3d_transpose`;
    const stride = decoderKernel(layer) === 4 ? 2 : 1;
    const axis = stride === 1 ? 0 : 1;
    const kernel = transposedKernel(this.#weights, name, stride, Number(still?.shape[1] ?? 0));
    const step = normed ? this.#stepped(`gen_bn${layer + 1}`, kernel.moving, axis) : undefined;
    const run = stride === 1 ? op.conv : op.convTranspose;
    const [n, frames] = x.shape as [number, number];
    const made = run(g, this.#stacked(x), ...this.#constants(name, step?.conv ?? kernel.moving), { stride, pad: 1 });
    const [, outputs, h, w] = made.shape as [number, number, number, number];
    let video = op.reshape(g, made, [n, frames, outputs, h, w]);
    if (still && kernel.still) {
      const taps = step?.scale ? scaled(kernel.still, axis, step.scale) : kernel.still;
      const fixed = op.reshape(g, run(g, still, g.weight(`${name}/still`, taps), undefined, { stride, pad: 1 }), [
        n,
        3,
        outputs,
        h,
        w,
      ]);
      const [early, between, late] = op.split(g, fixed, 1, [1, 1, 1]) as [Value, Value, Value];
      const middle = op.tile(g, between, [1, frames - 2, 1, 1, 1]);
      video = op.add(g, video, op.concat(g, [early, middle, late], 1));
    }
    return step ? step.norm(video) : video;
  }

  #output(o: Value, stills: readonly [Value, Value]): Readonly<Record<string, Value>> {
    const { output } = this.#config;
    if (output === 'warp') return warpHead(this.#g, o, stills, this.#config);
    return { video: output === 'tanh' ? op.tanh(this.#g, o) : o };
  }

  /** A convolution and the normalisation after it: stored statistics are taken into the convolution, a batch's own are computed (`norm`). */
  #stepped(name: string, conv: Kernel, axis: 0 | 1): { conv: Kernel; norm: (x: Value) => Value; scale?: Float32Array } {
    const { batchNorm, epsilon } = this.#config;
    if (batchNorm === 'moving') {
      const how = normOf(this.#weights, name, epsilon);
      return { conv: normalised(conv, axis, how), norm: (x) => x, scale: how.scale };
    }
    return { conv, norm: (x) => this.#batchNorm(name, x) };
  }

  /** With the statistics of the batch, over all but the channels of [n, c, h, w] or [n, frames, c, h, w]. */
  #batchNorm(name: string, x: Value): Value {
    const g = this.#g;
    const width = x.shape[x.shape.length - 3] as number;
    const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== x.shape.length - 3);
    const constant = (part: string): Value => {
      const { data } = this.#weights.get(`${name}/${part}`)!;
      return g.value(`${name}/${part}`) ?? g.weight(`${name}/${part}`, tensorOf([width, 1, 1], data as Float32Array));
    };
    const centred = op.sub(g, x, op.reduceMean(g, x, axes));
    const variance = op.reduceMean(g, op.mul(g, centred, centred), axes);
    const unit = op.div(g, centred, op.sqrt(g, op.add(g, variance, this.#config.epsilon)));
    return op.add(g, op.mul(g, unit, constant('gamma')), constant('beta'));
  }

  #constants(name: string, { kernel, bias }: Kernel): [Value, Value] {
    return [this.#g.weight(`${name}:kernel`, kernel), this.#g.weight(`${name}:bias`, bias)];
  }
}

/** Frames of `video` that the stills take the place of: what comes out of the graph is what the network makes. */
export const MIDDLE = Array.from({ length: FRAMES - 2 }, (_, i) => i + 1);
