/** What part of the sequence the timeline shows, how large, and how it behaves. Pixels are CSS pixels of the lanes. */
import type { Rational } from '../../contract/time.ts';
import { clipsInOrder } from '../../core/sequence/geometry.ts';
import { snapPoints } from '../../core/sequence/snap.ts';
import type { TimelineClip } from '../../contract/project.ts';
import type { ProjectSession } from '../state/project.svelte.ts';
import type { Playhead } from './playhead.ts';

/** Pixels a frame, at most; at least what shows the longest sequence there is. */
const MOST_SCALE = 80;
const LEAST_SCALE = 1e-4;
/** What is drawn beyond the edges, and the step in which what is drawn follows scrolling. */
const TILE = 256;
/** Pixels of the trust strip below a clip. */
export const TRUST_HEIGHT = 28;
/** Pixels within which things snap. */
export const SNAP_PIXELS = 8;

export class TimelineView {
  readonly session: ProjectSession;
  readonly player: Playhead;
  /** Pixels a frame. */
  scale: number = $state(4);
  /** Pixels scrolled, and pixels seen. */
  left: number = $state(0);
  width: number = $state(1000);
  /** Pixels of the clips, without their trust strips. */
  trackHeight: number = $state(110);
  snapping: boolean = $state(stored('snapping', true));
  /** Speed curves drawn on the clips. */
  curves: boolean = $state(stored('curves', false));
  trust: boolean = $state(stored('trust', true));
  /** Moving puts clips between others instead of over them. */
  inserting: boolean = $state(stored('inserting', false));
  /** Where the dragged thing sticks, for the line that says so. */
  snapped: number | null = $state(null);
  /** Clips on their way onto the timeline. */
  placing: number = $state(0);
  /** The clip that Tab reaches. */
  current: string | null = $state(null);
  /** For screen readers. */
  announcement: string = $state('');
  /** The lanes' scroll container. */
  scroller: HTMLElement | null = $state.raw(null);
  /** Elements of the clips that exist, by id: the track puts them where they are, see [Note: clips are elements]. */
  readonly elements = new Map<string, HTMLElement>();
  /** Whether the whole is shown, and shown again when it changes. */
  #fitted = true;

  readonly rate: Rational = $derived.by(() => this.session.doc.state.settings.rate);
  readonly clips: readonly TimelineClip[] = $derived.by(() => clipsInOrder(this.session.doc.state));
  /** Pixels of all lanes: half a window more than there is, to have room to drop. */
  readonly contentWidth: number = $derived.by(() =>
    Math.max(this.width, Math.ceil(this.session.length * this.scale + this.width * 0.5)),
  );
  /** Frames that are drawn: what is seen and a tile more on both sides. */
  readonly #tile: number = $derived(Math.floor(this.left / TILE));
  readonly from: number = $derived(((this.#tile - 1) * TILE) / this.scale);
  readonly to: number = $derived(((this.#tile + 2) * TILE + this.width) / this.scale);
  readonly visible: readonly TimelineClip[] = $derived(within(this.clips, this.from, this.to));

  readonly #starts: ReadonlyMap<string, number> = $derived(new Map(this.clips.map(({ id, start }) => [id, start])));

  constructor(session: ProjectSession, player: Playhead) {
    this.session = session;
    this.player = player;
  }

  x(frame: number): number {
    return frame * this.scale;
  }

  startOf(clip: string): number {
    return this.#starts.get(clip) ?? 0;
  }

  /** The frame under a pointer, fractional. */
  frameAt(clientX: number): number {
    const box = this.scroller?.getBoundingClientRect();
    return (clientX - (box?.left ?? 0) + (this.scroller?.scrollLeft ?? 0)) / this.scale;
  }

  /** Zooms by a factor; `frame` stays where it is: the playhead where it is seen, or else the middle. */
  zoom(factor: number, frame?: number): void {
    const playhead = this.player.frame;
    const seen = this.x(playhead) >= this.left && this.x(playhead) <= this.left + this.width;
    this.zoomTo(this.scale * factor, frame ?? (seen ? playhead : (this.left + this.width / 2) / this.scale));
  }

  zoomTo(scale: number, frame: number): void {
    const at = frame * this.scale - this.left;
    this.#fitted = false;
    this.scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, scale));
    this.scrollTo(frame * this.scale - at);
  }

  /** Shows all of it. */
  fit(): void {
    const length = Math.max(1, this.session.length);
    this.scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, (this.width - 24) / length));
    this.scrollTo(0);
    this.#fitted = true;
  }

  get fitted(): boolean {
    return this.#fitted;
  }

  scrollTo(left: number): void {
    const most = Math.max(0, this.session.length * this.scale + this.width * 0.5 - this.width);
    this.left = Math.round(Math.min(Math.max(0, left), most));
    // The lanes may have to grow before they can be scrolled that far.
    const { scroller } = this;
    if (scroller) requestAnimationFrame(() => (scroller.scrollLeft = this.left));
  }

  /** Scrolls so that a frame is seen, not at the very edge. */
  reveal(frame: number, margin = 48): void {
    const x = this.x(frame);
    if (x < this.left + margin) this.scrollTo(x - this.width * 0.3);
    else if (x > this.left + this.width - margin) this.scrollTo(x - this.width * 0.7);
  }

  /** Where dragged edges snap; nothing while snapping is off. */
  points(exclude: Iterable<string>, withPlayhead = true): readonly number[] {
    if (!this.snapping) return [];
    const { range } = this.session;
    return snapPoints(this.session.doc.state, {
      playhead: withPlayhead ? Math.round(this.player.frame) : undefined,
      exclude: [...exclude],
      more: range ? [range.from, range.to] : [],
    });
  }

  get tolerance(): number {
    return SNAP_PIXELS / this.scale;
  }

  toggle(name: 'snapping' | 'curves' | 'trust' | 'inserting'): void {
    this[name] = !this[name];
    keep(name, this[name]);
  }

  say(text: string): void {
    this.announcement = this.announcement === text ? `${text} ` : text;
  }
}

/** Clips that overlap [from, to), of clips in order. */
function within(clips: readonly TimelineClip[], from: number, to: number): readonly TimelineClip[] {
  return clips.filter((clip) => clip.start < to && clip.start + clip.frames > from);
}

const KEY = 'inbetween.timeline.';

function stored(name: string, otherwise: boolean): boolean {
  const value = localStorage.getItem(KEY + name);
  return value === null ? otherwise : value === 'true';
}

function keep(name: string, value: boolean): void {
  localStorage.setItem(KEY + name, String(value));
}
