/** The engines there are: one row each for those without weights, and every model that is here. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { AppError } from '../../contract/errors.ts';
import { installedModel, scanModels, type InstalledModel, type ModelPlaces } from '../nn/store.ts';
import { Blend } from './blend.ts';
import type { EngineEntry } from './engine.ts';
import { taggerDevice } from './engine-device.ts';
import { FAMILIES } from './families.ts';
import type { Family, InbetweeningFamily, InterpolatingFamily, TagFamily } from './family.ts';
import { glideMemory, openGlide } from './glide/open.ts';
import { BEST, DRAFT, STANDARD } from './glide/settings.ts';
import { halvedInbetween } from './halved.ts';
import { Hold } from './hold.ts';
import { asInbetween, type InbetweenEntry } from './inbetween.ts';
import { withAlpha } from './over-alpha.ts';
import type { Tagger, TaggerEntry, TaggerSetup } from './tagger.ts';

/** The engine used where none is named. */
export const DEFAULT_ENGINE = 'glide';

/** Scores are those of docs/models.md and docs/glide.md, printed by `inbetween score clips/eval/protocol.json --engines ...`. */
export const ENGINES: readonly EngineEntry[] = [
  {
    id: 'hold',
    version: '1',
    name: 'Hold',
    summary: 'The nearest source frame, repeated.',
    scores: { psnr: 22.63, ssim: 0.725, gmsd: 0.1635 },
    open: async () => new Hold(),
  },
  {
    id: 'blend',
    version: '1',
    name: 'Blend',
    summary: 'The two source frames faded into each other.',
    scores: { psnr: 25.14, ssim: 0.761, gmsd: 0.138 },
    open: async () => new Blend(),
  },
  {
    id: 'glide',
    version: '1',
    name: 'Glide',
    summary: 'Follows the motion; the default.',
    scores: { psnr: 30.33, ssim: 0.92, gmsd: 0.0724 },
    memory: async (setup, format) => glideMemory(setup, STANDARD, format),
    open: (setup) => openGlide(setup, STANDARD),
  },
  {
    id: 'glide:draft',
    version: '1',
    name: 'Glide, draft',
    summary: 'Follows the motion, coarser and faster.',
    scores: { psnr: 30.35, ssim: 0.919, gmsd: 0.0729 },
    memory: async (setup, format) => glideMemory(setup, DRAFT, format),
    open: (setup) => openGlide(setup, DRAFT),
  },
  {
    id: 'glide:best',
    version: '1',
    name: 'Glide, best',
    summary: 'Follows the motion with the finest settings; slow.',
    scores: { psnr: 30.33, ssim: 0.919, gmsd: 0.0725 },
    memory: async (setup, format) => glideMemory(setup, BEST, format),
    open: (setup) => openGlide(setup, BEST),
  },
];

/** An engine, and the model it is where it is one. */
export interface ListedEngine {
  readonly entry: EngineEntry;
  readonly model: InstalledModel | undefined;
}

export interface ListedInbetweener {
  readonly entry: InbetweenEntry;
  readonly model: InstalledModel;
}

/** Every interpolating engine that can be used now: those without weights, then the models at `places`. */
export async function listEngines(places?: ModelPlaces): Promise<ListedEngine[]> {
  const { models } = await scanModels(places);
  return [
    ...ENGINES.map((entry) => ({ entry, model: undefined })),
    ...models.flatMap((model) => {
      const family = familyOf(model.manifest.family);
      return family?.kind === 'interpolate' ? [{ entry: engineOfModel(model, family), model }] : [];
    }),
  ];
}

/** Every engine that only in-betweens: the models at `places`. The interpolating ones in-between as well. */
export async function listInbetweeners(places?: ModelPlaces): Promise<ListedInbetweener[]> {
  const { models } = await scanModels(places);
  return models.flatMap((model) => {
    const family = familyOf(model.manifest.family);
    return family?.kind === 'inbetween' ? [{ entry: inbetweenerOfModel(model, family, models), model }] : [];
  });
}

/** Every recogniser: the models at `places`, without those of which nonsense is said. */
export async function listTaggers(places?: ModelPlaces): Promise<TaggerEntry[]> {
  const { models } = await scanModels(places);
  const listed: TaggerEntry[] = [];
  for (const model of models) {
    const family = familyOf(model.manifest.family);
    if (family?.kind !== 'tag') continue;
    const entry = await taggerOfModel(model, family).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'weights-mismatch') return undefined;
      throw error;
    });
    if (entry) listed.push(entry);
  }
  return listed;
}

/**
 * The interpolating engine called `id`: a row of ENGINES, or a model that is here by its name, with or without its family before it ('film',
 * 'rife:rife-v4.6'). Throws AppError 'engine-unknown', which lists the ids there are, 'engine-kind' and 'model-damaged'.
 */
export async function findEngine(id: string): Promise<EngineEntry> {
  const entry = ENGINES.find((engine) => engine.id === id);
  if (entry) return withAlpha(entry);
  const { model, family } = await findModel(id, ['interpolate']);
  if (family.kind === 'interpolate') return withAlpha(engineOfModel(model, family));
  if (family.kind === 'tag')
    throw new AppError('engine-kind', `'${id}' says what happens on footage: use it with tag.`);
  throw new AppError('engine-kind', `'${id}' fills the way between stills: use it with morph.`);
}

/** The recogniser called `id`. Throws as `findEngine`. */
export async function findTagger(id: string): Promise<TaggerEntry> {
  const found = ENGINES.some((engine) => engine.id === id) ? undefined : await findModel(id, ['tag']);
  if (found?.family.kind === 'tag') return await taggerOfModel(found.model, found.family);
  throw new AppError(
    'engine-kind',
    `'${id}' recognises nothing: models list shows what does, the models of the family movinet.`,
  );
}

/** The engine called `id` for in-betweening, also an interpolating one. Throws as `findEngine`. */
export async function findInbetweener(id: string): Promise<InbetweenEntry> {
  const entry = ENGINES.find((engine) => engine.id === id);
  if (entry) return asInbetween(entry);
  const { model, family, all } = await findModel(id, ['interpolate', 'inbetween']);
  if (family.kind === 'inbetween') return inbetweenerOfModel(model, family, all);
  if (family.kind === 'interpolate') {
    const engine = engineOfModel(model, family);
    return engine.halves ? halvedInbetween(engine) : asInbetween(engine);
  }
  if (family.kind === 'tag')
    throw new AppError('engine-kind', `'${id}' says what happens on footage: use it with tag.`);
  throw new AppError('engine-kind', `'${id}' is a part of another engine: choose it with --motion.`);
}

/** `kinds` are those that the message lists where there is no model of that name. */
async function findModel(
  id: string,
  kinds: readonly Family['kind'][],
): Promise<{ model: InstalledModel; family: Family; all: readonly InstalledModel[] }> {
  const { models: all, damaged } = await scanModels();
  const known = all.flatMap((model) => {
    const family = familyOf(model.manifest.family);
    return family ? [{ model, family }] : [];
  });
  const found = known.find(
    ({ model: { manifest } }) => id === manifest.id || id === `${manifest.family}:${manifest.id}`,
  );
  if (found) return { ...found, all };
  // A damaged model has lost its family; this says what is wrong with it.
  const broken = damaged.find((one) => one.id === id || id.endsWith(`:${one.id}`));
  if (broken) await installedModel(broken.id);
  const usable = known.filter(({ family }) => kinds.includes(family.kind)).map(({ model }) => model.manifest.id);
  const plain = kinds.includes('interpolate') ? ENGINES.map((engine) => engine.id) : [];
  const ids = [...plain, ...usable].join(', ') || 'none';
  throw new AppError(
    'engine-unknown',
    `There is no engine called '${id}'; there are ${ids}. models list shows what else could be installed.`,
  );
}

function familyOf(id: string): Family | undefined {
  return FAMILIES.find((family) => family.id === id);
}

/** Its files' hashes are part of the version: another file is another engine. So are those of the models of motion where it is moved by them. */
function versionOf(model: InstalledModel, family: Family, movers: readonly InstalledModel[] = []): string {
  const ordered = movers.toSorted((a, b) => (a.manifest.id < b.manifest.id ? -1 : 1));
  const files = [model, ...ordered].flatMap(({ manifest }) => manifest.files.map(({ sha256 }) => sha256));
  const content = createHash('sha256').update(files.join());
  return `${family.version}-${content.digest('hex').slice(0, 16)}`;
}

function engineOfModel(model: InstalledModel, family: InterpolatingFamily): EngineEntry {
  const { manifest, path } = model;
  return {
    id: manifest.id,
    version: versionOf(model, family),
    name: manifest.name,
    summary: family.summary,
    scores: manifest.scores,
    network: true,
    halves: family.halves,
    memory: (setup, format) => family.memory(path, setup, format),
    open: (setup) => family.open(path, setup),
  };
}

/** `all`: every model that is here. */
function inbetweenerOfModel(
  model: InstalledModel,
  family: InbetweeningFamily,
  all: readonly InstalledModel[],
): InbetweenEntry {
  const { manifest, path } = model;
  const movers = family.uses.motion ? all.filter((one) => familyOf(one.manifest.family)?.kind === 'motion') : [];
  return {
    id: manifest.id,
    version: versionOf(model, family, movers),
    name: manifest.name,
    summary: family.summary,
    network: true,
    uses: family.uses,
    ...(family.note && { note: (times: readonly number[]) => family.note!(times) }),
    open: (setup) => family.open(path, setup, manifest.config),
  };
}

async function taggerOfModel(model: InstalledModel, family: TagFamily): Promise<TaggerEntry> {
  const { manifest, path, embedded } = model;
  // What it sees and says is in what is said of it as well.
  const said = createHash('sha256').update(JSON.stringify(manifest.config));
  const version = `${versionOf(model, family)}-${said.digest('hex').slice(0, 8)}`;
  const own = { id: manifest.id, version };
  const open = (setup: TaggerSetup): Promise<Tagger> => family.open(path, setup, manifest.config, version);
  return {
    ...own,
    name: manifest.name,
    summary: family.summary,
    ...(await family.describe(manifest.config)),
    embedded,
    async open({ threads = availableParallelism(), device, ...rest }) {
      const found = await taggerDevice({ ...own, open }, device, { threads });
      return await open({ ...rest, threads, device: found });
    },
  };
}
