/** The settings, as they are in the core; changed here, they are changed everywhere. */
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.ts';
import { client } from './connection.svelte.ts';
import { attempt } from './toasts.svelte.ts';

const DARK = window.matchMedia('(prefers-color-scheme: dark)');
const STILL = window.matchMedia('(prefers-reduced-motion: reduce)');

class SettingsState {
  current: Settings = $state.raw(DEFAULT_SETTINGS);
  #systemDark = $state(DARK.matches);
  #systemStill = $state(STILL.matches);
  readonly dark = $derived(this.current.theme === 'dark' || (this.current.theme === 'system' && this.#systemDark));
  /** Whether things should not move by themselves. */
  readonly still = $derived(
    this.current.motion === 'reduced' || (this.current.motion === 'system' && this.#systemStill),
  );

  constructor() {
    DARK.addEventListener('change', ({ matches }) => (this.#systemDark = matches));
    STILL.addEventListener('change', ({ matches }) => (this.#systemStill = matches));
    client.on('settings.changed', (settings) => (this.current = settings));
  }

  async load(): Promise<void> {
    this.current = await client.call('settings.get', {});
  }

  /** Shown at once; put back, and said, when it is refused. */
  async set(changes: Partial<Settings>): Promise<void> {
    const before = this.current;
    this.current = { ...before, ...changes };
    const after = await attempt(() => client.call('settings.set', { changes }));
    this.current = after ?? before;
  }
}

export const settings = new SettingsState();
