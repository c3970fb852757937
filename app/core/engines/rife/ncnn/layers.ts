/**
 * The layers of ncnn that RIFE (1.2 to 4.26), IFRNet and CAIN are made of, as nodes. What each setting means:
 * https://github.com/Tencent/ncnn/wiki/operation-param-weight-table
 */
import type { Value } from '../../../onnx/graph.ts';
import * as op from '../../../onnx/ops.ts';
import { REST, type Layer } from './layer.ts';
import { convolution, deconvolution, fullConnection, globalPooling, interpolation, padding } from './windows.ts';

export interface LayerKind {
  /** Settings it may have; any other would change what it computes. */
  readonly settings: readonly number[];
  /** How many blobs go in; several where it is a list. */
  readonly inputs: number | 'any';
  readonly outputs?: 'any';
  readonly build: (layer: Layer) => Value | readonly Value[];
}

const BINARY = new Map([
  [0, op.add],
  [1, op.sub],
  [2, op.mul],
  [3, op.div],
  [4, op.max],
  [5, op.min],
  [6, op.pow],
]);

const UNARY = new Map([
  [0, op.abs],
  [1, op.neg],
  [2, op.floor],
  [3, op.ceil],
  [5, op.sqrt],
  [7, op.exp],
  [8, op.log],
  [9, op.sin],
  [10, op.cos],
  [15, op.reciprocal],
  [16, op.tanh],
]);

/** Setting 0 says which; 7 is the second minus the first, 8 the second through the first. */
function binary(layer: Layer): Value {
  const kind = layer.whole(0);
  const pair = [layer.input(0), layer.whole(1) === 1 ? layer.number(2) : layer.input(1)] as const;
  const [a, b] = kind === 7 || kind === 8 ? ([pair[1], pair[0]] as const) : pair;
  const build = BINARY.get(kind === 7 ? 1 : kind === 8 ? 3 : kind);
  return build ? build(layer.g, a, b) : layer.refuse(`its operation ${kind} is not known`);
}

/** Product (0), weighted sum (1) or largest (2) of its inputs. */
function eltwise(layer: Layer): Value {
  const { g, inputs } = layer;
  const kind = layer.whole(0);
  const factors = layer.list(1);
  if (factors.length > 0 && factors.length !== inputs.length) layer.refuse(`it has ${factors.length} coefficients`);
  const terms = kind === 1 ? inputs.map((x, i) => ((factors[i] ?? 1) === 1 ? x : op.mul(g, x, factors[i]!))) : inputs;
  const join = [op.mul, op.add, op.max][kind] ?? layer.refuse(`its operation ${kind} is not known`);
  return terms.reduce((a, b) => join(g, a, b));
}

/**
 * Cuts setting 9 (first) to 10 (end) along the axes of 11; from 0 down they count from the end. An end of -1 is the end: what old converters made of
 * the largest number (RIFE 1.2 takes channels 3 to -1 of 6, and needs three).
 */
function crop(layer: Layer): Value {
  const [starts, ends, axes] = [layer.list(9), layer.list(10), layer.list(11)];
  if (starts.length === 0 || starts.length !== ends.length || starts.length !== axes.length)
    layer.refuse('it does not say from where to where along which axes');
  return axes.reduce((x, which, i) => {
    const axis = layer.axis(which);
    const size = Number(x.shape[axis]);
    const [first, end] = [starts[i]!, ends[i]!];
    const from = first === REST ? 0 : first < 0 ? first + size : first;
    const to = end === REST || end === -1 ? size : end > 0 ? Math.min(size, end) : end + size;
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to))
      layer.refuse(`it takes ${from} to ${to} of ${size}`);
    return op.slice(layer.g, x, axis, from, to);
  }, layer.input());
}

/** Parts of the sizes in setting 0 along the axis of setting 1; -233 shares out what is left. */
function slice(layer: Layer): readonly Value[] {
  const axis = layer.axis(layer.number(1));
  const stated = layer.list(0);
  if (stated.length !== layer.outputs) layer.refuse(`it has ${stated.length} sizes for ${layer.outputs} outputs`);
  let left = layer.size(axis);
  const sizes = stated.map((size, i) => {
    const own = size === REST ? Math.floor(left / (stated.length - i)) : size;
    if (!(Number.isSafeInteger(own) && own > 0 && own <= left))
      layer.refuse(`its sizes do not fit ${layer.size(axis)}`);
    left -= own;
    return own;
  });
  if (left > 0) layer.refuse(`its sizes leave ${left} of ${layer.size(axis)}`);
  return op.split(layer.g, layer.input(), axis, sizes);
}

function prelu(layer: Layer): Value {
  const { data } = layer.tensor('slope');
  const channels = layer.size(1);
  if (data.length !== 1 && data.length !== channels)
    layer.refuse(`it has ${data.length} slopes for ${channels} channels`);
  return op.prelu(layer.g, layer.input(), layer.constant('slope', [data.length, 1, 1]));
}

/** Numbers of the network itself: beta of a residual layer. */
function memoryData(layer: Layer): Value {
  const { dims, data } = layer.tensor('data');
  if (data.length === 0) layer.refuse('it holds nothing');
  if (dims.length === 1) return layer.constant('data', [1, data.length, 1, 1]);
  return dims.length === 3
    ? layer.constant('data', [1, ...dims])
    : layer.refuse(`it holds ${dims.join(' x ')} numbers`);
}

/** Blocks of `stride` pixels a side become channels; mode 0 keeps a channel's together, mode 1 a pixel's. */
function reorg(layer: Layer): Value {
  const { g } = layer;
  const stride = layer.whole(0, 1, 1);
  const [channels, height, width] = [layer.size(1), layer.size(2) / stride, layer.size(3) / stride];
  if (!Number.isInteger(height) || !Number.isInteger(width)) layer.refuse(`its input is no multiple of ${stride}`);
  if (layer.whole(1) === 1) return op.spaceToDepth(g, layer.input(), stride);
  const cells = op.reshape(g, layer.input(), [1, channels, height, stride, width, stride]);
  const gathered = op.transpose(g, cells, [0, 1, 3, 5, 2, 4]);
  return op.reshape(g, gathered, [1, channels * stride * stride, height, width]);
}

function pixelShuffle(layer: Layer): Value {
  const shuffle = layer.whole(1) === 1 ? op.depthToSpace : op.pixelShuffle;
  return shuffle(layer.g, layer.input(), layer.whole(0, 1, 1));
}

function warp(layer: Layer): Value {
  const [picture, flow] = [layer.input(0), layer.input(1)];
  if (flow.shape[1] !== 2 || [2, 3].some((axis) => flow.shape[axis] !== picture.shape[axis]))
    layer.refuse(`its flow is [${flow.shape.slice(1).join()}] and its picture [${picture.shape.slice(1).join()}]`);
  return layer.warps.warp(picture, flow);
}

const CONVOLUTION = [0, 1, 11, 2, 12, 3, 13, 4, 14, 15, 16, 5, 6, 8, 9, 10, 18];

/** Every kind but Input and Split, which only give names to blobs. */
export const LAYERS: ReadonlyMap<string, LayerKind> = new Map<string, LayerKind>([
  [
    'Concat',
    { settings: [0], inputs: 'any', build: (layer) => op.concat(layer.g, layer.inputs, layer.axis(layer.number(0))) },
  ],
  ['Slice', { settings: [0, 1], inputs: 1, outputs: 'any', build: slice }],
  ['Interp', { settings: [0, 1, 2, 3, 4, 5, 6], inputs: 1, build: interpolation }],
  ['Convolution', { settings: CONVOLUTION, inputs: 1, build: convolution }],
  ['ConvolutionDepthWise', { settings: [...CONVOLUTION, 7], inputs: 1, build: convolution }],
  ['Deconvolution', { settings: [...CONVOLUTION, 19], inputs: 1, build: deconvolution }],
  ['PReLU', { settings: [0], inputs: 1, build: prelu }],
  ['ReLU', { settings: [0], inputs: 1, build: (layer) => relu(layer) }],
  ['Sigmoid', { settings: [], inputs: 1, build: (layer) => op.sigmoid(layer.g, layer.input()) }],
  ['Clip', { settings: [0, 1], inputs: 1, build: clip }],
  ['BinaryOp', { settings: [0, 1, 2], inputs: 'any', build: binary }],
  ['Eltwise', { settings: [0, 1], inputs: 'any', build: eltwise }],
  ['Crop', { settings: [9, 10, 11], inputs: 1, build: crop }],
  ['PixelShuffle', { settings: [0, 1], inputs: 1, build: pixelShuffle }],
  ['MemoryData', { settings: [0, 1, 11, 2], inputs: 0, build: memoryData }],
  ['InnerProduct', { settings: [0, 1, 2, 8, 9, 10], inputs: 1, build: fullConnection }],
  ['Pooling', { settings: [0, 4], inputs: 1, build: globalPooling }],
  ['UnaryOp', { settings: [0], inputs: 1, build: unary }],
  // Some graphs of 4.x carry a setting 0 that nothing reads.
  ['rife.Warp', { settings: [0], inputs: 2, build: warp }],
  ['ifrnet.Warp', { settings: [], inputs: 2, build: warp }],
  ['Padding', { settings: [0, 1, 2, 3, 4, 5], inputs: 1, build: padding }],
  ['Reorg', { settings: [0, 1], inputs: 1, build: reorg }],
]);

function relu(layer: Layer): Value {
  const slope = layer.number(0);
  return slope === 0 ? op.relu(layer.g, layer.input()) : op.leakyRelu(layer.g, layer.input(), slope);
}

function clip(layer: Layer): Value {
  return op.clip(layer.g, layer.input(), layer.number(0, -3.4e38), layer.number(1, 3.4e38));
}

function unary(layer: Layer): Value {
  const kind = layer.whole(0);
  if (kind === 4) return op.mul(layer.g, layer.input(), layer.input());
  if (kind === 6) return op.reciprocal(layer.g, op.sqrt(layer.g, layer.input()));
  const build = UNARY.get(kind) ?? layer.refuse(`its operation ${kind} is not known`);
  return build(layer.g, layer.input());
}
