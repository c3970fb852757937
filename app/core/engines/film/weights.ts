/** FILM's weights in every layout they are published in, and the network a checkpoint holds. */
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { takeWeights, type Want, type Weights } from '../weights.ts';
import { isSound, layersOf, OFFICIAL, parsePyramidLevels, portName, tensorflowName } from './config.ts';
import type { Counts, FilmConfig, Layer, Place } from './config.ts';
import { unnamedLayers } from './unnamed.ts';

/**
 * [Note: layouts of FILM] 'port': dajes' TorchScript and state dictionaries, and our safetensors, kernels [out, in, h, w]. 'tensorflow': the
 * SavedModel with its variables' names, kernels [h, w, in, out]. 'unnamed': a SavedModel whose object graph names nothing, so that tensors
 * are known by their order and shape. 'tflite': kernels [out, h, w, in], known by the order in which convolutions use them.
 */
export type FilmLayout = 'port' | 'tensorflow' | 'unnamed' | 'tflite';

export interface FilmCheckpoint {
  readonly layout: FilmLayout;
  readonly config: FilmConfig;
}

/** Where the tensors of each layer of a network are in a checkpoint. */
interface Located extends FilmCheckpoint {
  readonly tensorsOf: (layer: Layer, config: FilmConfig) => { readonly kernel: string; readonly bias: string };
  /** From the kernel's stored axes to [out, in, h, w]. */
  readonly axes: readonly number[];
  /** What a wrapper put before every name: 'module.', 'film_net/'. */
  readonly prefix: string;
}

/** What TensorFlow may save beside the variables of a network. */
const COUNTERS = [/^(save_counter|global_step|step)$/, /^optimizer\//];

/**
 * What network a checkpoint holds; null when it is no FILM. Sizes come from names and shapes; pyramid_levels, which they do not tell, from the
 * file's metadata (the port has it as an attribute, our files as JSON under "config"), else it is the published models' 7.
 */
export function recogniseFilm(checkpoint: Checkpoint): FilmCheckpoint | null {
  const located = locate(checkpoint);
  return located && isSound(located.config) ? { layout: located.layout, config: located.config } : null;
}

/**
 * The network and its weights by the graph's names, float32. `wanted` says which network it is instead of what the checkpoint tells.
 * Throws `weights-mismatch` when it is no FILM, or when tensors are missing, left over or of another shape; what the readers throw.
 */
export async function readFilm(
  checkpoint: Checkpoint,
  wanted?: FilmConfig,
): Promise<FilmCheckpoint & { readonly weights: Weights }> {
  const located = locate(checkpoint);
  if (!located) throw new AppError('weights-mismatch', 'The checkpoint does not have the layers of FILM.');
  const { layout, tensorsOf, axes, prefix } = located;
  const config = wanted ?? located.config;
  if (!isSound(config))
    throw new AppError('weights-mismatch', 'The checkpoint has layers of FILM, and they do not make up a network.');
  const wants = layersOf(config).flatMap((layer): Want[] => {
    const { kernel, bias } = tensorsOf(layer, config);
    return [
      { value: `${layer.name}.weight`, from: [kernel], dims: layer.dims, axes },
      { value: `${layer.name}.bias`, from: [bias], dims: layer.dims.slice(0, 1) },
    ];
  });
  const strip = new RegExp(`^${prefix.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}`);
  return { layout, config, weights: await takeWeights(checkpoint, wants, { ignore: COUNTERS, strip }) };
}

function locate(checkpoint: Checkpoint): Located | null {
  for (const naming of NAMINGS) {
    const { layout, axes, name, kernel, bias } = naming;
    const first = name(FIRST, OFFICIAL) + kernel;
    const found = checkpoint.names().find((stored) => stored.endsWith(first));
    if (found === undefined) continue;
    const prefix = found.slice(0, -first.length);
    const tensorsOf: Located['tensorsOf'] = ({ place }, config) => {
      const stem = name(place, config);
      return { kernel: stem + kernel, bias: stem + bias };
    };
    return { layout, axes, prefix, tensorsOf, config: configOf(checkpoint, naming, prefix) };
  }
  const unnamed = unnamedLayers(checkpoint, pyramidLevelsOf(checkpoint.metadata));
  if (!unnamed) return null;
  const { layout, config, axes, layers } = unnamed;
  const tensorsOf: Located['tensorsOf'] = ({ name }) =>
    layers.get(name) ?? { kernel: `${name} (kernel)`, bias: `${name} (bias)` };
  return { layout, axes, prefix: '', tensorsOf, config };
}

/** The first layer, which every FILM has. */
const FIRST: Place = { part: 'extract', stage: 0, index: 0 };

interface Naming {
  readonly layout: FilmLayout;
  readonly axes: readonly number[];
  readonly name: (place: Place, counts: Counts) => string;
  /** What follows the layer's name. */
  readonly kernel: string;
  readonly bias: string;
  /** Numbers of the extractor's layers or stages, of the predictors and of the fusion's layers or levels. */
  readonly numbers: { readonly extract: RegExp; readonly predictor: RegExp; readonly fuse: RegExp };
  /** How many layers each number of `extract` and `fuse` stands for. */
  readonly extractStep: number;
  readonly fuseStep: number;
}

const NAMINGS: readonly Naming[] = [
  {
    layout: 'port',
    axes: [0, 1, 2, 3],
    name: portName,
    kernel: '.weight',
    bias: '.bias',
    numbers: {
      extract: /^extract\.extract_sublevels\.convs\.(\d{1,3})\./,
      predictor: /^predict_flow\._predictors\.(\d{1,3})\./,
      fuse: /^fuse\.convs\.(\d{1,3})\./,
    },
    extractStep: 1,
    fuseStep: 1,
  },
  {
    layout: 'tensorflow',
    axes: [3, 2, 0, 1],
    name: tensorflowName,
    kernel: '/kernel',
    bias: '/bias',
    numbers: {
      extract: /^feat_net\/sub_extractor\/cfeat_conv_(\d{1,3})\//,
      predictor: /^predict_flow\/flow_predictor_(\d{1,3})\//,
      fuse: /^fusion\/conv2d_(\d{1,3})\//,
    },
    extractStep: 2,
    fuseStep: 3,
  },
];

/** Sizes from the numbers in names and the widths of the first layers. They may contradict one another: `takeWeights` tells. */
function configOf(checkpoint: Checkpoint, naming: Naming, prefix: string): FilmConfig {
  const names = checkpoint.names().flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  const { numbers, extractStep, fuseStep } = naming;
  /** One more than the largest number. */
  const count = (pattern: RegExp): number =>
    names.reduce((most, name) => Math.max(most, 1 + Number(pattern.exec(name)?.[1] ?? -1)), 0);
  const specialisedLevels = count(numbers.predictor);
  // The port's output layer has no number; TensorFlow's has the largest, which makes up for counting from 0.
  const counts = {
    specialisedLevels,
    fusionLevels: Math.ceil(count(numbers.fuse) / fuseStep) + (fuseStep === 1 ? 1 : 0),
  };
  const there = new Set(names);
  const kernel = (place: Place): string => naming.name(place, counts) + naming.kernel;
  const width = (place: Place): number =>
    there.has(kernel(place)) ? (checkpoint.info(prefix + kernel(place)).shape[naming.axes[0]!] ?? 0) : 0;
  const levels = [...Array.from({ length: specialisedLevels }, (_, level) => level), null];
  const convs = (level: number | null): number => {
    let index = 0;
    while (there.has(kernel({ part: 'flow', level, index }))) index++;
    return Math.max(0, index - 2);
  };
  return {
    ...counts,
    pyramidLevels: pyramidLevelsOf(checkpoint.metadata) ?? OFFICIAL.pyramidLevels,
    subLevels: Math.ceil(count(numbers.extract) / extractStep),
    filters: width(FIRST),
    flowConvs: levels.map(convs),
    flowFilters: levels.map((level) => width({ part: 'flow', level, index: 0 })),
  };
}

const embeddedSchema = z.object({ config: z.string() });

function pyramidLevelsOf(metadata: Readonly<Record<string, unknown>>): number | undefined {
  const own = embeddedSchema.safeParse(metadata).data?.config;
  return parsePyramidLevels(own === undefined ? metadata : parseJson(z.unknown(), own));
}
