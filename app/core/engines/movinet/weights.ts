/** MoViNet's weights as they are published, and the network a checkpoint holds. Batch norms and the scale of each layer go into the convolutions. */
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { tfHoldsConstant } from '../../import/tf-graph.ts';
import type { Tensor } from '../../onnx/graph.ts';
import { takeWeights, type Want, type Weights } from '../weights.ts';
import { clipOf, halves, parseConfig, RELU6_SLOPE, type MovinetConfig } from './config.ts';
import { readLite } from './lite.ts';
import { foldedDims, layersOf, partsOf, type Part } from './layers.ts';
import { ofPort, ofTensorFlow, type Layout, type Named } from './names.ts';

/** What training wrote beside the network. */
const BESIDES = [
  /num_batches_tracked$/,
  /(^|\/)(global_step|step|iterations|iter|save_counter)$/i,
  /optimizer|OPTIMIZER/,
];

async function namedOf(checkpoint: Checkpoint): Promise<Named | undefined> {
  if (checkpoint.format === 'tflite') return await readLite(checkpoint);
  const rows = [
    ['port', ofPort],
    ['tf', ofTensorFlow],
  ] as const;
  for (const [layout, rename] of rows) {
    const names = new Map<string, string>();
    for (const name of checkpoint.names()) {
      const ours = rename(name);
      if (ours !== undefined && !names.has(ours)) names.set(ours, name);
    }
    if (!names.has('stem:weight') || !names.has('head/classifier:weight')) continue;
    // The port's layers of pool and convolution are numbered.
    const pooled = [...names].flatMap(([ours, name]) => (name.includes('.res.1.') ? [ours.split('/')[0]!] : []));
    const pools = layout === 'port' ? new Set(pooled) : undefined;
    // Nothing else in a MoViNet is multiplied by this; a SavedModel has it in its functions.
    const told = (await tfHoldsConstant(checkpoint, RELU6_SLOPE)) ? { gate: 'relu6' } : {};
    return { layout, names, scalars: new Map(), pools, told };
  }
  return undefined;
}

/** The network a checkpoint holds; null when it is no MoViNet. What shapes do not tell comes from the file's metadata, else it is as published. */
export async function recogniseMovinet(checkpoint: Checkpoint): Promise<MovinetConfig | null> {
  const named = await namedOf(checkpoint);
  return named ? configOfNamed(checkpoint, named) : null;
}

function configOfNamed(checkpoint: Checkpoint, named: Named): MovinetConfig | null {
  const own = ownConfig(checkpoint.metadata);
  return parseConfig(own) ?? parseConfig(configOf(checkpoint, named, own)) ?? null;
}

/**
 * The network and its convolutions as layers.ts names them, `NAME/weight` and `NAME/bias`. `wanted` says what network it is instead of what the checkpoint tells.
 * Throws `weights-mismatch` when it is no MoViNet, or when tensors are missing, left over or of another shape; what the readers throw.
 */
export async function readMovinet(
  checkpoint: Checkpoint,
  wanted?: MovinetConfig,
): Promise<{ readonly config: MovinetConfig; readonly weights: Weights }> {
  const named = await namedOf(checkpoint);
  const config = wanted ?? (named && configOfNamed(checkpoint, named));
  if (!named || !config) throw new AppError('weights-mismatch', 'The checkpoint does not have the layers of MoViNet.');
  const renamed = underOurNames(checkpoint, named);
  const parts = partsOf(config);
  const wants = parts.flatMap((part) => wantsOf(part, named, renamed));
  for (const { name } of layersOf(config))
    for (const scalar of config.positional ? ['scale', 'position'] : ['scale'])
      if (!named.scalars.has(`${name}:${scalar}`))
        wants.push({ value: `${name}:${scalar}`, from: [`${name}:${scalar}`], dims: [] });
  const raw = await takeWeights(renamed, wants, { ignore: BESIDES });
  return { config, weights: folded(config, raw, named) };
}

/** Ours for the file's names; what has none of ours keeps its own and is left over. The constants of a graph are shapes and such besides. */
function underOurNames(checkpoint: Checkpoint, { layout, names }: Named): Checkpoint {
  const taken = new Set(names.values());
  const rest = layout === 'lite' ? [] : checkpoint.names().filter((name) => !taken.has(name));
  const all = new Map([...names, ...rest.map((name) => [name, name] as const)]);
  return {
    format: checkpoint.format,
    metadata: checkpoint.metadata,
    names: () => [...all.keys()],
    info: (name) => checkpoint.info(all.get(name) ?? name),
    tensor: async (name) => await checkpoint.tensor(all.get(name) ?? name),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Where the graph's axes [outputs, inputs, ...taps] lie in the file. */
function axesOf(layout: Layout, rank: number, depthwise: boolean): readonly number[] | undefined {
  if (layout === 'port' || rank === 2) return undefined;
  if (rank === 5) return [4, 3, 0, 1, 2];
  if (layout === 'lite') return depthwise ? [3, 0, 1, 2] : [0, 3, 1, 2];
  return depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1];
}

/** Outputs, inputs and taps of a stored kernel. */
function kernelDims(
  checkpoint: Checkpoint,
  { layout, names }: Named,
  part: string,
  depthwise: boolean,
): readonly number[] {
  const name = names.get(`${part}:weight`);
  if (name === undefined) return [];
  const { shape } = checkpoint.info(name);
  const axes = axesOf(layout, shape.length, depthwise);
  return axes ? axes.map((axis) => shape[axis] ?? 0) : shape;
}

function wantsOf(part: Part, named: Named, checkpoint: Checkpoint): Want[] {
  const { name, role, inputs, outputs, time, space, depthwise, norm } = part;
  const want = (leaf: string, dims: readonly number[], axes?: readonly number[]): Want => {
    return { value: `${name}:${leaf}`, from: [`${name}:${leaf}`], dims, ...(axes && { axes }) };
  };
  const stored = checkpoint.names().includes(`${name}:weight`) ? checkpoint.info(`${name}:weight`).shape : [];
  // Of four axes one is time where there is no space, and there is none for a moment.
  const taps = stored.length === 5 ? [time, space, space] : role === 'temporal' ? [time, 1] : [space, space];
  const flat = named.layout === 'lite' && role === 'temporal' && stored[1] === 1 ? [1, time] : taps;
  const dims = stored.length === 2 ? [outputs, inputs] : [outputs, inputs, ...flat];
  const kernel = want('weight', dims, axesOf(named.layout, stored.length, depthwise));
  const leaves = norm && named.layout !== 'lite' ? ['gamma', 'beta', 'mean', 'variance'] : ['bias'];
  return [kernel, ...leaves.map((leaf) => want(leaf, [outputs]))];
}

/** Weights and biases of convolutions that do what convolution, norm and scale did. */
function folded(config: MovinetConfig, raw: Weights, { scalars }: Named): Weights {
  const made = new Map<string, Tensor>();
  const numbers = (name: string): Float32Array | undefined => raw.get(name)?.data as Float32Array | undefined;
  const scalar = (name: string): number => scalars.get(name) ?? numbers(name)![0]!;
  for (const part of partsOf(config)) {
    const { name, role, layer, inputs, outputs, time, space } = part;
    const scale = role === 'project' ? scalar(`${layer!.name}:scale`) : 1;
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((leaf) =>
      numbers(`${name}:${leaf}`),
    );
    const each = inputs * time * space * space;
    const weight = new Float32Array(numbers(`${name}:weight`)!);
    const bias = new Float32Array(outputs);
    for (let channel = 0; channel < outputs; channel++) {
      const gain = scale * (gamma ? gamma[channel]! / Math.sqrt(variance![channel]! + config.epsilon) : 1);
      bias[channel] = gamma
        ? scale * beta![channel]! - mean![channel]! * gain
        : scale * numbers(`${name}:bias`)![channel]!;
      for (let i = channel * each; i < (channel + 1) * each; i++) weight[i]! *= gain;
    }
    made.set(`${name}/weight`, { dtype: 'float32', dims: foldedDims(part), data: weight });
    made.set(`${name}/bias`, { dtype: 'float32', dims: [outputs], data: bias });
  }
  if (config.positional)
    for (const { name } of layersOf(config))
      made.set(`${name}/position`, { dtype: 'float32', dims: [1], data: Float32Array.of(scalar(`${name}:position`)) });
  return made;
}

/** What names and shapes tell, as `parseConfig` takes it; `own` is what the file says of the rest. */
function configOf(
  checkpoint: Checkpoint,
  named: Named,
  own: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const dims = (part: string, depthwise = false): readonly number[] => kernelDims(checkpoint, named, part, depthwise);
  const stem = dims('stem')[0] ?? 0;
  const project = dims('head/project')[0] ?? 0;
  const published = clipOf({ stem, project });
  const first = dims('block0_layer0/expand')[0] ?? 0;
  let input = stem;
  const blocks = grouped(named.names).map((layers, block) => {
    const out = dims(`block${block}_layer0/project`)[0] ?? 0;
    const kernels: number[][] = [];
    const strides: number[][] = [];
    for (let i = 0; i < layers; i++) {
      const name = `block${block}_layer${i}`;
      const feature = dims(`${name}/feature`, true);
      const temporal = dims(`${name}/temporal`, true);
      const space = feature.at(-1) ?? 0;
      const time = temporal.length > 0 ? Math.max(...temporal.slice(2)) : feature.length === 5 ? feature[2]! : 1;
      kernels.push([time, space, space]);
      const stride = strideOf(named, { name, block, same: input === out }) ? 2 : 1;
      strides.push([1, stride, stride]);
      input = out;
    }
    const expand = Array.from({ length: layers }, (_, i) => dims(`block${block}_layer${i}/expand`)[0] ?? 0);
    return { out, expand, kernels, strides };
  });
  return {
    ...published,
    ...named.told,
    ...own,
    stem,
    project,
    blocks,
    head: dims('head/hidden')[0] ?? 0,
    classes: dims('head/classifier')[0] ?? 0,
    causal: (dims('block0_layer0/reduce')[1] ?? 0) === 2 * first,
    positional_encoding: named.names.has('block0_layer0:position') || named.scalars.has('block0_layer0:position'),
  };
}

/** Whether a layer halves the picture. One that keeps its channels and still has a convolution beside it does. */
function strideOf(
  { names, pools }: Named,
  { name, block, same }: { name: string; block: number; same: boolean },
): boolean {
  if (!names.has(`${name}/skip:weight`)) return false;
  return pools ? pools.has(name) : same || halves(block);
}

/** Layers of each block, by the names there are; [] where one is missing. */
function grouped(names: ReadonlyMap<string, string>): readonly number[] {
  const counts: number[] = [];
  for (let block = 0; names.has(`block${block}_layer0/project:weight`) && block < 64; block++) {
    let layers = 0;
    while (names.has(`block${block}_layer${layers}/project:weight`) && layers < 64) layers++;
    counts.push(layers);
  }
  return counts;
}

const embeddedSchema = z.object({ config: z.string() });
const ownSchema = z.record(z.string(), z.unknown());

/** What our own files say of themselves as JSON under "config"; {} of other files. */
function ownConfig(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const text = embeddedSchema.safeParse(metadata).data?.config;
  return (text === undefined ? undefined : parseJson(ownSchema, text)) ?? {};
}
