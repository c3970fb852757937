/** The engines there are, for menus. */
import type { EngineSummary } from '../../contract/settings.ts';
import { client } from './connection.svelte.ts';

class Engines {
  list: readonly EngineSummary[] = $state.raw([]);

  constructor() {
    client.on('models.changed', () => void this.load().catch(() => {}));
  }

  async load(): Promise<void> {
    this.list = await client.call('engines.list', {});
  }

  /** For a Select; an engine that is chosen and gone is still in it. */
  options(chosen: string): { value: string; label: string; hint: string }[] {
    const known = this.list.map(({ id, name, network }) => ({
      value: id,
      label: name,
      hint: network ? 'network' : '',
    }));
    return known.some(({ value }) => value === chosen) ? known : [{ value: chosen, label: chosen, hint: '' }, ...known];
  }
}

export const engines = new Engines();
