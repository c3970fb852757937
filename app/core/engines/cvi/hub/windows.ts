/** TensorFlow's convolutions, channels last, kernels [...space, in, out], in two or three dimensions. */
import * as op from '../../../onnx/ops.ts';
import { sizesOf, type Held, type Site } from './site.ts';

interface Window {
  readonly strides: readonly number[];
  readonly same: boolean;
}

/** What both kinds say of how they move. Throws for what is not converted. */
function windowOf(site: Site, rank: number): Window {
  const format = site.attribute('data_format').text ?? 'NHWC';
  if (!format.endsWith('C')) site.fail('its channels are not last');
  const padding = site.attribute('padding').text;
  if (padding !== 'SAME' && padding !== 'VALID') site.fail(`its padding is ${padding ?? 'not said'}`);
  const strides = site.attribute('strides').ints ?? [];
  const dilations = site.attribute('dilations').ints ?? [];
  if (strides.length !== rank + 2 || strides[0] !== 1 || strides.at(-1) !== 1) site.fail('its strides');
  if (dilations.some((step) => step !== 1)) site.fail('it is dilated');
  return { strides: strides.slice(1, -1), same: padding === 'SAME' };
}

/** Channels to the second place, and back. */
const toFront = (rank: number): number[] => [0, rank + 1, ...Array.from({ length: rank }, (_, axis) => axis + 1)];
const toBack = (rank: number): number[] => [0, ...Array.from({ length: rank }, (_, axis) => axis + 2), 1];

/** What SAME adds on an axis so that `size` becomes ceil(size / stride): the odd one goes to the end. */
function samePads(size: number, kernel: number, stride: number): readonly [number, number] {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  return [total >> 1, total - (total >> 1)];
}

export function convolution(site: Site): Held {
  const { g } = site;
  const [x, kernel] = [site.value(0), site.value(1)];
  const rank = x.shape.length - 2;
  const { strides, same } = windowOf(site, rank);
  const [space, taps] = [sizesOf(x, site).slice(1, -1), sizesOf(kernel, site).slice(0, rank)];
  const pads = space.map((size, axis) => (same ? samePads(size, taps[axis]!, strides[axis]!) : ([0, 0] as const)));
  const pad = { begin: pads.map(([begin]) => begin), end: pads.map(([, end]) => end) };
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const laid = op.transpose(g, kernel, [rank + 1, rank, ...axes]);
  const made = op.conv(g, op.transpose(g, x, toFront(rank)), laid, undefined, { stride: strides, pad });
  return [op.transpose(g, made, toBack(rank))];
}

/** The gradient of a convolution: input 0 is the shape of the result, 1 the kernel [...space, out, in], 2 the tensor. */
export function transposedConvolution(site: Site): Held {
  const { g } = site;
  const wanted = site.numbers(0);
  const [kernel, x] = [site.value(1), site.value(2)];
  const rank = x.shape.length - 2;
  const { strides, same } = windowOf(site, rank);
  const [space, taps] = [sizesOf(x, site).slice(1, -1), sizesOf(kernel, site).slice(0, rank)];
  const results = wanted.slice(1, -1);
  const pads = results.map((size, axis) => (same ? samePads(size, taps[axis]!, strides[axis]!) : ([0, 0] as const)));
  const outputPad = results.map((size, axis) => {
    const [begin, end] = pads[axis]!;
    const extra = size - ((space[axis]! - 1) * strides[axis]! + taps[axis]! - begin - end);
    return extra >= 0 && extra < strides[axis]! ? extra : site.fail(`${space[axis]} cannot become ${size}`);
  });
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const laid = op.transpose(g, kernel, [rank + 1, rank, ...axes]);
  const pad = { begin: pads.map(([begin]) => begin), end: pads.map(([, end]) => end) };
  const options = { stride: strides, pad, outputPad };
  const made = op.convTranspose(g, op.transpose(g, x, toFront(rank)), laid, undefined, options);
  return [op.transpose(g, made, toBack(rank))];
}
