/** A TensorFlow 1 SavedModel that computes CVI as a hub module does, written operator by operator, with names of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { framesAt, type CviConfig } from '../../../../app/core/engines/cvi/config.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import { message, shape, varint, writeBundle } from '../../import/tensor-bundle-writer.ts';

type Attribute = readonly [string, Buffer];

const FLOAT = 1;
const INT = 3;
export const type = (name: string, code = FLOAT): Attribute => [name, message([6, code])];
export const flag = (name: string, value: boolean): Attribute => [name, message([5, value ? 1 : 0])];
export const int = (name: string, value: number): Attribute => [name, message([3, value])];
export const text = (name: string, value: string): Attribute => [name, message([2, value])];
export const float = (name: string, value: number): Attribute => [
  name,
  Buffer.concat([Buffer.from([4 * 8 + 5]), floats([value])]),
];
export const ints = (name: string, values: readonly number[]): Attribute => [
  name,
  message([1, message([3, Buffer.concat(values.map(varint))])]),
];

function floats(values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

/** Names of the variables by ours. */
export function theirName(ours: string): string {
  return `tween/${ours
    .replace(/^image_conv/, 'enc/conv_')
    .replace(/^video_transconv3d(\d)\/conv3d_transpose/, 'dec/up_$1')
    .replace(/\/w$/, '/weights')}`;
}

export class HubWriter {
  readonly #nodes: Buffer[] = [];
  readonly #variables = new Map<string, { shape: readonly number[]; bytes: Uint8Array }>();
  #count = 0;

  node(
    op: string,
    inputs: readonly string[],
    attributes: readonly Attribute[] = [],
    name = `n${this.#count++}/${op}`,
  ): string {
    const all = attributes.map(([key, value]) => [5, message([1, key], [2, value])] as const);
    this.#nodes.push(message([1, name], [2, op], ...inputs.map((input) => [3, input] as const), ...all));
    return name;
  }

  /** Whole numbers, the first half of these raw and the others as a list. */
  ints(values: readonly number[] | number): string {
    const list = typeof values === 'number' ? [values] : values;
    const dims = typeof values === 'number' ? [] : [list.length];
    const raw = this.#count % 2 === 0;
    const content = raw
      ? ([4, Buffer.from(Int32Array.from(list).buffer)] as const)
      : ([7, Buffer.concat(list.map(varint))] as const);
    const tensor = message([1, INT], [2, shape(dims)], content);
    return this.node('Const', [], [type('dtype', INT), ['value', message([8, tensor])]]);
  }

  float(value: number): string {
    const tensor = Buffer.concat([message([1, FLOAT], [2, shape([])]), Buffer.from([5 * 8 + 5]), floats([value])]);
    return this.node('Const', [], [type('dtype'), ['value', message([8, tensor])]]);
  }

  variable(name: string, dims: readonly number[], data: Float32Array): string {
    if (!this.#variables.has(name)) {
      this.#variables.set(name, { shape: dims, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) });
      if (this.#variables.size % 2 === 0) this.node('VariableV2', [], [type('dtype')], name);
      else this.node('VarHandleOp', [], [text('shared_name', name)], `${name}/handle`);
    }
    const handle = [...this.#variables.keys()].indexOf(name) % 2 === 0;
    return handle ? this.node('ReadVariableOp', [`${name}/handle`]) : this.node('Identity', [name]);
  }

  /** Writes the folder: `input` of this shape and `output` are those of the signature 'default'. */
  write(folder: string, input: string, dims: readonly number[], output: string): string {
    const end = (name: string, sizes?: readonly number[]): Buffer =>
      message([1, `${name}:0`], [2, FLOAT], [3, sizes ? shape(sizes) : message([3, 1])]);
    const side = (value: Buffer): Buffer => message([1, 'default'], [2, value]);
    const signature = message([1, side(end(input, dims))], [2, side(end(output))]);
    const graph = message(...this.#nodes.map((node) => [1, node] as const));
    const training = message([1, message([4, 'train'])], [2, message()]);
    const meta = message([1, message([4, 'serve'])], [2, graph], [5, message([1, 'default'], [2, signature])]);
    mkdirSync(join(folder, 'variables'), { recursive: true });
    writeFileSync(join(folder, 'saved_model.pb'), message([1, 1], [2, training], [2, meta]));
    const variables = [...this.#variables].map(([key, each]) => ({ key, type: FLOAT, ...each }));
    writeBundle(join(folder, 'variables', 'variables'), variables);
    return folder;
  }
}

/** The module of a network: `batch` pairs of pictures width x height. `spoil` puts one more operator on its output. */
export function writeHub(
  folder: string,
  config: CviConfig,
  weights: Weights,
  { batch, width, height, spoil }: { batch: number; width: number; height: number; spoil?: string },
): string {
  const w = new HubWriter();
  const { latent, noise } = config;
  const variable = (name: string): string => {
    const { dims, data } = weights.get(name)!;
    return w.variable(theirName(name), dims, data as Float32Array);
  };
  const bias = (x: string, name: string): string => w.node('BiasAdd', [x, variable(name)]);
  const cut = (x: string, from: number[], to: number[], masks: readonly Attribute[]): string =>
    w.node('StridedSlice', [x, w.ints(from), w.ints(to), w.ints(from.map(() => 1))], masks);
  const size = (x: string, axis: number): string =>
    cut(w.node('Shape', [x]), [axis], [axis + 1], [int('shrink_axis_mask', 1)]);
  const add = (a: string, b: string): string => w.node('AddV2', [a, b]);
  const mul = (a: string, b: string): string => w.node('Mul', [a, b]);

  const pictures = w.node('Placeholder', [], [type('dtype')], 'pictures');
  const scaled = w.node('Sub', [w.node('RealDiv', [pictures, w.float(127.5)]), w.float(1)]);
  const still = (n: number): string =>
    cut(scaled, [0, n], [0, n + 1], [int('begin_mask', 1), int('end_mask', 1), int('shrink_axis_mask', 2)]);
  const encode = (picture: string): string => {
    let x = picture;
    for (let n = 1; n <= 7; n++) {
      const stride = n === 1 || n === 3 || n === 5 ? 2 : 1;
      const conv = [ints('strides', [1, stride, stride, 1]), text('padding', 'SAME'), text('data_format', 'NHWC')];
      const made = bias(w.node('Conv2D', [x, variable(`image_conv${n}/w`)], conv), `image_conv${n}/biases`);
      const parts = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) => variable(`bn${n}/${part}`));
      const norm = w.node(
        'FusedBatchNormV3',
        [made, ...parts],
        [float('epsilon', config.epsilon), flag('is_training', false)],
      );
      x = w.node('Relu', [norm]);
    }
    return w.node('ExpandDims', [x, w.ints(1)]);
  };
  const [first, last] = [encode(still(0)), encode(still(1))];
  const random = w.node('RandomStandardNormal', [w.ints([batch, noise])], [type('dtype')]);
  let z = w.node('ConcatV2', [first, last, w.ints(1)]);
  for (let layer = 0; layer < 24; layer++) {
    const stem = `latent_layer${layer}`;
    if (layer % 8 === 0) {
      const twice = w.node('Tile', [w.node('ExpandDims', [z, w.ints(2)]), w.ints([1, 1, 2, 1, 1, 1])]);
      const frames = mul(size(z, 1), w.ints(2));
      const to = w.node('Pack', [size(z, 0), frames, size(z, 2), size(z, 3), w.ints(latent)], [int('axis', 0)]);
      z = w.node('Reshape', [twice, to]);
    }
    const product = w.node('MatMul', [random, variable(`${stem}/layer_u${layer}/w`)], [flag('transpose_b', true)]);
    const flat = w.node('Reshape', [variable(`${stem}/layer_u${layer}/biases`), w.ints([-1])]);
    const u = w.node('Reshape', [add(product, flat), w.ints([batch, framesAt(layer), latent])]);
    const kernel = w.node('ExpandDims', [variable(`${stem}/g_s_e_3conv/conv1d/kernel`), w.ints(0)]);
    const row = w.node(
      'Conv2D',
      [w.node('ExpandDims', [u, w.ints(1)]), kernel],
      [ints('strides', [1, 1, 1, 1]), text('padding', 'SAME')],
    );
    const o = bias(w.node('Squeeze', [row], [ints('squeeze_dims', [1])]), `${stem}/g_s_e_3conv/conv1d/bias`);
    const gates = w.node('Reshape', [o, w.ints([batch, framesAt(layer), 1, 1, 3 * latent])]);
    const parts = w.node('Split', [w.ints(-1), gates], [int('num_split', 3)]);
    const [s, e] = [w.node('Sigmoid', [parts]), w.node('Sigmoid', [`${parts}:1`])];
    const rest = w.node('Maximum', [w.node('Sub', [w.node('Sub', [w.float(1), s]), e]), w.float(0)]);
    const into = add(add(add(mul(s, first), mul(e, last)), mul(rest, z)), `${parts}:2`);
    const conv3d = (x: string, name: string): string => {
      const how = [ints('strides', [1, 1, 1, 1, 1]), text('padding', 'SAME'), text('data_format', 'NDHWC')];
      return bias(w.node('Conv3D', [x, variable(`${stem}/${name}/conv3d/kernel`)], how), `${stem}/${name}/conv3d/bias`);
    };
    const inner = w.node('LeakyRelu', [conv3d(into, 'conv3d1')], [float('alpha', 0.2)]);
    const sum = add(z, conv3d(inner, 'conv3d2'));
    z = w.node('Maximum', [mul(w.float(0.2), sum), sum]);
  }
  config.decoder.forEach((channels, n) => {
    const name = `video_transconv3d${n + 1}/conv3d_transpose`;
    const stride = n === 2 || n === 4 || n === 6 ? 2 : 1;
    const sides = [2, 3].map((axis) => mul(size(z, axis), w.ints(stride)));
    const to = w.node('Pack', [size(z, 0), size(z, 1), ...sides, w.ints(channels)], [int('axis', 0)]);
    const how = [ints('strides', [1, 1, stride, stride, 1]), text('padding', 'SAME'), text('data_format', 'NDHWC')];
    z = bias(w.node('Conv3DBackpropInputV2', [to, variable(`${name}/kernel`), z], how), `${name}/bias`);
    if (n === 6) return;
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) =>
      variable(`gen_bn${n + 1}/${part}`),
    ) as [string, string, string, string];
    const scale = mul(w.node('Rsqrt', [add(variance, w.float(config.epsilon))]), gamma);
    const normed = add(mul(z, scale), w.node('Sub', [beta, mul(mean, scale)]));
    z = w.node('LeakyRelu', [normed], [float('alpha', 0.2)]);
  });
  const middle = cut(w.node('Tanh', [z]), [0, 1], [0, -1], [int('begin_mask', 1), int('end_mask', 1)]);
  const film = mul(add(middle, w.float(1)), w.float(127.5));
  const shown = spoil === undefined ? film : w.node(spoil, [film]);
  return w.write(folder, pictures, [batch, 2, height, width, 3], shown);
}
