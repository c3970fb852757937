/** Engines, models and devices, as the core knows them now. One for the whole page: installations go on while other views are looked at. */
import type { ModelSummary } from '../../contract/models.ts';
import type { DeviceSummary, EngineSummary } from '../../contract/settings.ts';
import { client } from './connection.svelte.ts';
import { attempt, toasts } from './toasts.svelte.ts';

export interface InstallState {
  done: number;
  total: number | null;
  etaSeconds: number | null;
}

class Models {
  engines: readonly EngineSummary[] = $state.raw([]);
  models: readonly ModelSummary[] = $state.raw([]);
  devices: readonly DeviceSummary[] = $state.raw([]);
  /** Devices are being tried. */
  trying = $state(false);
  loaded = $state(false);
  /** By id: what is being installed. */
  installing: ReadonlyMap<string, InstallState> = $state.raw(new Map());
  /** Ids of engines that are being measured. */
  measuring: ReadonlySet<string> = $state.raw(new Set());

  constructor() {
    client.on('models.progress', ({ id, ...progress }) => {
      this.installing = new Map([...this.installing, [id, progress]]);
    });
    client.on('models.changed', () => {
      if (this.loaded) void this.load();
    });
  }

  async load(): Promise<void> {
    await attempt(async () => {
      [this.engines, this.models] = await Promise.all([
        client.call('engines.list', {}),
        client.call('models.list', {}),
      ]);
      this.loaded = true;
    });
  }

  /** Tries what was not tried before; `anew` tries all again. */
  async loadDevices({ anew = false } = {}): Promise<void> {
    this.trying = true;
    await attempt(async () => {
      const devices = await client.call('devices.list', {});
      this.devices = devices;
      if (!anew) return;
      for (const { id } of devices) {
        const tested = await client.call('devices.test', { device: id as never });
        this.devices = this.devices.map((device) => (device.id === id ? tested : device));
      }
    });
    this.trying = false;
  }

  async install(id: string, accept: boolean): Promise<void> {
    await this.#under(id, async () => {
      await client.call('models.install', { id, accept });
      toasts.show(`${id} is installed.`, 'good');
    });
  }

  async import(path: string): Promise<void> {
    await attempt(async () => {
      const { id } = await client.call('models.import', { path });
      toasts.show(`Imported as ${id}.`, 'good');
    });
    this.installing = new Map();
  }

  async measure(id: string): Promise<void> {
    this.measuring = new Set([...this.measuring, id]);
    const engine = await attempt(() => client.call('engines.measure', { id }));
    if (engine) this.engines = this.engines.map((one) => (one.id === id ? engine : one));
    this.measuring = new Set([...this.measuring].filter((one) => one !== id));
  }

  async #under(id: string, work: () => Promise<void>): Promise<void> {
    this.installing = new Map([...this.installing, [id, { done: 0, total: null, etaSeconds: null }]]);
    await attempt(work);
    this.installing = new Map([...this.installing].filter(([one]) => one !== id));
  }
}

export const models = new Models();
