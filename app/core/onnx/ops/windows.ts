/**
 * Convolutions, pools, resampling and normalisation. Pictures are [n, c, h, w], clips [n, c, t, h, w]: the number of axes of
 * the weight or window says which; every list has a number for each axis of space, a single number stands for all. All throw
 * bad-graph.
 */
import { attributesOf, type GraphBuilder } from '../builder.ts';
import type { Value } from '../graph.ts';

type PerAxis = number | readonly number[];

/** How a window moves. */
export interface Sliding {
  /** Elements from one window to the next, 1 by default. */
  readonly stride?: PerAxis;
  /**
   * Zeros added on both sides of each axis, 0 by default; with `begin` and `end` each side on its own. 'same' adds what TensorFlow's
   * SAME adds: the output has ceil(size / stride), the odd one more element goes to the end.
   */
  readonly pad?: PerAxis | 'same' | { readonly begin: readonly number[]; readonly end: readonly number[] };
}

export interface ConvOptions extends Sliding {
  /** Elements from one tap of the kernel to the next, 1 by default. Not with 'same'. */
  readonly dilation?: PerAxis;
  /** Groups of channels convolved apart, 1 by default; as many as channels is a depthwise convolution. */
  readonly group?: number;
}

function each(value: PerAxis | undefined, rank: number, otherwise: number): readonly number[] {
  return typeof value === 'object' ? value : Array.from({ length: rank }, () => value ?? otherwise);
}

function sliding({ stride, pad }: Sliding, rank: number) {
  const strides = each(stride, rank, 1);
  if (pad === 'same') return { strides, auto_pad: 'SAME_UPPER' };
  if (typeof pad === 'object' && 'begin' in pad) return { strides, pads: [...pad.begin, ...pad.end] };
  const both = each(pad, rank, 0);
  return { strides, pads: [...both, ...both] };
}

/**
 * Convolution in 1, 2 or 3 dimensions. x [n, c, ...space], weight [out, c/group, ...kernel], bias [out] or undefined.
 * Returns [n, out, floor((size + pads - dilation*(kernel-1) - 1) / stride) + 1].
 */
export function conv(g: GraphBuilder, x: Value, weight: Value, bias?: Value, options: ConvOptions = {}): Value {
  const rank = weight.shape.length - 2;
  const dilations = options.dilation === undefined ? undefined : each(options.dilation, rank, 1);
  const attributes = { ...sliding(options, rank), ...(dilations && { dilations }), group: options.group ?? 1 };
  return g.one('Conv', [x, weight, bias], attributesOf(attributes));
}

/**
 * Transposed convolution. x [n, c, ...space], weight [c, out/group, ...kernel] (PyTorch's layout), bias [out] or undefined.
 * Returns [n, out, (size-1)*stride + dilation*(kernel-1) + 1 + outputPad - pads]; `pad` cuts off.
 */
export function convTranspose(
  g: GraphBuilder,
  x: Value,
  weight: Value,
  bias?: Value,
  options: ConvOptions & { readonly outputPad?: PerAxis } = {},
): Value {
  const rank = weight.shape.length - 2;
  const extra = options.outputPad === undefined ? undefined : each(options.outputPad, rank, 0);
  const dilations = options.dilation === undefined ? undefined : each(options.dilation, rank, 1);
  const more = { ...(extra && { output_padding: extra }), ...(dilations && { dilations }), group: options.group ?? 1 };
  return g.one('ConvTranspose', [x, weight, bias], attributesOf({ ...sliding(options, rank), ...more }));
}

/**
 * Mean of each window. Padding takes no part in the mean (TensorFlow's way) unless `countPadding` (PyTorch's default).
 * The stride is the window if not given.
 */
export function avgPool(
  g: GraphBuilder,
  x: Value,
  window: PerAxis,
  options: Sliding & { readonly countPadding?: boolean } = {},
): Value {
  const rank = x.shape.length - 2;
  const attributes = { kernel_shape: each(window, rank, 1), ...sliding({ stride: window, ...options }, rank) };
  return g.one('AveragePool', [x], attributesOf({ ...attributes, count_include_pad: options.countPadding ? 1 : 0 }));
}

/** Largest element of each window; padding never wins. The stride is the window if not given. */
export function maxPool(
  g: GraphBuilder,
  x: Value,
  window: PerAxis,
  options: Sliding & { readonly dilation?: PerAxis } = {},
): Value {
  const rank = x.shape.length - 2;
  const dilations = options.dilation === undefined ? undefined : each(options.dilation, rank, 1);
  const attributes = { kernel_shape: each(window, rank, 1), ...sliding({ stride: window, ...options }, rank) };
  return g.one('MaxPool', [x], attributesOf({ ...attributes, ...(dilations && { dilations }) }));
}

/** Mean over all space: [n, c, ...1]. */
export function globalAvgPool(g: GraphBuilder, x: Value): Value {
  return g.one('GlobalAveragePool', [x]);
}

/**
 * How Resize lays the output's samples on the input's; spec/systems.md, section 0, says which framework does which.
 * 'half-pixel' for linear: TensorFlow 2, PyTorch align_corners=False, ncnn. 'corners': PyTorch align_corners=True.
 * 'nearest': asymmetric and rounded down, as both frameworks repeat pixels.
 */
export type ResizeMode = 'half-pixel' | 'corners' | 'nearest';

const RESIZE = {
  'half-pixel': { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
  corners: { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
  nearest: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
} as const;

/**
 * Resamples space by `scale`, without antialiasing: size floor(size * scale). One number for all axes of space or one for each.
 * A symbolic size takes whole scales, and 1/n where the size is a multiple of n (or n is a power of two).
 */
export function resize(g: GraphBuilder, x: Value, scale: PerAxis, mode: ResizeMode): Value {
  const scales = g.floats([1, 1, ...each(scale, x.shape.length - 2, 1)]);
  return g.one('Resize', [x, undefined, scales], attributesOf(RESIZE[mode]));
}

/** Resamples x to the space of `like`, whose sizes may be symbolic; n and c stay. */
export function resizeLike(g: GraphBuilder, x: Value, like: Value, mode: ResizeMode): Value {
  const attributes = attributesOf(RESIZE[mode]);
  const sizes = [...x.shape.slice(0, 2), ...like.shape.slice(2)];
  if (sizes.every((dim) => typeof dim === 'number'))
    return g.one('Resize', [x, undefined, undefined, g.ints(sizes)], attributes);
  const part = (value: Value, from: number, to: number) =>
    g.one('Slice', [g.one('Shape', [value]), g.ints([from]), g.ints([to])]);
  const joined = [part(x, 0, 2), part(like, 2, like.shape.length)];
  return g.one('Resize', [x, undefined, undefined, g.one('Concat', joined, attributesOf({ axis: 0 }))], attributes);
}

/**
 * Samples x [n, c, h, w] at grid [n, ho, wo, 2], whose last axis is (x, y) from -1 to 1, bilinear: [n, c, ho, wo].
 * `alignCorners`: -1 and 1 are the centres of the outermost pixels (PyTorch align_corners=True) rather than their edges.
 * `outside`: 'border' repeats the outermost pixel, 'zeros' fades to 0.
 */
export function gridSample(
  g: GraphBuilder,
  x: Value,
  grid: Value,
  { outside, alignCorners }: { readonly outside: 'border' | 'zeros' | 'reflection'; readonly alignCorners: boolean },
): Value {
  const attributes = { mode: 'bilinear', padding_mode: outside, align_corners: alignCorners ? 1 : 0 };
  return g.one('GridSample', [x, grid], attributesOf(attributes));
}

/** PyTorch's PixelShuffle (channel order c, block row, block column): [n, c*b*b, h, w] to [n, c, h*b, w*b]. */
export function pixelShuffle(g: GraphBuilder, x: Value, block: number): Value {
  return g.one('DepthToSpace', [x], attributesOf({ blocksize: block, mode: 'CRD' }));
}

/** TensorFlow's depth_to_space (channel order block row, block column, c): [n, b*b*c, h, w] to [n, c, h*b, w*b]. */
export function depthToSpace(g: GraphBuilder, x: Value, block: number): Value {
  return g.one('DepthToSpace', [x], attributesOf({ blocksize: block, mode: 'DCR' }));
}

/** The inverse of `depthToSpace`. [n, c, h*b, w*b] to [n, b*b*c, h, w]. */
export function spaceToDepth(g: GraphBuilder, x: Value, block: number): Value {
  return g.one('SpaceToDepth', [x], attributesOf({ blocksize: block }));
}

/** (x - mean) / sqrt(variance + epsilon) * scale + bias with stored statistics, each [c]. */
export function batchNorm(
  g: GraphBuilder,
  x: Value,
  { scale, bias, mean, variance }: { scale: Value; bias: Value; mean: Value; variance: Value },
  epsilon: number,
): Value {
  return g.one('BatchNormalization', [x, scale, bias, mean, variance], attributesOf({ epsilon: { float: epsilon } }));
}

/** As `batchNorm`, with the statistics of each picture's channel over its own space. scale and bias [c]. */
export function instanceNorm(g: GraphBuilder, x: Value, scale: Value, bias: Value, epsilon: number): Value {
  return g.one('InstanceNormalization', [x, scale, bias], attributesOf({ epsilon: { float: epsilon } }));
}
