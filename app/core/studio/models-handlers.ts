/** Handlers of models.*, engines.*, devices.*, cache.*. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { DEVICES, type Device } from '../../contract/jobs.ts';
import type { CacheStatus, DeviceSummary, EngineSummary } from '../../contract/settings.ts';
import { boardsFolder } from '../boards/take-store.ts';
import { engineSpeed as measure } from '../bench/engines.ts';
import { listEngines, type ListedEngine } from '../engines/registry.ts';
import { clearChunks } from '../jobs/chunk-files.ts';
import { chunkBytes } from '../library/chunk-rows.ts';
import { engineSpeed, putEngineSpeed } from '../library/engine-speeds.ts';
import { scoreBytes } from '../library/tag-runs.ts';
import { freeBytes } from '../media/disk-space.ts';
import { findEntry, readCatalogue } from '../models/catalogue.ts';
import { engineSummary, listedEngine } from '../models/engines-overview.ts';
import { idFrom, importModel } from '../models/import.ts';
import { installModel } from '../models/install.ts';
import { listModels, showModel } from '../models/overview.ts';
import { RunningModels } from '../models/running.ts';
import { chainOf, DEVICE_FACTS } from '../nn/device.ts';
import { examineDevices, type DeviceReport } from '../nn/devices.ts';
import { modelPlaces, removeModel, verifyModels } from '../nn/store.ts';
import { previewFolders } from '../preview/kept-files.ts';
import { folderBytes } from './cache-sizes.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

/** Size engines are measured at: large enough to mean something, small enough for a slow network to be done in a minute. */
const MEASURED = { width: 1280, height: 720 };

const DEVICE_NAMES: Readonly<Record<Device, string>> = {
  cpu: 'Processor',
  webgpu: 'Graphics, WebGPU',
  cuda: 'NVIDIA, CUDA',
  tensorrt: 'NVIDIA, TensorRT',
  directml: 'Graphics, DirectML',
  coreml: 'Apple, CoreML',
};

/** Other parts' files that can be made again. */
export interface OtherCaches {
  clearBoards(): Promise<void>;
  clearProxies(): Promise<void>;
  clearThumbnails(): Promise<void>;
}

export interface ModelsPart {
  readonly handlers: HandlersOf<'models'> & HandlersOf<'engines'> & HandlersOf<'devices'> & HandlersOf<'cache'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openModelsPart(context: StudioContext, caches: OtherCaches): Promise<ModelsPart> {
  return {
    handlers: { ...modelHandlers(context), ...engineHandlers(context), ...cacheHandlers(context, caches) },
    media: {},
    close: async () => {},
  };
}

function modelHandlers({ home, topics, access, settings, signal, threads }: StudioContext): HandlersOf<'models'> {
  const places = modelPlaces(home);
  const running = new RunningModels((progress) => topics.emit('models.progress', progress), signal);
  const changed = (): void => topics.emit('models.changed', {});
  return {
    'models.list': async () => await listModels({ places }),
    'models.show': async ({ id }) => await showModel(id, { places }),
    'models.install': async ({ id, accept }) => {
      const entry = findEntry(id, await readCatalogue());
      try {
        await running.run(id, async (options) => {
          const { device } = settings();
          return await installModel(entry, { places, acceptLicence: accept, device, threads, ...options });
        });
        return {};
      } finally {
        changed();
      }
    },
    'models.import': async ({ path, id, licence }) => {
      const file = await access.check(path);
      const name = id ?? idFrom(file);
      try {
        const { device } = settings();
        const model = await running.run(
          name,
          async (options) => await importModel(file, { places, id: name, licence, device, threads, ...options }),
        );
        return { id: model.id };
      } finally {
        changed();
      }
    },
    'models.remove': async ({ id }) => {
      await removeModel(id, places);
      changed();
      return {};
    },
    'models.verify': async ({ id }, { signal: asked }) => {
      const [verdict] = await verifyModels(id, { places, signal: asked });
      if (!verdict) throw new AppError('model-unknown', `No model called '${id}' is installed.`);
      return verdict;
    },
    'models.cancel': async ({ id }) => {
      running.cancel(id);
      return {};
    },
  };
}

function engineHandlers(context: StudioContext): HandlersOf<'engines'> & HandlersOf<'devices'> {
  const { home, db, settings, signal, threads } = context;
  const places = modelPlaces(home);
  const summary = (engine: ListedEngine): EngineSummary => ({
    ...engineSummary(engine),
    speed: engineSpeed(db, engine.entry.id, engine.entry.version) ?? null,
  });
  return {
    'engines.list': async () => (await listEngines(places)).map(summary),
    'engines.measure': async ({ id }) => {
      const engine = await listedEngine(id, places);
      if (!engine) throw new AppError('engine-unknown', `There is no engine called '${id}'.`);
      const { device } = settings();
      const found = await measure(id, { ...MEASURED, threads, device, signal });
      putEngineSpeed(db, id, engine.entry.version, { ...MEASURED, ...found, measuredAt: new Date().toISOString() });
      return summary(engine);
    },
    'devices.list': async () => (await examineDevices(threads, signal, { remembered: true })).map(deviceSummary),
    'devices.test': async ({ device }) => {
      const only = DEVICES.filter((one): one is Device => one === device);
      const [report] = await examineDevices(threads, signal, { only });
      if (report) return deviceSummary(report);
      const platform = chainOf().map((one) => DEVICE_NAMES[one]);
      throw new AppError('device-unavailable', `On this system there are: ${platform.join('; ')}.`);
    },
  };
}

function deviceSummary({ device, reason, needs, auto, unrun, ms, cpuMs }: DeviceReport): DeviceSummary {
  return {
    id: device,
    name: DEVICE_NAMES[device],
    works: reason === undefined,
    reason: reason ?? null,
    needs: needs ?? DEVICE_FACTS[device].needs,
    auto,
    untested: unrun,
    trial: ms === undefined || cpuMs === undefined ? null : { milliseconds: ms, cpuMilliseconds: cpuMs },
  };
}

function cacheHandlers({ home, db, settings }: StudioContext, caches: OtherCaches): HandlersOf<'cache'> {
  const previews = Object.values(previewFolders(home.root));
  const pictures = boardsFolder(home.root);
  const previewBytes = async (): Promise<number> =>
    (await Promise.all([...previews, pictures].map(folderBytes))).reduce((sum, bytes) => sum + bytes, 0);
  const status = async (): Promise<CacheStatus> => ({
    chunks: chunkBytes(db) + (await previewBytes()),
    proxies: await folderBytes(join(home.root, 'proxies')),
    thumbnails: await folderBytes(join(home.root, 'thumbnails')),
    models: await folderBytes(join(home.models, 'installed')),
    scores: scoreBytes(db),
    limit: settings().cacheBytes,
    free: await freeBytes(home.root),
  });
  return {
    'cache.status': status,
    'cache.clear': async ({ what }) => {
      if (what === 'chunks') {
        await clearChunks(db, home.chunks);
        for (const folder of previews) await rm(folder, { recursive: true, force: true });
        await caches.clearBoards();
      } else if (what === 'proxies') await caches.clearProxies();
      else await caches.clearThumbnails();
      return await status();
    },
  };
}
