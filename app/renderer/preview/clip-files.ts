/** Which file of a library's clip the renderer plays: its proxy when there is one, else the source itself, if Chromium can. */
import type { ColourInfo } from '../../contract/media.ts';
import type { ClipDetails } from '../../contract/library.ts';
import { client } from '../state/connection.svelte.ts';

/** A media path, or why there is none now: a proxy is being made, or there is nothing to be shown. */
export type ClipFile =
  | { path: string; proxy: boolean; colour?: ColourInfo | undefined }
  | { path: null; reason: 'proxy' | 'failed' | 'missing'; message: string };

export class ClipFiles {
  readonly #clips = new Map<string, Promise<ClipDetails | undefined>>();
  /** Sources that could not be played. */
  readonly #unplayable = new Set<string>();
  /** Clips whose proxy was asked for. */
  readonly #wanted = new Set<string>();
  readonly #stop: () => void;
  readonly #changed: (ids: readonly string[]) => void;

  /** `changed` is told clips whose file may be another now; none for "many". */
  constructor(changed: (ids: readonly string[]) => void) {
    this.#changed = changed;
    this.#stop = client.on('library.changed', ({ ids }) => this.#forget(ids));
  }

  async of(id: string): Promise<ClipFile> {
    const clip = await this.details(id);
    if (!clip) return { path: null, reason: 'missing', message: 'This clip is not in the library.' };
    if (clip.proxy === 'ready') {
      this.#wanted.delete(id);
      return { path: `clip/${id}/proxy`, proxy: true };
    }
    if (clip.state === 'missing') return { path: null, reason: 'missing', message: 'Its file is missing.' };
    if (!this.#unplayable.has(id) && mayPlay(clip)) {
      return { path: `clip/${id}/source`, proxy: false, colour: clip.info?.video.colour };
    }
    if (clip.proxy === 'failed') return { path: null, reason: 'failed', message: 'No preview of it can be made.' };
    this.#want(id);
    return { path: null, reason: 'proxy', message: 'A preview copy is being made' };
  }

  details(id: string): Promise<ClipDetails | undefined> {
    let asked = this.#clips.get(id);
    if (!asked) {
      asked = client.call('library.get', { ids: [id] }).then(([clip]) => clip);
      this.#clips.set(id, asked);
      asked.catch(() => this.#clips.delete(id));
    }
    return asked;
  }

  /** The file did not play: a source gets a proxy, a proxy that is gone is made again. */
  failed(id: string): void {
    this.#unplayable.add(id);
    this.#clips.delete(id);
    this.#want(id);
  }

  /** Somebody looks at it: its proxy comes before those of others. */
  #want(id: string): void {
    if (this.#wanted.has(id)) return;
    this.#wanted.add(id);
    client.call('library.wantProxy', { id }).catch(() => this.#wanted.delete(id));
  }

  close(): void {
    this.#stop();
  }

  #forget(ids: readonly string[]): void {
    if (ids.length === 0) this.#clips.clear();
    for (const id of ids) this.#clips.delete(id);
    this.#changed(ids);
  }
}

/** Codecs worth trying while there is no proxy; the rest is not even opened. */
function mayPlay({ codec, bitDepth, proxy }: ClipDetails): boolean {
  return /^(h264|vp8|vp9|av1)$/.test(codec ?? '') && (bitDepth ?? 8) === 8 && proxy !== 'failed';
}
