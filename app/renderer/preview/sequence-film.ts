/** The sequence as a film: each frame's picture from a source, a proxy or a rendered chunk, and what is heard. */
import type { VideoSample } from 'mediabunny';
import type { TimelineClip } from '../../contract/project.ts';
import { TICKS } from '../../contract/time.ts';
import { clipAt, clipEnd, clipsInOrder, sourceAt } from '../../core/sequence/geometry.ts';
import { client, mediaUrl } from '../state/connection.svelte.ts';
import type { Plans } from '../state/plans.svelte.ts';
import type { ProjectSession } from '../state/project.svelte.ts';
import type { ClipFiles } from './clip-files.ts';
import type { Badge, Film, Picture, SoundPart } from './film.ts';
import { placeOf, type Place, type SourcePlace } from './place.ts';
import type { ReaderPool } from './reader-pool.ts';
import type { VideoReader } from './video-reader.ts';
import { sourcePicture, stillPicture, type Found } from './source-picture.ts';

/** What the result is compared with: nothing, the real picture nearest to it, or another engine's picture of it. */
export type Compare = { mode: 'off' } | { mode: 'wipe' } | { mode: 'engines'; engine: string };

/** Frames before and after that are decoded while nothing else is to do. */
const WARM = 4;

export class SequenceFilm implements Film {
  readonly #session: ProjectSession;
  readonly #plans: Plans;
  readonly #files: ClipFiles;
  readonly #pool: ReaderPool;
  readonly #compare: () => Compare;
  #warming = 0;

  constructor(session: ProjectSession, plans: Plans, files: ClipFiles, pool: ReaderPool, compare: () => Compare) {
    this.#session = session;
    this.#plans = plans;
    this.#files = files;
    this.#pool = pool;
    this.#compare = compare;
  }

  get length(): number {
    return this.#session.length;
  }
  get rate(): Film['rate'] {
    return this.#session.doc.state.settings.rate;
  }
  get width(): number {
    return this.#session.doc.state.settings.width;
  }
  get height(): number {
    return this.#session.doc.state.settings.height;
  }

  async picture(frame: number): Promise<Picture> {
    this.#warming++;
    const place = this.place(frame);
    const { sample, badge } = await this.#main(place);
    const other = await this.#other(place).catch(() => null);
    return { frame, main: sample, other, badge };
  }

  place(frame: number): Place {
    return placeOf(this.#session.doc.state, this.#plans.ready, frame);
  }

  async warm(frame: number): Promise<void> {
    const turn = ++this.#warming;
    // A key that is held down comes again before that.
    await new Promise((resolve) => setTimeout(resolve, 80));
    const ahead = Array.from({ length: WARM }, (_, i) => frame + 1 + i);
    const behind = Array.from({ length: WARM }, (_, i) => frame - 1 - i);
    for (const one of [...ahead, ...behind]) {
      if (turn !== this.#warming) return;
      if (one < 0 || one >= this.length) continue;
      const place = this.place(one);
      if (place.kind !== 'black') await this.#warmPlace(place).catch(() => {});
    }
  }

  async sound(from: number, to: number): Promise<SoundPart[]> {
    const { state } = this.#session.doc;
    const perSecond = this.rate.num / this.rate.den;
    const parts: SoundPart[] = [];
    for (const clip of clipsInOrder(state)) {
      const [start, end] = [Math.max(from, clip.start / perSecond), Math.min(to, clipEnd(clip) / perSecond)];
      if (end <= start || clip.audio === 'mute') continue;
      const path = await this.#soundOf(clip, start * perSecond - clip.start);
      if (path) parts.push({ ...path, at: start, length: end - start });
    }
    return parts;
  }

  /** The file a clip is heard from, and where in it, at a frame counted from the clip's start. */
  async #soundOf(clip: TimelineClip, frame: number): Promise<{ path: string; from: number } | null> {
    const plan = this.#plans.ready.get(clip.id);
    if (plan?.preview.sound) {
      // It begins with the first frame that was shown when it was made.
      const from = ((clip.first - plan.made.first + frame) * this.rate.den) / this.rate.num;
      if (from >= 0) return { path: `sound/${plan.preview.sound}`, from };
    }
    if (!isPlain(clip)) return null;
    const file = await this.#files.of(clip.media);
    return file.path === null ? null : { path: file.path, from: sourceAt(clip, this.rate, frame) / TICKS };
  }

  async #main(place: Place): Promise<Found> {
    if (place.kind === 'black') return { sample: null, badge: null };
    if (place.kind === 'chunk') {
      try {
        const reader = await this.#chunk(place.chunk.key);
        return { sample: await reader.picture(await reader.stampAt(this.#inChunk(place.index), 'last')), badge: null };
      } catch {
        // It was cleared from the store, or is not what it should be.
        this.#pool.drop(`chunk/${place.chunk.key}`);
        return { ...(await this.#source(place.source)), badge: NOT_RENDERED };
      }
    }
    const found = await this.#source(place.source);
    return place.rendered || found.badge ? found : { ...found, badge: this.#why(place.clip) };
  }

  #chunk(key: string): Promise<VideoReader> {
    return this.#pool.get(`chunk/${key}`, this.#session.doc.state.settings.colour);
  }

  /** Chunks have a constant rate: the middle of the frame is never beside it. */
  #inChunk(index: number): number {
    return ((index + 0.5) * this.rate.den) / this.rate.num;
  }

  #why(clip: TimelineClip): Badge {
    const fraction = this.#plans.analysing.get(clip.id);
    if (fraction !== undefined) {
      return { kind: 'not-rendered', text: `Not rendered: analysing the source, ${Math.round(fraction * 100)} %` };
    }
    const problem = this.#plans.failed.get(clip.id);
    if (problem !== undefined) return { kind: 'failed', text: problem };
    return NOT_RENDERED;
  }

  #source(place: SourcePlace): Promise<Found> {
    return sourcePicture(this.#files, this.#pool, place);
  }

  async slowOther(frame: number): Promise<VideoSample | null> {
    const compare = this.#compare();
    const clip = clipAt(this.#session.doc.state, frame);
    if (compare.mode !== 'engines' || !clip) return null;
    const project = this.#session.doc.id;
    const { path } = await client.call('preview.frame', { project, clip: clip.id, frame, engine: compare.engine });
    return await stillPicture(mediaUrl(path));
  }

  async #other(place: Place): Promise<VideoSample | null> {
    if (this.#compare().mode !== 'wipe' || place.kind === 'black') return null;
    return (await this.#source({ ...place.source, choice: 'nearest' })).sample;
  }

  async #warmPlace(place: Exclude<Place, { kind: 'black' }>): Promise<void> {
    if (place.kind === 'chunk') {
      const reader = await this.#chunk(place.chunk.key);
      return await reader.warm(await reader.stampAt(this.#inChunk(place.index), 'last'));
    }
    const file = await this.#files.of(place.source.media);
    if (file.path === null) return;
    const reader = await this.#pool.get(file.path, file.colour);
    await reader.warm(await reader.stampAt(place.source.seconds, place.source.choice));
  }
}

const NOT_RENDERED: Badge = { kind: 'not-rendered', text: 'Not rendered: the nearest real frame' };

/** Whether the clip runs at its own speed throughout, so that its own sound belongs to it. */
export function isPlain({ keys }: Pick<TimelineClip, 'keys'>): boolean {
  return keys.every((key, i) => {
    const before = keys[i - 1];
    if (!before) return true;
    const [output, source] = [key.output - before.output, key.source - before.source];
    return before.ease === 'linear' && Math.abs(source - output) < 1e-3 * Math.max(1, output);
  });
}
