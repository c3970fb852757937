/** What each operator of TensorFlow 1 is in ours ([Note: converting TensorFlow]). A row takes a node's inputs and gives its outputs. */
import type { TfTensor, TfType } from '../../../import/tf-graph.ts';
import type { Value } from '../../../onnx/graph.ts';
import * as op from '../../../onnx/ops.ts';
import { countOf, sizesOf, type Held, type Site } from './site.ts';
import { convolution, transposedConvolution } from './windows.ts';

type Row = (site: Site) => Held;

/** Arithmetic on floats; whole numbers are shapes, which the builder folds. */
type Operation = (g: Site['g'], a: Value, b: Value) => Value;
const binary =
  (operation: Operation): Row =>
  (site) => [operation(site.g, site.value(0), site.value(1))];
const unary =
  (operation: (g: Site['g'], x: Value) => Value): Row =>
  (site) => [operation(site.g, site.value(0))];

/** The first output alone, as it is. */
function passed(site: Site): Held {
  const constant = site.constant(0);
  return constant ? { constant } : [site.value(0)];
}

/** Axes as a list: one number stands for one axis. Over all axes where there is no list. */
function reduction(reduce: (g: Site['g'], x: Value, axes: readonly number[], keep: boolean) => Value): Row {
  return (site) => {
    const x = site.value(0);
    const axes = site.numbers(1);
    return [axes.length === 0 ? x : reduce(site.g, x, axes, site.attribute('keep_dims').bool ?? false)];
  };
}

/** Axis `axis` of a list of values where TensorFlow counts from the end. */
function axisOf(axis: number | undefined, rank: number, site: Site): number {
  if (axis === undefined) return site.fail('it has no axis');
  return axis < 0 ? axis + rank : axis;
}

function concat(site: Site, values: readonly number[], axisAt: number): Held {
  const parts = values.map((index) => site.value(index));
  return [op.concat(site.g, parts, axisOf(site.numbers(axisAt)[0], parts[0]!.shape.length, site))];
}

function pack(site: Site): Held {
  const rank = site.value(0).shape.length + 1;
  const axis = axisOf(site.attribute('axis').int ?? 0, rank, site);
  const parts = Array.from({ length: site.count }, (_, index) => op.unsqueeze(site.g, site.value(index), [axis]));
  return [op.concat(site.g, parts, axis)];
}

function unpack(site: Site): Held {
  const x = site.value(0);
  const axis = axisOf(site.attribute('axis').int ?? 0, x.shape.length, site);
  const count = sizesOf(x, site)[axis]!;
  return Array.from({ length: count }, (_, n) => op.squeeze(site.g, op.slice(site.g, x, axis, n, n + 1), [axis]));
}

function split(site: Site, data: number, axisAt: number, sizes: readonly number[] | undefined): Held {
  const x = site.value(data);
  const axis = axisOf(site.numbers(axisAt)[0], x.shape.length, site);
  const size = sizesOf(x, site)[axis]!;
  const count = countOf([sizes?.length ?? site.attribute('num_split').int ?? 1], site);
  if (count > size) return site.fail(`${size} cannot be split into ${count}`);
  const even = Array.from({ length: count }, () => size / count);
  const left = size - (sizes ?? []).reduce((sum, each) => sum + Math.max(0, each), 0);
  const given = sizes?.map((each) => (each === -1 ? left : each));
  return op.split(site.g, x, axis, given ?? even);
}

function stridedSlice(site: Site): Held {
  const { g } = site;
  const mask = (name: string): number => site.attribute(name).int ?? 0;
  if (mask('ellipsis_mask') !== 0) return ellipsis(site);
  const [begin, end, strides] = [site.numbers(1), site.numbers(2), site.numbers(3)];
  return [
    cut(
      site,
      g,
      site.value(0),
      begin.map((from, n) => ({ n, axis: n, from, to: end[n]!, step: strides[n]! })),
      mask,
    ),
  ];
}

interface Range {
  /** Its place in the masks. */
  readonly n: number;
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** x[..., a:b]: what follows the dots counts from the last axis. */
function ellipsis(site: Site): Held {
  const mask = (name: string): number => site.attribute(name).int ?? 0;
  const x = site.value(0);
  const [begin, end, strides] = [site.numbers(1), site.numbers(2), site.numbers(3)];
  const dots = Math.log2(mask('ellipsis_mask'));
  if (!Number.isInteger(dots) || mask('new_axis_mask') !== 0) return site.fail('its masks are not converted');
  const skipped = x.shape.length - begin.length;
  const ranges = begin.flatMap((from, n) =>
    n === dots ? [] : [{ n, axis: n < dots ? n : n + skipped, from, to: end[n]!, step: strides[n]! }],
  );
  return [cut(site, site.g, x, ranges, mask)];
}

function cut(site: Site, g: Site['g'], x: Value, ranges: readonly Range[], mask: (name: string) => number): Value {
  if (mask('new_axis_mask') !== 0) return site.fail('its masks are not converted');
  const gone: number[] = [];
  let made = x;
  for (const { n, axis, from, to, step } of ranges) {
    const bit = 2 ** n;
    const has = (name: string): boolean => Math.floor(mask(name) / bit) % 2 === 1;
    if (step < 1) return site.fail('it runs backwards');
    if (has('shrink_axis_mask')) {
      made = op.slice(g, made, axis, from, from === -1 ? undefined : from + 1);
      gone.push(axis);
      continue;
    }
    const first = has('begin_mask') ? 0 : from;
    const last = has('end_mask') ? undefined : to;
    if (first !== 0 || last !== undefined || step !== 1) made = op.slice(g, made, axis, first, last, step);
  }
  return gone.length > 0 ? op.squeeze(g, made, gone) : made;
}

function sliced(site: Site): Held {
  const [begin, size] = [site.numbers(1), site.numbers(2)];
  return [
    begin.reduce((x, from, axis) => {
      const length = size[axis]!;
      if (from === 0 && length === -1) return x;
      return op.slice(site.g, x, axis, from, length === -1 ? undefined : from + length);
    }, site.value(0)),
  ];
}

function squeeze(site: Site): Held {
  const x = site.value(0);
  const told = site.attribute('squeeze_dims').ints ?? [];
  const ones = sizesOf(x, site).flatMap((size, axis) => (size === 1 ? [axis] : []));
  const axes = told.length > 0 ? told.map((axis) => axisOf(axis, x.shape.length, site)) : ones;
  return [axes.length > 0 ? op.squeeze(site.g, x, axes) : x];
}

function matMul(site: Site): Held {
  const side = (index: number, name: string): Value =>
    site.attribute(name).bool ? op.transpose(site.g, site.value(index), [1, 0]) : site.value(index);
  return [op.matMul(site.g, side(0, 'transpose_a'), side(1, 'transpose_b'))];
}

/** Channels last: stored statistics, or those of the batch where it says that it is training. */
function fusedBatchNorm(site: Site): Held {
  const { g } = site;
  if ((site.attribute('data_format').text ?? 'NHWC') !== 'NHWC') return site.fail('its channels are not last');
  const [x, scale, offset] = [site.value(0), site.value(1), site.value(2)];
  const epsilon = site.attribute('epsilon').float ?? 1e-4;
  const own = site.attribute('is_training').bool ?? true;
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const mean = own ? op.reduceMean(g, x, axes) : site.value(3);
  const centred = op.sub(g, x, mean);
  const variance = own ? op.reduceMean(g, op.mul(g, centred, centred), axes) : site.value(4);
  const unit = op.div(g, centred, op.sqrt(g, op.add(g, variance, epsilon)));
  return [op.add(g, op.mul(g, unit, scale), offset)];
}

function cast(site: Site): Held {
  const type = site.attribute('DstT').type;
  if (type === undefined) return site.fail('its type is not converted');
  const constant = site.constant(0);
  if (constant) return { constant: { ...constant, type, values: as(type, constant.values) } };
  const x = site.value(0);
  const code = { float: 1, int32: 7, int64: 7, bool: 9 }[type];
  const same = { float: 'float32', int32: 'int64', int64: 'int64', bool: 'bool' }[type] === x.dtype;
  return [same ? x : site.g.one('Cast', [x], { to: { type: 'int', value: code } })];
}

function as(type: TfType, values: ArrayLike<number>): TfTensor['values'] {
  if (type === 'float') return Float32Array.from(values);
  return Float64Array.from(values, (value) => (type === 'bool' ? Number(value !== 0) : Math.trunc(value)));
}

/** Numbers known now, as a constant. */
function numbers(values: readonly number[], scalar = false): Held {
  return { constant: { type: 'int64', shape: scalar ? [] : [values.length], values: Float64Array.from(values) } };
}

function range(site: Site): Held {
  const [from, to, step] = [0, 1, 2].map((index) => site.numbers(index)[0] ?? 0) as [number, number, number];
  if (step === 0) return site.fail('its step is 0');
  const count = countOf([Math.max(0, Math.ceil((to - from) / step))], site);
  return numbers(Array.from({ length: count }, (_, n) => from + n * step));
}

function fill(site: Site): Held {
  const dims = site.numbers(0);
  const constant = site.constant(1);
  const count = countOf(dims, site);
  if (constant && constant.type !== 'float')
    return numbers(Array.from({ length: count }, () => constant.values[0] ?? 0));
  return [op.expand(site.g, site.value(1), dims)];
}

function pad(site: Site): Held {
  const pads = site.numbers(1);
  const side = (which: number): number[] => pads.filter((_, n) => n % 2 === which);
  // `numbers` gives the [axes, 2] table row by row.
  return [op.pad(site.g, site.value(0), side(0), side(1))];
}

/** Of numbers that are known the builder would forget them. */
function reshape(site: Site): Held {
  const to = site.numbers(1);
  const constant = site.constant(0);
  const computed = constant ? undefined : site.value(0);
  const whole = constant ? constant.type !== 'float' : computed?.dtype === 'int64' && computed.known !== undefined;
  if (!whole) return [op.reshape(site.g, site.value(0), to)];
  const known = site.numbers(0);
  const others = to.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const shape = to.map((size) => (size === -1 ? known.length / others : size));
  return { constant: { type: 'int64', shape, values: Float64Array.from(known) } };
}

/** By whole numbers, as its pixels are repeated; TensorFlow 1 without align_corners. */
function resizeNearest(site: Site): Held {
  const { g } = site;
  const x = site.value(0);
  const [, height, width] = sizesOf(x, site);
  const [h, w] = site.numbers(1);
  const scales = [h! / height!, w! / width!];
  if (site.attribute('align_corners').bool || !scales.every(Number.isInteger))
    return site.fail('it is no whole enlargement');
  return [op.transpose(g, op.resize(g, op.transpose(g, x, [0, 3, 1, 2]), scales, 'nearest'), [0, 2, 3, 1])];
}

/** Random numbers of the shape that is asked for: an input ([Note: converting TensorFlow]). */
const random: Row = (site) => [site.random(site.numbers(0))];

export const OPERATORS: Readonly<Record<string, Row>> = {
  Const: (site) => {
    const { tensor } = site.attribute('value');
    return tensor ? { constant: tensor } : site.fail('it has no value');
  },
  PlaceholderWithDefault: passed,
  ...Object.fromEntries(
    ['Identity', 'ReadVariableOp', 'StopGradient', 'CheckNumerics', 'PreventGradient', 'Snapshot', 'EnsureShape'].map(
      (name) => [name, passed],
    ),
  ),
  Add: binary(op.add),
  AddV2: binary(op.add),
  BiasAdd: (site) =>
    (site.attribute('data_format').text ?? 'NHWC').endsWith('C')
      ? [op.add(site.g, site.value(0), site.value(1))]
      : site.fail('its channels are not last'),
  Sub: binary(op.sub),
  Mul: binary(op.mul),
  RealDiv: binary(op.div),
  Div: binary(op.div),
  // Of shapes, which are not negative: towards zero is down.
  FloorDiv: binary(op.div),
  Maximum: binary(op.max),
  Minimum: binary(op.min),
  Pow: binary(op.pow),
  SquaredDifference: binary((g, a, b) => {
    const apart = op.sub(g, a, b);
    return op.mul(g, apart, apart);
  }),
  ClipByValue: (site) => [op.min(site.g, op.max(site.g, site.value(0), site.value(1)), site.value(2))],
  Abs: unary(op.abs),
  Exp: unary(op.exp),
  Floor: unary(op.floor),
  Log: unary(op.log),
  Neg: unary(op.neg),
  Relu: unary(op.relu),
  Relu6: unary((g, x) => op.min(g, op.relu(g, x), 6)),
  LeakyRelu: (site) => [op.leakyRelu(site.g, site.value(0), site.attribute('alpha').float ?? 0.2)],
  Reciprocal: unary(op.reciprocal),
  Rsqrt: unary((g, x) => op.reciprocal(g, op.sqrt(g, x))),
  Sigmoid: unary(op.sigmoid),
  Softmax: unary((g, x) => op.softmax(g, x, -1)),
  Sqrt: unary(op.sqrt),
  Square: unary((g, x) => op.mul(g, x, x)),
  Tanh: unary(op.tanh),
  Mean: reduction(op.reduceMean),
  Sum: reduction(op.reduceSum),
  Max: reduction(op.reduceMax),
  Prod: (site) => numbers([site.numbers(0).reduce((product, each) => product * each, 1)], true),
  MatMul: matMul,
  Conv2D: convolution,
  Conv3D: convolution,
  Conv2DBackpropInput: transposedConvolution,
  Conv3DBackpropInputV2: transposedConvolution,
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  Cast: cast,
  ConcatV2: (site) =>
    concat(
      site,
      Array.from({ length: site.count - 1 }, (_, n) => n),
      site.count - 1,
    ),
  Concat: (site) =>
    concat(
      site,
      Array.from({ length: site.count - 1 }, (_, n) => n + 1),
      0,
    ),
  ExpandDims: (site) => {
    const x = site.value(0);
    return [op.unsqueeze(site.g, x, [axisOf(site.numbers(1)[0], x.shape.length + 1, site)])];
  },
  Fill: fill,
  GatherV2: (site) => [op.gather(site.g, site.value(0), site.value(1), site.numbers(2)[0] ?? 0)],
  Pack: pack,
  Pad: pad,
  RandomStandardNormal: random,
  Range: range,
  Reshape: reshape,
  ResizeNearestNeighbor: resizeNearest,
  Shape: unary(op.shapeOf),
  Slice: sliced,
  Split: (site) => split(site, 1, 0, undefined),
  SplitV: (site) => split(site, 0, 2, site.numbers(1)),
  Squeeze: squeeze,
  StridedSlice: stridedSlice,
  Tile: (site) => [op.tile(site.g, site.value(0), site.numbers(1))],
  Transpose: (site) => [op.transpose(site.g, site.value(0), site.numbers(1))],
  Unpack: unpack,
};
