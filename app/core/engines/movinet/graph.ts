/**
 * MoViNet as a graph; spec/systems.md, section 3a.
 *
 * [Note: frames as a batch] The frames of a clip are the batch of two-dimensional convolutions, whose weights already hold the batch norms and the scale of each
 * layer. What sees more than one frame is put together from the results of single ones: a stream's depthwise convolution over time from products with the frames
 * before, which are its state; a base network's over time and space from one depthwise convolution for each tap of time, moved by a frame and added. ONNX Runtime's own
 * three-dimensional depthwise convolution takes many times as long.
 *
 * [Note: shares] A stream's means are m(t) = m(t-1) (1 - 1/d) + x(t) / d with d = t, the frames so far, or what the memory holds and one ([Note: memory] in stream.ts). For a
 * chunk that is one product with a matrix of the shares that the sum before and each frame have in each mean: [frames, 1 + frames]. All counts of a state are the same number, so
 * there is one matrix for all layers.
 */
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Graph, Tensor, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { Weights } from '../weights.ts';
import { RELU6_SLOPE, type MovinetConfig } from './config.ts';
import { layersOf, statesOf, type Layer } from './layers.ts';

/** Frames of a chunk or clip: any number at each run. */
export const FRAMES = 'frames';

export interface MovinetGraphOptions {
  readonly width: number;
  readonly height: number;
  /** Frames a stream's means hold ([Note: memory] in stream.ts); all there were unless given. */
  readonly memory?: number;
  /** Gives the mean picture after the stem and each layer as well, for comparison with the original. */
  readonly all?: boolean;
}

/**
 * The graph for pictures of one size. Inputs: `image` [frames, height, width, 3] R'G'B' 0..1, and each of `statesOf`. Outputs: `logits` and `probabilities`
 * [n, classes] and `embedding` [n, head], where n is the frames of a stream and 1 for a base network, which sees all frames as one clip; of a stream the states after the
 * last frame, as `next_` and their names. With `all` also `stem_mean` and `mean_block0_layer0`, ... [frames, channels]. `weights` as of weights.ts. Throws bad-graph.
 */
export function movinetGraph(config: MovinetConfig, weights: Weights, options: MovinetGraphOptions): Graph {
  return new Movinet(config, weights, options).build();
}

class Movinet {
  readonly #config: MovinetConfig;
  readonly #weights: Weights;
  readonly #options: MovinetGraphOptions;
  readonly #g = new GraphBuilder('movinet');
  readonly #states = new Map<string, Value>();
  readonly #outputs: Record<string, Value> = {};
  /** 1, 2, 3, ... for each frame of the chunk, [frames, 1]. */
  #numbers!: Value;
  #shares!: { readonly rows: Value; readonly held: Value };

  constructor(config: MovinetConfig, weights: Weights, options: MovinetGraphOptions) {
    this.#config = config;
    this.#weights = weights;
    this.#options = options;
  }

  build(): Graph {
    const g = this.#g;
    const { width, height, all } = this.#options;
    const image = g.input('image', 'float32', [FRAMES, height, width, 3]);
    for (const { name, dtype, dims } of statesOf(this.#config, width, height))
      this.#states.set(name, g.input(name, dtype, dims));
    if (this.#config.causal) {
      this.#numbers = this.#count(image);
      this.#shares = g.within('shares', () => this.#sharesOf());
    }
    let x = this.#act(this.#conv('stem', op.transpose(g, image, [0, 3, 1, 2]), { size: [height, width], stride: 2 }));
    const means: Record<string, Value> = { stem_mean: this.#spatialMean(x) };
    for (const layer of layersOf(this.#config)) {
      x = g.within(layer.name, () => this.#layer(layer, x));
      means[`mean_${layer.name}`] = this.#spatialMean(x);
    }
    this.#head(x);
    return g.build({ ...this.#outputs, ...(all && means) });
  }

  #layer(layer: Layer, x: Value): Value {
    const g = this.#g;
    const name = (part: string): string => `${layer.name}/${part}`;
    const wide = this.#act(this.#conv(name('expand'), x));
    const h = this.#act(this.#config.causal ? this.#causal(layer, wide) : this.#around(layer, wide));
    const made = this.#conv(name('project'), op.mul(g, h, this.#gate(layer, h)));
    if (layer.skip === 'same') return op.add(g, x, made);
    const pad = samePad(sizeOf(x), 3, 2);
    const from = layer.skip === 'pool' ? op.avgPool(g, x, 3, { stride: 2, pad }) : x;
    return op.add(g, this.#conv(name('skip'), from), made);
  }

  /** Space, then time over the frames before; not yet activated. */
  #causal({ name, time, expand, space, stride }: Layer, x: Value): Value {
    const g = this.#g;
    const flat = this.#conv(`${name}/feature`, x, { size: sizeOf(x), space, stride, group: expand });
    if (time === 1) return flat;
    const state = `state_${name}_stream_buffer`;
    const frames = op.concat(g, [this.#states.get(state)!, this.#act(flat)], 0);
    this.#outputs[`next_${state}`] = op.slice(g, frames, 0, 1 - time);
    let sum = this.#weight(`${name}/temporal/bias`, [1, expand, 1, 1]);
    for (const [tap, kernel] of this.#taps(`${name}/temporal`, time, [1, expand, 1, 1]).entries()) {
      const last = tap - (time - 1);
      const moved = op.slice(g, frames, 0, tap, last === 0 ? undefined : last);
      sum = op.add(g, sum, op.mul(g, moved, kernel));
    }
    return sum;
  }

  /** Time and space at once, as many frames after as before. */
  #around(layer: Layer, x: Value): Value {
    const { name, time, expand, space, stride } = layer;
    const g = this.#g;
    const options = { stride, group: expand, pad: samePad(sizeOf(x), space, stride) };
    const bias = this.#weight(`${name}/feature/bias`);
    const taps = this.#taps(`${name}/feature`, time, [expand, 1, space, space]);
    const middle = (time - 1) / 2;
    let sum = op.conv(g, x, taps[middle]!, bias, options);
    for (const [tap, kernel] of taps.entries()) {
      const by = tap - middle;
      if (by === 0) continue;
      const [before, after] = [Math.max(-by, 0), Math.max(by, 0)];
      // The frame `by` later; beyond the ends nothing is added.
      const made = op.conv(g, x, kernel, undefined, options);
      sum = op.add(g, sum, op.pad(g, made, [before - after, 0, 0, 0], [after - before, 0, 0, 0]));
    }
    return sum;
  }

  /** How much of each channel goes on, 0..1: [n, expand, 1, 1]. */
  #gate({ name, expand }: Layer, h: Value): Value {
    const g = this.#g;
    const seen = this.#config.causal ? this.#told(name, this.#spatialMean(h)) : this.#clipMean(h);
    const hidden = this.#act(this.#linear(`${name}/reduce`, seen));
    const open = this.#linear(`${name}/gate`, hidden);
    return op.reshape(g, this.#share(open), [-1, expand, 1, 1]);
  }

  #share(x: Value): Value {
    const g = this.#g;
    if (!this.#config.causal) return op.sigmoid(g, x);
    if (this.#config.gate === 'clip') return op.hardSigmoid(g, x, 0.2, 0.5);
    // relu6(x + 3) * 0.16667 goes up to 1.00002, and HardSigmoid to 1.
    return op.mul(g, op.hardSigmoid(g, x, 1 / 6, 0.5), 6 * RELU6_SLOPE);
  }

  /** What a stream's gate sees: the mean of all frames up to each, and each frame's own; told the time where the network is. [frames, 2 * expand]. */
  #told(name: string, means: Value): Value {
    const g = this.#g;
    const seen = op.concat(g, [this.#meanSoFar(name, means), means], 1);
    if (!this.#config.positional) return seen;
    const state = `state_${name}_pos_enc_frame_count`;
    const count = this.#states.get(state)!;
    const since = this.#capped(op.add(g, op.cast(g, count, 'float32'), this.#numbers), 1);
    this.#outputs[`next_${state}`] = this.#counted(count);
    const half = means.shape[1] as number;
    const speeds = Float32Array.from({ length: half }, (_, k) => 10_000 ** (-k / half));
    const angles = op.mul(g, op.sub(g, since, 1), g.floats([...speeds]));
    const encoded = op.concat(g, [op.sin(g, angles), op.cos(g, angles)], 1);
    return op.add(g, seen, op.mul(g, encoded, this.#weight(`${name}/position`)));
  }

  /** The mean of `means` [frames, c] and those before, up to each frame. Carries `state_${name}_pool_buffer` and its count on. */
  #meanSoFar(name: string, means: Value): Value {
    const g = this.#g;
    const [sum, count] = [`state_${name}_pool_buffer`, `state_${name}_pool_frame_count`];
    const { rows, held } = this.#shares;
    const so = op.matMul(g, rows, op.concat(g, [this.#states.get(sum)!, means], 0));
    this.#outputs[`next_${sum}`] = op.mul(g, op.slice(g, so, 0, -1), held);
    this.#outputs[`next_${count}`] = this.#counted(this.#states.get(count)!);
    return so;
  }

  /** [Note: shares]. */
  #sharesOf(): { rows: Value; held: Value } {
    const g = this.#g;
    const count = op.cast(g, this.#states.get(`state_${layersOf(this.#config)[0]!.name}_pool_frame_count`)!, 'float32');
    const total = this.#capped(op.add(g, count, this.#numbers), 1);
    const across = (x: Value): Value => op.transpose(g, x, [1, 0]);
    // Of nothing at all no share is kept; any number will do.
    const kept = op.cumSum(g, op.log(g, op.div(g, op.max(g, op.sub(g, total, 1), 0.5), total)), 0);
    const earlier = op.clip(g, op.add(g, op.sub(g, this.#numbers, across(this.#numbers)), 1), 0, 1);
    const since = op.exp(g, op.mul(g, op.sub(g, kept, across(kept)), earlier));
    const own = op.div(g, op.mul(g, since, earlier), across(total));
    const before = op.div(g, op.exp(g, kept), op.max(g, count, 1));
    const last = op.slice(g, this.#numbers, 0, -1);
    return { rows: op.concat(g, [before, own], 1), held: this.#capped(op.add(g, count, last), 0) };
  }

  /** No more than the memory holds, and `more`. */
  #capped(count: Value, more: number): Value {
    const { memory = Infinity } = this.#options;
    return memory === Infinity ? count : op.min(this.#g, count, memory + more);
  }

  #head(x: Value): void {
    const g = this.#g;
    const features = this.#act(this.#conv('head/project', x));
    const { causal, activation } = this.#config;
    const pooled = causal ? this.#meanSoFar('head', this.#spatialMean(features)) : this.#clipMean(features);
    const embedding = op.swish(g, this.#linear('head/hidden', pooled));
    const logits = this.#linear('head/classifier', embedding);
    const probabilities = activation === 'softmax' ? op.softmax(g, logits, 1) : op.sigmoid(g, logits);
    Object.assign(this.#outputs, { logits, probabilities, embedding });
  }

  /** A count after the chunk, as int32 [1]. */
  #counted(count: Value): Value {
    const g = this.#g;
    const last = op.reshape(g, op.slice(g, this.#numbers, 0, -1), [1]);
    return op.cast(g, this.#capped(op.add(g, op.cast(g, count, 'float32'), last), 0), 'int32');
  }

  #count(image: Value): Value {
    const g = this.#g;
    const frames = op.slice(g, op.shapeOf(g, image), 0, 0, 1);
    const ones = op.add(g, op.zeros(g, op.concat(g, [frames, g.ints([1])], 0)), 1);
    return op.cumSum(g, ones, 0);
  }

  #act(x: Value): Value {
    return this.#config.causal ? op.hardSwish(this.#g, x) : op.swish(this.#g, x);
  }

  /** Mean of each frame's picture, [frames, c]. */
  #spatialMean(x: Value): Value {
    return op.reduceMean(this.#g, x, [2, 3], false);
  }

  /** Mean of the clip, [1, c]. */
  #clipMean(x: Value): Value {
    return op.reduceMean(this.#g, this.#spatialMean(x), [0]);
  }

  /** 1x1, or with `size` (that of x) padded as TensorFlow's SAME. */
  #conv(name: string, x: Value, options: { size?: Size; space?: number; stride?: number; group?: number } = {}): Value {
    const { size, space = size ? 3 : 1, stride = 1, group = 1 } = options;
    const pad = size ? samePad(size, space, stride) : 0;
    return op.conv(this.#g, x, this.#weight(`${name}/weight`), this.#weight(`${name}/bias`), { stride, group, pad });
  }

  /** A 1x1 convolution of means, [n, inputs] to [n, outputs]. */
  #linear(name: string, x: Value): Value {
    const { dims } = this.#weights.get(`${name}/weight`)!;
    const weight = this.#weight(`${name}/weight`, dims.slice(0, 2));
    return op.linear(this.#g, x, weight, this.#weight(`${name}/bias`));
  }

  #weight(name: string, dims?: readonly number[]): Value {
    const stored = this.#weights.get(name)!;
    return this.#g.weight(name, dims ? { ...stored, dims } : stored);
  }

  /** The kernel [c, 1, time, ...] of each frame, laid as `dims`. */
  #taps(name: string, time: number, dims: readonly number[]): readonly Value[] {
    const { data, dims: stored } = this.#weights.get(`${name}/weight`)!;
    const channels = stored[0]!;
    const each = data.length / channels / time;
    return Array.from({ length: time }, (_, tap) => {
      const kernel = new Float32Array(channels * each);
      for (let channel = 0; channel < channels; channel++) {
        const from = (channel * time + tap) * each;
        kernel.set((data as Float32Array).subarray(from, from + each), channel * each);
      }
      const tensor: Tensor = { dtype: 'float32', dims, data: kernel };
      return this.#g.weight(`${name}/weight${time === 1 ? '' : `/${tap}`}`, tensor);
    });
  }
}

type Size = readonly [height: number, width: number];

/** Height and width of [n, c, h, w]. */
function sizeOf(x: Value): Size {
  return [x.shape[2] as number, x.shape[3] as number];
}

/** What TensorFlow's SAME adds: the odd one at the end. */
function samePad(size: Size, kernel: number, stride: number): { begin: readonly number[]; end: readonly number[] } {
  const totals = size.map((side) => Math.max((Math.ceil(side / stride) - 1) * stride + kernel - side, 0));
  const begin = totals.map((total) => Math.floor(total / 2));
  return { begin, end: totals.map((total, axis) => total - begin[axis]!) };
}
