/** What has to hold of a checkpoint before it becomes a model: it can be read, a family knows it, and it works. */
import { join, sep } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { ModelManifest } from '../../contract/models.ts';
import type { Family } from '../engines/family.ts';
import type { Checkpoint } from '../import/checkpoint.ts';
import { openCheckpoint } from '../import/registry.ts';
import { elementCount } from '../import/tensor.ts';
import { probe, type ProbeOptions } from './probe.ts';

/** What a checkpoint turned out to be. */
export interface Recognised {
  readonly family: Family;
  readonly config: Record<string, unknown>;
  readonly parameters: number;
  readonly format: string;
}

/** What no file tells of a recogniser; it goes before what is found. */
export type Said = Readonly<Record<string, unknown>>;

/**
 * Asks each family whether the checkpoint at `path` is one of theirs. Throws `family-unknown`, and what the readers throw; `shown` is what
 * the messages call it.
 */
export async function recognise(
  path: string,
  shown: string,
  families: readonly Family[],
  signal?: AbortSignal,
): Promise<Recognised> {
  await using checkpoint = await openCheckpoint(path, { signal });
  for (const family of families) {
    signal?.throwIfAborted();
    const config = await family.recognise(checkpoint);
    if (config === null) continue;
    return { family, config: { ...config }, parameters: countOf(checkpoint), format: checkpoint.format };
  }
  const known = families.map(({ id }) => id).join(', ') || 'none yet';
  const some = checkpoint.names().slice(0, 3).join(', ');
  throw new AppError(
    'family-unknown',
    `${shown} is a readable ${checkpoint.format} checkpoint of ${checkpoint.names().length} tensors (${some}, ...), ` +
      `and of no family that runs here (${known}).`,
  );
}

/** Types weights are stored in; the others count steps and shapes. */
const WEIGHT_TYPES: ReadonlySet<string> = new Set(['f64', 'f32', 'f16', 'bf16', 'i8', 'u8']);

/** Numbers in all tensors of floats: weights, biases and whatever else the checkpoint keeps. */
function countOf(checkpoint: Checkpoint): number {
  const infos = checkpoint.names().map((name) => checkpoint.info(name));
  return infos.filter(({ dtype }) => WEIGHT_TYPES.has(dtype)).reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** The rest of a manifest, found by trying the files in `folder`. Throws `probe-failed` and what `recognise` throws. */
export async function admit(
  folder: string,
  entry: string,
  {
    families,
    shown,
    family: wanted,
    said,
    ...options
  }: ProbeOptions & { families: readonly Family[]; shown: string; family?: string; said?: Said | undefined },
): Promise<Pick<ModelManifest, 'family' | 'config' | 'parameters' | 'format' | 'probe' | 'entry'>> {
  const path = entry === '' ? folder : join(folder, entry);
  try {
    const { family, ...recognised } = await recognise(path, shown, families, options.signal);
    const found = { ...recognised, config: { ...recognised.config, ...said } };
    if (said && family.kind !== 'tag')
      throw new AppError('usage', `Nothing is to be said of a model of ${family.id}: recognisers alone take --config.`);
    if (wanted !== undefined && family.id !== wanted)
      throw new AppError('family-unknown', `${shown} should be of the family ${wanted} and is of ${family.id}.`);
    if (family.kind === 'tag') await family.describe(found.config);
    if (family.kind === 'motion' || family.kind === 'tag') {
      await family.trial(path, found.config, options.signal);
      return { family: family.id, ...found, entry };
    }
    const result = await probe(family, path, { ...options, config: found.config });
    return { family: family.id, ...found, probe: result, entry };
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    // The folder is temporary; its name would tell nobody anything.
    throw new AppError(cause.code, cause.message.replaceAll(`${folder}${sep}`, '').replaceAll(folder, shown), {
      cause,
    });
  }
}
