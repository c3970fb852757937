/** The layers of ncnn that slide a window or resample. */
import { permute } from '../../weights.ts';
import type { Value } from '../../../onnx/graph.ts';
import * as op from '../../../onnx/ops.ts';
import type { Layer } from './layer.ts';

/** Kernel, stride, dilation and padding: vertical settings follow the horizontal ones where they are not set. */
function windowOf(layer: Layer) {
  const [dilation, stride, left] = [layer.whole(2, 1, 1), layer.whole(3, 1, 1), layer.whole(4)];
  const top = layer.whole(14, left);
  if (layer.whole(8) !== 0) layer.refuse('it computes in whole numbers of 8 bits');
  return {
    dilation: [layer.whole(12, dilation, 1), dilation],
    stride: [layer.whole(13, stride, 1), stride],
    pad: { begin: [top, left], end: [layer.whole(16, top), layer.whole(15, left)] },
  };
}

function biasOf(layer: Layer): Value | undefined {
  return layer.whole(5) === 1 ? layer.constant('bias') : undefined;
}

/** Convolution and ConvolutionDepthWise: kernels [out, in / groups, h, w], as here. */
export function convolution(layer: Layer): Value {
  if (layer.number(18) !== 0) layer.refuse(`it pads with ${layer.number(18)}`);
  const group = layer.whole(7, 1, 1);
  const options = { ...windowOf(layer), group };
  return layer.activated(op.conv(layer.g, layer.input(), layer.constant('weight'), biasOf(layer), options));
}

/** Deconvolution: kernels [out, in, h, w], here [in, out, h, w]. 18 and 19 make it larger on the right and below. */
export function deconvolution(layer: Layer): Value {
  const { dims, data } = layer.tensor('weight');
  const [outputs = 0, inputs = 0, height = 0, width = 0] = dims;
  const turned = permute(data as Float32Array, dims, [1, 0, 2, 3]);
  const weight = layer.weight('weight', { dtype: 'float32', dims: [inputs, outputs, height, width], data: turned });
  const outputPad = [layer.whole(19), layer.whole(18)];
  const options = { ...windowOf(layer), outputPad };
  return layer.activated(op.convTranspose(layer.g, layer.input(), weight, biasOf(layer), options));
}

/** InnerProduct: every output from all elements of the input. */
export function fullConnection(layer: Layer): Value {
  const [outputs = 0, inputs = 0] = layer.tensor('weight').dims;
  if (layer.whole(8) !== 0) layer.refuse('it computes in whole numbers of 8 bits');
  const elements = layer.size(1) * layer.size(2) * layer.size(3);
  if (elements !== inputs) layer.refuse(`it takes ${inputs} numbers and is given ${elements}`);
  const flat = op.reshape(layer.g, layer.input(), [1, inputs, 1, 1]);
  const bias = layer.whole(1) === 1 ? layer.constant('bias') : undefined;
  return layer.activated(op.conv(layer.g, flat, layer.constant('weight', [outputs, inputs, 1, 1]), bias));
}

/** Pooling over the whole picture: mean (1) or largest (0). */
export function globalPooling(layer: Layer): Value {
  if (layer.whole(4) !== 1) layer.refuse('it pools by windows, which no network of these families does');
  const kind = layer.whole(0);
  if (kind === 1) return op.globalAvgPool(layer.g, layer.input());
  return kind === 0 ? op.reduceMax(layer.g, layer.input(), [2, 3]) : layer.refuse(`its kind ${kind} is not known`);
}

/** Interp: nearest (1) or linear (2), by the scales of settings 1 and 2 or to the sizes of 3 and 4. */
export function interpolation(layer: Layer): Value {
  const { g } = layer;
  const kind = layer.whole(0);
  const corners = layer.whole(6) === 1;
  if (layer.whole(5) !== 0) layer.refuse('its size is decided while it runs');
  if (kind !== 1 && kind !== 2) layer.refuse(`its kind ${kind} is not known`);
  const mode = kind === 1 ? 'nearest' : corners ? 'corners' : 'half-pixel';
  const scale = [2, 3].map((axis, i) => {
    const size = layer.whole(3 + i);
    return size > 0 ? size / layer.size(axis) : layer.number(1 + i, 1);
  });
  if (scale.some((by) => !(by > 0 && by <= 64))) layer.refuse(`it scales by ${scale.join(' and ')}`);
  return scale.every((by) => by === 1) ? layer.input() : op.resize(g, layer.input(), scale, mode);
}

/** Padding: a constant (0), the border repeated (1) or mirrored without its outermost pixel (2). */
export function padding(layer: Layer): Value {
  const [top, bottom, left, right] = [layer.whole(0), layer.whole(1), layer.whole(2), layer.whole(3)];
  const mode = (['constant', 'edge', 'reflect'] as const)[layer.whole(4)] ?? layer.refuse('its kind is not known');
  if (mode === 'constant' && layer.number(5) !== 0) layer.refuse(`it pads with ${layer.number(5)}`);
  if (mode === 'reflect' && (Math.max(top, bottom) >= layer.size(2) || Math.max(left, right) >= layer.size(3)))
    layer.refuse('it mirrors more than there is');
  return op.pad(layer.g, layer.input(), [0, 0, top, left], [0, 0, bottom, right], mode);
}
