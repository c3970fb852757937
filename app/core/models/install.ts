/** From a catalogue entry to a model that works. */
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { CatalogueFile, CatalogueModel, ModelFile } from '../../contract/models.ts';
import { createEta } from '../base/eta.ts';
import type { Family } from '../engines/family.ts';
import { FAMILIES } from '../engines/families.ts';
import { hashFile } from '../nn/content.ts';
import {
  modelPlaces,
  refuseTaken,
  stageModel,
  type InstalledModel,
  type ModelPlaces,
  type StagedModel,
} from '../nn/store.ts';
import { admit } from './admit.ts';
import { addressesOf, bytesOf, isPinned, maxBytesOf } from './catalogue.ts';
import { download, mismatch, PATIENCE, type Patience } from './download.ts';
import { findLocal } from './local-files.ts';
import type { ProbeOptions } from './probe.ts';

/** What an installation is doing. */
export interface InstallProgress {
  readonly stage: 'download' | 'copy' | 'try';
  /** The file it is at. */
  readonly file?: string;
  /** Bytes of the model so far, and in all where that is known. */
  readonly done: number;
  readonly total?: number;
  readonly etaSeconds?: number;
}

export interface InstallOptions extends ProbeOptions {
  readonly places?: ModelPlaces;
  /** Install although the licence asks for more than a mention. */
  readonly acceptLicence?: boolean;
  /** Another origin for every address. */
  readonly mirror?: string | undefined;
  /** A file or folder that has the files: nothing is downloaded. */
  readonly from?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly patience?: Patience;
  readonly families?: readonly Family[];
  readonly onProgress?: (progress: InstallProgress) => void;
}

/**
 * Installs the entry: its files are fetched (or found in `from`), each has its published hash, a family knows them and the network works
 * on the test pair. Otherwise nothing is installed. Throws `model-not-yet`, `model-installed`, `licence-not-accepted`, `hash-mismatch`,
 * `not-found`, `probe-failed`, what [download] and the readers throw.
 */
export async function installModel(entry: CatalogueModel, options: InstallOptions): Promise<InstalledModel> {
  const { places = modelPlaces(), families = FAMILIES } = options;
  if (entry.notYet !== undefined)
    throw new AppError('model-not-yet', `${entry.name} is known and cannot be used yet. ${entry.notYet}`);
  await refuseTaken(places, entry.id);
  requireLicence(entry, options.acceptLicence ?? false);
  await using staged = await stageModel(places);
  const tell = teller(entry, options);
  const files: ModelFile[] = [];
  for (const file of entry.files) {
    options.signal?.throwIfAborted();
    tell.begin(file.name);
    const only = entry.files.length === 1 && isPinned(file);
    files.push(await obtain(file, staged, places, { ...options, only }, tell.bytes));
    tell.done(files.at(-1)!.bytes);
  }
  tell.trying();
  const admitted = await admit(staged.folder, entry.entry, {
    ...options,
    families,
    shown: entry.name,
    family: entry.family,
  });
  const { id, name, licence, terms, source } = entry;
  return await staged.publish({
    id,
    name,
    licence,
    terms,
    source,
    files,
    ...admitted,
    ...(entry.licenceNote === undefined ? {} : { note: entry.licenceNote }),
    installedAt: new Date().toISOString(),
  });
}

function requireLicence({ id, terms, licence, licenceNote, name }: CatalogueModel, accepted: boolean): void {
  if (terms === 'open' || accepted) return;
  throw new AppError(
    'licence-not-accepted',
    `${name}: licence ${licence}. ${licenceNote ?? ''} If that allows what you do, models install ${id} --accept-licence.`.replace(
      '  ',
      ' ',
    ),
  );
}

async function obtain(
  file: CatalogueFile,
  staged: StagedModel,
  places: ModelPlaces,
  options: InstallOptions & { readonly only: boolean },
  onBytes: (done: number, total: number | undefined) => void,
): Promise<ModelFile> {
  const { signal, from, only, mirror, env = process.env, patience = PATIENCE } = options;
  if (from !== undefined) return await bring(file, await findLocal(file, from, { only }), staged, signal);
  if (file.sha256 !== undefined && (await staged.reuse(file.name, file.sha256, { signal }))) {
    const { bytes } = await hashFile(join(staged.folder, file.name), { signal });
    return { name: file.name, bytes, sha256: file.sha256 };
  }
  const wanted = { ...file, maxBytes: maxBytesOf(file) };
  const folder = join(places.models, 'partial');
  const got = await download(addressesOf(file, mirror), wanted, folder, { signal, env, patience, onProgress: onBytes });
  try {
    return await take(file, got.path, staged, { move: true, signal });
  } finally {
    await got.discard();
  }
}

/** Copies a file that somebody has; it is judged by what arrived in the store. */
async function bring(file: CatalogueFile, path: string, staged: StagedModel, signal?: AbortSignal): Promise<ModelFile> {
  const before = isPinned(file) ? mismatch(file, await hashFile(path, { signal })) : undefined;
  if (before !== undefined)
    throw new AppError('hash-mismatch', `${path} is not the published ${file.name}: ${before}.`);
  return await take(file, path, staged, { move: false, signal });
}

async function take(
  file: CatalogueFile,
  path: string,
  staged: StagedModel,
  options: { move: boolean; signal?: AbortSignal | undefined },
): Promise<ModelFile> {
  const max = maxBytesOf(file);
  const added = await staged.add(file.name, path, options);
  if (added.bytes > max)
    throw new AppError('hash-mismatch', `${file.name} has ${added.bytes} bytes, more than it may have.`);
  const wrong = isPinned(file) ? mismatch(file, await hashFile(join(staged.folder, file.name), options)) : undefined;
  if (wrong !== undefined) throw new AppError('hash-mismatch', `${file.name} is not the published one: ${wrong}.`);
  return added;
}

/** Progress over all files of an entry. */
function teller(entry: CatalogueModel, { onProgress, from }: InstallOptions) {
  const eta = createEta();
  const start = performance.now();
  const about = bytesOf(entry);
  const stage = from === undefined ? 'download' : 'copy';
  let before = 0;
  let file = '';
  return {
    begin: (name: string): void => void (file = name),
    done: (bytes: number): void => void (before += bytes),
    bytes(done: number, fileTotal: number | undefined): void {
      // Weights are nearly all of a model, so the server's figure for them is the total where the catalogue has none.
      const total = about ?? (fileTotal === undefined ? undefined : before + fileTotal);
      const here = before + done;
      const known = total !== undefined && here <= total;
      const seconds = known ? eta.update(here / total, (performance.now() - start) / 1000) : undefined;
      const left = seconds === undefined ? {} : { etaSeconds: seconds };
      onProgress?.({ stage, file, done: here, ...(known ? { total, ...left } : {}) });
    },
    trying: (): void => onProgress?.({ stage: 'try', done: before, total: before }),
  };
}
