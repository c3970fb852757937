/**
 * FILM as a graph. Two pictures R'G'B' of any size in, the picture between them out; spec/systems.md, section 1a.
 *
 * [Note: FILM's two directions] Both pictures go through as a batch of two, and so do both directions: index 0 belongs to the first
 * picture and the flow that samples it (backward), index 1 to the second (forward). A predictor compares the other picture's feature
 * with this one's, warped; only its first convolution sees the other's, so what is exchanged within the batch is that convolution's result.
 *
 * [Note: sums for stacks] Where the published network stacks tensors along the channels and convolves the stack, this graph convolves each tensor
 * with its share of the kernel and adds: the same sums in another order. The stack is never in memory, each part keeps the layout ONNX
 * Runtime's convolutions want (which a stack of 4n+2 channels never has), and each part is convolved before it is exchanged.
 */
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Graph, Tensor, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
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
        const grid = this.#grid(flow);
        warped.push(this.#sample(pictures[level]!, grid));
        return this.#stack(level, warped[level]!, this.#sample(features[level]!, grid), flow);
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
    const levels = [padded ? op.pad(this.#g, both, [0, 0, top, left], [0, 0, bottom, right]) : both];
    while (levels.length < this.#config.pyramidLevels) levels.push(op.avgPool(this.#g, levels.at(-1)!, 2));
    return levels;
  }

  /** Features of each level: what the stages say there, each stage from the picture as many levels finer. */
  #features(pictures: readonly Value[]): readonly Value[] {
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
    return pictures.map((_, level) => {
      const terms = Array.from({ length: Math.min(level + 1, subLevels) }, (__, j) => trees[level - j]![j]!);
      return terms.length === 1 ? terms[0]! : op.concat(g, terms, 1);
    });
  }

  /** Flows [2, 2, h, w] of each level and what each level adds to the one before. */
  #flows(features: readonly Value[]): { readonly flows: readonly Value[]; readonly residuals: readonly Value[] } {
    const g = this.#g;
    const flows: Value[] = [];
    const residuals: Value[] = [];
    let flow: Value | undefined;
    for (let level = features.length - 1; level >= 0; level--) {
      flow = g.within(`flow_${level}`, () => {
        const feature = features[level]!;
        if (!flow) return (residuals[level] = this.#residual(level, feature, feature));
        const doubled = op.resize(g, op.mul(g, flow, 2), 2, 'half-pixel');
        residuals[level] = this.#residual(level, feature, this.#sample(feature, this.#grid(doubled)));
        return op.add(g, doubled, residuals[level]!);
      });
      flows[level] = flow;
    }
    return { flows, residuals };
  }

  /** The predictor of a level: [Note: FILM's two directions]. */
  #residual(level: number, feature: Value, warped: Value): Value {
    const g = this.#g;
    const { specialisedLevels, flowConvs } = this.#config;
    const at = level < specialisedLevels ? level : null;
    const place = (index: number): Place => ({ part: 'flow', level: at, index });
    const channels = featureChannels(this.#config, level);
    const other = this.#conv(place(0), feature, range(0, channels));
    const own = this.#conv(place(0), warped, range(channels, channels), false);
    let net = this.#active(op.add(g, own, op.gather(g, other, [1, 0], 0)));
    const last = flowConvs[Math.min(level, specialisedLevels)]! + 1;
    for (let index = 1; index < last; index++) net = this.#active(this.#conv(place(index), net));
    return this.#conv(place(last), net);
  }

  /** What the fusion is given at a level, in parts: the published stack is picture, feature, picture, feature, flow, flow. */
  #stack(level: number, picture: Value, feature: Value, flow: Value): readonly Part[] {
    const g = this.#g;
    const channels = featureChannels(this.#config, level);
    const [height, width] = feature.shape.slice(2) as number[];
    const flat = (value: Value, count: number): Value => op.reshape(g, value, [1, count, height!, width!]);
    const second = 3 + channels;
    return [
      { value: flat(feature, 2 * channels), channels: [...range(3, channels), ...range(second + 3, channels)] },
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

  #convStack(place: Place, parts: readonly Part[]): Value {
    return parts
      .map(({ value, channels }, n) => this.#conv(place, value, channels, n === 0))
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

  /** Sampling places for GridSample, [n, h, w, 2], from a flow [n, 2, h, w] in pixels. */
  #grid(flow: Value): Value {
    const g = this.#g;
    const [height, width] = flow.shape.slice(2) as [number, number];
    // Where an axis has one pixel every place on it is that pixel.
    const [x, y] = [2 / Math.max(1, width - 1), 2 / Math.max(1, height - 1)];
    const tensor = (dims: readonly number[], data: Float32Array): Tensor => ({ dtype: 'float32', dims, data });
    const columns = Float32Array.from({ length: 2 * width }, (_, i) => (i < width ? i * x - 1 : 0));
    const rows = Float32Array.from({ length: 2 * height }, (_, i) => (i < height ? 0 : (i - height) * y - 1));
    const key = `grid_${height}x${width}`;
    const scaled = op.mul(g, flow, this.#constant(`${key}_scale`, tensor([1, 2, 1, 1], Float32Array.of(x, y))));
    const across = op.add(g, scaled, this.#constant(`${key}_columns`, tensor([1, 2, 1, width], columns)));
    const both = op.add(g, across, this.#constant(`${key}_rows`, tensor([1, 2, height, 1], rows)));
    return op.transpose(g, both, [0, 2, 3, 1]);
  }

  #sample(x: Value, grid: Value): Value {
    return op.gridSample(this.#g, x, grid, { outside: 'border', alignCorners: true });
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
