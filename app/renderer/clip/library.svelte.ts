/** The clips that match what is looked for: pages of them, loaded as they come into sight, and what of them is selected. */
import { SvelteMap } from 'svelte/reactivity';
import type { ClipQuery, ClipSummary } from '../../contract/library.ts';
import { client } from '../state/connection.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';

/** Clips asked for at once. */
const PAGE = 100;
/** Pages kept; those farthest from what is in sight go. */
const KEPT = 40;
/** Milliseconds within which changes of the library are shown together. */
const SETTLE_MS = 150;
/** Ids of one call, at most (core/studio/schemas.ts). */
const MOST_IDS = 1000;

export class ClipList {
  query: ClipQuery = $state.raw({});
  total = $state(0);
  /** False until the first answer: an empty library is not a slow one. */
  loaded = $state(false);
  readonly #pages = new SvelteMap<number, readonly ClipSummary[]>();
  #sight: [number, number] = [0, 0];
  #asked = new Map<number, number>();
  /** Answers to an older query are not shown. */
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #stop: () => void;

  constructor() {
    this.#stop = client.on('library.changed', () => this.#changed());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop();
  }

  /** Shows what matches `query`. */
  async search(query: ClipQuery): Promise<void> {
    this.query = query;
    await this.reload();
  }

  /** Asks again for what is in sight; what is shown stays until the answers are there. */
  async reload(): Promise<void> {
    this.#generation++;
    this.#asked.clear();
    const [first, last] = this.#sight;
    const pages = range(Math.floor(first / PAGE), Math.floor(last / PAGE));
    for (const page of [...this.#pages.keys()]) if (!pages.includes(page)) this.#pages.delete(page);
    await Promise.all(pages.map((page) => this.#load(page)));
  }

  at(index: number): ClipSummary | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Clips [first, last] are in sight. */
  see(first: number, last: number): void {
    this.#sight = [first, Math.max(first, last)];
    // And what comes into sight soon: half a page each way.
    const [from, to] = [Math.max(0, first - PAGE / 2), Math.min(this.total - 1, this.#sight[1] + PAGE / 2)];
    for (const page of range(Math.floor(from / PAGE), Math.floor(Math.max(from, to) / PAGE))) {
      if (!this.#pages.has(page)) void this.#load(page);
    }
  }

  /** The ids of places [from, to], loaded where need be. */
  async ids(from: number, to: number): Promise<string[]> {
    const ids: string[] = [];
    const end = Math.min(to, this.total - 1);
    for (let at = from; at <= end;) {
      const count = Math.min(MOST_IDS, end - at + 1);
      const page = await client.call('library.query', { query: this.query, offset: at, limit: count });
      ids.push(...page.clips.map(({ id }) => id));
      if (page.clips.length < count) break;
      at += count;
    }
    return ids;
  }

  /** Where a clip is among those loaded; -1 where it is not. */
  indexOf(id: string): number {
    for (const [page, clips] of this.#pages) {
      const at = clips.findIndex((clip) => clip.id === id);
      if (at >= 0) return page * PAGE + at;
    }
    return -1;
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.reload();
    }, SETTLE_MS);
  }

  async #load(page: number): Promise<void> {
    const generation = this.#generation;
    if (this.#asked.get(page) === generation) return;
    this.#asked.set(page, generation);
    const answer = await attempt(() =>
      client.call('library.query', { query: this.query, offset: page * PAGE, limit: PAGE }),
    );
    if (!answer || generation !== this.#generation) return;
    this.total = answer.total;
    this.loaded = true;
    this.#pages.set(page, answer.clips);
    if (this.#pages.size <= KEPT) return;
    const here = this.#sight[0] / PAGE;
    const farthest = [...this.#pages.keys()].toSorted((a, b) => Math.abs(b - here) - Math.abs(a - here))[0]!;
    this.#pages.delete(farthest);
    this.#asked.delete(farthest);
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
