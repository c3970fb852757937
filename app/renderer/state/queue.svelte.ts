/** The queue as its view shows it, with how fast jobs were since the page was opened. */
import type { QueueItem, QueueStatus } from '../../contract/queue.ts';
import { client } from './connection.svelte.ts';
import { work } from './work.svelte.ts';

/** How fast a job was at a moment: seconds since it was first seen running, and frames a second. */
export interface Speed {
  readonly at: number;
  readonly framesPerSecond: number;
}

/** Points kept of each job; beyond that every second one goes. */
const MOST_SPEEDS = 1200;

class QueueState {
  readonly status: QueueStatus = $derived(work.queue);
  readonly loaded: boolean = $derived(work.loaded);
  /** By job. */
  speeds: ReadonlyMap<string, readonly Speed[]> = $state.raw(new Map());
  readonly running: QueueItem | undefined = $derived(this.status.items.find((item) => item.state === 'running'));
  readonly open: number = $derived(
    this.status.items.filter(({ state }) => state === 'running' || state === 'waiting').length,
  );
  readonly #began = new Map<string, number>();

  constructor() {
    client.on('queue.changed', (status) => this.#hear(status));
  }

  #hear(status: QueueStatus): void {
    const now = performance.now() / 1000;
    for (const { id, state, framesPerSecond } of status.items) {
      if (state !== 'running' || framesPerSecond === null) continue;
      const began = this.#began.get(id) ?? now;
      this.#began.set(id, began);
      const before = this.speeds.get(id) ?? [];
      const thin = before.length < MOST_SPEEDS ? before : before.filter((_, i) => i % 2 === 0);
      this.speeds = new Map(this.speeds).set(id, [...thin, { at: now - began, framesPerSecond }]);
    }
  }
}

export const queue = new QueueState();
