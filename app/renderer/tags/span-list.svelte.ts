/** Spans that a query finds: pages of them, loaded as they come into sight. */
import { SvelteMap } from 'svelte/reactivity';
import type { ClipDetails } from '../../contract/library.ts';
import type { SpanHit, SpanQuery } from '../../contract/tags.ts';
import { client } from '../state/connection.svelte.ts';

/** Spans asked for at once. */
const PAGE = 100;
/** Pages kept; those farthest from what is in sight go. */
const KEPT = 40;
const SETTLE_MS = 200;

export class SpanList {
  query: SpanQuery = $state.raw({ text: '' });
  total = $state(0);
  clips = $state(0);
  understood = $state('');
  /** Which word is not understood, or why nothing was found out. */
  problem: string | null = $state(null);
  /** False until the first answer. */
  loaded = $state(false);
  readonly #pages = new SvelteMap<number, readonly SpanHit[]>();
  #sight: [number, number] = [0, 0];
  #asked = new Map<number, number>();
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #stop: () => void;

  constructor() {
    this.#stop = client.on('tags.changed', () => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        void this.reload();
      }, SETTLE_MS);
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop();
  }

  async search(query: SpanQuery): Promise<void> {
    this.query = query;
    this.#sight = [0, 0];
    await this.reload();
  }

  /** Asks again for what is in sight; what is shown stays until the answers are there. */
  async reload(): Promise<void> {
    this.#generation++;
    this.#asked.clear();
    const pages = between(Math.floor(this.#sight[0] / PAGE), Math.floor(this.#sight[1] / PAGE));
    for (const page of [...this.#pages.keys()]) if (!pages.includes(page)) this.#pages.delete(page);
    await Promise.all(pages.map((page) => this.#load(page)));
  }

  at(index: number): SpanHit | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Where a span is among those loaded; -1 where it is not. */
  indexOf(id: string | null): number {
    if (id === null) return -1;
    for (const [page, hits] of this.#pages) {
      const at = hits.findIndex((hit) => hit.id === id);
      if (at >= 0) return page * PAGE + at;
    }
    return -1;
  }

  /** Spans [first, last] are in sight. */
  see(first: number, last: number): void {
    this.#sight = [first, Math.max(first, last)];
    const end = Math.min(this.total - 1, this.#sight[1] + PAGE / 2);
    for (const page of between(Math.floor(first / PAGE), Math.floor(Math.max(first, end) / PAGE))) {
      if (!this.#pages.has(page)) void this.#load(page);
    }
  }

  async #load(page: number): Promise<void> {
    const generation = this.#generation;
    if (this.#asked.get(page) === generation) return;
    this.#asked.set(page, generation);
    try {
      const answer = await client.call('tags.find', { query: this.query, offset: page * PAGE, limit: PAGE });
      if (generation !== this.#generation) return;
      this.total = answer.total;
      this.clips = answer.clips;
      this.understood = answer.understood;
      this.problem = null;
      this.#pages.set(page, answer.hits);
      pictures.want(answer.hits.map(({ clip }) => clip));
    } catch (thrown) {
      if (generation !== this.#generation) return;
      // What was found last stays while a word is being typed.
      this.problem = thrown instanceof Error ? thrown.message : String(thrown);
    }
    this.loaded = true;
    this.#forget();
  }

  #forget(): void {
    if (this.#pages.size <= KEPT) return;
    const here = this.#sight[0] / PAGE;
    const farthest = [...this.#pages.keys()].toSorted((a, b) => Math.abs(b - here) - Math.abs(a - here))[0]!;
    this.#pages.delete(farthest);
    this.#asked.delete(farthest);
  }
}

/** What is known of the clips that spans lie in: how many pictures there are of each. */
class Pictures {
  readonly #clips = new SvelteMap<string, ClipDetails>();
  readonly #asked = new Set<string>();

  constructor() {
    client.on('library.changed', ({ ids }) => {
      const known = ids.length === 0 ? [...this.#asked] : ids.filter((id) => this.#asked.has(id));
      for (const id of known) this.#asked.delete(id);
      this.want(known);
    });
  }

  of(clip: string): ClipDetails | undefined {
    return this.#clips.get(clip);
  }

  want(clips: readonly string[]): void {
    const ids = [...new Set(clips)].filter((id) => !this.#asked.has(id)).slice(0, 1000);
    if (ids.length === 0) return;
    for (const id of ids) this.#asked.add(id);
    void client.call('library.get', { ids }).then(
      (found) => found.forEach((clip) => this.#clips.set(clip.id, clip)),
      () => ids.forEach((id) => this.#asked.delete(id)),
    );
  }
}

export const pictures = new Pictures();

function between(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}
