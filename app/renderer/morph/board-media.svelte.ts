/** What there is to see of a board: its pictures, how far they are, and the plan of its film. Asked for again whenever the board changed. */
import type { BoardPictures, MorphPlan, TakeState } from '../../contract/morph.ts';
import type { BoardSession } from '../state/board.svelte.ts';
import { client, messageOf } from '../state/connection.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';
import { usedGaps } from './film-map.ts';

/** Milliseconds an edit may follow the last before pictures are asked for, and before missing ones are made. */
const QUIET_MS = 60;
const REST_MS = 500;
const AUTO_KEY = 'inbetween.morph.auto';

export class BoardMedia {
  pictures: BoardPictures = $state.raw({ keyframes: [], takes: [] });
  plan: MorphPlan | null = $state.raw(null);
  /** Why there is no plan. */
  problem: string | null = $state(null);
  /** Missing pictures are made without being asked for. */
  auto: boolean = $state(localStorage.getItem(AUTO_KEY) !== 'false');
  readonly #session: BoardSession;
  readonly #stops: (() => void)[];
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** Takes of gaps that are in the film. */
  readonly #used: readonly TakeState[] = $derived.by(() => {
    const gaps = usedGaps(this.#session.board);
    return this.pictures.takes.filter(({ gap }) => gap < gaps);
  });
  readonly running: boolean = $derived(this.#used.some(({ state }) => state === 'running' || state === 'waiting'));
  /** Pictures still to be made, of all takes. */
  readonly missing: number = $derived(this.#used.reduce((sum, { frames, done }) => sum + frames - done, 0));
  /** Seconds; null where nobody knows. */
  readonly eta: number | null = $derived.by(() => {
    const known = this.#used.flatMap(({ etaSeconds }) => etaSeconds ?? []);
    return known.length === 0 ? null : known.reduce((sum, seconds) => sum + seconds, 0);
  });

  constructor(session: BoardSession) {
    this.#session = session;
    this.#stops = [
      client.on('board.take', ({ id, take }) => {
        if (id === session.id) this.#hear(take);
      }),
      client.on('board.pictures', ({ id }) => {
        if (id === session.id) this.follow();
      }),
    ];
  }

  close(): void {
    this.#asked++;
    clearTimeout(this.#timer);
    clearTimeout(this.#rest);
    for (const stop of this.#stops) stop();
  }

  /** Asks before long for what belongs to the board as it is now; call it whenever it changed. */
  follow(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#rest);
    this.#timer = setTimeout(() => void this.#ask(), QUIET_MS);
  }

  take(gap: number, seed: number): TakeState | undefined {
    return this.pictures.takes.find((take) => take.gap === gap && take.seed === seed);
  }

  setAuto(on: boolean): void {
    this.auto = on;
    localStorage.setItem(AUTO_KEY, String(on));
    if (on) this.#makeMissing();
  }

  /** Has the missing pictures made, of these gaps or of all. */
  async render(gaps?: number[]): Promise<void> {
    await this.#session.saved();
    await attempt(() => client.call('board.render', { id: this.#session.id, ...(gaps && { gaps }) }));
    await this.#ask(false);
  }

  /** Nothing more is made until it is asked for. */
  async stop(): Promise<void> {
    this.setAuto(false);
    clearTimeout(this.#rest);
    await attempt(() => client.call('board.stop', { id: this.#session.id }));
    await this.#ask(false);
  }

  async #ask(thenMake = true): Promise<void> {
    // What is not durable is not known to the core.
    if (this.#session.unsaved > 0) return this.follow();
    const asked = ++this.#asked;
    const { id } = this.#session;
    const mine = (): boolean => asked === this.#asked;
    // The plan reads every still: pictures do not wait for it.
    const shown = client.call('board.pictures', { id }).then(
      (pictures) => void (mine() && (this.pictures = pictures)),
      () => {},
    );
    const planned = client.call('board.plan', { id }).then(
      (plan) => void (mine() && ([this.plan, this.problem] = [plan, null])),
      (thrown: unknown) => void (mine() && ([this.plan, this.problem] = [null, messageOf(thrown)])),
    );
    await Promise.all([shown, planned]);
    if (!mine()) return;
    if (thenMake && this.auto) this.#rest = setTimeout(() => this.#makeMissing(), REST_MS);
  }

  /** What failed is not tried again by itself. */
  #makeMissing(): void {
    const possible = this.plan !== null && this.plan.refused.length === 0 && this.#session.unsaved === 0;
    if (possible && this.#used.some(({ state }) => state === 'absent')) void this.render();
  }

  #hear(take: TakeState): void {
    const { takes } = this.pictures;
    const at = takes.findIndex(({ gap, seed }) => gap === take.gap && seed === take.seed);
    if (at >= 0) this.pictures = { ...this.pictures, takes: takes.with(at, take) };
  }
}
