/** Batches and pairs as the core tells them, newest first. */
import type { BatchStatus, PairStatus } from '../../contract/queue.ts';
import { client } from './connection.svelte.ts';

class Batches {
  list: readonly BatchStatus[] = $state.raw([]);
  loaded = $state(false);

  constructor() {
    client.on('batch.changed', (status) => (this.list = withNewest(this.list, status)));
  }

  async load(): Promise<void> {
    this.list = await client.call('batch.list', {});
    this.loaded = true;
  }
}

class Pairs {
  list: readonly PairStatus[] = $state.raw([]);
  loaded = $state(false);

  constructor() {
    client.on('pair.changed', (status) => (this.list = withNewest(this.list, status)));
  }

  async load(): Promise<void> {
    this.list = await client.call('pair.list', {});
    this.loaded = true;
  }
}

function withNewest<T extends { id: string }>(list: readonly T[], status: T): readonly T[] {
  return list.some(({ id }) => id === status.id)
    ? list.map((one) => (one.id === status.id ? status : one))
    : [status, ...list];
}

export const batches = new Batches();
export const pairs = new Pairs();
