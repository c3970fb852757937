/**
 * FILM as a graph. Two pictures R'G'B' of any size in, the picture between them out; spec/systems.md, section 1a.
 *
 * [Note: FILM's two directions] Both pictures go through as a batch of two, and so do both directions: index 0 belongs to the first
 * picture and the flow that samples it (backward), index 1 to the second (forward). A predictor compares the other picture's feature
 * with this one's, warped; only its first convolution sees the other's, so what is exchanged within the batch is that convolution's result.
 *
 * [Note: sums for stacks] Where the published network stacks tensors along the channels and convolves the stack, this graph convolves each tensor
 * with its share of the kernel and adds: the same sums in another order. The stack is never in memory, each part keeps the layout ONNX
 * Runtime's convolutions want (which a stack of 4n+2 channels never has: a quarter to two fifths of their time), and each part is convolved before
 * it is exchanged.
 */
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Graph, Tensor, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import { warpAt, warpGrid } from '../warp-graph.ts';
import type { Weights } from '../weights.ts';
import { featureChannels, layersOf, portName, type FilmConfig, type Place } from './config.ts';
import { paddingOf, type Padding } from './padding.ts';

/** Negative slope of every activation. */
const SLOPE = 0.2;

export interface FilmGraphOptions {
  readonly width: number;
  readonly height: number;
  /** Sides are padded to a multiple of this; without it to what the pyramid needs. */
  readonly align?: number;
  /** What is around the picture: 'zeros', as published, or its 'edge' repeated, which no motion can draw in as a black seam. */
  readonly padding?: 'zeros' | 'edge';
  /** Gives the flows and warped pictures as well, for comparison with the original. Not cropped. */
  readonly all?: boolean;
}

/**
 * The graph of a network for pictures of one size. Inputs: `x0` and `x1` [1, 3, height, width], `t` [1] in 0..1: backward flow counts t
 * times, forward flow 1 - t times (dajes' generalisation; the published network is t = 0.5). Outputs: `image` [1, 3, height, width], not
 * clipped, and `difference` [1]: mean absolute difference of the two warped pictures. With `all` also `x0_warped`, `x1_warped`
 * [1, 3, H, W] of the padded picture, and [1, 2, H / 2^i, W / 2^i] in pixels (x, y) of level i: `backward_flow_i`, `forward_flow_i`,
 * `backward_residual_i`, `forward_residual_i`. `weights` has every tensor of `layersOf(config)`. Throws bad-graph.
 */
export function filmGraph(config: FilmConfig, weights: Weights, options: FilmGraphOptions): Graph {
  return new Film(config, weights, options).build();
}

/** One tensor of a stack and which channels of it the tensor is. */
interface Part {
  readonly value: Value;
  readonly channels: readonly number[];
}

class Film {
  readonly #config: FilmConfig;
  readonly #weights: Weights;
  readonly #options: FilmGraphOptions;
  readonly #padding: Padding;
  readonly #g = new GraphBuilder('film');

  constructor(config: FilmConfig, weights: Weights, options: FilmGraphOptions) {
    this.#config = config;
    this.#weights = weights;
    this.#options = options;
    this.#padding = paddingOf(options.width, options.height, options.align ?? 2 ** (config.pyramidLevels - 1));
  }

  build(): Graph {
    const g = this.#g;
    const { width, height } = this.#options;
    const given = ['x0', 'x1'].map((name) => g.input(name, 'float32', [1, 3, height, width]));
    const time = g.input('t', 'float32', [1]);
    const shares = op.concat(g, [time, op.sub(g, 1, time)], 0);
    const scale = op.reshape(g, shares, [2, 1, 1, 1]);
    const pictures = this.#pictures(op.concat(g, given, 0));
    const features = this.#features(pictures);
    const { flows, residuals } = this.#flows(features);
    const warped: Value[] = [];
    const stacks = Array.from({ length: this.#config.fusionLevels }, (_, level) =>
      g.within(`align_${level}`, () => {
        const flow = op.mul(g, flows[level]!, scale);
        const grid = warpGrid(g, flow);
        warped.push(warpAt(g, pictures[level]!, grid));
        return this.#stack(
          warped[level]!,
          features[level]!.map((term) => warpAt(g, term, grid)),
          flow,
        );
      }),
    );
    const image = g.within('fuse', () => this.#fuse(stacks));
    const outputs = { image: this.#cropped(image), difference: this.#difference(warped[0]!) };
    return g.build(this.#options.all ? { ...outputs, ...this.#everything(warped[0]!, flows, residuals) } : outputs);
  }

  #everything(warped: Value, flows: readonly Value[], residuals: readonly Value[]): Record<string, Value> {
    const both = (value: Value): readonly Value[] => op.split(this.#g, value, 0, [1, 1]);
    const outputs: Record<string, Value> = {};
    const add = (pair: Value, names: readonly string[]): void => {
      both(pair).forEach((value, n) => (outputs[names[n]!] = value));
    };
    add(warped, ['x0_warped', 'x1_warped']);
    flows.forEach((flow, level) => add(flow, [`backward_flow_${level}`, `forward_flow_${level}`]));
    residuals.forEach((flow, level) => add(flow, [`backward_residual_${level}`, `forward_residual_${level}`]));
    return outputs;
  }

  /** The padded pictures, each level half the one before. */
  #pictures(both: Value): readonly Value[] {
    const { top, left, bottom, right } = this.#padding;
    const padded = top + left + bottom + right > 0;
    const mode = this.#options.padding === 'edge' ? 'edge' : 'constant';
    const levels = [padded ? op.pad(this.#g, both, [0, 0, top, left], [0, 0, bottom, right], mode) : both];
    while (levels.length < this.#config.pyramidLevels) levels.push(op.avgPool(this.#g, levels.at(-1)!, 2));
    return levels;
  }

  /** Features of each level: what the stages say there, each stage from the picture as many levels finer. Never stacked. */
  #features(pictures: readonly Value[]): readonly (readonly Value[])[] {
    const g = this.#g;
    const { subLevels } = this.#config;
    const trees = pictures.map((picture, level) =>
      g.within(`extract_${level}`, () => {
        const stages: Value[] = [];
        for (let stage = 0; stage < Math.min(pictures.length - level, subLevels); stage++) {
          const from = stage === 0 ? picture : op.avgPool(g, stages.at(-1)!, 2);
          const inside = this.#active(this.#conv({ part: 'extract', stage, index: 0 }, from));
          stages.push(this.#active(this.#conv({ part: 'extract', stage, index: 1 }, inside)));
        }
        return stages;
      }),
    );
    return pictures.map((_, level) =>
      Array.from({ length: Math.min(level + 1, subLevels) }, (__, j) => trees[level - j]![j]!),
    );
  }

  /** Flows [2, 2, h, w] of each level and what each level adds to the one before. */
  #flows(features: readonly (readonly Value[])[]): {
    readonly flows: readonly Value[];
    readonly residuals: readonly Value[];
  } {
    const g = this.#g;
    const flows: Value[] = [];
    const residuals: Value[] = [];
    let flow: Value | undefined;
    for (let level = features.length - 1; level >= 0; level--) {
      flow = g.within(`flow_${level}`, () => {
        const feature = features[level]!;
        if (!flow) return (residuals[level] = this.#residual(level, feature, feature));
        const doubled = op.resize(g, op.mul(g, flow, 2), 2, 'half-pixel');
        const grid = warpGrid(g, doubled);
        const warped = feature.map((term) => warpAt(g, term, grid));
        residuals[level] = this.#residual(level, feature, warped);
        return op.add(g, doubled, residuals[level]!);
      });
      flows[level] = flow;
    }
    return { flows, residuals };
  }

  /** The predictor of a level: [Note: FILM's two directions]. */
  #residual(level: number, feature: readonly Value[], warped: readonly Value[]): Value {
    const g = this.#g;
    const { specialisedLevels, flowConvs } = this.#config;
    const at = level < specialisedLevels ? level : null;
    const place = (index: number): Place => ({ part: 'flow', level: at, index });
    const channels = featureChannels(this.#config, level);
    const other = this.#convStack(place(0), partsOf(feature, 0));
    const own = this.#convStack(place(0), partsOf(warped, channels), false);
    let net = this.#active(op.add(g, own, op.gather(g, other, [1, 0], 0)));
    const last = flowConvs[Math.min(level, specialisedLevels)]! + 1;
    for (let index = 1; index < last; index++) net = this.#active(this.#conv(place(index), net));
    return this.#conv(place(last), net);
  }

  /** What the fusion is given at a level, in parts: the published stack is picture, feature, picture, feature, flow, flow. */
  #stack(picture: Value, features: readonly Value[], flow: Value): readonly Part[] {
    const g = this.#g;
    const [height, width] = flow.shape.slice(2) as [number, number];
    const flat = (value: Value, count: number): Value => op.reshape(g, value, [1, count, height, width]);
    const terms = partsOf(features, 3);
    const second = terms.reduce((sum, { channels }) => sum + channels.length, 3);
    return [
      ...terms.map(({ value, channels }) => ({
        value: flat(value, 2 * channels.length),
        channels: [...channels, ...channels.map((channel) => second + channel)],
      })),
      {
        value: op.concat(g, [flat(picture, 6), flat(flow, 4)], 1),
        channels: [...range(0, 3), ...range(second, 3), ...range(2 * second, 4)],
      },
    ];
  }

  /** The picture [1, 3, H, W] from the stacks of all fused levels, the finest first. */
  #fuse(stacks: readonly (readonly Part[])[]): Value {
    const g = this.#g;
    let net: readonly Part[] = stacks.at(-1)!;
    for (let level = stacks.length - 2; level >= 0; level--) {
      const place = (index: number): Place => ({ part: 'fuse', level, index });
      const larger = net.map(({ value, channels }) => ({ value: op.resize(g, value, 2, 'nearest'), channels }));
      const value = this.#convStack(place(0), larger);
      const aligned = stacks[level]!;
      const begin = aligned.reduce((sum, { channels }) => sum + channels.length, 0);
      const joined = [...aligned, { value, channels: range(begin, value.shape[1] as number) }];
      const inside = this.#active(this.#convStack(place(1), joined));
      const out = this.#active(this.#conv(place(2), inside));
      net = [{ value: out, channels: range(0, out.shape[1] as number) }];
    }
    return this.#conv({ part: 'output' }, net[0]!.value);
  }

  #convStack(place: Place, parts: readonly Part[], biased = true): Value {
    return parts
      .map(({ value, channels }, n) => this.#conv(place, value, channels, biased && n === 0))
      .reduce((sum, value) => op.add(this.#g, sum, value));
  }

  #active(x: Value): Value {
    return op.leakyRelu(this.#g, x, SLOPE);
  }

  /** A layer on x, whose channels are those at `channels` of what the layer takes; all of them if not given. */
  #conv(place: Place, x: Value, channels?: readonly number[], biased = true): Value {
    const name = portName(place, this.#config);
    const { tensor, suffix } = this.#kernel(`${name}.weight`, channels);
    const kernel = this.#constant(`${name}.weight${suffix}`, tensor);
    const bias = biased ? this.#constant(`${name}.bias`, this.#weights.get(`${name}.bias`)!) : undefined;
    // TensorFlow's SAME: a kernel of 2 is padded at the end alone.
    return op.conv(this.#g, x, kernel, bias, { pad: tensor.dims[2] === 1 ? 0 : 'same' });
  }

  #kernel(name: string, channels?: readonly number[]): { tensor: Tensor; suffix: string } {
    const whole = this.#weights.get(name)!;
    if (!channels || channels.length === whole.dims[1]) return { tensor: whole, suffix: '' };
    return { tensor: inputsOf(whole, channels), suffix: `[${channels[0]}]` };
  }

  #constant(name: string, tensor: Tensor): Value {
    return this.#g.value(name) ?? this.#g.weight(name, tensor);
  }

  #cropped(x: Value): Value {
    const { width, height } = this.#options;
    const { top, left, paddedWidth, paddedHeight } = this.#padding;
    const rows = height === paddedHeight ? x : op.slice(this.#g, x, 2, top, top + height);
    return width === paddedWidth ? rows : op.slice(this.#g, rows, 3, left, left + width);
  }

  #difference(warped: Value): Value {
    const g = this.#g;
    const [first, second] = op.split(g, this.#cropped(warped), 0, [1, 1]);
    return op.reshape(g, op.reduceMean(g, op.abs(g, op.sub(g, first!, second!)), [1, 2, 3]), [1]);
  }
}

/** Tensors that stand one after the other in a stack, from channel `from` on. */
function partsOf(values: readonly Value[], from: number): readonly Part[] {
  let at = from;
  return values.map((value) => {
    const channels = range(at, value.shape[1] as number);
    at += channels.length;
    return { value, channels };
  });
}

function range(from: number, length: number): readonly number[] {
  return Array.from({ length }, (_, i) => from + i);
}

/** A kernel [out, in, h, w] reduced to some of its inputs. */
function inputsOf({ dtype, dims, data }: Tensor, channels: readonly number[]): Tensor {
  const [outputs, inputs, height, width] = dims as [number, number, number, number];
  const size = height * width;
  const taken = new Float32Array(outputs * channels.length * size);
  for (let o = 0, at = 0; o < outputs; o++)
    for (const channel of channels) {
      const from = (o * inputs + channel) * size;
      taken.set((data as Float32Array).subarray(from, from + size), at);
      at += size;
    }
  return { dtype, dims: [outputs, channels.length, height, width], data: taken };
}

/** Weights of zeros, to build a network without a checkpoint. */
export function zeroWeights(config: FilmConfig): Weights {
  const zeros = (dims: readonly number[]): Tensor => {
    const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
    return { dtype: 'float32', dims, data };
  };
  return new Map(
    layersOf(config).flatMap(({ name, dims }) => [
      [`${name}.weight`, zeros(dims)] as const,
      [`${name}.bias`, zeros(dims.slice(0, 1))] as const,
    ]),
  );
}
