/**
 * RIFE 4.x (Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation", and its later versions): blocks from coarse
 * to fine, each adding to a flow from the wanted time to either picture and giving a mask that weighs the two.
 *
 * [Note: work at block size] Published code resamples everything to the picture's size after a block and to the next block's size before it.
 * Enlarging linearly by b and then taking every a-th part (the mean of the 2x2 pixels in the middle of each a x a) is the same as enlarging by
 * b / a, for powers of two with b >= a: the corners of the piecewise linear surface lie at b * k + b / 2 - 1/2, never between
 * the two middle pixels of a cell. So what a block gave stays at its size, and of the picture's own size there are only the places
 * to sample and the pictures. A block that works at 1/4 or coarser looks at 2x2 pixels of each cell: only those are sampled.
 */
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Graph, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { Weights } from '../weights.ts';
import { inputsOf, shuffles, type RifeConfig, type RifeOptions } from './config.ts';
import { Layers } from './layers.ts';
import { Warps } from './warp.ts';

/** Sides of a padded picture: multiples of `multipleOf`. */
export interface RifeSize {
  readonly width: number;
  readonly height: number;
}

/** Features of one picture, of a network that has an encoder: `picture` [1, 3, h, w] to `features` [1, outputs, h, w]. */
export function encoderGraph(config: RifeConfig, weights: Weights, { height, width }: RifeSize): Graph {
  const g = new GraphBuilder('rife encoder');
  const picture = g.input('picture', 'float32', [1, 3, height, width]);
  return g.build({ features: new Layers(g, config, weights).encoder(picture) });
}

/** What a block gave, at 1 / `scale` of the picture's size: flow in pixels of the picture. */
interface Step {
  readonly scale: number;
  readonly flow: Value;
  readonly mask: Value;
  readonly carried: readonly Value[];
}

/** What a block sees. */
interface Seen {
  /** Both pictures with their features, [2, 3 + features, ...]. */
  readonly frames: Value;
  /** Time; and after the first block mask, what is carried, and flow in the block's own pixels. */
  readonly rest: readonly Value[];
}

export interface FlowOptions extends RifeOptions {
  /** Also give flow, mask_logit and flow_block0 of the padded picture. */
  readonly diagnostics?: boolean;
  /** Also give `reach`: how far block 1 moves, the lesser of both directions' largest. [Note: large motion] in run.ts. */
  readonly reach?: boolean;
}

/**
 * The picture between two: `frames` [2, 3 + features, h, w], each picture with its features, and the time `t` [1, 1, 1, 1] to `picture` [1, 3, h, w], not clipped, and
 * `difference` [1, 1, 1, 1], the mean difference of the two warped pictures.
 */
export function flowGraph(config: RifeConfig, weights: Weights, size: RifeSize, options: FlowOptions = {}): Graph {
  const flows = new Flows(config, weights, size, options);
  const steps = config.scales.map((published, n) => flows.block(n, published / (options.scale ?? 1)));
  return flows.build(steps);
}

class Flows {
  readonly #g = new GraphBuilder('rife');
  readonly #warps = new Warps(this.#g);
  readonly #config: RifeConfig;
  readonly #layers: Layers;
  readonly #size: RifeSize;
  readonly #options: FlowOptions;
  readonly #frames: Value;
  readonly #t: Value;
  readonly #steps: Step[] = [];
  /** Where both pictures are sampled by what the blocks so far gave: [2, 2, h, w]. */
  #places: Value | null = null;

  constructor(config: RifeConfig, weights: Weights, size: RifeSize, options: FlowOptions) {
    this.#config = config;
    this.#layers = new Layers(this.#g, config, weights);
    this.#size = size;
    this.#options = options;
    const channels = 3 + (config.encoder?.outputs ?? 0);
    this.#frames = this.#g.input('frames', 'float32', [2, channels, size.height, size.width]);
    this.#t = this.#g.input('t', 'float32', [1, 1, 1, 1]);
  }

  /** Runs block `n` at 1 / `scale` of the picture's size. */
  block(n: number, scale: number): Step {
    return this.#g.within(`block${n}`, () => {
      const seen = this.#seen(n, scale);
      const given = this.#layers.block(n, seen.frames, this.#joined(n, seen));
      const turned = this.#options.ensemble ? this.#swapped(seen) : null;
      const other = turned && this.#layers.block(n, turned.frames, this.#joined(n, turned));
      const step = this.#stepOf(shuffles(this.#config) ? scale : 2 * scale, given, other);
      this.#steps.push(step);
      this.#move(step);
      return step;
    });
  }

  #seen(n: number, scale: number): Seen {
    const g = this.#g;
    const frames = n === 0 ? this.#smaller(this.#frames, scale) : this.#warpedAt(scale);
    const [, , height, width] = frames.shape as number[];
    const t = op.expand(g, this.#t, [1, 1, height!, width!]);
    if (n === 0) return { frames, rest: [t] };
    const last = this.#steps.at(-1)!;
    const carried = last.carried.map((each) => this.#toScale(each, last.scale, scale));
    const flow = op.mul(g, this.#sum('flow', scale), 1 / scale);
    return { frames, rest: [t, this.#maskAt(scale), ...carried, flow] };
  }

  /** The same as seen from the other picture. */
  #swapped({ frames, rest: [t, mask, ...rest] }: Seen): Seen {
    const g = this.#g;
    const turned = op.gather(g, frames, [1, 0], 0);
    const late = op.sub(g, 1, t!);
    if (mask === undefined) return { frames: turned, rest: [late] };
    return { frames: turned, rest: [late, op.neg(g, mask), this.#swapFlow(rest.at(-1)!)] };
  }

  #swapFlow(flow: Value): Value {
    const [to0, to1] = op.split(this.#g, flow, 1, [2, 2]);
    return op.concat(this.#g, [to1!, to0!], 1);
  }

  #joined(n: number, { frames, rest }: Seen): Value {
    const joined = op.concat(this.#g, rest, 1);
    const channels = Number(joined.shape[1]) + 2 * Number(frames.shape[1]);
    if (channels !== inputsOf(this.#config, n)) throw new RangeError(`block ${n} sees ${channels} channels`);
    return joined;
  }

  #stepOf(scale: number, given: Value, other: Value | null): Step {
    const g = this.#g;
    const { carried } = this.#config;
    const parts = (value: Value) => op.split(g, value, 1, carried > 0 ? [4, 1, carried] : [4, 1]);
    let [flow, mask, ...rest] = parts(given) as [Value, Value, ...Value[]];
    if (other) {
      const [turned, denied] = parts(other) as [Value, Value];
      flow = op.mul(g, op.add(g, flow, this.#swapFlow(turned)), 0.5);
      mask = op.mul(g, op.sub(g, mask, denied), 0.5);
    }
    return { scale, flow: op.mul(g, flow, scale), mask, carried: rest };
  }

  /** Adds a block's flow to the places. */
  #move({ scale, flow }: Step): void {
    const g = this.#g;
    const { height, width } = this.#size;
    const [, , h, w] = flow.shape as number[];
    const shift = this.#warps.shift(op.reshape(g, flow, [2, 2, h!, w!]), height, width);
    this.#places = op.add(g, this.#places ?? this.#warps.base(height, width), this.#toScale(shift, scale, 1));
  }

  /** What was given at 1 / `from` of the picture's size at 1 / `to` of it. */
  #toScale(value: Value, from: number, to: number): Value {
    if (from === to) return value;
    // Below 1 the note does not hold: by way of the picture's size, as published.
    if (to < 1) return this.#smaller(this.#toScale(value, from, 1), to);
    return op.resize(this.#g, value, from / to, 'half-pixel');
  }

  /** A picture-sized value at 1 / `scale`. */
  #smaller(value: Value, scale: number): Value {
    if (scale === 1) return value;
    return scale === 2 ? op.avgPool(this.#g, value, 2) : op.resize(this.#g, value, 1 / scale, 'half-pixel');
  }

  #sum(part: 'flow' | 'mask', scale: number): Value {
    return this.#steps
      .map((step) => this.#toScale(step[part], step.scale, scale))
      .reduce((sum, value) => op.add(this.#g, sum, value));
  }

  #maskAt(scale: number): Value {
    if (this.#config.mask === 'add') return this.#sum('mask', scale);
    const last = this.#steps.at(-1)!;
    return this.#toScale(last.mask, last.scale, scale);
  }

  /** Both frames sampled at the places, at 1 / `scale`: [2, channels, h / scale, w / scale]. */
  #warpedAt(scale: number): Value {
    const g = this.#g;
    const places = this.#places!;
    if (scale < 4) return this.#smaller(this.#warps.sample(this.#frames, places), scale);
    const [rows, columns] = [this.#size.height / scale, this.#size.width / scale];
    const cells = op.reshape(g, places, [2, 2, rows, scale, columns, scale]);
    const from = scale / 2 - 1;
    const middle = op.slice(g, op.slice(g, cells, 3, from, from + 2), 5, from, from + 2);
    const sampled = this.#warps.sample(this.#frames, op.reshape(g, middle, [2, 2, 2 * rows, 2 * columns]));
    return op.avgPool(g, sampled, 2);
  }

  build(steps: readonly Step[]): Graph {
    const g = this.#g;
    const frames = this.#config.encoder ? op.slice(g, this.#frames, 1, 0, 3) : this.#frames;
    const [first, second] = op.split(g, this.#warps.sample(frames, this.#places!), 0, [1, 1]) as [Value, Value];
    const logit = this.#maskAt(1);
    const apart = op.sub(g, first, second);
    const picture = op.add(g, second, op.mul(g, apart, op.sigmoid(g, logit)));
    // Every fourth row tells as much.
    const difference = op.reduceMean(g, op.abs(g, op.slice(g, apart, 2, 0, this.#size.height, 4)), [1, 2, 3]);
    const { diagnostics, reach } = this.#options;
    return g.build({
      picture,
      difference,
      ...(diagnostics && { flow: this.#sum('flow', 1), mask_logit: logit }),
      ...(diagnostics && { flow_block0: this.#toScale(steps[0]!.flow, steps[0]!.scale, 1) }),
      ...(reach && { reach: this.#reach(steps[1]!) }),
    });
  }

  #reach({ flow, scale }: Step): Value {
    const g = this.#g;
    const farthest = op.split(g, op.abs(g, this.#toScale(flow, scale, 1)), 1, [2, 2]).map((half) => {
      return op.reduceMax(g, half, [1, 2, 3]);
    });
    return op.min(g, farthest[0]!, farthest[1]!);
  }
}
