/** SepConv's weights in every layout they are published in, and the network a checkpoint holds. */
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { takeWeights, type Want, type Weights } from '../weights.ts';
import { HEADS, layersOf, OFFICIAL, PLUS, stepOf, type Layer, type SepconvConfig } from './config.ts';
import { plusLayers } from './plus.ts';

/** What wrappers put before every name: DataParallel (not the 'module' of 'moduleConv1'), and a repository that keeps two halves apart. */
const WRAPPER = /^(?:(?:module|features|subnet_kernel)\.)+/;
/** What torch files and Keras models may save beside the network's own. */
const IGNORED = [/^(optimizer|training)/, /^iterations:0$/];

/** [kernel, bias] of layer `name`: the repository's names, and those of its published files, which are older. */
function torchNames(name: string): [string[], string[]] {
  const stems = [`net${name}`, `module${name}`];
  return [stems.map((stem) => `${stem}.weight`), stems.map((stem) => `${stem}.bias`)];
}

function kerasNames(index: number): [string[], string[]] {
  const stem = index === 0 ? 'conv2d' : `conv2d_${index}`;
  return [[`${stem}/kernel:0`], [`${stem}/bias:0`]];
}

/** What the graph wants of a network. */
function allWants(config: SepconvConfig): readonly Want[] {
  if (config.variant !== 'plus') return wantsOf(config.variant, layersOf(config));
  return plusLayers(config).flatMap(({ name, in: from, out }): Want[] => {
    const [kernel, bias] = torchNames(name);
    if (from === undefined) return [{ value: `${name}.weight`, from: kernel, dims: [out] }];
    return [
      { value: `${name}.weight`, from: kernel, dims: [out, from, 3, 3] },
      { value: `${name}.bias`, from: bias, dims: [out] },
    ];
  });
}

/** What the graph wants of `layers`: values '<layer>.weight' [out, in, 3, 3] and '<layer>.bias' [out]. */
function wantsOf(variant: SepconvConfig['variant'], layers: readonly Layer[]): readonly Want[] {
  return layers.flatMap(({ name, in: from, out, index }): Want[] => {
    const [kernel, bias] = variant === 'keras' ? kerasNames(index) : torchNames(name);
    const dims = [out, from, 3, 3];
    return [
      { value: `${name}.weight`, from: kernel, dims, ...(variant === 'keras' && { axes: [3, 2, 0, 1] }) },
      { value: `${name}.bias`, from: bias, dims: [out] },
    ];
  });
}

/** The network a checkpoint holds, from names, shapes and, in our own files, metadata; null when it is no SepConv. */
export function recogniseSepconv(checkpoint: Checkpoint): SepconvConfig | null {
  const config = officialConfig(checkpoint) ?? kerasConfig(checkpoint) ?? plusConfig(checkpoint);
  const sound = config && config.widths.length >= 2 && config.kernel % 2 === 1 && config.kernel <= 51;
  return sound && config.pad % stepOf(config) === 0 ? config : null;
}

/**
 * The network and its weights by the graph's names. Throws `weights-mismatch` when it is no SepConv, or when tensors are missing, left over
 * or of another shape; what the readers throw.
 */
export async function readSepconv(checkpoint: Checkpoint): Promise<{ config: SepconvConfig; weights: Weights }> {
  const config = recogniseSepconv(checkpoint);
  if (!config)
    throw new AppError(
      'weights-mismatch',
      'The checkpoint is no SepConv: by its layers, or by what it says of itself.',
    );
  return { config, weights: await takeWeights(checkpoint, allWants(config), { strip: WRAPPER, ignore: IGNORED }) };
}

/** The heads alone: some repositories publish them apart. Throws `weights-mismatch`. */
export async function readHeads(checkpoint: Checkpoint, config: SepconvConfig): Promise<Weights> {
  const layers = layersOf(config).filter(({ name }) => HEADS.some((head) => name.startsWith(head)));
  return await takeWeights(checkpoint, wantsOf(config.variant, layers), { strip: WRAPPER });
}

/** Output channels of a stored kernel, 0 when it is not there. */
type Width = (names: readonly string[], axis: number) => number;

function widthIn(checkpoint: Checkpoint): Width {
  const stored = new Map(checkpoint.names().map((name) => [name.replace(WRAPPER, ''), name]));
  return (names, axis) => {
    const name = names.map((each) => stored.get(each)).find((each) => each !== undefined);
    const shape = name === undefined ? [] : checkpoint.info(name).shape;
    return shape.length === 4 ? (shape[axis] ?? 0) : 0;
  };
}

function officialConfig(checkpoint: Checkpoint): SepconvConfig | null {
  const width = widthIn(checkpoint);
  const widthOf = (layer: string): number => width(torchNames(layer)[0], 0);
  const widths: number[] = [];
  for (let out = widthOf('Conv1.0'); out > 0; out = widthOf(`Conv${widths.length + 1}.0`)) widths.push(out);
  const kernel = widthOf('Vertical1.7');
  if (widths.length === 0 || kernel === 0) return null;
  const own = ownConfig(checkpoint.metadata);
  if (own === null) return null;
  const { channels, pad } = { ...OFFICIAL, ...own };
  return { variant: 'official', widths, kernel, channels, pad };
}

function kerasConfig(checkpoint: Checkpoint): SepconvConfig | null {
  const width = widthIn(checkpoint);
  const all: number[] = [];
  for (let out = width(kerasNames(0)[0], 3); out > 0; out = width(kerasNames(all.length)[0], 3)) all.push(out);
  // Three convolutions a scale and three on the way back from all but the first, four there to double its size, 4 * 4 in the heads.
  const levels = (all.length - 12) / 7;
  if (!Number.isInteger(levels) || levels < 2 || width(kerasNames(0)[0], 2) !== 6) return null;
  const widths = Array.from({ length: levels }, (_, level) => all[3 * level]!);
  return { variant: 'keras', widths, kernel: all.at(-1)!, channels: 'bgr', pad: stepOf({ variant: 'keras', widths }) };
}

function plusConfig(checkpoint: Checkpoint): SepconvConfig | null {
  const width = widthIn(checkpoint);
  const widthOf = (layer: string): number => width(torchNames(layer)[0], 0);
  const widths = [2 * widthOf('Input')];
  const down = (): number => widthOf(`Encode.0.netVer.${widths.length}.netMain.1`);
  for (let out = down(); out > 0; out = down()) widths.push(out);
  const kernel = widthOf('Verone.netMain.3');
  return kernel === 0 || widths[0] === 0 ? null : { ...PLUS, widths, kernel };
}

/** A picture is padded by up to this: a file may not ask for more memory than it is worth. */
const MAX_PAD = 512;
const ownSchema = z.object({
  channels: z.enum(['rgb', 'bgr']).optional(),
  pad: z.int().positive().max(MAX_PAD).optional(),
});
const embeddedSchema = z.object({ config: z.string() });

/** What our own files say of themselves as JSON under "config", {} of others; null when it is not what it should be. */
function ownConfig(metadata: Readonly<Record<string, unknown>>): z.infer<typeof ownSchema> | null {
  const text = embeddedSchema.safeParse(metadata).data?.config;
  return text === undefined ? {} : (parseJson(ownSchema, text) ?? null);
}
