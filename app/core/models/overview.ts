/** What `models list` and `models show` tell: what is here and what could be. */
import { AppError } from '../../contract/errors.ts';
import type { CatalogueModel, ModelDetails, ModelSummary } from '../../contract/models.ts';
import { modelPlaces, scanModels, type DamagedModel, type InstalledModel, type ModelPlaces } from '../nn/store.ts';
import { bytesOf, findEntry, readCatalogue } from './catalogue.ts';

export interface OverviewOptions {
  readonly places?: ModelPlaces;
  readonly catalogue?: readonly CatalogueModel[];
}

/** Embedded, installed (damaged ones too), then what of the catalogue is not here. */
export async function listModels({ places = modelPlaces(), catalogue }: OverviewOptions = {}): Promise<ModelSummary[]> {
  const { models, damaged } = await scanModels(places);
  const here = [...models.map(summaryOfInstalled), ...damaged.map(summaryOfDamaged)];
  const order = { embedded: 0, installed: 1, catalogue: 2 };
  here.sort((a, b) => order[a.origin] - order[b.origin] || (a.id < b.id ? -1 : 1));
  const ids = new Set(here.map(({ id }) => id));
  const rest = (catalogue ?? (await readCatalogue())).filter(({ id }) => !ids.has(id));
  return [...here, ...rest.map(summaryOfEntry)];
}

/** Everything about one model, here or in the catalogue. Throws `model-unknown`. */
export async function showModel(
  id: string,
  { places = modelPlaces(), catalogue }: OverviewOptions = {},
): Promise<ModelDetails> {
  const entries = catalogue ?? (await readCatalogue());
  const entry = entries.find((one) => one.id === id) ?? null;
  const { models, damaged } = await scanModels(places);
  const model = models.find((one) => one.id === id);
  if (model) {
    const { manifest, folder } = model;
    const engine = manifest.family === 'motion' ? null : engineOf(model);
    return { ...summaryOfInstalled(model), engine, manifest, folder, catalogue: entry };
  }
  const broken = damaged.find((one) => one.id === id);
  if (broken)
    return { ...summaryOfDamaged(broken), engine: null, manifest: null, folder: broken.folder, catalogue: entry };
  if (entry === null && models.length > 0 && !entries.some((one) => one.id === id.toLowerCase())) {
    const ids = models.map((one) => one.id).join(', ');
    throw new AppError(
      'model-unknown',
      `There is no model called '${id}'. Installed: ${ids}; models list shows the catalogue.`,
    );
  }
  const found = findEntry(id, entries);
  return { ...summaryOfEntry(found), engine: null, manifest: null, folder: null, catalogue: found };
}

/** How a command uses it: --engine and its id, or for a part of an engine what chooses it. */
export function usageOf(model: InstalledModel): string {
  const { family, config } = model.manifest;
  return family === 'motion' ? `--engine fomm --motion ${String(config['kind'])}` : `--engine ${engineOf(model)}`;
}

/** What --engine takes for it. */
export function engineOf({ id, embedded, manifest }: InstalledModel): string {
  return embedded ? id : `${manifest.family}:${id}`;
}

function summaryOfInstalled({ id, embedded, manifest }: InstalledModel): ModelSummary {
  const { family, name, licence, terms = 'unstated', files } = manifest;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { id, family, name, licence, terms, origin: embedded ? 'embedded' : 'installed', bytes, problem: null };
}

function summaryOfDamaged({ id, embedded, why }: DamagedModel): ModelSummary {
  const origin = embedded ? 'embedded' : 'installed';
  return {
    id,
    family: '?',
    name: id,
    licence: '?',
    terms: 'unstated',
    origin,
    bytes: null,
    problem: `damaged: ${why}`,
  };
}

function summaryOfEntry(entry: CatalogueModel): ModelSummary {
  const { id, family, name, licence, terms, notYet } = entry;
  const problem = notYet === undefined ? null : `not yet: ${notYet}`;
  return { id, family, name, licence, terms, origin: 'catalogue', bytes: bytesOf(entry) ?? null, problem };
}
