/** The program monitor's player: the open project as a film, followed through its edits, with what is missing asked to be rendered around the playhead. */
import { untrack } from 'svelte';
import { ClipFiles } from '../preview/clip-files.ts';
import { Playback } from '../preview/playback.svelte.ts';
import { ReaderPool } from '../preview/reader-pool.ts';
import { SequenceFilm, type Compare } from '../preview/sequence-film.ts';
import { client } from './connection.svelte.ts';
import { Plans } from './plans.svelte.ts';
import type { ProjectSession } from './project.svelte.ts';

/** Milliseconds the playhead must rest before rendering moves to it. */
const REST_MS = 200;
/** Milliseconds a dragging hand must rest before the picture follows: painting in every step would make the drag stutter. */
const HAND_MS = 100;

export class Player extends Playback {
  readonly plans: Plans;
  /** Frames still to be rendered, and how fast it goes; null where nothing is. */
  rendering: { missing: number; framesPerSecond: number | null } | null = $state.raw(null);
  renderProblem: string | null = $state(null);
  #compare: Compare = $state.raw({ mode: 'off' });
  readonly #session: ProjectSession;
  readonly #pool: ReaderPool;
  readonly #files: ClipFiles;
  readonly #stops: (() => void)[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hand: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(session: ProjectSession) {
    const plans = new Plans(session);
    const pool = new ReaderPool();
    const files = new ClipFiles((ids) => this.#filesChanged(ids));
    super(new SequenceFilm(session, plans, files, pool, () => this.#compare), () => session.range);
    this.plans = plans;
    this.#session = session;
    this.#pool = pool;
    this.#files = files;
    this.#stops = [
      client.on('preview.progress', ({ project, missing, framesPerSecond, error }) => {
        if (project !== session.doc.id) return;
        this.rendering = missing > 0 && !error ? { missing, framesPerSecond } : null;
        this.renderProblem = error?.message ?? null;
      }),
      $effect.root(() => {
        $effect(() => this.#follow());
        $effect(() => this.#replanned());
        $effect(() => this.#ask());
      }),
    ];
  }

  get compare(): Compare {
    return this.#compare;
  }

  /** What the result is compared with, and at which side of the picture they meet. */
  setCompare(compare: Compare): void {
    this.#compare = compare;
    if (compare.mode === 'off') this.divider = null;
    else this.divider ??= 0.5;
    this.refresh();
  }

  setDivider(at: number): void {
    this.divider = Math.min(1, Math.max(0, at));
    this.repaint();
  }

  /** Renders what is missing around the playhead now, rather than when it has rested. */
  render(): void {
    clearTimeout(this.#timer);
    this.#asked = performance.now();
    const around = Math.max(0, Math.round(this.frame));
    client.call('preview.render', { project: this.#session.doc.id, around }).catch(() => {});
  }

  override dispose(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#hand);
    for (const stop of this.#stops) stop();
    this.plans.close();
    this.#files.close();
    super.dispose();
    this.#pool.close();
    client.call('preview.stop', { project: this.#session.doc.id }).catch(() => {});
  }

  /** After every edit. */
  #follow(): void {
    void this.#session.doc.state;
    const { dragging } = this.#session;
    untrack(() => {
      this.plans.follow();
      clearTimeout(this.#hand);
      if (dragging) this.#hand = setTimeout(() => this.refresh(), HAND_MS);
      else this.refresh();
    });
  }

  /** After plans and chunks came. */
  #replanned(): void {
    void [this.plans.ready, this.plans.analysing, this.plans.failed];
    untrack(() => this.refresh());
  }

  /** What is missing is rendered where the playhead rests; while it moves by itself, where it is once a second. */
  #ask(): void {
    void this.frame;
    const plans = [...this.plans.ready.values()];
    clearTimeout(this.#timer);
    if (!plans.some(({ preview }) => preview.chunks.some(({ ready }) => !ready))) return;
    if (this.playing && performance.now() - this.#asked > 1000) this.render();
    else if (!this.playing) this.#timer = setTimeout(() => this.render(), REST_MS);
  }

  #filesChanged(ids: readonly string[]): void {
    for (const id of ids) this.#pool.drop(`clip/${id}/proxy`);
    this.refresh();
  }
}
