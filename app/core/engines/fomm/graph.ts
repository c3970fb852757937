/**
 * FOMM as two graphs: the key points of a picture, and what the generator makes of a still, its key points and those it should have.
 *
 * [Note: corners of FOMM] Key points and grids are laid so that -1 and 1 are the centres of the outermost pixels. The authors trained with a PyTorch that
 * sampled likewise (align_corners true); today's default takes -1 and 1 for the pixels' edges, so that an unmoved picture is shrunk by a pixel. Both
 * are published use of the same weights; `alignCorners` says which. What is sampled outside of a picture is 0.
 *
 * The 2x2 matrices are multiplied and inverted outside, in double precision (motion-of-points.ts): 40 numbers, and an inverse is what rounding hurts most.
 */
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Graph, Tensor, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { Weights } from '../weights.ts';
import { blurSide, hourglassWidths, type FommConfig, type HourglassConfig, type Part } from './config.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Input `picture` [1, channels, height, width]; outputs `values` [points, 2] and, where the network estimates them, `jacobians` [points, 4]. */
export function detectorGraph(config: FommConfig, weights: Weights, { width, height }: Size): Graph {
  const net = new Network('fomm-detector', 'kp_detector', config, weights);
  const { g } = net;
  const { points, channels } = config;
  const picture = g.input('picture', 'float32', [1, channels, height, width]);
  const features = net.hourglass('predictor', config.detector, net.blur('down', picture, config.detectorStep));
  const logits = net.conv('kp', features, 0);
  const [rows, columns] = logits.shape.slice(2) as [number, number];
  const sharp = op.div(g, op.reshape(g, logits, [points, rows * columns]), config.temperature);
  const heat = op.softmax(g, sharp, 1);
  const values = op.matMul(g, heat, gridOf(g, 'heat_grid', rows, columns));
  if (!config.jacobian) return g.build({ values });
  const maps = op.reshape(g, net.conv('jacobian', features, 0), [
    config.singleJacobian ? 1 : points,
    4,
    rows * columns,
  ]);
  const jacobians = op.matMul(g, maps, op.reshape(g, heat, [points, rows * columns, 1]));
  return g.build({ values, jacobians: op.reshape(g, jacobians, [points, 4]) });
}

/**
 * Inputs `source` [1, channels, height, width], and for each key point `from` and `to` [points, 1, 2], where it is in the source and where it
 * should be, and `linear` [points, 2, 2], the transpose of J_from * J_to^-1. Outputs `prediction` as the source, `deformation` [1, h, w, 2], where in the source
 * what is shown at a place of the grid lies, and where the network has it `occlusion` [1, 1, h, w], 0 where the source does not show it.
 * With `all` also `mask` [1, points + 1, h, w] and `deformed`, the source sampled there.
 */
export function generatorGraph(config: FommConfig, weights: Weights, { width, height }: Size, all = false): Graph {
  const net = new Network('fomm-generator', 'generator', config, weights);
  const { g } = net;
  const { points, channels } = config;
  const source = g.input('source', 'float32', [1, channels, height, width]);
  const [from, to] = ['from', 'to'].map((name) => g.input(name, 'float32', [points, 1, 2])) as [Value, Value];
  const linear = g.input('linear', 'float32', [points, 2, 2]);
  const { deformation, occlusion, mask } = net.denseMotion(source, { from, to, linear });
  const outputs: Record<string, Value> = { deformation, ...(occlusion && { occlusion }) };
  outputs['prediction'] = net.paint(source, deformation, occlusion);
  if (all) Object.assign(outputs, { mask, deformed: net.warp(source, deformation) });
  return g.build(outputs);
}

interface Points {
  readonly from: Value;
  readonly to: Value;
  readonly linear: Value;
}

interface Dense {
  readonly deformation: Value;
  readonly occlusion: Value | undefined;
  readonly mask: Value;
}

class Network {
  readonly g: GraphBuilder;
  readonly #part: Part;
  readonly #config: FommConfig;
  readonly #weights: Weights;

  constructor(name: string, part: Part, config: FommConfig, weights: Weights) {
    this.g = new GraphBuilder(name);
    this.#part = part;
    this.#config = config;
    this.#weights = weights;
  }

  weight(name: string): Value {
    return this.g.weight(name, this.#weights.get(`${this.#part}.${name}`)!);
  }

  conv(name: string, x: Value, pad: number): Value {
    return op.conv(this.g, x, this.weight(`${name}.weight`), this.weight(`${name}.bias`), { pad });
  }

  norm(name: string, x: Value): Value {
    const [scale, bias] = [this.weight(`${name}.weight`), this.weight(`${name}.bias`)];
    const [mean, variance] = [this.weight(`${name}.running_mean`), this.weight(`${name}.running_var`)];
    return op.batchNorm(this.g, x, { scale, bias, mean, variance }, this.#config.bnEps);
  }

  /** Convolution, norm, ReLU. */
  block(name: string, x: Value, pad: number): Value {
    return op.relu(this.g, this.norm(`${name}.norm`, this.conv(`${name}.conv`, x, pad)));
  }

  down(name: string, x: Value): Value {
    return op.avgPool(this.g, this.block(name, x, 1), 2);
  }

  up(name: string, x: Value): Value {
    return this.block(name, op.resize(this.g, x, 2, 'nearest'), 1);
  }

  /** x blurred, and every `every`-th pixel of it. */
  blur(name: string, x: Value, every: number): Value {
    if (every === 1) return x;
    const pad = (blurSide(every) - 1) / 2;
    return op.conv(this.g, x, this.weight(`${name}.weight`), undefined, {
      ...{ pad, stride: every },
      group: this.#config.channels,
    });
  }

  hourglass(name: string, config: HourglassConfig, x: Value): Value {
    const kept = [x];
    const { down, up } = hourglassWidths(config);
    for (const i of down.keys()) kept.push(this.down(`${name}.encoder.down_blocks.${i}`, kept.at(-1)!));
    let out = kept.pop()!;
    for (const i of up.keys()) {
      out = op.concat(this.g, [this.up(`${name}.decoder.up_blocks.${i}`, out), kept.pop()!], 1);
    }
    return out;
  }

  denseMotion(picture: Value, points: Points): Dense {
    const { g } = this;
    const net = 'dense_motion_network';
    const { points: count, channels, motion } = this.#config;
    const source = this.blur(`${net}.down`, picture, this.#config.motionStep);
    const [height, width] = source.shape.slice(2) as [number, number];
    const moves = this.#moves(points, height, width);
    // A concatenation rather than Expand, which CoreML does not have.
    const copies = op.concat(
      g,
      Array.from({ length: count + 1 }, () => source),
      0,
    );
    const moved = op.gridSample(g, copies, moves, { outside: 'zeros', alignCorners: this.#config.alignCorners });
    const seen = op.concat(g, [this.#heat(points, height, width), moved], 1);
    const stacked = op.reshape(g, seen, [1, (count + 1) * (channels + 1), height, width]);
    const features = this.hourglass(`${net}.hourglass`, motion, stacked);
    const mask = op.softmax(g, this.conv(`${net}.mask`, features, 3), 1);
    const shares = op.reshape(g, mask, [count + 1, height, width, 1]);
    const deformation = op.reduceSum(g, op.mul(g, moves, shares), [0]);
    const occlusion = this.#config.occlusion ? op.sigmoid(g, this.conv(`${net}.occlusion`, features, 3)) : undefined;
    return { deformation, occlusion, mask };
  }

  /** Where each key point's own motion takes every place of the grid, [points + 1, height, width, 2]; the first stays where it is. */
  #moves({ from, to, linear }: Points, height: number, width: number): Value {
    const { g } = this;
    const places = gridOf(g, 'grid', height, width);
    const away = op.sub(g, op.reshape(g, places, [1, height * width, 2]), to);
    const moved = op.add(g, op.matMul(g, away, linear), from);
    const shape = [this.#config.points, height, width, 2];
    return op.concat(g, [op.reshape(g, places, [1, height, width, 2]), op.reshape(g, moved, shape)], 0);
  }

  /** Gaussians around the key points as they should be, less those as they are: [points + 1, 1, height, width]; of the background there are none. */
  #heat({ from, to }: Points, height: number, width: number): Value {
    const { g } = this;
    const places = op.reshape(g, gridOf(g, 'grid', height, width), [1, height * width, 2]);
    const gaussian = (point: Value): Value => {
      const away = op.sub(g, places, point);
      return op.exp(g, op.mul(g, op.reduceSum(g, op.mul(g, away, away), [2]), -0.5 / this.#config.variance));
    };
    const heat = op.reshape(g, op.sub(g, gaussian(to), gaussian(from)), [this.#config.points, 1, height, width]);
    const none = g.weight('no_heat', {
      ...{ dtype: 'float32', dims: [1, 1, height, width] },
      data: new Float32Array(height * width),
    });
    return op.concat(g, [none, heat], 0);
  }

  warp(x: Value, deformation: Value): Value {
    const { g } = this;
    const [, height, width] = deformation.shape;
    const same = x.shape[2] === height && x.shape[3] === width;
    const planes = (): Value => op.resizeLike(g, op.transpose(g, deformation, [0, 3, 1, 2]), x, 'half-pixel');
    const grid = same ? deformation : op.transpose(g, planes(), [0, 2, 3, 1]);
    return op.gridSample(g, x, grid, { outside: 'zeros', alignCorners: this.#config.alignCorners });
  }

  paint(source: Value, deformation: Value, occlusion: Value | undefined): Value {
    const { g } = this;
    const { downs, bottlenecks } = this.#config.generator;
    let x = this.block('first', source, 3);
    for (let i = 0; i < downs; i++) x = this.down(`down_blocks.${i}`, x);
    x = this.warp(x, deformation);
    if (occlusion) {
      const same = occlusion.shape[2] === x.shape[2] && occlusion.shape[3] === x.shape[3];
      x = op.mul(g, x, same ? occlusion : op.resizeLike(g, occlusion, x, 'half-pixel'));
    }
    for (let i = 0; i < bottlenecks; i++) x = op.add(g, x, this.#residual(`bottleneck.r${i}`, x));
    for (let i = 0; i < downs; i++) x = this.up(`up_blocks.${i}`, x);
    return op.sigmoid(g, this.conv('final', x, 3));
  }

  #residual(name: string, x: Value): Value {
    const { g } = this;
    const inner = this.conv(`${name}.conv1`, op.relu(g, this.norm(`${name}.norm1`, x)), 1);
    return this.conv(`${name}.conv2`, op.relu(g, this.norm(`${name}.norm2`, inner)), 1);
  }
}

/** Coordinates (x, y) of a grid's places, [rows * columns, 2]: -1 and 1 are the outermost ones. */
function gridOf(g: GraphBuilder, name: string, rows: number, columns: number): Value {
  const made = g.value(name);
  if (made) return made;
  const data = new Float32Array(2 * rows * columns);
  for (let i = 0; i < rows * columns; i++) {
    data[2 * i] = (2 * (i % columns)) / (columns - 1) - 1;
    data[2 * i + 1] = (2 * Math.floor(i / columns)) / (rows - 1) - 1;
  }
  const tensor: Tensor = { dtype: 'float32', dims: [rows * columns, 2], data };
  return g.weight(name, tensor);
}
