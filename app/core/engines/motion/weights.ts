/** Motion models as they are published (netG.pth, bigru.pth) and as our own files have them. */
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { takeWeights, type Weights } from '../weights.ts';
import { configOf, tensorsOf, type MotionConfig, type MotionShape } from './config.ts';

/** What the training wrote around the state: {epoch, model_state_dict, optimizer_state_dict}; and what DataParallel adds. */
export const WRAPPER = /^(?:model_state_dict\.)?(?:module\.)?/;
export const BESIDES = [/^(optimizer|epoch|optimizer_state_dict)/];

/** Key points, and units of a layer, at most: before a shape is believed nothing is made of its size. The published have 10, and 256. */
const MOST_POINTS = 1000;
const MOST_UNITS = 8192;

/** The model a checkpoint holds; null when it is none. `config` is what a manifest says of it; else the file's metadata is asked. */
export function recogniseMotion(
  checkpoint: Checkpoint,
  config?: Readonly<Record<string, unknown>>,
): MotionConfig | null {
  const shape = shapeOf(checkpoint);
  if (!shape) return null;
  return configOf(shape, config ?? ownConfig(checkpoint.metadata)) ?? null;
}

/** Throws `weights-mismatch` when it is none, or when tensors are missing, left over or of another shape; what the readers throw. */
export async function readMotion(
  checkpoint: Checkpoint,
  said?: Readonly<Record<string, unknown>>,
): Promise<{ readonly config: MotionConfig; readonly weights: Weights }> {
  const config = recogniseMotion(checkpoint, said);
  if (!config)
    throw new AppError(
      'weights-mismatch',
      'The checkpoint does not have the layers of a model of motion, or what is said of its numbers does not fit it.',
    );
  const wants = tensorsOf(config).map(({ name, dims }) => ({ value: name, from: [name], dims }));
  return { config, weights: await takeWeights(checkpoint, wants, { strip: WRAPPER, ignore: BESIDES }) };
}

function shapeOf(checkpoint: Checkpoint): MotionShape | undefined {
  const stored = new Map(checkpoint.names().map((name) => [name.replace(WRAPPER, ''), name]));
  const dims = (name: string): readonly number[] => {
    const found = stored.get(name);
    return found === undefined ? [] : checkpoint.info(found).shape;
  };
  const [size = 0, both = 0] = [...dims('linear.0.weight'), ...dims('fc.weight')];
  const points = size / 6;
  const hidden = both / 2;
  const whole = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most;
  if (!whole(points, MOST_POINTS) || !whole(hidden, MOST_UNITS)) return undefined;
  if (stored.has('bi_gru.weight_ih_l0')) return { kind: 'autoregressive', points, hidden, noise: 0, encoded: 0 };
  const [encoded = 0] = dims('motion_encoder.0.weight');
  const noise = (dims('gru.weight_ih_l0')[1] ?? 0) - 2 * encoded;
  return whole(encoded, MOST_UNITS) && whole(noise, MOST_UNITS)
    ? { kind: 'adversarial', points, hidden, noise, encoded }
    : undefined;
}

const embeddedSchema = z.object({ config: z.string() });

function ownConfig(metadata: Readonly<Record<string, unknown>>): unknown {
  const text = embeddedSchema.safeParse(metadata).data?.config;
  return text === undefined ? undefined : parseJson(z.unknown(), text);
}
