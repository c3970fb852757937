/**
 * The network of the RIFE paper (ECCV 2022, megvii-research/ECCV2022-RIFE), and RIFEm, which takes a time besides: three blocks for flow, then
 * features of both pictures along it (contextnet) and a correction of the blend from them (unet).
 */
import type { Checkpoint } from '../../import/checkpoint.ts';
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Graph, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import { takeWeights, type Want, type Weights } from '../weights.ts';
import type { Size } from './padding.ts';
import { Warps } from './warp.ts';

export interface PaperConfig {
  /** Channels of the three blocks: 240, 150, 90. */
  readonly widths: readonly [number, number, number];
  /** Channels of the finest features: 16. */
  readonly context: number;
  /** RIFEm: any moment, not only the middle. */
  readonly timed: boolean;
}

export const PAPER: PaperConfig = { widths: [240, 150, 90], context: 16, timed: false };
/** How much smaller than the picture each block works. */
const SCALES = [4, 2, 1] as const;
/** Convolutions in a block's body. */
const DEPTH = 8;
/** Sides of pictures are multiples of it. */
export const PAPER_MULTIPLE = 32;

const WRAPPED = /^module\./;
/** The teacher of training. */
const TRAINING: readonly RegExp[] = [/^block_tea\./];

/** The network a checkpoint holds; null when it is another. Names and shapes alone say it. */
export function recognisePaper(checkpoint: Checkpoint): PaperConfig | null {
  const stored = new Map(checkpoint.names().map((name) => [name.replace(WRAPPED, ''), name]));
  const shape = (name: string): readonly number[] => {
    const found = stored.get(name);
    return found === undefined ? [] : checkpoint.info(found).shape;
  };
  const [context = 0] = shape('contextnet.conv1.conv1.0.weight');
  const widths = SCALES.map((_, n) => shape(`block${n}.conv0.1.0.weight`)[0] ?? 0) as [number, number, number];
  const inputs = shape('block0.conv0.0.0.weight')[1];
  if (shape('unet.conv.weight')[1] !== context || widths.includes(0) || (inputs !== 6 && inputs !== 7)) return null;
  return { widths, context, timed: inputs === 7 };
}

export async function takePaper(checkpoint: Checkpoint, config: PaperConfig): Promise<Weights> {
  return await takeWeights(checkpoint, paperWants(config), { strip: WRAPPED, ignore: TRAINING });
}

/** Every tensor by PyTorch's name, but those of training. */
export function paperWants({ widths, context: c, timed }: PaperConfig): Want[] {
  const want = (name: string, dims: readonly number[]): Want => ({ value: name, from: [name], dims });
  const kernel = (name: string, dims: readonly number[], outputs: number): Want[] => [
    want(`${name}.weight`, dims),
    want(`${name}.bias`, [outputs]),
  ];
  const layer = (name: string, inputs: number, outputs: number): Want[] => [
    ...kernel(`${name}.0`, [outputs, inputs, 3, 3], outputs),
    want(`${name}.1.weight`, [outputs]),
  ];
  const pair = (name: string, inputs: number, outputs: number): Want[] => [
    ...layer(`${name}.conv1`, inputs, outputs),
    ...layer(`${name}.conv2`, outputs, outputs),
  ];
  const up = (name: string, inputs: number, outputs: number): Want[] => [
    ...kernel(`${name}.0`, [inputs, outputs, 4, 4], outputs),
    want(`${name}.1.weight`, [outputs]),
  ];
  const blocks = widths.flatMap((width, n) => [
    ...layer(`block${n}.conv0.0`, (n === 0 ? 6 : 17) + (timed ? 1 : 0), width / 2),
    ...layer(`block${n}.conv0.1`, width / 2, width),
    ...Array.from({ length: DEPTH }, (_, k) => layer(`block${n}.convblock.${k}`, width, width)).flat(),
    ...kernel(`block${n}.lastconv`, [width, 5, 4, 4], 5),
  ]);
  const context = [3, c, 2 * c, 4 * c].flatMap((inputs, n) => pair(`contextnet.conv${n + 1}`, inputs, c * 2 ** n));
  const down = [17, 4 * c, 8 * c, 16 * c].flatMap((inputs, n) => pair(`unet.down${n}`, inputs, c * 2 ** (n + 1)));
  const ups = [32 * c, 16 * c, 8 * c, 4 * c].flatMap((inputs, n) => up(`unet.up${n}`, inputs, inputs / 4));
  return [...blocks, ...context, ...down, ...ups, ...kernel('unet.conv', [3, c, 3, 3], 3)];
}

/**
 * Pictures `a` and `b` [1, 3, h, w], for RIFEm also the time `t` [1, 1, 1, 1], to `picture` [1, 3, h, w], within 0..1, and `difference`
 * [1, 1, 1, 1] of the two warped pictures.
 */
export function paperGraph(config: PaperConfig, weights: Weights, size: Size): Graph {
  return new Paper(config, weights, size).build();
}

class Paper {
  readonly #g = new GraphBuilder('rife paper');
  readonly #warps = new Warps(this.#g);
  readonly #config: PaperConfig;
  readonly #weights: Weights;
  readonly #size: Size;

  constructor(config: PaperConfig, weights: Weights, size: Size) {
    this.#config = config;
    this.#weights = weights;
    this.#size = size;
  }

  build(): Graph {
    const g = this.#g;
    const { width, height } = this.#size;
    const [a, b] = ['a', 'b'].map((name) => g.input(name, 'float32', [1, 3, height, width])) as [Value, Value];
    const t = this.#config.timed ? [op.expand(g, g.input('t', 'float32', [1, 1, 1, 1]), [1, 1, height, width])] : [];
    let [flow, mask] = this.#block(0, op.concat(g, [a, b, ...t], 1), null);
    let warped = this.#warped(a, b, flow);
    for (const n of [1, 2]) {
      const [moved, more] = this.#block(n, op.concat(g, [a, b, ...t, ...warped, mask], 1), flow);
      [flow, mask] = [op.add(g, flow, moved), op.add(g, mask, more)];
      warped = this.#warped(a, b, flow);
    }
    const [first, second] = warped;
    const apart = op.sub(g, first, second);
    const blend = op.add(g, second, op.mul(g, apart, op.sigmoid(g, mask)));
    const [to0, to1] = op.split(g, flow, 1, [2, 2]) as [Value, Value];
    const features = [this.#context(a, to0), this.#context(b, to1)] as const;
    const seen = op.concat(g, [a, b, first, second, mask, flow], 1);
    const correction = op.sub(g, op.mul(g, this.#unet(seen, ...features), 2), 1);
    return g.build({
      picture: op.clip(g, op.add(g, blend, correction), 0, 1),
      difference: op.reduceMean(g, op.abs(g, apart), [1, 2, 3]),
    });
  }

  #warped(a: Value, b: Value, flow: Value): [Value, Value] {
    const [to0, to1] = op.split(this.#g, flow, 1, [2, 2]) as [Value, Value];
    return [this.#warps.warp(a, to0), this.#warps.warp(b, to1)];
  }

  /** Flow [1, 4, h, w] in pixels and mask [1, 1, h, w]. */
  #block(n: number, seen: Value, flow: Value | null): [Value, Value] {
    const g = this.#g;
    const scale = SCALES[n]!;
    const smaller = (x: Value): Value => (scale === 1 ? x : op.resize(g, x, 1 / scale, 'half-pixel'));
    const parts = flow ? [smaller(seen), op.mul(g, smaller(flow), 1 / scale)] : [smaller(seen)];
    const stem = this.#layer(`block${n}.conv0.0`, op.concat(g, parts, 1), 2);
    const entered = this.#layer(`block${n}.conv0.1`, stem, 2);
    let body = entered;
    for (let k = 0; k < DEPTH; k++) body = this.#layer(`block${n}.convblock.${k}`, body);
    const given = this.#up(`block${n}.lastconv`, op.add(g, body, entered));
    const [moved, mask] = op.split(g, op.resize(g, given, 2 * scale, 'half-pixel'), 1, [4, 1]) as [Value, Value];
    return [op.mul(g, moved, 2 * scale), mask];
  }

  /** Features of a picture at 1/2 to 1/16, each moved along the flow. */
  #context(picture: Value, along: Value): Value[] {
    const g = this.#g;
    let [x, flow] = [picture, along];
    return [1, 2, 3, 4].map((n) => {
      x = this.#pair(`contextnet.conv${n}`, x);
      flow = op.mul(g, op.resize(g, flow, 0.5, 'half-pixel'), 0.5);
      return this.#warps.warp(x, flow);
    });
  }

  #unet(seen: Value, c0: readonly Value[], c1: readonly Value[]): Value {
    const g = this.#g;
    const downs: Value[] = [];
    let x = seen;
    for (const n of [0, 1, 2, 3]) {
      x = this.#pair(`unet.down${n}`, n === 0 ? x : op.concat(g, [x, c0[n - 1]!, c1[n - 1]!], 1));
      downs.push(x);
    }
    x = op.concat(g, [x, c0[3]!, c1[3]!], 1);
    for (const n of [0, 1, 2, 3]) {
      const raised = this.#up(`unet.up${n}.0`, x);
      x = this.#activated(`unet.up${n}.1`, raised);
      if (n < 3) x = op.concat(g, [x, downs[2 - n]!], 1);
    }
    return op.sigmoid(g, op.conv(g, x, this.#value('unet.conv.weight'), this.#value('unet.conv.bias'), { pad: 1 }));
  }

  #pair(name: string, x: Value): Value {
    return this.#layer(`${name}.conv2`, this.#layer(`${name}.conv1`, x, 2));
  }

  #layer(name: string, x: Value, stride = 1): Value {
    const [weight, bias] = [this.#value(`${name}.0.weight`), this.#value(`${name}.0.bias`)];
    return this.#activated(`${name}.1`, op.conv(this.#g, x, weight, bias, { pad: 1, stride }));
  }

  #up(name: string, x: Value): Value {
    return op.convTranspose(this.#g, x, this.#value(`${name}.weight`), this.#value(`${name}.bias`), {
      stride: 2,
      pad: 1,
    });
  }

  #activated(name: string, x: Value): Value {
    const slope = this.#weights.get(`${name}.weight`)!;
    const value =
      this.#g.value(`${name}.weight`) ?? this.#g.weight(`${name}.weight`, { ...slope, dims: [slope.dims[0]!, 1, 1] });
    return op.prelu(this.#g, x, value);
  }

  #value(name: string): Value {
    return this.#g.value(name) ?? this.#g.weight(name, this.#weights.get(name)!);
  }
}
