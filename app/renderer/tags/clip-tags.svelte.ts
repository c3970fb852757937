/**
 * The actions of one clip, as the core has them, and what a person does to them.
 *
 * [Note: what a person said] Edits go one after the other, each made for what is there when its turn comes; where a job or another window was quicker, what is there now is
 * asked for and the edit sent again. An end that is moved by keys or by the pointer is shown at once and sent when the hand rests, as one step of undo.
 */
import type { ClipDetails } from '../../contract/library.ts';
import type { ClipTags, Span, SpanEdit, SpanFact } from '../../contract/tags.ts';
import { client } from '../state/connection.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';
import { grown, inOrder, lanesOf, renamed, type Ends, type Lane } from './lanes.ts';

/** Milliseconds a hand rests before what it moved is sent. */
const REST_MS = 400;
/** Milliseconds within which changes are asked for together. */
const SETTLE_MS = 120;
const TRIES = 4;
/** Labels without a span that are shown all the same: those that the recogniser says most of. */
const STRONGEST = 5;

interface Draft extends Ends {
  readonly id: string;
}

export class ClipSession {
  readonly clip: ClipDetails;
  tags: ClipTags = $state.raw({ clip: '', version: 0, runs: [], spans: [], canUndo: false, canRedo: false });
  loaded = $state(false);
  /** Why nothing is known. */
  problem: string | null = $state(null);
  /** Moved and not yet sent. */
  draft: Draft | null = $state.raw(null);
  /** Spans that other rules would make; null while none are tried. */
  preview: readonly SpanFact[] | null = $state.raw(null);
  /** Lanes in the order they came. */
  labels: readonly string[] = $state.raw([]);
  readonly spans: readonly Span[] = $derived(inOrder(this.tags.spans.map((span) => this.#shown(span))));
  readonly lanes: readonly Lane[] = $derived(lanesOf(this.tags.runs, this.spans, this.labels));
  #turn: Promise<unknown> = Promise.resolve();
  /** The draft that is on its way. */
  #sent: Draft | null = null;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #settle: ReturnType<typeof setTimeout> | undefined;
  /** Runs whose strongest labels are in the lanes, by id and scores. */
  readonly #asked = new Map<string, number>();
  #closed = false;
  /** Hears that a span has become another one: see `renamed`. */
  onbecome: ((from: string, to: string) => void) | undefined;
  /** The span that is looked at. */
  watched: () => string | null = () => null;
  readonly #edited: () => void;
  readonly #stop: () => void;
  readonly #leaving = (): void => void this.flush();

  /** `edited` hears of every step that undo can take back. */
  constructor(clip: ClipDetails, edited: () => void = () => {}) {
    this.clip = clip;
    this.#edited = edited;
    this.#stop = client.on('tags.changed', ({ clip: changed }) => {
      if (changed === '' || changed === clip.id) this.#later();
    });
    // Closing the page is no reason to forget the last nudge.
    window.addEventListener('pagehide', this.#leaving);
    void this.load();
  }

  get length(): number {
    return this.clip.duration ?? 0;
  }

  close(): void {
    void this.flush();
    this.#closed = true;
    clearTimeout(this.#settle);
    window.removeEventListener('pagehide', this.#leaving);
    this.#stop();
  }

  span(id: string | null): Span | undefined {
    return id === null ? undefined : this.spans.find((span) => span.id === id);
  }

  async load(): Promise<void> {
    try {
      this.#take(await client.call('tags.clip', { id: this.clip.id }));
      this.problem = null;
    } catch (thrown) {
      this.problem = thrown instanceof Error ? thrown.message : String(thrown);
    }
    this.loaded = true;
  }

  /** A lane for a label that has no span yet. */
  addLane(label: string): void {
    if (!this.labels.includes(label)) this.labels = [...this.labels, label];
  }

  /** Does edits as one step. False when it was refused, which was said. */
  async edit(edits: SpanEdit[]): Promise<boolean> {
    await this.flush();
    return this.#change(edits);
  }

  async undo(): Promise<boolean> {
    await this.flush();
    return this.#send((version) => client.call('tags.undo', { clip: this.clip.id, version }));
  }

  async redo(): Promise<boolean> {
    await this.flush();
    return this.#send((version) => client.call('tags.redo', { clip: this.clip.id, version }));
  }

  /** Shown at once, sent when the hand rests. */
  move(id: string, { start, end }: Ends): void {
    if (this.draft && this.draft.id !== id) void this.flush();
    this.draft = { id, start, end };
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => void this.flush(), REST_MS);
  }

  /** Not meant after all. */
  dropDraft(): void {
    clearTimeout(this.#rest);
    this.draft = null;
  }

  /** Sends what was moved. */
  async flush(): Promise<void> {
    clearTimeout(this.#rest);
    const moved = this.draft;
    if (!moved || moved === this.#sent) {
      await this.#turn;
      return;
    }
    this.#sent = moved;
    const { id, start, end } = moved;
    const before = this.tags.spans.find((span) => span.id === id);
    if (before && (before.start !== start || before.end !== end)) {
      await this.#change([{ type: 'change', id, start, end }]);
    }
    if (this.draft === moved) this.draft = null;
  }

  /** What the core answered to something else that was asked about this clip. */
  take(tags: ClipTags): void {
    this.#take(tags);
  }

  async #change(edits: SpanEdit[]): Promise<boolean> {
    const meant = this.tags.spans;
    const done = await this.#send((version) => {
      const now = edits.map((edit) => renamed(edit, meant, this.tags.spans));
      return client.call('tags.edit', { clip: this.clip.id, version, edits: now });
    });
    if (done) this.#edited();
    return done;
  }

  #send(ask: (version: number) => Promise<ClipTags>): Promise<boolean> {
    const result = this.#turn.then(async () => {
      const answer = await attempt(async () => {
        for (let tries = 1; ; tries++) {
          try {
            return await ask(this.tags.version);
          } catch (thrown) {
            if (codeOf(thrown) !== 'tags-changed' || tries >= TRIES) throw thrown;
            this.#take(await client.call('tags.clip', { id: this.clip.id }));
          }
        }
      });
      if (answer) this.#take(answer);
      else await this.load();
      return answer !== undefined;
    });
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Answers may overtake each other: the newest stays. */
  #take(tags: ClipTags): void {
    if (this.loaded && tags.version < this.tags.version) return;
    const [watched, before] = [this.watched(), this.tags.spans];
    this.tags = tags;
    if (watched !== null && !this.draft) {
      const edit = renamed({ type: 'accept', id: watched }, before, tags.spans);
      if ('id' in edit && edit.id !== watched) this.onbecome?.(watched, edit.id);
    }
    this.labels = grown(this.labels, tags, []);
    for (const run of tags.runs) void this.#strongest(run.id, run.scores);
  }

  async #strongest(run: string, scores: number): Promise<void> {
    // Of one that is growing, once more when there is twice as much.
    const before = this.#asked.get(run);
    if (scores === 0 || (before !== undefined && scores < 2 * before)) return;
    this.#asked.set(run, scores);
    const found = await client.call('tags.strongest', { run, most: STRONGEST }).catch(() => []);
    if (this.#closed) return;
    this.labels = grown(
      this.labels,
      this.tags,
      found.filter(({ label, peak }) => peak > 0 && label !== NOTHING).map(({ label }) => label),
    );
  }

  #later(): void {
    this.#settle ??= setTimeout(() => {
      this.#settle = undefined;
      // In turn, so that it is not older than what an edit answers.
      void this.#turn.then(async () => {
        if (!this.#closed) await this.load();
      });
    }, SETTLE_MS);
  }

  #shown(span: Span): Span {
    const { draft } = this;
    return draft && draft.id === span.id ? { ...span, start: draft.start, end: draft.end } : span;
  }
}

/** What recognisers call it when nobody does anything: no lane. */
const NOTHING = 'nothing';

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}
