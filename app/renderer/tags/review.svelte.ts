/**
 * The review of all that was found and that nobody has looked at, the most doubtful first.
 *
 * [Note: the queue] What was asked for stays in the order it came: what is judged keeps its row, and what is skipped is not asked about again in this round. New pages are
 * asked for from the start, since what is judged is no longer found, and what was seen is left out of them.
 */
import { SvelteMap } from 'svelte/reactivity';
import type { SpanHit, SpanState } from '../../contract/tags.ts';
import { client } from '../state/connection.svelte.ts';
import { pictures } from './span-list.svelte.ts';

const PAGE = 200;
/** Spans left in the row when more are asked for. */
const FEW = 20;

export class Review {
  /** What narrows it: words of the query. */
  readonly within: string;
  hits: readonly SpanHit[] = $state.raw([]);
  at = $state(0);
  /** How many there were when it began, and how many came since. */
  total = $state(0);
  loaded = $state(false);
  problem: string | null = $state(null);
  /** What was said of them in this round. */
  readonly said = new SvelteMap<string, SpanState>();
  readonly #seen = new Set<string>();
  #filling: Promise<void> | undefined;
  #ended = false;

  constructor(within: string) {
    this.within = within;
  }

  get current(): SpanHit | undefined {
    return this.hits[this.at];
  }

  get done(): number {
    return this.said.size;
  }

  async start(): Promise<void> {
    await this.#fill();
    this.loaded = true;
  }

  /** Goes on; false when there is nothing behind. */
  async next(): Promise<boolean> {
    if (this.hits.length - this.at <= FEW) {
      const filling = this.#fill();
      if (this.at + 1 >= this.hits.length) await filling;
    }
    if (this.at >= this.hits.length) return false;
    this.at += 1;
    return this.at < this.hits.length;
  }

  back(): boolean {
    if (this.at === 0) return false;
    this.at -= 1;
    return true;
  }

  judged(id: string, state: SpanState): void {
    this.said.set(id, state);
  }

  /** Goes back to what is judged no longer. */
  takeBack(id: string): void {
    this.said.delete(id);
    const at = this.hits.findIndex((hit) => hit.id === id);
    if (at >= 0) this.at = at;
  }

  /** It has become another one, which is not asked about twice. */
  rename(from: string, to: string): void {
    this.#seen.add(to);
    this.hits = this.hits.map((hit) => (hit.id === from ? { ...hit, id: to } : hit));
  }

  /** It is not there any more. */
  drop(id: string): void {
    this.hits = this.hits.filter((hit) => hit.id !== id);
    this.total = Math.max(this.done, this.total - 1);
  }

  #fill(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#filling ??= this.#ask().finally(() => (this.#filling = undefined));
    return this.#filling;
  }

  async #ask(): Promise<void> {
    const query = { text: `is:found ${this.within}`.trim(), order: 'unsure' as const };
    try {
      for (let offset = 0; ; offset += PAGE) {
        const page = await client.call('tags.find', { query, offset, limit: PAGE });
        const fresh = page.hits.filter(({ id }) => !this.#seen.has(id));
        if (offset === 0) this.total = Math.max(this.total, page.total + this.done);
        for (const { id } of fresh) this.#seen.add(id);
        pictures.want(fresh.map(({ clip }) => clip));
        this.hits = [...this.hits, ...fresh];
        if (fresh.length > 0) return;
        if (offset + page.hits.length >= page.total || page.hits.length === 0) break;
      }
      this.#ended = true;
      this.problem = null;
    } catch (thrown) {
      this.problem = thrown instanceof Error ? thrown.message : String(thrown);
    }
  }
}
