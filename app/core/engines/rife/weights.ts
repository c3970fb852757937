/** RIFE 4.x checkpoints: which network one holds, and its tensors by the graph's names. */
import { z } from 'zod';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { takeWeights, type Want, type Weights } from '../weights.ts';
import { DEPTH, inputsOf, PUBLISHED, shuffles, type Encoder, type RifeConfig } from './config.ts';

/** What wrappers put before every name: of training (DataParallel), of models that hold the network. */
const WRAPPED = /^(module\.|flownet\.)+/;
/** Parts that only training used; published files keep them. */
const TRAINING: readonly RegExp[] = [/^block_tea\./, /^teacher\./, /^caltime\./];

/** Every tensor of the network, by the names PyTorch gives them. */
export function wantsOf(config: RifeConfig): Want[] {
  return [
    ...config.widths.flatMap((width, index) => blockWants(config, index, width)),
    ...(config.encoder ? encoderWants(config.encoder) : []),
  ];
}

function pair(name: string, from: readonly string[], dims: readonly number[], outputs: number): Want[] {
  return [
    { value: `${name}.weight`, from: from.map((each) => `${each}.weight`), dims },
    { value: `${name}.bias`, from: from.map((each) => `${each}.bias`), dims: [outputs] },
  ];
}

function blockWants(config: RifeConfig, index: number, width: number): Want[] {
  const block = `block${index}`;
  const half = width / 2;
  const layer = (name: string, outputs: number, inputs: number): Want[] => [
    ...pair(name, [`${name}.0`], [outputs, inputs, 3, 3], outputs),
    ...(config.activation === 'prelu'
      ? [{ value: `${name}.slope`, from: [`${name}.1.weight`], dims: [outputs] } satisfies Want]
      : []),
  ];
  const body = Array.from({ length: DEPTH }, (_, n): Want[] => {
    const name = `${block}.convblock.${n}`;
    if (config.body === 'plain') return layer(name, width, width / config.groups);
    return [
      { value: `${name}.beta`, from: [`${name}.beta`], dims: [1, width, 1, 1] },
      ...pair(name, [`${name}.conv`], [width, width / config.groups, 3, 3], width),
    ];
  });
  const last = `${block}.lastconv`;
  return [
    ...layer(`${block}.conv0.0`, half, inputsOf(config, index)),
    ...layer(`${block}.conv0.1`, width, half),
    ...body.flat(),
    ...pair(last, shuffles(config) ? [`${last}.0`] : [last, `${last}.0`], [width, config.last, 4, 4], config.last),
  ];
}

function encoderWants({ naming, convolutions, hidden, outputs }: Encoder): Want[] {
  const name = (n: number): string =>
    naming === 'head' ? `encode.cnn${n}` : `encode.${convolutions === 1 ? n : 2 * n}`;
  const wants = Array.from({ length: convolutions }, (_, n) =>
    pair(`encode.${n}`, [name(n)], [hidden, n === 0 ? 3 : hidden, 3, 3], hidden),
  );
  return [...wants.flat(), ...pair('encode.last', [name(convolutions)], [hidden, outputs, 4, 4], outputs)];
}

/** The shape of a tensor by its unwrapped name; undefined when there is none. */
type Shapes = (name: string) => readonly number[] | undefined;

/**
 * The network a checkpoint holds; null when it is no RIFE 4.x. Names and shapes say all but the scales: those are the published
 * ones of four or five blocks, those of 4.25-lite for its widths, or what metadata `config` says ({"scales": [...]}: powers of two, coarse to
 * fine, as many as blocks).
 */
export function recogniseRife(checkpoint: Checkpoint): RifeConfig | null {
  const stored = new Map(checkpoint.names().map((name) => [name.replace(WRAPPED, ''), name]));
  const shape: Shapes = (name) => {
    const found = stored.get(name);
    return found === undefined ? undefined : checkpoint.info(found).shape;
  };
  // The network of the paper refines what the blocks give.
  if ([...stored.keys()].some((name) => /^(contextnet|unet|fusionnet)\./.test(name))) return null;
  const widths = widthsOf(shape);
  const last = (shape('block0.lastconv.0.weight') ?? shape('block0.lastconv.weight'))?.[1];
  if (widths === null || last === undefined || ![5, 20, 24, 52].includes(last)) return null;
  const residual = shape('block0.convblock.0.conv.weight');
  const body = residual ?? shape('block0.convblock.0.0.weight');
  const groups = (body?.[0] ?? 0) / (body?.[1] ?? 0);
  const encoder = encoderOf(shape);
  const carried = last === 52 ? 8 : 0;
  const prelu = shape('block0.conv0.0.1.weight') !== undefined;
  const config: RifeConfig = {
    widths,
    scales: scalesOf(widths, checkpoint.metadata),
    activation: prelu ? 'prelu' : 'leaky',
    body: residual ? 'residual' : 'plain',
    skip: prelu,
    groups,
    last,
    carried,
    encoder,
    mask: encoder ? 'replace' : 'add',
  };
  const fits = [0, 1].every((n) => shape(`block${n}.conv0.0.0.weight`)?.[1] === inputsOf(config, n));
  return fits && Number.isSafeInteger(groups) && config.scales.length === widths.length ? config : null;
}

/** Four or five blocks, each an even number of channels wide; null for anything else. */
function widthsOf(shape: Shapes): number[] | null {
  const widths: number[] = [];
  for (let n = 0; n <= 5; n++) {
    const [outputs, inputs, height, width] = shape(`block${n}.conv0.1.0.weight`) ?? [];
    if (outputs === undefined) break;
    if (height !== 3 || width !== 3 || outputs !== 2 * (inputs ?? 0)) return null;
    widths.push(outputs);
  }
  return widths.length === 4 || widths.length === 5 ? widths : null;
}

function encoderOf(shape: Shapes): Encoder | null {
  const head = shape('encode.cnn0.weight');
  const first = head ?? shape('encode.0.weight');
  const end = head ? shape('encode.cnn3.weight') : (shape('encode.6.weight') ?? shape('encode.1.weight'));
  if (!first || !end) return null;
  const convolutions = head || shape('encode.6.weight') ? 3 : 1;
  return { naming: head ? 'head' : 'sequence', convolutions, hidden: first[0] ?? 0, outputs: end[1] ?? 0 };
}

const METADATA = z.object({ scales: z.unknown().optional() });
/** Powers of two from coarse to fine: [Note: work at block size]. */
const SCALES = z
  .array(z.literal([1, 2, 4, 8, 16, 32, 64]))
  .refine((scales) => scales.join() === ordered(scales).join());

function ordered(scales: readonly number[]): readonly number[] {
  return scales.toSorted((a, b) => b - a);
}

/** None where the file states what is none. */
function scalesOf(widths: readonly number[], metadata: Readonly<Record<string, unknown>>): readonly number[] {
  const stated = METADATA.safeParse(parsed(metadata['config'])).data?.scales;
  if (stated !== undefined) return SCALES.safeParse(stated).data ?? [];
  const published = PUBLISHED.find(({ config }) => config.widths.join() === widths.join());
  return published?.config.scales ?? (widths.length === 5 ? [16, 8, 4, 2, 1] : [8, 4, 2, 1]);
}

function parsed(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The tensors of `config`. Throws `weights-mismatch` where the checkpoint lacks one, has another shape or something besides. */
export async function takeRife(checkpoint: Checkpoint, config: RifeConfig): Promise<Weights> {
  return await takeWeights(checkpoint, wantsOf(config), { strip: WRAPPED, ignore: TRAINING });
}
