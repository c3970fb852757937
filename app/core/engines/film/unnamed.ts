/**
 * FILM without names: tensors known by their order and shape.
 *
 * [Note: order of FILM's layers] Shapes alone would not do: the published network has four kernels [64, 64, 3, 3] and as many of twice that.
 * But layers stand in groups: the extractor, each predictor, three convolutions a fused level, the last one; and each group's first
 * kernel and its last say which it is. Within a group the order is that of use. The groups of predictors and of fused levels run from fine to
 * coarse where the network lists its layers, and from coarse to fine where they are listed as they were used first; each comes at once.
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
  // A checkpoint's own order is that of its graph of objects; without one its keys still have numbers.
  const names = checkpoint.names();
  const { compare } = new Intl.Collator('en', { numeric: true });
  const orders =
    layout === 'tflite'
      ? [usedByConvolutions(checkpoint)]
      : [names, names.toSorted(compare)].map((order) => pairsInOrder(checkpoint, order));
  for (const stored of orders) {
    const kernels = stored.map((layer): Kernel => {
      const { shape } = checkpoint.info(layer.kernel);
      return { layer, dims: axes.map((axis) => shape[axis] ?? 0) };
    });
    const found = networkOf(kernels, pyramidLevels);
    if (found) return { layout, axes, ...found };
  }
  return null;
}

interface Kernel {
  readonly layer: StoredLayer;
  /** [out, in, height, width] */
  readonly dims: readonly number[];
}

/** Kernels and biases that follow one another in an order of names. */
function pairsInOrder(checkpoint: Checkpoint, order: readonly string[]): readonly StoredLayer[] {
  const rank = (name: string): number => checkpoint.info(name).shape.length;
  const names = order.filter((name) => rank(name) === 4 || rank(name) === 1);
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

/** The network that has exactly these kernels, group by group. */
function networkOf(
  kernels: readonly Kernel[],
  pyramidLevels: number,
): { config: FilmConfig; layers: ReadonlyMap<string, StoredLayer> } | null {
  const groups = groupsOf(kernels);
  if (!groups || groups.output.length !== 1) return null;
  const { extract, predictors, fusions, output } = groups;
  for (const coarseFirst of [predictors, predictors.toReversed()])
    for (const fused of [fusions, fusions.toReversed()]) {
      const flows = coarseFirst.toReversed();
      const config: FilmConfig = {
        pyramidLevels,
        fusionLevels: fusions.length + 1,
        specialisedLevels: predictors.length - 1,
        subLevels: extract.length / 2,
        filters: extract[0]?.dims[0] ?? 0,
        flowConvs: flows.map((group) => group.length - 2),
        flowFilters: flows.map((group) => group[0]!.dims[0]!),
      };
      if (!Number.isInteger(config.subLevels) || !isSound(config)) continue;
      const stored = [extract, ...coarseFirst, ...fused, output].flat();
      const layers = layersOf(config);
      const fits =
        layers.length === stored.length && layers.every(({ dims }, n) => dims.join() === stored[n]!.dims.join());
      if (fits) return { config, layers: new Map(layers.map(({ name }, n) => [name, stored[n]!.layer])) };
    }
  return null;
}

interface Groups {
  readonly extract: Kernel[];
  readonly predictors: Kernel[][];
  readonly fusions: Kernel[][];
  readonly output: Kernel[];
}

/** [Note: order of FILM's layers]; null where a kernel belongs to no group. */
function groupsOf(kernels: readonly Kernel[]): Groups | null {
  const groups: Groups = { extract: [], predictors: [], fusions: [], output: [] };
  const filters = kernels.find(({ dims }) => dims[1] === 3)?.dims[0] ?? 0;
  const size = (n: number): number => kernels[n]?.dims[2] ?? 0;
  for (let at = 0; at < kernels.length;) {
    const begin = at;
    const [outputs, inputs] = kernels[at]!.dims;
    if (inputs === 3) {
      // Each stage has two kernels and twice the channels of the one before.
      const next = (n: number): string => [filters << (n >> 1), n === 0 ? 3 : filters << ((n - 1) >> 1), 3, 3].join();
      while (kernels[at]?.dims.join() === next(at - begin)) at++;
      groups.extract.push(...kernels.slice(begin, at));
    } else if (size(at) === 3) {
      while (size(at) === 3) at++;
      at += 2;
      groups.predictors.push(kernels.slice(begin, at));
    } else if (size(at) === 2) {
      at += 3;
      groups.fusions.push(kernels.slice(begin, at));
    } else if (outputs === 3) groups.output.push(kernels[at++]!);
    else return null;
    if (at === begin || at > kernels.length) return null;
  }
  return groups;
}
