/** What each layer of an ncnn graph keeps in the .bin file, in its order. The file itself has no names and no shapes. */
import { AppError } from '../../contract/errors.ts';
import type { NcnnLayer } from './ncnn-param.ts';
import { elementCount } from './tensor.ts';

/** Values that follow one another. `tagged`: four bytes before them say how they are stored; otherwise they are float32. */
export interface Piece {
  readonly name: string;
  readonly shape: readonly number[];
  readonly tagged: boolean;
  /** Which values scale these (int8): the name of a later piece. */
  readonly scaledBy?: string;
}

/** Layers without weights. */
const PLAIN: ReadonlySet<string> = new Set([
  ...[
    'Input',
    'Split',
    'Concat',
    'Slice',
    'Interp',
    'ReLU',
    'Sigmoid',
    'Clip',
    'BinaryOp',
    'Eltwise',
    'Crop',
    'PixelShuffle',
  ],
  ...[
    'Pooling',
    'UnaryOp',
    'Padding',
    'Reorg',
    'rife.Warp',
    'ifrnet.Warp',
    'Noop',
    'Reshape',
    'Permute',
    'Flatten',
    'TanH',
  ],
  ...[
    'Softmax',
    'HardSigmoid',
    'HardSwish',
    'Swish',
    'ELU',
    'Mish',
    'GELU',
    'Reduction',
    'Dropout',
    'Squeeze',
    'ExpandDims',
  ],
]);

/**
 * The pieces of a layer. Throws `checkpoint-refused` for a layer whose weights are not known: everything behind it in the file would
 * be read from the wrong place.
 */
export function piecesOf(layer: NcnnLayer): Piece[] {
  const { type, name } = layer;
  if (PLAIN.has(type)) return [];
  const pieces = PIECES.get(type)?.(layer);
  if (!pieces) {
    const sentence = `The layer ${JSON.stringify(name)} is not read: what a ${JSON.stringify(type)} keeps is not known.`;
    throw new AppError('checkpoint-refused', sentence);
  }
  for (const { shape } of pieces) elementCount(shape, `The layer ${JSON.stringify(name)}`);
  return pieces;
}

const PIECES: ReadonlyMap<string, (layer: NcnnLayer) => Piece[]> = new Map([
  ['Convolution', convolution],
  ['ConvolutionDepthWise', convolution],
  ['Deconvolution', convolution],
  ['DeconvolutionDepthWise', convolution],
  ['InnerProduct', innerProduct],
  ['PReLU', (layer) => [raw(layer, 'slope', [whole(layer, 0)])]],
  ['MemoryData', memoryData],
]);

/** A whole number of at least 0 among a layer's settings; 0 (or `otherwise`) when it is not set. */
function whole(layer: NcnnLayer, id: number, otherwise = 0): number {
  const value = layer.params.get(id) ?? otherwise;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new AppError('checkpoint-damaged', `The layer ${JSON.stringify(layer.name)} has a bad setting ${id}.`);
}

function raw(layer: NcnnLayer, name: string, shape: readonly number[]): Piece {
  return { name: `${layer.name}.${name}`, shape, tagged: false };
}

/** Weights [out, in / groups, height, width] for all four; a transposed convolution too has its outputs first. */
function convolution(layer: NcnnLayer): Piece[] {
  const outputs = whole(layer, 0);
  const width = whole(layer, 1);
  const height = whole(layer, 11, width);
  const inputs = whole(layer, 6) / (outputs * width * height);
  if (!Number.isSafeInteger(inputs)) throw odd(layer);
  const isGrouped = layer.type.endsWith('DepthWise');
  const perGroup = isGrouped && whole(layer, 8) % 100 === 1;
  const scales = perGroup ? whole(layer, 7, 1) : isGrouped ? 1 : outputs;
  return weighted(layer, [outputs, inputs, height, width], whole(layer, 5), scales);
}

function innerProduct(layer: NcnnLayer): Piece[] {
  const outputs = whole(layer, 0);
  const inputs = whole(layer, 2) / outputs;
  if (!Number.isSafeInteger(inputs)) throw odd(layer);
  return weighted(layer, [outputs, inputs], whole(layer, 1), outputs);
}

/** Weights, bias, and what int8 needs (setting 8): scales of the weights, of the input, and from 100 on of the output. */
function weighted(layer: NcnnLayer, shape: readonly number[], hasBias: number, scaleCount: number): Piece[] {
  const int8 = whole(layer, 8);
  const scales = `${layer.name}.weight_scales`;
  const pieces: Piece[] = [
    { name: `${layer.name}.weight`, shape, tagged: true, ...(int8 > 0 ? { scaledBy: scales } : {}) },
  ];
  if (hasBias > 0) pieces.push(raw(layer, 'bias', [shape[0]!]));
  if (int8 > 0) pieces.push(raw(layer, 'weight_scales', [scaleCount]), raw(layer, 'input_scale', [1]));
  if (int8 > 100 && layer.type !== 'InnerProduct') pieces.push(raw(layer, 'output_scale', [1]));
  return pieces;
}

/** Width, height, channels, as far as they are set; outermost first here. */
function memoryData(layer: NcnnLayer): Piece[] {
  const sizes = [whole(layer, 2), whole(layer, 11), whole(layer, 1), whole(layer, 0)];
  return [
    raw(
      layer,
      'data',
      sizes.filter((size) => size > 0),
    ),
  ];
}

function odd(layer: NcnnLayer): AppError {
  return new AppError(
    'checkpoint-damaged',
    `The layer ${JSON.stringify(layer.name)} has a number of weights that fits no kernel.`,
  );
}
