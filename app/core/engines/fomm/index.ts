/** FOMM, the First Order Motion Model: key points with the motion around them, found in stills and moved. docs/fomm.md. */
import { AppError } from '../../../contract/errors.ts';
import type { MorphMotion } from '../../../contract/morph.ts';
import { openCheckpoint } from '../../import/registry.ts';
import { installedModel, scanModels, type InstalledModel } from '../../nn/store.ts';
import type { EngineSetup } from '../engine.ts';
import type { InbetweeningFamily } from '../family.ts';
import { motion, openMotion, type MotionModel } from '../motion/index.ts';
import { configJson, parseConfig } from './config.ts';
import { FommInbetweener, type FindMotion, type Published } from './fill.ts';
import { FommNetwork } from './network.ts';
import { readFomm, recogniseFomm } from './weights.ts';

export const fomm: InbetweeningFamily = {
  kind: 'inbetween',
  id: 'fomm',
  version: '2',
  summary: 'Finds key points in both stills and moves them: straight, or as a model of motion says (FOMM).',
  uses: { seed: true, motion: true, points: true },
  recognise: async (checkpoint) => {
    const config = recogniseFomm(checkpoint);
    return config && { ...configJson(config) };
  },
  open: openFomm,
};

/** As InbetweeningFamily.open; `published` is for comparing with the authors' own use. */
export async function openFomm(
  path: string,
  setup: EngineSetup,
  config: Readonly<Record<string, unknown>>,
  published: Published = {},
): Promise<FommInbetweener> {
  await using checkpoint = await openCheckpoint(path);
  const read = await readFomm(checkpoint, parseConfig(config));
  const { threads, device } = setup;
  const network = await FommNetwork.open(read.config, read.weights, { threads, device });
  return new FommInbetweener(network, setup, motionFinder(path), published);
}

/** A model of the family that is here. */
export interface FommModel {
  readonly id: string;
  /** Its files and what is made of them: what it finds may differ where this does. */
  readonly version: string;
  open(setup: EngineSetup, published?: Published): Promise<FommInbetweener>;
}

/** The model called `id`, with or without its family before it ('fomm:vox'). Throws 'model-unknown', 'model-damaged', 'engine-kind' where it is of another family. */
export async function findFomm(id: string): Promise<FommModel> {
  const { manifest, path } = await installedModel(id.replace(/^fomm:/, ''));
  if (manifest.family !== fomm.id)
    throw new AppError('engine-kind', `'${id}' has no key points: name a model of the family fomm.`);
  return {
    id: manifest.id,
    version: [fomm.version, ...manifest.files.map(({ sha256 }) => sha256)].join('-'),
    open: (setup, published) => openFomm(path, setup, manifest.config, published),
  };
}

/**
 * Of the models that are here those that came as this network did: key points mean what a network takes them for, so the embedded one goes with the embedded
 * models, one of the user's with the user's. Of these 'motion-KIND' first, then any of its kind for so many points. Opened once, asked for again where there
 * was none.
 */
function motionFinder(path: string): FindMotion {
  const opened = new Map<string, Promise<MotionModel>>();
  return async (kind, points) => {
    const key = `${kind} ${points}`;
    const found = opened.get(key) ?? findMotion(kind, points, path);
    opened.set(key, found);
    found.catch(() => opened.delete(key));
    return await found;
  };
}

async function findMotion(kind: Exclude<MorphMotion, 'linear'>, points: number, network: string): Promise<MotionModel> {
  const { models } = await scanModels();
  const own = `motion-${kind}`;
  const embedded = models.find(({ path }) => path === network)?.embedded ?? true;
  const distance = (model: InstalledModel): number =>
    2 * Number(model.embedded !== embedded) + Number(model.id !== own);
  const ofKind = models
    .filter(({ id, manifest }) => manifest.family === motion.id && (id === own || manifest.config['kind'] === kind))
    .toSorted((a, b) => distance(a) - distance(b));
  for (const { path, manifest } of ofKind) {
    const model = await openMotion(path, manifest.config);
    if (model.config.points === points && model.config.kind === kind) return model;
  }
  const why = ofKind.length === 0 ? 'there is none here' : `those here are for other numbers than ${points}`;
  throw new AppError('model-unknown', `--motion ${kind} needs a model of how key points move, and ${why}.`);
}
