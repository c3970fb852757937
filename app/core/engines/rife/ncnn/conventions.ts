/**
 * What an ncnn network takes and gives, read off its graph. Sources: nihui's rife-, ifrnet- and cain-ncnn-vulkan, which published the networks
 * and run them.
 */
import type { NcnnGraph, NcnnLayer } from '../../../import/ncnn-param.ts';

/** The parts of RIFE up to 3.x, files that lie beside each other. */
export const PARTS = ['flownet', 'contextnet', 'fusionnet'] as const;

export type Convention =
  /** RIFE 4.x: in0, in1 and a plane of the time in2 to out0; both warped pictures and what weighs them inside. */
  | { readonly network: 'rife 4.x'; readonly output: string; readonly multiple: number; readonly taps: Taps | null }
  /** RIFE 3.6 and 3.9 as one network: only the middle. */
  | { readonly network: 'rife 3.x'; readonly output: string; readonly multiple: number; readonly taps: Taps | null }
  /** IFRNet: the same names, pictures from -1/2 to 1/2, the time as a plane of 1/16. */
  | { readonly network: 'ifrnet'; readonly output: string; readonly taps: Taps | null }
  /** CAIN: two pictures less their own means to the one in the middle. */
  | { readonly network: 'cain'; readonly inputs: readonly [string, string]; readonly output: string }
  /** RIFE up to 3.x: this is one of three networks. */
  | { readonly network: 'rife 1 to 3'; readonly part: (typeof PARTS)[number] };

/** Blobs of one moment of a flow network: both pictures warped, and the flows they were warped by. */
export interface Moment {
  readonly pictures: readonly [string, string];
  readonly flows: readonly [string, string];
}

export interface Taps {
  readonly first: Moment;
  readonly last: Moment;
  /** What the last sigmoid weighs the two by. */
  readonly mask: string | null;
}

/** What network this is; null for none of these families. */
export function conventionOf({ layers }: NcnnGraph): Convention | null {
  const inputs = layers.filter(({ type }) => type === 'Input').flatMap(({ outputs }) => outputs);
  const named = (names: readonly string[]): boolean => names.join() === inputs.toSorted().join();
  const has = (type: string): boolean => layers.some((layer) => layer.type === type);
  const ends = endsOf(layers);
  const last = ends.at(-1);
  if (last === undefined) return null;
  const output = ends.includes('out0') ? 'out0' : last;
  if (named(['in0', 'in1', 'in2']) && has('ifrnet.Warp')) return { network: 'ifrnet', output, taps: tapsOf(layers) };
  if ((named(['in0', 'in1', 'in2']) || named(['in0', 'in1'])) && has('rife.Warp')) {
    const isTimed = layers.some((layer) => layer.inputs.includes('in2'));
    const network = isTimed ? 'rife 4.x' : 'rife 3.x';
    return { network, output, multiple: shrinkOf(layers), taps: tapsOf(layers) };
  }
  if (named(['input0', 'input1']) && has('rife.Warp')) return { network: 'rife 1 to 3', part: 'flownet' };
  if (inputs.includes('input.1') && has('rife.Warp')) return { network: 'rife 1 to 3', part: 'contextnet' };
  if (inputs.length === 11 && has('rife.Warp')) return { network: 'rife 1 to 3', part: 'fusionnet' };
  const [first, second] = inputs;
  if (first === undefined || second === undefined || inputs.length !== 2 || ends.length !== 1 || !has('Reorg'))
    return null;
  return { network: 'cain', inputs: [first, second], output };
}

/** Blobs that no layer takes. */
export function endsOf(layers: readonly NcnnLayer[]): string[] {
  const taken = new Set(layers.flatMap(({ inputs }) => inputs));
  return layers.flatMap(({ outputs }) => outputs).filter((blob) => !taken.has(blob));
}

/** The blob that `blob` is a copy of. */
function sources(layers: readonly NcnnLayer[]): (blob: string) => string {
  const of = new Map<string, string>();
  for (const { type, inputs, outputs } of layers)
    for (const blob of outputs) of.set(blob, type === 'Split' ? (of.get(inputs[0]!) ?? inputs[0]!) : blob);
  return (blob) => of.get(blob) ?? blob;
}

function tapsOf(layers: readonly NcnnLayer[]): Taps | null {
  const source = sources(layers);
  const warps = layers.filter(({ type }) => type.endsWith('.Warp'));
  const of = (picture: string): NcnnLayer[] => warps.filter(({ inputs }) => source(inputs[0]!) === picture);
  const [from0, from1] = [of('in0'), of('in1')];
  const moment = (at: number): Moment | null => {
    const [a, b] = [from0.at(at), from1.at(at)];
    if (!a || !b) return null;
    return { pictures: [a.outputs[0]!, b.outputs[0]!], flows: [a.inputs[1]!, b.inputs[1]!] };
  };
  const [first, last] = [moment(0), moment(-1)];
  if (!first || !last) return null;
  const sigmoid = layers.findLast(({ type }) => type === 'Sigmoid');
  return { first, last, mask: sigmoid?.inputs[0] ?? null };
}

/** How many times smaller than the pictures the smallest blob is: their sides must be multiples of it. At least 32, as published. */
function shrinkOf(layers: readonly NcnnLayer[]): number {
  const sizes = new Map<string, number>();
  let least = 1 / 32;
  for (const layer of layers) {
    // Numbers of the network itself have no size of their own.
    const from =
      layer.type === 'Input' ? 1 : layer.inputs.map((blob) => sizes.get(blob)).find((size) => size !== undefined);
    if (from === undefined) continue;
    const own = from * growthOf(layer);
    for (const blob of layer.outputs) sizes.set(blob, own);
    // Nothing published comes near 1 / 512.
    if (own >= 1 / 512) least = Math.min(least, own);
  }
  return 2 ** Math.ceil(Math.log2(1 / least));
}

function growthOf({ type, params }: NcnnLayer): number {
  const setting = (id: number): number => {
    const value = params.get(id);
    return typeof value === 'number' && value > 0 ? value : 1;
  };
  if (type === 'Interp') return setting(1);
  if (type === 'Convolution' || type === 'ConvolutionDepthWise') return 1 / setting(3);
  if (type === 'Deconvolution') return setting(3);
  return type === 'PixelShuffle' ? setting(0) : 1;
}
