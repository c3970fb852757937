/** Any ncnn network of RIFE, IFRNet or CAIN as a graph of ours. */
import { AppError } from '../../../../contract/errors.ts';
import type { Checkpoint } from '../../../import/checkpoint.ts';
import type { NcnnGraph, NcnnLayer } from '../../../import/ncnn-param.ts';
import { toFloat32 } from '../../../import/tensor.ts';
import { GraphBuilder } from '../../../onnx/builder.ts';
import type { Graph, Tensor, Value } from '../../../onnx/graph.ts';
import { Warps } from '../warp.ts';
import { Layer, layerError, type Place } from './layer.ts';
import { LAYERS } from './layers.ts';

/** The largest published network has 1600 layers (CAIN). */
const MAX_LAYERS = 5000;
/** Elements a blob may have for each pixel of the largest input: published ones stay below 40. */
const MAX_GROWTH = 1024;

/** A network with its values, from which graphs of any size are made. */
export interface NcnnNetwork {
  readonly layers: readonly NcnnLayer[];
  /** float32, by 'layer.weight' and so on. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

/**
 * Reads a network. Throws 'checkpoint-refused', naming the layer, for a kind of layer or a setting that is not known (before any value is
 * read), and what the readers throw.
 */
export async function readNetwork(graph: NcnnGraph, checkpoint: Checkpoint): Promise<NcnnNetwork> {
  checkLayers(graph);
  const weights = new Map<string, Tensor>();
  for (const name of checkpoint.names()) {
    const tensor = await checkpoint.tensor(name);
    weights.set(name, { dtype: 'float32', dims: tensor.shape, data: toFloat32(tensor) });
  }
  return { layers: graph.layers, weights };
}

/** Throws 'checkpoint-refused', naming it, for the first layer that would not be converted whatever its input. */
export function checkLayers({ layers }: NcnnGraph): void {
  if (layers.length > MAX_LAYERS)
    throw new AppError(
      'checkpoint-refused',
      `The ncnn network has ${layers.length} layers, more than any published one.`,
    );
  for (const layer of layers) {
    const { type, inputs, outputs, params } = layer;
    if (type === 'Input' || type === 'Split') {
      if (inputs.length !== (type === 'Input' ? 0 : 1)) throw layerError(layer, `it has ${inputs.length} inputs`);
      continue;
    }
    const kind = LAYERS.get(type);
    if (!kind) throw layerError(layer, 'this kind of layer is not known');
    const unknown = [...params.keys()].find((id) => !kind.settings.includes(id));
    if (unknown !== undefined) throw layerError(layer, `its setting ${unknown} is not known`);
    const rightIn = kind.inputs === 'any' ? inputs.length > 0 : inputs.length === kind.inputs;
    if (!rightIn) throw layerError(layer, `it has ${inputs.length} inputs`);
    if (kind.outputs !== 'any' && outputs.length !== 1) throw layerError(layer, `it has ${outputs.length} outputs`);
  }
}

/** What several networks of one graph share. */
export class Converter {
  readonly g: GraphBuilder;
  readonly #warps: Warps;
  /** Constants of networks that stand in the graph more than once. */
  readonly #constants = new Map<NcnnNetwork, Map<string, Value>>();

  constructor(name: string) {
    this.g = new GraphBuilder(name);
    this.#warps = new Warps(this.g);
  }

  /**
   * Adds the layers of `network` that lie between the blobs `given` ([1, c, h, w]; any blob, not only those of Input layers) and
   * `wanted`, and returns those. Nodes and constants are named below `scope`. Throws 'checkpoint-refused' or 'checkpoint-damaged',
   * naming the layer.
   */
  add(
    scope: string,
    network: NcnnNetwork,
    given: Readonly<Record<string, Value>>,
    wanted: readonly string[],
  ): ReadonlyMap<string, Value> {
    const constants = this.#constants.get(network) ?? new Map<string, Value>();
    this.#constants.set(network, constants);
    const place: Place = { g: this.g, warps: this.#warps, weights: network.weights, constants, scope };
    const blobs = new Map(Object.entries(given));
    const pixels = Math.max(...Object.values(given).map(({ shape }) => Number(shape[2]) * Number(shape[3])));
    const needed = neededFor(network.layers, wanted, blobs);
    for (const layer of network.layers) {
      if (!needed.has(layer)) continue;
      const values = this.g.within(scope, () => layerValues(layer, blobs, place));
      layer.outputs.forEach((blob, i) => {
        const value = values[i];
        if (!value) throw layerError(layer, `it gives ${values.length} blobs for ${layer.outputs.length}`);
        const elements = value.shape.reduce<number>((product, size) => product * Number(size), 1);
        if (!(elements <= pixels * MAX_GROWTH)) throw layerError(layer, `it gives [${value.shape.slice(1).join()}]`);
        if (!blobs.has(blob)) blobs.set(blob, value);
      });
    }
    const absent = wanted.find((blob) => !blobs.has(blob));
    if (absent !== undefined)
      throw new AppError('checkpoint-refused', `The ncnn network has no blob ${JSON.stringify(absent)}.`);
    return blobs;
  }
}

/** One network alone: from blobs of these sizes, which become the graph's inputs, to `outputs` (names here to names of blobs). */
export function convertNetwork(
  network: NcnnNetwork,
  inputs: Readonly<Record<string, readonly number[]>>,
  outputs: Readonly<Record<string, string>>,
): Graph {
  const converter = new Converter('ncnn');
  const given = Object.entries(inputs).map(([blob, dims]) => [blob, converter.g.input(blob, 'float32', dims)] as const);
  const blobs = converter.add('net', network, Object.fromEntries(given), Object.values(outputs));
  return converter.g.build(Object.fromEntries(Object.entries(outputs).map(([role, blob]) => [role, blobs.get(blob)!])));
}

/** The layers on the way from `given` to `wanted`. */
function neededFor(
  layers: readonly NcnnLayer[],
  wanted: readonly string[],
  given: ReadonlyMap<string, Value>,
): Set<NcnnLayer> {
  const open = new Set(wanted);
  const needed = new Set<NcnnLayer>();
  for (const layer of layers.toReversed()) {
    if (!layer.outputs.some((blob) => open.has(blob) && !given.has(blob))) continue;
    needed.add(layer);
    for (const blob of layer.inputs) open.add(blob);
  }
  return needed;
}

function layerValues(layer: NcnnLayer, blobs: ReadonlyMap<string, Value>, place: Place): readonly Value[] {
  if (layer.type === 'Input') throw layerError(layer, 'nothing is known to go in there');
  const given = layer.inputs.map((blob) => {
    const value = blobs.get(blob);
    if (!value) throw layerError(layer, `nothing gives ${JSON.stringify(blob)}`, 'checkpoint-damaged');
    return value;
  });
  if (layer.type === 'Split') return layer.outputs.map(() => given[0]!);
  const kind = LAYERS.get(layer.type);
  if (!kind) throw layerError(layer, 'this kind of layer is not known');
  try {
    const made = place.g.within(layer.name, () => kind.build(new Layer(layer, given, place)));
    return 'dtype' in made ? [made] : made;
  } catch (error) {
    if (error instanceof AppError && error.code !== 'bad-graph') throw error;
    throw layerError(layer, error instanceof Error ? error.message.replace(/\.$/, '') : String(error));
  }
}
