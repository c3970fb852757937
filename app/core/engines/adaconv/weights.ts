/** AdaConv's weights in the layouts they come in, and the network a checkpoint holds. */
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { takeWeights, type Want, type Weights } from '../weights.ts';
import { inputsOf, LAYERS, MAX_KERNEL, OFFICIAL, type AdaconvConfig } from './config.ts';

/** DataParallel puts this before every name. */
const WRAPPER = /^module\./;
/** Batch normalisation's four tensors by our names (PyTorch's) and Keras'. */
const NORM = { weight: 'gamma', bias: 'beta', running_mean: 'moving_mean', running_var: 'moving_variance' } as const;
/** What checkpoints hold besides: PyTorch's counters, and the optimiser's state. */
const IGNORED = [/\.num_batches_tracked$/, /^(optimizer|save_counter|training|iter(ations)?$)/];

type Part = 'weight' | 'bias' | 'running_mean' | 'running_var';

/** A published way of naming the tensors. */
interface Naming {
  readonly layout: 'OIHW' | 'HWIO';
  /** What a tensor of a layer, or of its normalisation, may be called. */
  readonly names: (layer: number, part: Part, norm: boolean) => readonly string[];
  readonly ignore: readonly RegExp[];
}

const TORCH: Naming = {
  layout: 'OIHW',
  names: (layer, part, norm) => [`${norm ? LAYERS[layer]!.norm! : `conv${layer}`}.${part}`],
  ignore: IGNORED,
};

/**
 * TensorFlow's object checkpoints name variables, or number the layers that have weights. Published code makes a batch normalisation of the raw
 * input, too, and does not use it: the others are numbered from 1, and where it was saved it is `unused` layer 0.
 */
function keras(unused: 0 | 1): Naming {
  return {
    layout: 'HWIO',
    names: (layer, part, norm) => {
      const before = LAYERS.slice(0, layer).filter((each) => each.norm).length;
      const kind = norm ? NORM[part] : part === 'weight' ? 'kernel' : 'bias';
      const object = `layer_with_weights-${unused + layer + before + (norm ? 1 : 0)}/${kind}`;
      const conv = layer === 0 ? 'conv2d' : `conv2d_${layer}`;
      const variable = `${norm ? `batch_normalization_${before + 1}` : conv}/${kind}`;
      return [variable, `${variable}:0`, object, `${object}/.ATTRIBUTES/VARIABLE_VALUE`];
    },
    ignore: [...IGNORED, /^batch_normalization\//, ...(unused ? [/^layer_with_weights-0\//] : [])],
  };
}

const NAMINGS = [TORCH, keras(0), keras(1)];

function wantsOf(config: AdaconvConfig, { names, layout }: Naming): readonly Want[] {
  const hwio = layout === 'HWIO' ? { axes: [3, 2, 0, 1] } : {};
  return LAYERS.flatMap(({ size, norm }, n): Want[] => {
    const out = config.filters[n]!;
    const conv: Want[] = [
      {
        value: `conv${n}.weight`,
        from: names(n, 'weight', false),
        dims: [out, inputsOf(config, n), size, size],
        ...hwio,
      },
      { value: `conv${n}.bias`, from: names(n, 'bias', false), dims: [out] },
    ];
    const parts = norm ? (Object.keys(NORM) as Part[]) : [];
    return [...conv, ...parts.map((part) => ({ value: `${norm}.${part}`, from: names(n, part, true), dims: [out] }))];
  });
}

interface Found {
  readonly config: AdaconvConfig;
  readonly naming: Naming;
}

/** The network a checkpoint holds, from names, shapes and, in our own files, metadata; null when it is no AdaConv. */
export function recogniseAdaconv(checkpoint: Checkpoint): AdaconvConfig | null {
  return find(checkpoint)?.config ?? null;
}

/**
 * The network and its weights by the graph's names, OIHW. Throws `weights-mismatch` when it is no AdaConv, or when tensors are missing, left
 * over or of another shape; what the readers throw.
 */
export async function readAdaconv(checkpoint: Checkpoint): Promise<{ config: AdaconvConfig; weights: Weights }> {
  const found = find(checkpoint);
  if (!found) throw new AppError('weights-mismatch', 'The checkpoint does not have the layers of AdaConv.');
  const { config, naming } = found;
  const options = { strip: WRAPPER, ignore: naming.ignore };
  return { config, weights: await takeWeights(checkpoint, wantsOf(config, naming), options) };
}

function find(checkpoint: Checkpoint): Found | null {
  const stored = new Map(checkpoint.names().map((name) => [name.replace(WRAPPER, ''), name]));
  for (const naming of NAMINGS) {
    const shapes = LAYERS.map((_, n) => {
      const name = naming.names(n, 'weight', false).find((each) => stored.has(each));
      return name === undefined ? [] : checkpoint.info(stored.get(name)!).shape;
    });
    const config = configOf(shapes, naming.layout, checkpoint.metadata);
    if (config) return { config, naming };
  }
  return null;
}

/** From the shapes of the nine kernels; null when some are missing or their sides are others. */
function configOf(
  shapes: readonly (readonly number[])[],
  layout: 'HWIO' | 'OIHW',
  metadata: Readonly<Record<string, unknown>>,
): AdaconvConfig | null {
  const sides = shapes.map((shape) => (layout === 'OIHW' ? shape.slice(2) : shape.slice(0, 2)));
  const inputs = shapes.map((shape) => shape[layout === 'OIHW' ? 1 : 2]);
  if (shapes.some((shape, n) => shape.length !== 4 || sides[n]!.some((side) => side !== LAYERS[n]!.size))) return null;
  const filters = shapes.map((shape) => shape[layout === 'OIHW' ? 0 : 3]!);
  const kernel = Math.round(Math.sqrt(filters.at(-1)! / 2));
  if (inputs[0] !== 6 || 2 * kernel ** 2 !== filters.at(-1) || kernel % 2 !== 1 || kernel > MAX_KERNEL) return null;
  const own = ownConfig(metadata);
  if (!own) return null;
  const { bn_eps: bnEps = OFFICIAL.bnEps, range = OFFICIAL.range, channels = OFFICIAL.channels } = own;
  return { filters, kernel, bnEps, range, channels };
}

const ownSchema = z.object({
  bn_eps: z.number().positive().max(1).optional(),
  range: z.union([z.literal(1), z.literal(255)]).optional(),
  channels: z.enum(['rgb', 'bgr']).optional(),
});
const embeddedSchema = z.object({ config: z.string() });

/** What our own files say of themselves as JSON under "config": what shapes cannot tell. {} of other files, null where it is no such thing. */
function ownConfig(metadata: Readonly<Record<string, unknown>>): z.infer<typeof ownSchema> | null {
  const text = embeddedSchema.safeParse(metadata).data?.config;
  return text === undefined ? {} : (parseJson(ownSchema, text) ?? null);
}
