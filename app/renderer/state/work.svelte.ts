/** What the core is working on, for the status bar: the queue, and what goes on in the background. */
import type { QueueStatus } from '../../contract/queue.ts';
import { client } from './connection.svelte.ts';

class Work {
  queue: QueueStatus = $state.raw({ items: [], held: false, etaSeconds: null, unfinished: [] });
  /** Whether the queue is known. */
  loaded = $state(false);
  background = $state.raw({ probing: 0, thumbnails: 0, proxies: 0 });
  /** Previews that are being rendered: chunks missing, by project. */
  previews: ReadonlyMap<string, number> = $state.raw(new Map());
  readonly running = $derived(this.queue.items.filter(({ state }) => state === 'running'));
  readonly waiting = $derived(this.queue.items.filter(({ state }) => state === 'waiting').length);
  readonly missing = $derived([...this.previews.values()].reduce((sum, some) => sum + some, 0));

  constructor() {
    client.on('queue.changed', (status) => (this.queue = status));
    client.on('library.progress', (progress) => (this.background = progress));
    client.on('preview.progress', ({ project, missing }) => {
      // One is rendered at a time: what was said of another is over.
      this.previews = new Map([[project, missing]]);
    });
  }

  async load(): Promise<void> {
    this.queue = await client.call('queue.status', {});
    this.loaded = true;
  }
}

export const work = new Work();
