/** Any checkpoint that can be read, made a model: recognised, copied, tried. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { ModelFile } from '../../contract/models.ts';
import type { Family } from '../engines/family.ts';
import { FAMILIES } from '../engines/families.ts';
import { ENGINES } from '../engines/registry.ts';
import { modelFile } from '../engines/rife/ncnn/open.ts';
import { requireSpace } from '../media/disk-space.ts';
import { isModelId } from '../nn/model-manifest.ts';
import { modelPlaces, refuseTaken, stageModel, type InstalledModel, type ModelPlaces } from '../nn/store.ts';
import { admit, recognise, type Said } from './admit.ts';
import { checkpointFiles } from './checkpoint-files.ts';
import type { InstallProgress } from './install.ts';
import { mapCheckpoint, type Mapping } from './mapping.ts';
import type { ProbeOptions } from './probe.ts';

export interface ImportOptions extends ProbeOptions {
  readonly places?: ModelPlaces;
  /** What to call it; made from the file's name unless given. */
  readonly id?: string | undefined;
  /** Whoever imports may note what they know of the licence. */
  readonly licence?: string | undefined;
  readonly families?: readonly Family[];
  /** A mapping of the checkpoint's names to ours ([Note: mapping]). */
  readonly map?: Mapping | undefined;
  /** What no file tells of a recogniser (docs/movinet.md): its labels, its gates. */
  readonly said?: Said | undefined;
  readonly onProgress?: (progress: InstallProgress) => void;
}

/**
 * Imports the checkpoint at `given` (a file or folder; of ncnn's pairs either file). It is recognised before anything is copied and tried
 * after; when that fails, nothing stays. Throws `family-unknown`, `probe-failed`, `model-installed`, `usage` for a bad id, `disk-space`,
 * what the readers throw, and `weights-mismatch` for a mapping that does not fit.
 */
export async function importModel(given: string, options: ImportOptions): Promise<InstalledModel> {
  if (!options.map) return await importFrom(given, given, options);
  await using mapped = await mapCheckpoint(given, options.map, options.signal);
  return await importFrom(given, mapped.path, options);
}

/** Imports the file at `from`, which is what `given` is or became. */
async function importFrom(given: string, from: string, options: ImportOptions): Promise<InstalledModel> {
  const { places = modelPlaces(), families = FAMILIES, signal, onProgress } = options;
  const id = options.id ?? idFrom(given);
  // A folder of ncnn files is no container of its own; what is opened is its graph.
  const path = await modelFile(from);
  const shown = from === given ? path : given;
  if (!isModelId(id))
    throw new AppError('usage', `'${id}' is no name for a model: small letters, digits, '.', '-' and '_', at most 64.`);
  if (ENGINES.some((engine) => engine.id === id))
    throw new AppError('usage', `'${id}' is an engine already; choose another --id.`);
  await refuseTaken(places, id);
  const { format, family } = await recognise(path, shown, families, signal);
  const { folder, names, entry } = await checkpointFiles(path, format);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  await requireSpace([{ path: places.models, bytes: total }]);
  await using staged = await stageModel(places);
  const files: ModelFile[] = [];
  let done = 0;
  for (const name of names) {
    const onBytes = (bytes: number): void => onProgress?.({ stage: 'copy', file: name, done: (done += bytes), total });
    files.push(await staged.add(name, join(folder, name), { move: false, signal, onBytes }));
  }
  onProgress?.({ stage: 'try', done: total, total });
  // What was copied is what counts: it is recognised again.
  const admitted = await admit(staged.folder, entry, { ...options, families, shown, family: family.id });
  return await staged.publish({
    id,
    name: basename(given),
    licence: options.licence ?? 'not stated (imported)',
    source: resolve(given),
    files,
    ...admitted,
    installedAt: new Date().toISOString(),
  });
}

/** Names that say nothing: the folder's is put before them. */
const GENERIC = /^(flownet|ifrnet|saved_model|model|network|weights|variables|checkpoint|ckpt.*)$/;

/** 'Models/RIFE v4.6/flownet.param' gives 'rife-v4.6-flownet'. */
export function idFrom(path: string): string {
  const full = resolve(path);
  const bare = basename(full).replace(/(?<=.)(\.tar)?\.[a-z][a-z0-9]{0,11}$/i, '');
  const whole = GENERIC.test(bare.toLowerCase()) ? `${basename(dirname(full))}-${bare}` : bare;
  const slug = whole
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64)
    .replace(/[^a-z0-9]+$/, '');
  return slug === '' || !isModelId(slug) ? `model-${slug || 'imported'}`.slice(0, 64) : slug;
}
