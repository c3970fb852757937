/** The plans of a project's clips (preview.clip): which frames are real, where chunks are, what is rendered. Asked for when they are needed, and again when they changed. */
import type { ClipPreview, ClipPreviewAnswer } from '../../contract/preview.ts';
import type { SequenceSettings, TimelineClip } from '../../contract/project.ts';
import { sameValue } from '../../core/sequence/apply.ts';
import type { PlannedClip } from '../preview/place.ts';
import { stillHolds } from '../preview/place.ts';
import { client } from './connection.svelte.ts';
import type { ProjectSession } from './project.svelte.ts';

/** Milliseconds an edit may follow the last before plans are asked for. */
const QUIET_MS = 120;

export class Plans {
  /** By id of the timeline clip; replaced when anything in it changes. */
  ready: ReadonlyMap<string, PlannedClip> = $state.raw(new Map());
  /** Clips whose source is analysed for the first time, 0..1, and those whose plan failed. */
  analysing: ReadonlyMap<string, number> = $state.raw(new Map());
  failed: ReadonlyMap<string, string> = $state.raw(new Map());
  readonly #session: ProjectSession;
  readonly #asked = new Map<string, TimelineClip>();
  /** What the plans that are there were made for, besides their clips. */
  #settings: SequenceSettings;
  readonly #stops: (() => void)[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(session: ProjectSession) {
    this.#session = session;
    this.#settings = session.doc.state.settings;
    const mine = (project: string): boolean => project === session.doc.id;
    this.#stops = [
      client.on('preview.changed', ({ project, clip }) => mine(project) && this.#again(clip)),
      client.on('preview.chunk', ({ project, clip, key, first, confidence }) => {
        if (mine(project)) this.#chunk(clip, key, first, confidence);
      }),
      client.on('library.changed', ({ ids }) => this.#sourcesChanged(new Set(ids))),
    ];
  }

  /** Asks for the plans of clips that have none, or one for another state of the clip; call it whenever the project changed. */
  follow(): void {
    this.#forgetWhereSettingsChanged();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#follow(), QUIET_MS);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
  }

  #follow(): void {
    const { clips } = this.#session.doc.state;
    // What is not durable is not known to the core.
    if (this.#session.unsaved > 0) return this.follow();
    for (const clip of Object.values(clips)) {
      const asked = this.#asked.get(clip.id);
      const enough = asked && stillHolds(asked, clip) && asked.first === clip.first && asked.frames === clip.frames;
      if (!enough) void this.#ask(clip);
    }
    for (const id of this.#asked.keys()) if (!Object.hasOwn(clips, id)) this.#forget(id);
  }

  /** At another rate frames are others, in another shape or colour all chunks are: nothing of before is to be shown. */
  #forgetWhereSettingsChanged(): void {
    const { settings } = this.#session.doc.state;
    if (sameValue(settings, this.#settings)) return;
    this.#settings = settings;
    this.#asked.clear();
    [this.ready, this.analysing, this.failed] = [new Map(), new Map(), new Map()];
  }

  #again(id: string): void {
    this.#asked.delete(id);
    this.follow();
  }

  /** A file came back, was relinked, or is another: what was said of its clips may be wrong now. */
  #sourcesChanged(media: ReadonlySet<string>): void {
    for (const clip of Object.values(this.#session.doc.state.clips)) {
      if (media.has(clip.media) || (media.size === 0 && this.failed.has(clip.id))) this.#again(clip.id);
    }
  }

  #forget(id: string): void {
    this.#asked.delete(id);
    this.ready = without(this.ready, id);
    this.analysing = without(this.analysing, id);
    this.failed = without(this.failed, id);
  }

  async #ask(clip: TimelineClip): Promise<void> {
    this.#asked.set(clip.id, clip);
    const answer = await client
      .call('preview.clip', { project: this.#session.doc.id, clip: clip.id })
      .catch((error: unknown) => failure(clip.id, error));
    // Something newer was asked for meanwhile, which will be answered as well.
    if (this.#closed || this.#asked.get(clip.id) !== clip) return;
    this.analysing = without(this.analysing, clip.id);
    this.failed = without(this.failed, clip.id);
    if (answer.state === 'analysing') this.analysing = new Map(this.analysing).set(clip.id, answer.fraction);
    else if (answer.state === 'failed') this.failed = new Map(this.failed).set(clip.id, answer.error.message);
    else this.ready = new Map(this.ready).set(clip.id, { preview: answer.preview, made: clip });
  }

  #chunk(id: string, key: string, first: number, confidence: readonly (number | null)[]): void {
    const plan = this.ready.get(id);
    if (!plan?.preview.chunks.some((chunk) => chunk.key === key)) return;
    const merged = [...plan.preview.confidence];
    for (const [i, value] of confidence.entries()) {
      const at = first + i - plan.made.first;
      if (at >= 0 && at < merged.length) merged[at] = value;
    }
    const chunks = plan.preview.chunks.map((chunk) => (chunk.key === key ? { ...chunk, ready: true } : chunk));
    const preview: ClipPreview = { ...plan.preview, chunks, confidence: merged };
    this.ready = new Map(this.ready).set(id, { ...plan, preview });
  }
}

function failure(clip: string, error: unknown): ClipPreviewAnswer {
  return { state: 'failed', clip, error: { code: 'internal', message: error instanceof Error ? error.message : '' } };
}

function without<T>(map: ReadonlyMap<string, T>, id: string): ReadonlyMap<string, T> {
  if (!map.has(id)) return map;
  const rest = new Map(map);
  rest.delete(id);
  return rest;
}
