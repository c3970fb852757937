/**
 * The models that are here: those that come with Inbetween (models/ID of the package) and those in the library's folder.
 *
 * [Note: model store]
 *   MODELS/installed/ID/   manifest.json and the model's files, under the names their readers expect; complete once it is there
 *   MODELS/blobs/SHA256    the same files by content: hard links, so that two models with a file in common keep it once
 *   MODELS/staging/        what is being put together; MODELS/partial/ what is being downloaded. Each name ends in its process's tag
 * A model appears by one rename of a folder whose files are all on the disk, and goes by one: any number of processes may install and
 * remove at once without a lock. The files in installed/ID are the model; a blob only lends its content, so a blob that is taken away
 * too early costs a second copy on the disk and nothing else.
 */
import { randomBytes } from 'node:crypto';
import { chmod, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { FileVerdict, ModelFile, ModelManifest, ModelVerdict } from '../../contract/models.ts';
import { asDiskFull, isErrno, renameTo, syncFile, syncFolder } from '../base/durable.ts';
import { homeAt, homeFolder, type Home } from '../base/home.ts';
import { unpackedPath } from '../base/own-files.ts';
import { processTag, tagLiveness, thisProcess } from '../base/process-identity.ts';
import { copyContent, hashFile, makeFolders, shareContent, type HashOptions } from './content.ts';
import { isModelId, MANIFEST, readManifest } from './model-manifest.ts';

/** A model that can be opened, as far as its manifest and the lengths of its files tell. */
export interface InstalledModel {
  readonly id: string;
  /** It comes with Inbetween and cannot be removed. */
  readonly embedded: boolean;
  readonly folder: string;
  /** What to give to `openCheckpoint` and `Family.open`. */
  readonly path: string;
  readonly manifest: ModelManifest;
}

/** A folder that should hold a model and does not. */
export interface DamagedModel {
  readonly id: string;
  readonly embedded: boolean;
  readonly folder: string;
  /** One clause: 'its manifest is no JSON'. */
  readonly why: string;
}

/** Where models are looked for. */
export interface ModelPlaces {
  /** The library's folder for models ([Note: model store]). */
  readonly models: string;
  /** The folder of those that come with Inbetween. */
  readonly embedded: string;
}

/** The package's models/. */
const EMBEDDED = unpackedPath('models');

/** The places of a library; INBETWEEN_HOME's unless given. */
export function modelPlaces(home: Pick<Home, 'models'> = homeAt(homeFolder())): ModelPlaces {
  return { models: home.models, embedded: EMBEDDED };
}

const installedFolder = (places: ModelPlaces): string => join(places.models, 'installed');
const blobFolder = (places: ModelPlaces): string => join(places.models, 'blobs');
const stagingFolder = (places: ModelPlaces): string => join(places.models, 'staging');

/** Every model that is here, and every folder that is none although it should be. Never throws for what is in them. */
export async function scanModels(
  places: ModelPlaces = modelPlaces(),
): Promise<{ models: readonly InstalledModel[]; damaged: readonly DamagedModel[] }> {
  const models: InstalledModel[] = [];
  const damaged: DamagedModel[] = [];
  for (const [parent, embedded] of [
    [places.embedded, true],
    [installedFolder(places), false],
  ] as const) {
    for (const id of await foldersIn(parent)) {
      const found = await lookAt(join(parent, id), id, embedded);
      if (found === undefined) continue;
      if ('manifest' in found) models.push(found);
      else damaged.push(found);
    }
  }
  return { models, damaged };
}

/** The models that can be opened, those that come with Inbetween first. */
export async function installedModels(places: ModelPlaces = modelPlaces()): Promise<readonly InstalledModel[]> {
  return (await scanModels(places)).models;
}

/** The model called `id`. Throws `model-unknown`, and `model-damaged` when it is there and cannot be used. */
export async function installedModel(id: string, places: ModelPlaces = modelPlaces()): Promise<InstalledModel> {
  const { models, damaged } = await scanModels(places);
  const model = models.find((one) => one.id === id);
  if (model) return model;
  const broken = damaged.find((one) => one.id === id);
  if (broken) {
    const mend = broken.embedded ? 'install Inbetween again' : `models remove ${id}, then install it again`;
    throw new AppError('model-damaged', `The model ${id} is damaged (${broken.why}): ${mend}.`);
  }
  const ids = models.map((one) => one.id).join(', ') || 'none yet';
  throw new AppError('model-unknown', `No model called '${id}' is installed; there are: ${ids}.`);
}

async function foldersIn(parent: string): Promise<string[]> {
  try {
    const entries = await readdir(parent, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
    return folders.map((entry) => entry.name).toSorted();
  } catch {
    return [];
  }
}

async function lookAt(
  folder: string,
  id: string,
  embedded: boolean,
): Promise<InstalledModel | DamagedModel | undefined> {
  const read = await readManifest(folder);
  if (read.manifest === undefined) {
    // The package's models/ also holds the programs that train them.
    if ((embedded && read.absent) || id.startsWith('.')) return undefined;
    return { id, embedded, folder, why: read.why };
  }
  const { manifest } = read;
  if (manifest.id !== id) return { id, embedded, folder, why: `${MANIFEST} is of '${manifest.id}'` };
  for (const file of manifest.files) {
    const found = await stat(join(folder, file.name)).catch(() => undefined);
    if (!found?.isFile()) return { id, embedded, folder, why: `${file.name} is missing` };
    if (found.size !== file.bytes) {
      return { id, embedded, folder, why: `${file.name} has ${found.size} bytes instead of ${file.bytes}` };
    }
  }
  const entry = manifest.entry ?? manifest.files[0]!.name;
  return { id, embedded, folder, manifest, path: entry === '' ? folder : join(folder, entry) };
}

/** A model that is being put together; nothing of it is offered until `publish`. Disposing leaves nothing behind. */
export interface StagedModel extends AsyncDisposable {
  readonly folder: string;
  /**
   * Takes the file at `path` in as `name`: moved when it is ours to take (a finished download), copied otherwise. Hashed after it is
   * inside, so what is in the manifest is what is in the folder.
   */
  add(name: string, path: string, options: { move: boolean } & HashOptions): Promise<ModelFile>;
  /** Takes a file in that a model here already has, without reading anything else. False when there is none of that hash. */
  reuse(name: string, sha256: string, options?: HashOptions): Promise<boolean>;
  /** The model is there when this returns. Throws `model-installed` when there is one of that id. */
  publish(manifest: ModelManifest): Promise<InstalledModel>;
}

/** Begins a model, and clears what processes that died left of theirs. Throws `library-folder`, `disk-full`. */
export async function stageModel(places: ModelPlaces = modelPlaces()): Promise<StagedModel> {
  const staging = stagingFolder(places);
  const folder = join(staging, ownName('model'));
  try {
    for (const path of [installedFolder(places), blobFolder(places), staging]) await makeFolders(path);
    await sweepDead(staging);
    await makeFolders(folder);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const sentence = `The models' folder ${places.models} cannot be written to; choose another library with --library DIR.`;
    throw new AppError('library-folder', sentence, { cause });
  }
  const finish = async (name: string, options: HashOptions): Promise<ModelFile> => {
    const path = join(folder, name);
    const { bytes, sha256 } = await hashFile(path, options);
    await syncFile(path);
    return { name, bytes, sha256 };
  };
  let published = false;
  return {
    folder,
    async add(name, path, { move, ...options }) {
      const inside = join(folder, name);
      await makeFolders(dirname(inside));
      if (move) await renameTo(path, inside);
      else await copyContent(path, inside);
      return await finish(name, options);
    },
    async reuse(name, sha256, options = {}) {
      const inside = join(folder, name);
      await makeFolders(dirname(inside));
      try {
        await copyContent(join(blobFolder(places), sha256), inside);
      } catch (error) {
        if (error instanceof AppError && error.code === 'not-found') return false;
        throw error;
      }
      if ((await finish(name, options)).sha256 === sha256) return true;
      await rm(inside, { force: true });
      return false;
    },
    async publish(manifest) {
      const model = await publish(places, folder, manifest);
      published = true;
      return model;
    },
    async [Symbol.asyncDispose]() {
      if (published) return;
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      await sweepBlobs(places);
    },
  };
}

async function publish(places: ModelPlaces, folder: string, manifest: ModelManifest): Promise<InstalledModel> {
  const { id } = manifest;
  if (!isModelId(id))
    throw new AppError('usage', `'${id}' is no name for a model: small letters, digits, '.', '-', '_'.`);
  const final = join(installedFolder(places), id);
  const path = join(folder, MANIFEST);
  await refuseTaken(places, id);
  try {
    for (const file of manifest.files) await shareContent(join(folder, file.name), file.sha256, blobFolder(places));
    await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`);
    await syncFile(path);
    for (const below of new Set(manifest.files.map((file) => dirname(join(folder, file.name)))))
      await syncFolder(below);
    await syncFolder(folder);
  } catch (error) {
    throw asDiskFull(error, path);
  }
  // Content that many models may share is not for editing. Best effort: some file systems have no such thing.
  for (const file of manifest.files) await chmod(join(folder, file.name), 0o444).catch(() => {});
  try {
    await renameTo(folder, final);
  } catch (cause) {
    if (isErrno(cause, 'ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES') && (await exists(final))) throw installedAlready(id);
    throw asDiskFull(cause, final);
  }
  await syncFolder(installedFolder(places));
  const found = await lookAt(final, id, false);
  if (found && 'manifest' in found) return found;
  throw new AppError(
    'model-damaged',
    `The model ${id} was not stored as it was meant to be: ${found?.why ?? 'it is gone'}.`,
  );
}

/** Whether there is a model, or the remains of one, of this id. */
export async function isTaken(places: ModelPlaces, id: string): Promise<boolean> {
  return (await exists(join(installedFolder(places), id))) || (await exists(join(places.embedded, id, MANIFEST)));
}

/** Throws `model-installed` when `id` is taken. */
export async function refuseTaken(places: ModelPlaces, id: string): Promise<void> {
  if (await isTaken(places, id)) throw installedAlready(id);
}

function installedAlready(id: string): AppError {
  return new AppError(
    'model-installed',
    `There is a model called '${id}' already; remove it first, or choose another --id.`,
  );
}

/**
 * Removes an installed model, damaged or not, and what no other model has in common with it. Gives the bytes that are free now. Throws
 * `model-unknown`, `model-embedded`.
 */
export async function removeModel(id: string, places: ModelPlaces = modelPlaces()): Promise<{ freedBytes: number }> {
  const folder = join(installedFolder(places), id);
  // Only names that are in the folder: an id may not lead out of it.
  if (!(await foldersIn(installedFolder(places))).includes(id)) {
    if (await exists(join(places.embedded, id, MANIFEST)))
      throw new AppError('model-embedded', `The model ${id} comes with Inbetween and cannot be removed.`);
    await installedModel(id, places);
  }
  const aside = join(stagingFolder(places), ownName('removed'));
  await makeFolders(stagingFolder(places));
  try {
    await renameTo(folder, aside);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) throw new AppError('model-unknown', `The model ${id} is gone already.`, { cause });
    throw new AppError('library-folder', `The model ${id} cannot be removed from ${folder}.`, { cause });
  }
  await syncFolder(installedFolder(places));
  await rm(aside, { recursive: true, force: true, maxRetries: 3 });
  return { freedBytes: await sweepBlobs(places) };
}

/** Removes blobs that no other file shares its content with. */
async function sweepBlobs(places: ModelPlaces): Promise<number> {
  let freed = 0;
  for (const name of await readdir(blobFolder(places)).catch(() => [])) {
    const blob = join(blobFolder(places), name);
    const found = await stat(blob).catch(() => undefined);
    if (!found?.isFile() || found.nlink > 1) continue;
    await rm(blob, { force: true });
    freed += found.size;
  }
  return freed;
}

/**
 * Rehashes every file of the model `id`, or of all of them. Damaged models are in the answer, not thrown. Throws `model-unknown` when
 * there is none of that id.
 */
export async function verifyModels(
  id?: string,
  { places = modelPlaces(), ...options }: { places?: ModelPlaces } & HashOptions = {},
): Promise<readonly ModelVerdict[]> {
  const { models, damaged } = await scanModels(places);
  const asked = [...models, ...damaged].filter((one) => id === undefined || one.id === id);
  if (id !== undefined && asked.length === 0) await installedModel(id, places);
  const verdicts: ModelVerdict[] = [];
  for (const one of asked) {
    const origin = one.embedded ? 'embedded' : 'installed';
    const files: FileVerdict[] = [];
    const listed = 'manifest' in one ? one.manifest.files : ((await readManifest(one.folder)).manifest?.files ?? []);
    for (const file of listed) files.push({ name: file.name, state: await stateOf(one.folder, file, options) });
    const problem = 'why' in one ? one.why : null;
    const good = problem === null && files.every(({ state }) => state === 'good');
    verdicts.push({ id: one.id, origin, good, files, problem });
  }
  return verdicts;
}

/** Bytes that `verifyModels` will read. */
export async function bytesToVerify(id: string | undefined, places: ModelPlaces = modelPlaces()): Promise<number> {
  const { models } = await scanModels(places);
  const asked = models.filter((one) => id === undefined || one.id === id);
  return asked.flatMap(({ manifest }) => manifest.files).reduce((sum, { bytes }) => sum + bytes, 0);
}

async function stateOf(folder: string, file: ModelFile, options: HashOptions): Promise<FileVerdict['state']> {
  try {
    const { bytes, sha256 } = await hashFile(join(folder, file.name), options);
    return bytes === file.bytes && sha256 === file.sha256 ? 'good' : 'changed';
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    return error.code === 'not-found' ? 'missing' : error.code === 'source-changed' ? 'changed' : 'unreadable';
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** A name of this process that no other has: 'KIND.TAG-RANDOM'. */
export function ownName(kind: string): string {
  return `${kind}.${processTag(thisProcess())}-${randomBytes(4).toString('hex')}`;
}

/** What other hosts and platforms that cannot tell leave behind is taken for dead after this long. */
const FORGET_MS = 7 * 24 * 3600 * 1000;

/** Whether the process that made an `ownName` is gone. */
export async function isAbandoned(folder: string, name: string): Promise<boolean> {
  const life = tagLiveness(name.slice(name.indexOf('.') + 1));
  if (life === 'dead' || life === 'alive') return life === 'dead';
  const found = await stat(join(folder, name)).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > FORGET_MS;
}

async function sweepDead(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!(await isAbandoned(folder, name))) continue;
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
  }
}
