/** One layer of an ncnn network while it becomes nodes: its settings, read and bounded, and what goes in. */
import { AppError, type ErrorCode } from '../../../../contract/errors.ts';
import type { NcnnLayer } from '../../../import/ncnn-param.ts';
import type { GraphBuilder } from '../../../onnx/builder.ts';
import type { Tensor, Value } from '../../../onnx/graph.ts';
import * as op from '../../../onnx/ops.ts';
import type { Warps } from '../warp.ts';

/** What ncnn writes for 'the rest' in sizes and ends. */
export const REST = -233;

export interface Place {
  readonly g: GraphBuilder;
  readonly warps: Warps;
  /** float32 values by 'layer.weight', 'layer.bias', 'layer.slope', 'layer.data'. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Those of them that are in the graph. */
  readonly constants: Map<string, Value>;
  /** Before the names of constants. */
  readonly scope: string;
}

export class Layer {
  readonly #layer: NcnnLayer;
  readonly #place: Place;
  /** Blobs are [1, c, h, w]: ncnn has no batch; a vector is [1, c, 1, 1]. */
  readonly inputs: readonly Value[];

  constructor(layer: NcnnLayer, inputs: readonly Value[], place: Place) {
    this.#layer = layer;
    this.inputs = inputs;
    this.#place = place;
  }

  get g(): GraphBuilder {
    return this.#place.g;
  }

  get warps(): Warps {
    return this.#place.warps;
  }

  get outputs(): number {
    return this.#layer.outputs.length;
  }

  /** Input `index`; refused where there is none. */
  input(index = 0): Value {
    return this.inputs[index] ?? this.refuse(`it has ${this.inputs.length} inputs`);
  }

  /** Setting `id` as a number. */
  number(id: number, otherwise = 0): number {
    const value = this.#layer.params.get(id) ?? otherwise;
    return typeof value === 'number' && Number.isFinite(value) ? value : this.refuse(`its setting ${id} is no number`);
  }

  /** Setting `id` as a whole number from `least` on; none of published networks comes near 2^24. */
  whole(id: number, otherwise = 0, least = 0): number {
    const value = this.number(id, otherwise);
    if (Number.isSafeInteger(value) && value >= least && value < 2 ** 24) return value;
    return this.refuse(`its setting ${id} is ${value}`);
  }

  /** Setting `id` as a list; one number is a list of one. */
  list(id: number): readonly number[] {
    const value = this.#layer.params.get(id) ?? [];
    return typeof value === 'number' ? [value] : value;
  }

  /** The axis of [1, c, h, w] that ncnn calls `axis`: channels are its 0. */
  axis(axis: number): number {
    const own = axis < 0 ? axis + 3 : axis;
    return own >= 0 && own < 3 && Number.isInteger(own) ? own + 1 : this.refuse(`its axis is ${axis}`);
  }

  /** The size of an input along one axis. */
  size(axis: number, index = 0): number {
    return Number(this.input(index).shape[axis]);
  }

  tensor(part: string): Tensor {
    return this.#place.weights.get(`${this.#layer.name}.${part}`) ?? this.refuse(`its ${part} is missing`);
  }

  /** A tensor of the layer as a constant, laid out as `dims` where given. */
  constant(part: string, dims?: readonly number[]): Value {
    const tensor = this.tensor(part);
    return this.weight(part, dims ? { ...tensor, dims } : tensor);
  }

  weight(part: string, tensor: Tensor): Value {
    const { constants, scope } = this.#place;
    const name = `${this.#layer.name}.${part}`;
    const value = constants.get(name) ?? this.g.weight(`${scope}/${name}`, tensor);
    constants.set(name, value);
    return value;
  }

  /** x after the activation that settings `id` and `id` + 1 ask for: convolutions and full connections end in one. */
  activated(x: Value, id = 9): Value {
    const kind = this.whole(id);
    const [first = 0, second = 0] = this.list(id + 1);
    if (kind === 0) return x;
    if (kind === 1) return op.relu(this.g, x);
    if (kind === 2) return op.leakyRelu(this.g, x, first);
    if (kind === 3) return op.clip(this.g, x, first, second);
    if (kind === 4) return op.sigmoid(this.g, x);
    return this.refuse(`its activation ${kind} is not known`);
  }

  refuse(why: string): never {
    throw layerError(this.#layer, why);
  }
}

export function layerError({ name, type }: NcnnLayer, why: string, code: ErrorCode = 'checkpoint-refused'): AppError {
  return new AppError(
    code,
    `The layer ${JSON.stringify(name)} (${type}) of the ncnn network is not converted: ${why}.`,
  );
}
