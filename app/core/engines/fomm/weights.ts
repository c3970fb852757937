/** FOMM's weights as they are published and as our own files have them, and the network a checkpoint holds. */
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { takeWeights, type Want, type Weights } from '../weights.ts';
import { blurSide, OFFICIAL, parametersOf, parseConfig, type FommConfig } from './config.ts';

/** DataParallel puts 'module.' behind the network's name. */
const WRAPPER = /^(kp_detector\.|generator\.)module\./;

/** What the training wrote beside the two networks. */
const BESIDES = [/\.num_batches_tracked$/, /^(discriminator|optimizer|scheduler|epoch)/];

export interface FommCheckpoint {
  readonly config: FommConfig;
  readonly weights: Weights;
}

/** The network a checkpoint holds; null when it is no FOMM. What shapes do not tell comes from our own files' metadata, else it is as published. */
export function recogniseFomm(checkpoint: Checkpoint): FommConfig | null {
  const stored = new Map(checkpoint.names().map((name) => [name.replace(WRAPPER, '$1'), name]));
  const shape = (name: string): readonly number[] | undefined => {
    const found = stored.get(name);
    return found === undefined ? undefined : checkpoint.info(found).shape;
  };
  const own = ownConfig(checkpoint.metadata);
  if (own === null) return null;
  const config = own ?? configOf(shape, [...stored.keys()]);
  if (!config) return null;
  // A whole network: a checkpoint of another family may have a few of the names.
  const heads = ['kp_detector.kp.weight', 'generator.dense_motion_network.mask.weight', 'generator.final.weight'];
  return heads.every((name) => shape(name)?.length === 4) ? config : null;
}

/**
 * The network and its weights by the published names. `config` says what network it is instead of what the checkpoint tells. Throws `weights-mismatch` when it is
 * no FOMM, or when tensors are missing, left over or of another shape; what the readers throw.
 */
export async function readFomm(checkpoint: Checkpoint, wanted?: FommConfig): Promise<FommCheckpoint> {
  const config = wanted ?? recogniseFomm(checkpoint);
  if (!config)
    throw new AppError('weights-mismatch', 'The checkpoint does not have the layers of the First Order Motion Model.');
  const wants = parametersOf(config).map(({ part, name, dims }): Want => {
    const value = `${part}.${name}`;
    return { value, from: [value], dims };
  });
  const stripped: Checkpoint = withoutWrapper(checkpoint);
  return { config, weights: await takeWeights(stripped, wants, { ignore: BESIDES }) };
}

/** `takeWeights` strips what stands before a name; here it stands behind the network's. */
function withoutWrapper(checkpoint: Checkpoint): Checkpoint {
  const stored = new Map(checkpoint.names().map((name) => [name.replace(WRAPPER, '$1'), name]));
  return {
    format: checkpoint.format,
    metadata: checkpoint.metadata,
    names: () => [...stored.keys()],
    info: (name) => checkpoint.info(stored.get(name) ?? name),
    tensor: async (name) => await checkpoint.tensor(stored.get(name) ?? name),
    [Symbol.asyncDispose]: async () => {},
  };
}

type ShapeOf = (name: string) => readonly number[] | undefined;

function configOf(shape: ShapeOf, names: readonly string[]): FommConfig | undefined {
  const kp = shape('kp_detector.kp.weight');
  const first = shape('generator.first.conv.weight');
  const detector = hourglassOf(shape, names, 'kp_detector.predictor');
  const dense = 'generator.dense_motion_network';
  const motion = hourglassOf(shape, names, `${dense}.hourglass`);
  const channels = first?.[1];
  if (!kp || !first || !detector || !motion || (channels !== 1 && channels !== 3)) return undefined;
  const points = kp[0]!;
  const jacobian = shape('kp_detector.jacobian.weight')?.[0];
  const [detectorStep, motionStep] = [stepOf(shape('kp_detector.down.weight')), stepOf(shape(`${dense}.down.weight`))];
  const downs = counted(names, /^generator\.down_blocks\.(\d{1,2})\.conv\.weight$/);
  const bottlenecks = counted(names, /^generator\.bottleneck\.r(\d{1,2})\.conv1\.weight$/);
  if (detectorStep === undefined || motionStep === undefined) return undefined;
  return parseConfig({
    common: { num_kp: points, num_channels: channels, estimate_jacobian: jacobian !== undefined },
    kp_detector: {
      ...detector,
      temperature: OFFICIAL.temperature,
      scale_factor: 1 / detectorStep,
      single_jacobian_map: jacobian === 4 && points > 1,
    },
    generator: {
      block_expansion: first[0],
      max_features: Math.max(
        first[0]!,
        ...Array.from({ length: downs }, (_, i) => shape(`generator.down_blocks.${i}.conv.weight`)?.[0] ?? 0),
      ),
      num_down_blocks: downs,
      num_bottleneck_blocks: bottlenecks,
      estimate_occlusion_map: shape(`${dense}.occlusion.weight`) !== undefined,
      dense_motion_params: { ...motion, scale_factor: 1 / motionStep },
    },
  });
}

/** Channels of the last decoder block are the width, unless that is more than the most there may be. */
function hourglassOf(shape: ShapeOf, names: readonly string[], name: string): Record<string, number> | undefined {
  const escaped = name.replaceAll('.', String.raw`\.`);
  const blocks = counted(names, new RegExp(`^${escaped}\\.encoder\\.down_blocks\\.(\\d{1,2})\\.conv\\.weight$`));
  const widths = Array.from({ length: blocks }, (_, i) => shape(`${name}.encoder.down_blocks.${i}.conv.weight`)?.[0]);
  const width = shape(`${name}.decoder.up_blocks.${blocks - 1}.conv.weight`)?.[0];
  if (width === undefined || widths.some((each) => each === undefined)) return undefined;
  return { block_expansion: width, max_features: Math.max(...(widths as number[])), num_blocks: blocks };
}

function counted(names: readonly string[], pattern: RegExp): number {
  const numbers = names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
  return numbers.length === 0 ? 0 : Math.max(...numbers) + 1;
}

/** How far apart the pixels are that are left of a picture blurred with a kernel of this shape. */
function stepOf(shape: readonly number[] | undefined): number | undefined {
  if (!shape) return 1;
  return [2, 3, 4, 5, 6, 7, 8].find((every) => blurSide(every) === shape[2]);
}

const embeddedSchema = z.object({ config: z.string() });

/** What our own files say of themselves as JSON under "config"; undefined of other files, null where it is no such thing. */
function ownConfig(metadata: Readonly<Record<string, unknown>>): FommConfig | undefined | null {
  const text = embeddedSchema.safeParse(metadata).data?.config;
  if (text === undefined) return undefined;
  return parseConfig(parseJson(z.unknown(), text)) ?? null;
}
