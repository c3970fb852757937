/**
 * ncnn networks of RIFE 4.x as what they were converted from. [Note: known networks]
 *
 * The graph of graph.ts takes less than half the time of a converted one from 4.7 on (work at block size, features once a picture). Its weights are
 * read off the order and the shapes of the layers; whether that is the same network is then tried out on a small pair, and a network
 * that answers differently is run as it is written.
 */
import { openSession } from '../../../nn/session.ts';
import type { NcnnLayer } from '../../../import/ncnn-param.ts';
import type { Graph, Tensor } from '../../../onnx/graph.ts';
import { permute, type Weights } from '../../weights.ts';
import { DEPTH, multipleOf, PUBLISHED, type Encoder, type RifeConfig } from '../config.ts';
import { wantsOf } from '../weights.ts';
import { RifeNetwork } from '../run.ts';
import type { NcnnNetwork } from './convert.ts';
import type { NcnnModel } from './open.ts';
import { modelGraph } from './graphs.ts';

export interface Known {
  readonly config: RifeConfig;
  readonly weights: Weights;
}

/** How far pictures (0..1) of the two may be apart: rounding stays a hundred times below, another network goes a hundred times beyond. */
const SAME = 1e-3;

/** What `model` was converted from; null where it is not certain. */
export async function knownNetwork(model: NcnnModel): Promise<Known | null> {
  if (model.convention === 'rife 1 to 3' || model.convention.network !== 'rife 4.x') return null;
  const known = readLayers(model.network);
  return known && (await agrees(model, known)) ? known : null;
}

/** The layers with kernels, in their order, matched with those of a network of graph.ts. */
function readLayers(network: NcnnNetwork): Known | null {
  const kernels = network.layers.filter(({ type }) => /^(Convolution|ConvolutionDepthWise|Deconvolution)$/.test(type));
  const dims = (layer: NcnnLayer | undefined): readonly number[] =>
    network.weights.get(`${layer?.name}.weight`)?.dims ?? [];
  const first = kernels.findIndex((layer) => layer.type === 'Deconvolution');
  // Encoders come first, once for each picture: their first kernel sees three channels, that of a block seven or more.
  const isEncoded = dims(kernels[0])[1] === 3;
  const length = isEncoded ? first + 1 : 0;
  const blocks = kernels.slice(2 * length);
  const each = DEPTH + 3;
  const count = blocks.length / each;
  if (!Number.isInteger(count) || count < 4 || count > 5) return null;
  const [last = 0] = dims(blocks[each - 1]);
  const [outputs = 0, inputs = 0] = dims(blocks[2]);
  const prelu = network.layers.some(({ type }) => type === 'PReLU');
  const adds = network.layers.filter(({ type, params }) => type === 'BinaryOp' && (params.get(0) ?? 0) === 0).length;
  const widths = Array.from({ length: count }, (_, n) => dims(blocks[n * each + 1])[0] ?? 0);
  const encoder: Encoder | null = isEncoded
    ? {
        naming: 'head',
        convolutions: length === 2 ? 1 : 3,
        hidden: dims(kernels[0])[0] ?? 0,
        outputs: dims(kernels[first])[0] ?? 0,
      }
    : null;
  const scales = PUBLISHED.find(({ config }) => config.widths.join() === widths.join())?.config.scales;
  const config: RifeConfig = {
    widths,
    scales: scales ?? (count === 5 ? [16, 8, 4, 2, 1] : [8, 4, 2, 1]),
    activation: prelu ? 'prelu' : 'leaky',
    body: !prelu && adds >= count * DEPTH ? 'residual' : 'plain',
    skip: prelu,
    groups: outputs / inputs,
    last,
    carried: last === 52 ? 8 : 0,
    encoder,
    mask: encoder ? 'replace' : 'add',
  };
  const weights = weightsOf(network, config, kernels.slice(0, length), blocks);
  return weights && { config, weights };
}

function weightsOf(
  network: NcnnNetwork,
  config: RifeConfig,
  encoder: readonly NcnnLayer[],
  blocks: readonly NcnnLayer[],
): Weights | null {
  const from = new Map<string, Tensor>();
  const take = (name: string, layer: NcnnLayer): void => {
    const [kernel, bias] = ['weight', 'bias'].map((part) => network.weights.get(`${layer.name}.${part}`));
    if (kernel) from.set(`${name}.weight`, layer.type === 'Deconvolution' ? turned(kernel) : kernel);
    if (bias) from.set(`${name}.bias`, bias);
    const after = network.layers.find(({ inputs }) => inputs.includes(layer.outputs[0]!));
    const slope = after?.type === 'PReLU' ? network.weights.get(`${after.name}.slope`) : undefined;
    if (slope) from.set(`${name}.slope`, slope);
    from.set(`${name}.beta`, betaOf(network, after) ?? ones(kernel?.dims[0] ?? 0));
  };
  encoder.forEach((layer, n) => take(n === encoder.length - 1 ? 'encode.last' : `encode.${n}`, layer));
  blocks.forEach((layer, i) => {
    const [block, n] = [Math.floor(i / (DEPTH + 3)), i % (DEPTH + 3)];
    const name = n < 2 ? `conv0.${n}` : n < DEPTH + 2 ? `convblock.${n - 2}` : 'lastconv';
    take(`block${block}.${name}`, layer);
  });
  const wants = wantsOf(config);
  const fits = wants.every(({ value, dims }) => from.get(value)?.dims.join() === dims.join());
  return fits ? new Map(wants.map(({ value }) => [value, from.get(value)!])) : null;
}

/** What the layer after a convolution multiplies it by, channel by channel. */
function betaOf(network: NcnnNetwork, after: NcnnLayer | undefined): Tensor | null {
  if (after?.type !== 'BinaryOp' || after.params.get(0) !== 2) return null;
  const memory = network.layers.find(
    ({ type, outputs }) => type === 'MemoryData' && after.inputs.includes(outputs[0]!),
  );
  const data = memory && network.weights.get(`${memory.name}.data`);
  return data ? { ...data, dims: [1, data.data.length, 1, 1] } : null;
}

function ones(length: number): Tensor {
  return { dtype: 'float32', dims: [1, length, 1, 1], data: new Float32Array(length).fill(1) };
}

/** Kernels [out, in, h, w] as [in, out, h, w]. */
function turned({ dtype, dims, data }: Tensor): Tensor {
  const [outputs = 0, inputs = 0, height = 0, width = 0] = dims;
  return { dtype, dims: [inputs, outputs, height, width], data: permute(data as Float32Array, dims, [1, 0, 2, 3]) };
}

/** Whether both make the same picture of a pair, early and late. */
async function agrees(model: NcnnModel, { config, weights }: Known): Promise<boolean> {
  const side = Math.max(64, multipleOf(config));
  const size = { width: side, height: side };
  const [a, b] = [testPicture(side, 0), testPicture(side, 3)];
  const graph: Graph = modelGraph(model, size);
  const written = await openSession(graph, { threads: 1 });
  try {
    // The ncnn conversion has no second look at large motion.
    await using network = new RifeNetwork(config, weights, { ...size, threads: 1, device: 'cpu' }, {}, false);
    for (const t of [0.25, 0.75]) {
      const [dims, time] = [
        [1, 3, side, side],
        [1, 1, 1, 1],
      ];
      const inputs = { a: tensor(dims, a), b: tensor(dims, b), t: tensor(time, Float32Array.of(t)) };
      const wanted = (await written.run(inputs))['picture']!.data as Float32Array;
      const made = (await network.between(a, b, t)).picture;
      if (!made.every((value, i) => Math.abs(value - wanted[i]!) <= SAME)) return false;
    }
    return true;
  } finally {
    await written.close();
  }
}

function tensor(dims: readonly number[], data: Float32Array): Tensor {
  return { dtype: 'float32', dims, data };
}

/** Waves of several lengths, moved. */
function testPicture(side: number, shift: number): Float32Array {
  return Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const [x, y, c] = [(i % side) - shift, Math.floor(i / side) % side, Math.floor(i / (side * side))];
    return 0.5 + 0.2 * Math.sin(x / (2 + c)) + 0.15 * Math.cos(y / 5 + c) + 0.1 * Math.sin((x + y) / 11);
  });
}
