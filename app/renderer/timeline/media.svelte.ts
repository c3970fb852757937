/** What the timeline shows of the library's clips: their rows, the pictures of their sprites, their waveforms. Loaded once, when first asked for. */
import { SvelteMap } from 'svelte/reactivity';
import type { ClipDetails, ClipFacts } from '../../contract/library.ts';
import { client, mediaUrl } from '../state/connection.svelte.ts';
import { loadPeaks, type Peaks } from './peaks.ts';

/** Pictures side by side, evenly spaced over the clip. */
export interface Sprite {
  image: ImageBitmap;
  count: number;
}

export class TimelineMedia {
  readonly #rows = new SvelteMap<string, ClipDetails>();
  readonly #sprites = new SvelteMap<string, Sprite>();
  readonly #peaks = new SvelteMap<string, Peaks>();
  readonly #facts = new SvelteMap<string, ClipFacts>();
  readonly #asked = new Set<string>();
  #wanted = new Set<string>();
  readonly #stop: () => void;

  constructor() {
    this.#stop = client.on('library.changed', ({ ids }) => {
      for (const id of ids.length > 0 ? ids : [...this.#rows.keys()]) if (this.#rows.has(id)) this.#want(id);
    });
  }

  /** The library's row of a clip; undefined until it is there. */
  row(media: string): ClipDetails | undefined {
    const row = this.#rows.get(media);
    if (!row && !this.#asked.has(`row ${media}`)) {
      this.#asked.add(`row ${media}`);
      this.#want(media);
    }
    return row;
  }

  sprite(media: string): Sprite | undefined {
    const sprite = this.#sprites.get(media);
    const count = this.row(media)?.thumbs ?? 0;
    if (!sprite && count > 0) this.#once(`sprite ${media}`, () => this.#loadSprite(media, count));
    return sprite;
  }

  peaks(media: string): Peaks | undefined {
    const peaks = this.#peaks.get(media);
    if (!peaks && this.row(media)?.hasAudio) {
      this.#once(`peaks ${media}`, async () => {
        const loaded = await loadPeaks(mediaUrl(`clip/${media}/peaks`));
        if (loaded) this.#peaks.set(media, loaded);
      });
    }
    return peaks;
  }

  /** What decoding the clip said; asked for only where that was done already, or it would be done now. */
  facts(media: string): ClipFacts | undefined {
    const facts = this.#facts.get(media);
    if (!facts) {
      this.#once(`facts ${media}`, async () => {
        this.#facts.set(media, await client.call('library.facts', { id: media }));
      });
    }
    return facts;
  }

  close(): void {
    this.#stop();
    for (const { image } of this.#sprites.values()) image.close();
  }

  async #loadSprite(media: string, count: number): Promise<void> {
    const answer = await fetch(mediaUrl(`clip/${media}/sprite`));
    if (!answer.ok) return;
    this.#sprites.set(media, { image: await createImageBitmap(await answer.blob()), count });
  }

  /** A picture that cannot be had is not there: the clip is drawn without. It is asked for again when the library says that the clip changed. */
  #once(what: string, load: () => Promise<void>): void {
    if (this.#asked.has(what)) return;
    this.#asked.add(what);
    load().catch(() => {});
  }

  #want(id: string): void {
    if (this.#wanted.size === 0) setTimeout(() => void this.#load(), 16);
    this.#wanted.add(id);
  }

  async #load(): Promise<void> {
    const ids = [...this.#wanted];
    this.#wanted = new Set();
    try {
      for (const row of await client.call('library.get', { ids })) {
        const before = this.#rows.get(row.id);
        if (before && before.thumbs !== row.thumbs) this.#asked.delete(`sprite ${row.id}`);
        if (before && !this.#peaks.has(row.id)) this.#asked.delete(`peaks ${row.id}`);
        this.#rows.set(row.id, row);
      }
    } catch {
      for (const id of ids) this.#asked.delete(`row ${id}`);
    }
  }
}
