/**
 * FILM without names: tensors known by their order and shape.
 *
 * [Note: order of FILM's layers] The TensorFlow code makes the extractor's layers, then the predictors from the shared one to the finest, then
 * the fusion from coarse to fine; and because each of these needs the one before, a graph uses them for the first time in that same
 * order. Shapes alone would not do: the published network has four kernels [64, 64, 3, 3] and as many of twice that.
 */
import { z } from 'zod';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { isSound, layersOf, OFFICIAL, type FilmConfig } from './config.ts';

/** The names a layer's tensors have in the checkpoint. */
export interface StoredLayer {
  readonly kernel: string;
  readonly bias: string;
}

export interface Unnamed {
  readonly layout: 'unnamed' | 'tflite';
  readonly config: FilmConfig;
  /** By `Layer.name`. */
  readonly layers: ReadonlyMap<string, StoredLayer>;
  readonly axes: readonly number[];
}

/** The network whose layers the tensors of a TensorFlow checkpoint without names are, in order; null when they are none. */
export function unnamedLayers(checkpoint: Checkpoint, pyramidLevels = OFFICIAL.pyramidLevels): Unnamed | null {
  const layout = checkpoint.format === 'tflite' ? 'tflite' : 'unnamed';
  if (layout === 'unnamed' && !['saved-model', 'tensor-bundle'].includes(checkpoint.format)) return null;
  const axes = layout === 'tflite' ? [0, 3, 1, 2] : [3, 2, 0, 1];
  const stored = layout === 'tflite' ? usedByConvolutions(checkpoint) : pairsInOrder(checkpoint);
  const shapes = stored.map(({ kernel }) => {
    const { shape } = checkpoint.info(kernel);
    return axes.map((axis) => shape[axis] ?? 0);
  });
  const config = configOfShapes(shapes, pyramidLevels);
  if (!config) return null;
  const layers = layersOf(config);
  return { layout, config, axes, layers: new Map(layers.map(({ name }, n) => [name, stored[n]!])) };
}

/** Kernels and biases that follow one another in the order of the numbers in their names. */
function pairsInOrder(checkpoint: Checkpoint): readonly StoredLayer[] {
  const rank = (name: string): number => checkpoint.info(name).shape.length;
  const order = new Intl.Collator('en', { numeric: true });
  const names = checkpoint.names().filter((name) => rank(name) === 4 || rank(name) === 1);
  names.sort((a, b) => order.compare(a, b));
  const kernelFirst = names[0] !== undefined && rank(names[0]) === 4;
  const pairs: StoredLayer[] = [];
  for (let i = 0; i + 1 < names.length; i += 2) {
    const [kernel, bias] = kernelFirst ? [names[i]!, names[i + 1]!] : [names[i + 1]!, names[i]!];
    if (rank(kernel) !== 4 || rank(bias) !== 1) return [];
    pairs.push({ kernel, bias });
  }
  return pairs;
}

const CONV_2D = 3;

const graphSchema = z.object({
  operators: z.array(z.object({ code: z.number(), inputs: z.array(z.string().nullable()) })),
  dequantised: z.record(z.string(), z.string()),
});

/** Each kernel, and its bias, where the graph's operators use it first. */
function usedByConvolutions(checkpoint: Checkpoint): readonly StoredLayer[] {
  const graph = graphSchema.safeParse(checkpoint.metadata).data;
  if (!graph) return [];
  const constants = new Set(checkpoint.names());
  const layers = new Map<string, StoredLayer>();
  for (const { code, inputs } of graph.operators) {
    if (code !== CONV_2D) continue;
    const [kernel, bias] = inputs.slice(1).map((name) => (name === null ? '' : (graph.dequantised[name] ?? name)));
    if (kernel === undefined || bias === undefined || !constants.has(kernel) || !constants.has(bias)) return [];
    if (!layers.has(kernel)) layers.set(kernel, { kernel, bias });
  }
  return [...layers.values()];
}

/** The configuration whose layers, in order, have exactly these kernels [out, in, h, w]. */
function configOfShapes(shapes: readonly (readonly number[])[], pyramidLevels: number): FilmConfig | null {
  const size = (n: number): number => shapes[n]?.[2] ?? 0;
  const filters = shapes[0]?.[0] ?? 0;
  let at = 0;
  while (shapes[at]?.[0] === filters << (at >> 1) && size(at) === 3 && at < 12) {
    // Behind the last stage comes a predictor, which takes two features at once.
    const inputs = at === 0 ? 3 : filters << ((at - 1) >> 1);
    if (shapes[at]?.[1] !== inputs) break;
    at++;
  }
  const subLevels = at >> 1;
  const flowConvs: number[] = [];
  const flowFilters: number[] = [];
  // Each predictor ends with two 1x1 kernels; the fusion begins with a 2x2 one.
  while (size(at) === 3) {
    const begin = at;
    flowFilters.unshift(shapes[at]![0]!);
    while (size(at) === 3) at++;
    flowConvs.unshift(at - begin);
    at += 2;
  }
  const fusions = (shapes.length - at - 1) / 3;
  const config: FilmConfig = {
    pyramidLevels,
    fusionLevels: fusions + 1,
    specialisedLevels: flowFilters.length - 1,
    subLevels,
    filters,
    flowConvs,
    flowFilters,
  };
  if (!Number.isInteger(fusions) || !isSound(config)) return null;
  const wanted = layersOf(config).map(({ dims }) => dims.join());
  return wanted.join(' ') === shapes.map((shape) => shape.join()).join(' ') ? config : null;
}
