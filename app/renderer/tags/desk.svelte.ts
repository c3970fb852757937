/** What the tags view is about: the clip and the span that are looked at, how it plays, what is being marked. Outlives nothing; what is kept is in `kept`. */
import type { ClipDetails } from '../../contract/library.ts';
import type { LabelCount, Span, TaggerSummary } from '../../contract/tags.ts';
import { ClipFilm, clipRate } from '../preview/clip-film.ts';
import { Playback } from '../preview/playback.svelte.ts';
import { client } from '../state/connection.svelte.ts';
import { toasts } from '../state/toasts.svelte.ts';
import { ClipSession } from './clip-tags.svelte.ts';
import { beside, marked, moved, SHORTEST, withEdge, type Ends } from './lanes.ts';
import type { Review } from './review.svelte.ts';

const SLOW = 0.25;

/** A label is asked for: to give it to a span, to what was marked, or to a new lane. */
export type Asking =
  | { readonly for: 'span'; readonly span: Span }
  | { readonly for: 'mark'; readonly ends: Ends }
  | { readonly for: 'lane' };

export class TagDesk {
  session: ClipSession | null = $state.raw(null);
  playback: Playback | null = $state.raw(null);
  selected: string | null = $state(null);
  /** The lane that marks go to. */
  lane: string | null = $state(null);
  slow = $state(false);
  review: Review | null = $state.raw(null);
  asking: Asking | null = $state.raw(null);
  /** Second at which a span that is being marked begins; null for none. */
  marking: number | null = $state(null);
  engines: readonly TaggerSummary[] = $state.raw([]);
  labels: readonly LabelCount[] = $state.raw([]);
  /** Whether engines and labels were asked for. */
  known = $state(false);
  announcement = $state('');
  readonly span: Span | undefined = $derived(this.session?.span(this.selected));
  /** Where the picture is, in seconds. */
  readonly now: number = $derived(this.playback ? this.seconds(this.playback.frame) : 0);
  /** Playing began because a span is held. */
  #held = false;
  #looping = false;
  #film: ClipFilm | undefined;
  /** What was done in this round of reviewing, the last one last. */
  #done: readonly { clip: string; judged: string | null }[] = $state.raw([]);
  #judging: string | null = null;
  #closed = false;
  #opening = 0;

  get rate(): { num: number; den: number } {
    return this.session ? clipRate(this.session.clip) : { num: 25, den: 1 };
  }

  /** A frame of the clip, in seconds. */
  get step(): number {
    return this.rate.den / this.rate.num;
  }

  /** No span is shorter. */
  get least(): number {
    return Math.max(this.step, SHORTEST);
  }

  seconds(frame: number): number {
    return frame * this.step;
  }

  async load(): Promise<void> {
    const [engines, labels] = await Promise.all([
      client.call('tags.engines', {}).catch(() => []),
      client.call('tags.labels', {}).catch(() => []),
    ]);
    if (this.#closed) return;
    this.engines = engines;
    this.labels = labels;
    this.known = true;
  }

  close(): void {
    this.#closed = true;
    this.#shut();
  }

  /** Shows a clip; `span` is selected. */
  async open(clip: string, span: string | null = null): Promise<void> {
    const turn = ++this.#opening;
    if (this.session?.clip.id !== clip) {
      const [details] = await client.call('library.get', { ids: [clip] }).catch(() => []);
      if (turn !== this.#opening || this.#closed) return;
      if (!details) {
        toasts.show('This clip is not in the library any more.', 'warning');
        return;
      }
      this.#shut();
      this.#show(details);
    }
    const { session } = this;
    if (!session || span === null) return;
    if (!session.loaded || !session.span(span)) await session.load();
    if (turn === this.#opening) this.select(span);
  }

  shut(): void {
    this.#opening++;
    this.#shut();
  }

  #show(clip: ClipDetails): void {
    const session = new ClipSession(clip, () => {
      if (this.review) this.#done = [...this.#done, { clip: clip.id, judged: this.#judging }];
    });
    session.watched = () => this.selected;
    session.onbecome = (from, to) => {
      this.selected = to;
      this.review?.rename(from, to);
    };
    this.session = session;
    this.lane = null;
    if (clip.state !== 'ready' || clip.width === null || clip.duration === null) return;
    const film = new ClipFilm(clip, () => playback.refresh());
    this.#film = film;
    const playback: Playback = new Playback(film, () => this.#range());
    playback.loop = this.#looping;
    this.playback = playback;
  }

  #shut(): void {
    this.marking = null;
    this.#held = false;
    this.#looping = this.playback?.loop ?? this.#looping;
    this.playback?.dispose();
    this.#film?.close();
    this.#film = undefined;
    this.playback = null;
    this.session?.close();
    this.session = null;
    this.selected = null;
  }

  /** What is looped: the selected span, in frames. */
  #range(): { from: number; to: number } | null {
    const { span } = this;
    if (!span) return null;
    const from = Math.floor(span.start / this.step + 1e-6);
    return { from, to: Math.max(from + 1, Math.ceil(span.end / this.step - 1e-6)) };
  }

  select(id: string | null, { seek = true } = {}): void {
    if (id !== this.selected) void this.session?.flush();
    this.selected = id;
    const { span, playback } = this;
    if (!span) return;
    this.lane = span.label;
    if (!playback || !seek) return;
    const playing = playback.playing;
    playback.pause();
    this.seek(span.start);
    if (playing && playback.loop) void playback.play(this.speed);
  }

  /** To the frame that is shown at a second. */
  seek(seconds: number): void {
    this.playback?.seek(Math.floor(seconds / this.step + 1e-6));
  }

  get speed(): number {
    return this.slow ? SLOW : 1;
  }

  toggle(): void {
    const { playback } = this;
    if (!playback) return;
    if (playback.playing) playback.pause();
    else void playback.play(this.speed);
  }

  setSlow(slow: boolean): void {
    this.slow = slow;
    if (this.playback?.playing) void this.playback.play(this.speed);
  }

  setLoop(loop: boolean): void {
    const { playback } = this;
    this.#looping = loop;
    if (!playback) return;
    playback.loop = loop;
    if (loop && this.span && !playback.playing) void playback.play(this.speed);
  }

  goBeside(way: 1 | -1): void {
    const { session } = this;
    const next = session && beside(session.spans, this.selected, this.now, way);
    if (next) this.select(next.id);
    else if (session) this.announcement = way > 0 ? 'No span after this one' : 'No span before this one';
  }

  /** Moves an end of the selected span by frames, or to the playhead. */
  edge(edge: 'start' | 'end', by: number | 'here'): void {
    const { session, span } = this;
    if (!session || !span) return;
    // The frame that is shown is the last one in.
    const here = edge === 'start' ? this.now : this.now + this.step;
    const to = by === 'here' ? here : span[edge] + by * this.step;
    session.move(span.id, withEdge(span, edge, to, session.length, this.least));
  }

  nudge(by: number): void {
    const { session, span } = this;
    if (session && span) session.move(span.id, moved(span, by * this.step, session.length));
  }

  async split(): Promise<void> {
    const { session, span, now } = this;
    if (!session || !span) return;
    if (now <= span.start || now >= span.end) {
      toasts.show('Put the playhead inside the span to split it.', 'info');
      return;
    }
    const { label } = span;
    if (!(await session.edit([{ type: 'split', id: span.id, at: now }]))) return;
    const second = session.spans.find((one) => one.label === label && Math.abs(one.start - now) < 1e-6);
    if (second) this.select(second.id, { seek: false });
  }

  async remove(): Promise<void> {
    const { session, span } = this;
    if (!session || !span) return;
    const next = beside(session.spans, span.id, span.start, 1) ?? beside(session.spans, span.id, span.start, -1);
    if (await session.edit([{ type: 'remove', id: span.id }])) this.select(next?.id ?? null, { seek: false });
  }

  /** Says yes or no to the selected span; in a review the next one comes by itself. */
  async judge(what: 'accept' | 'reject' | 'reset'): Promise<void> {
    const { session, span, review } = this;
    if (!session || !span || this.#judging !== null) return;
    // Nothing to go back to.
    if (what === 'reset' && (span.state === 'found' || (span.engine === null && span.state !== 'rejected'))) return;
    const queued = review?.current?.id === span.id;
    // What waits to be sent is a step of its own.
    await session.flush();
    this.#judging = span.id;
    const done = await session.edit([{ type: what, id: span.id }]);
    this.#judging = null;
    if (!done) return;
    const state = what === 'accept' ? 'accepted' : what === 'reject' ? 'rejected' : 'found';
    this.announcement = `${span.label}: ${state}`;
    if (!review || !queued || what === 'reset') return;
    review.judged(span.id, state);
    await this.goReview(1);
  }

  startReview(review: Review): void {
    this.review = review;
    this.#done = [];
    this.#looping = true;
    void review.start().then(() => this.showReviewed());
  }

  endReview(): void {
    this.review = null;
    this.setLoop(false);
  }

  async goReview(way: 1 | -1): Promise<void> {
    const { review } = this;
    if (!review) return;
    const there = way > 0 ? await review.next() : review.back();
    if (there) await this.showReviewed();
    else if (way > 0) this.playback?.pause();
  }

  /** Shows what the review is at, and loops it. */
  async showReviewed(): Promise<void> {
    const hit = this.review?.current;
    if (!hit) return;
    // What is said from now on is not said of the one before.
    if (this.selected !== hit.id) this.select(null);
    await this.open(hit.clip, hit.id);
    if (this.review?.current?.id !== hit.id) return;
    if (this.session && !this.span) {
      // It was found anew while it waited here, and will be asked about as it is now.
      this.review.drop(hit.id);
      await this.showReviewed();
      return;
    }
    const { playback } = this;
    if (!playback || this.selected !== hit.id) return;
    playback.loop = true;
    void playback.play(this.speed);
  }

  async undo(): Promise<void> {
    await this.session?.flush();
    const last = this.review ? this.#done.at(-1) : undefined;
    this.#done = this.#done.slice(0, -1);
    if (!last) {
      await this.session?.undo();
      return;
    }
    await this.open(last.clip);
    if (this.session?.clip.id !== last.clip || !(await this.session.undo()) || last.judged === null) return;
    this.review?.takeBack(last.judged);
    await this.showReviewed();
  }

  get canUndo(): boolean {
    const { session } = this;
    return (
      (this.review !== null && this.#done.length > 0) || session?.draft != null || (session?.tags.canUndo ?? false)
    );
  }

  async redo(): Promise<void> {
    const { session, review } = this;
    if (!session || !(await session.redo())) return;
    const again = session.span(review?.current?.id ?? null);
    if (review && again && again.state !== 'found') review.judged(again.id, again.state);
  }

  relabel(): void {
    if (this.span) this.asking = { for: 'span', span: this.span };
  }

  /** The label that was asked for. */
  async labelled(label: string): Promise<void> {
    const { asking, session } = this;
    this.asking = null;
    if (!asking || !session) return;
    if (asking.for === 'span') {
      if (asking.span.label !== label) await session.edit([{ type: 'change', id: asking.span.id, label }]);
    } else if (asking.for === 'mark') await this.#mark(label, asking.ends);
    else session.addLane(label);
    this.lane = label;
  }

  /** Press to start, press to end. */
  markStart(): void {
    if (!this.session) return;
    this.marking = this.now;
    this.announcement = 'A span begins here';
  }

  markEnd(): void {
    const { marking } = this;
    if (marking === null) {
      toasts.show('Start a span first.', 'info');
      return;
    }
    this.#finish(marking, this.now + this.step);
  }

  /** A span lasts as long as the key: it plays meanwhile. */
  hold(): void {
    const { playback } = this;
    if (!this.session || !playback) return;
    this.markStart();
    this.#held = !playback.playing;
    if (!playback.playing) void playback.play(this.speed);
  }

  letGo(): void {
    const { marking, playback } = this;
    if (this.#held) playback?.pause();
    this.#held = false;
    if (marking !== null) this.#finish(marking, this.now + this.step);
  }

  #finish(from: number, to: number): void {
    this.marking = null;
    const { session } = this;
    const ends = session && marked(from, to, session.length);
    if (!ends) return;
    if (this.lane === null) {
      this.playback?.pause();
      this.asking = { for: 'mark', ends };
    } else void this.#mark(this.lane, ends);
  }

  async #mark(label: string, { start, end }: Ends): Promise<void> {
    const { session } = this;
    if (!session) return;
    const before = new Set(session.spans.map(({ id }) => id));
    if (!(await session.edit([{ type: 'mark', label, start, end }]))) return;
    const made = session.spans.find((span) => span.label === label && !before.has(span.id));
    if (made) this.select(made.id, { seek: false });
  }

  leave(): void {
    if (this.marking !== null) this.marking = null;
    else if (this.session?.draft) this.session.dropDraft();
    else if (this.session?.preview) this.session.preview = null;
    else this.selected = null;
  }
}
