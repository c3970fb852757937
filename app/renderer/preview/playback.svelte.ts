/**
 * Playing, stepping and scrubbing a film on a canvas.
 *
 * [Note: latest wins] However many seeks arrive, one picture is being fetched at a time, and when it is there the newest wish is next: dragging shows as many pictures
 * as can be had, and always ends at the right one. While playing, pictures are fetched a few ahead of the clock; what comes too late is dropped and counted.
 */
import { closePicture, type Badge, type Film, type Picture } from './film.ts';
import { paint, type Divider } from './painter.ts';
import { SoundPlayer } from './sound.ts';

/** Pictures fetched ahead of the clock. */
const AHEAD = 5;
/** Pictures a second that are worth drawing. */
const SHOWN_RATE = 60;
const SPEEDS = [1, 2, 4, 8];

export class Playback {
  /** Whole while stopped; while playing the frame that is shown. */
  frame: number = $state(0);
  playing: boolean = $state(false);
  /** Times the film's own; negative backwards. */
  speed: number = $state(1);
  loop: boolean = $state(false);
  muted: boolean = $state(false);
  badge: Badge = $state.raw(null);
  /** Pictures that came too late since play was pressed, and those that were due. */
  dropped: number = $state(0);
  due: number = $state(0);
  /** The frame whose picture is on the canvas; -1 for none. */
  shown: number = $state(-1);
  /** Of a comparison; null for none. */
  divider: Divider = $state(null);
  /** There is something on the other side of the divider. */
  comparing: boolean = $state(false);
  /** The other side is on its way, or why it is not there. */
  other: 'waiting' | { problem: string } | null = $state.raw(null);
  /** What is looped and what I and O have marked, [from, to). */
  readonly range: () => { from: number; to: number } | null;
  readonly film: Film;
  readonly #sound = new SoundPlayer();
  #canvas: HTMLCanvasElement | undefined;
  #picture: Picture | null = null;
  #fetching = false;
  #wanted: number | null = null;
  #run = 0;
  #idle: (() => void)[] = [];
  #disposed = false;

  constructor(film: Film, range: () => { from: number; to: number } | null = () => null) {
    this.film = film;
    this.range = range;
  }

  /** Draws there from now on; undefined to draw nowhere. */
  attach(canvas: HTMLCanvasElement | undefined): void {
    this.#canvas = canvas;
    if (!canvas) return;
    if (this.#picture) this.repaint();
    else this.refresh();
  }

  /** The picture again, after the canvas changed its size or the divider moved. */
  repaint(): void {
    if (this.#canvas) paint(this.#canvas, this.#picture, this.divider);
  }

  /** The frame's picture again, after what it is made of has changed. */
  refresh(): void {
    if (this.#disposed) return;
    if (!this.playing) this.#want(this.frame);
  }

  /** Goes to a frame; playing goes on from there. */
  seek(frame: number): void {
    const last = Math.max(0, this.film.length - 1);
    this.frame = Math.min(Math.max(0, Math.round(frame)), last);
    if (this.playing) void this.play(this.speed);
    else this.#want(this.frame);
  }

  /** Stops, and goes so many frames on or back. */
  step(frames: number): void {
    this.pause();
    this.seek(this.frame + frames);
  }

  toggle(): void {
    if (this.playing) this.pause();
    else void this.play(1);
  }

  /** J and L: plays in that direction, at the next speed where it already does. */
  shuttle(direction: -1 | 1): void {
    const running = this.playing && Math.sign(this.speed) === direction;
    const at = running ? SPEEDS.findIndex((speed) => speed > Math.abs(this.speed)) : 0;
    void this.play(direction * (SPEEDS[at] ?? SPEEDS.at(-1)!));
  }

  pause(): void {
    if (!this.playing) return;
    this.#run++;
    this.playing = false;
    this.#sound.stop();
    this.frame = this.shown >= 0 ? this.shown : Math.round(this.frame);
    this.#want(this.frame);
  }

  async play(speed = 1): Promise<void> {
    if (this.#disposed || this.film.length === 0) return;
    const run = ++this.#run;
    const [from, to] = this.#bounds();
    let start = Math.min(Math.max(this.frame, 0), this.film.length - 1);
    if (this.loop && (start < from || start >= to)) start = speed > 0 ? from : to - 1;
    else if (speed > 0 && start >= to - 1) start = from;
    else if (speed < 0 && start <= from) start = to - 1;
    if (!this.playing) [this.dropped, this.due] = [0, 0];
    this.playing = true;
    this.speed = speed;
    this.#sound.muted = this.muted;
    await this.#sound.start(this.film, this.#seconds(start), speed);
    if (run === this.#run) await this.#show(run, start, speed);
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.#sound.muted = muted;
  }

  /** Resolves when the picture of the newest seek is on the canvas. */
  settled(): Promise<void> {
    if (!this.#fetching) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  dispose(): void {
    this.#disposed = true;
    this.#run++;
    this.playing = false;
    this.#sound.close();
    closePicture(this.#picture);
    this.#picture = null;
    this.#canvas = undefined;
  }

  #seconds(frame: number): number {
    return (frame * this.film.rate.den) / this.film.rate.num;
  }

  /** What play goes over. */
  #bounds(): [number, number] {
    const range = this.loop ? this.range() : null;
    return range && range.to > range.from ? [range.from, Math.min(range.to, this.film.length)] : [0, this.film.length];
  }

  #want(frame: number): void {
    this.#wanted = frame;
    if (!this.#fetching) void this.#fetch();
  }

  async #fetch(): Promise<void> {
    this.#fetching = true;
    try {
      while (this.#wanted !== null && !this.#disposed) {
        const frame = this.#wanted;
        this.#wanted = null;
        const picture = await this.film.picture(frame);
        if (this.playing) closePicture(picture);
        else this.#put(picture);
      }
    } finally {
      this.#fetching = false;
      for (const resolve of this.#idle.splice(0)) resolve();
    }
    if (this.playing || this.#disposed) return;
    void this.film.warm(this.frame);
    void this.#compareSlowly();
  }

  async #compareSlowly(): Promise<void> {
    const picture = this.#picture;
    if (!picture || picture.other || !this.film.slowOther || this.divider === null) return;
    this.other = 'waiting';
    try {
      const other = await this.film.slowOther(picture.frame);
      // Something else is shown by now.
      if (this.#picture !== picture || picture.other || this.#disposed) return other?.close();
      this.other = null;
      picture.other = other;
      this.comparing = other !== null;
      this.repaint();
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (this.#picture === picture) this.other = { problem };
    }
  }

  #put(picture: Picture): void {
    closePicture(this.#picture);
    if (this.#disposed) {
      closePicture(picture);
      this.#picture = null;
      return;
    }
    this.#picture = picture;
    this.shown = picture.frame;
    this.badge = picture.badge;
    this.comparing = picture.other !== null;
    this.other = null;
    this.repaint();
  }

  /** Shows pictures by the clock until paused, or the end. */
  async #show(run: number, start: number, speed: number): Promise<void> {
    const [from, to] = this.#bounds();
    const perSecond = this.film.rate.num / this.film.rate.den;
    const due = (): number => this.#sound.now * perSecond;
    // At a multiple of the speed most frames are never seen: they are not fetched.
    const stride = Math.max(1, Math.floor((perSecond * Math.abs(speed)) / SHOWN_RATE)) * Math.sign(speed);
    const queue: Picture[] = [];
    const live = (): boolean => run === this.#run && !this.#disposed;
    let next = Math.floor(start);
    const fill = async (): Promise<void> => {
      while (live() && next >= from && next < to) {
        if (queue.length >= AHEAD) {
          await frameDrawn();
          continue;
        }
        const now = due();
        const late = Math.floor((now - next) / stride);
        if (late > 1) {
          this.dropped += late;
          this.due += late;
          next += late * stride;
          continue;
        }
        const picture = await this.film.picture(next);
        if (live()) queue.push(picture);
        else closePicture(picture);
        next += stride;
      }
    };
    const filling = fill();
    while (live()) {
      await frameDrawn();
      if (!live()) break;
      const now = due();
      const ready = queue.filter(({ frame }) => (speed > 0 ? frame <= now : frame >= now));
      for (const late of ready.slice(0, -1)) closePicture(late);
      this.dropped += Math.max(0, ready.length - 1);
      this.due += ready.length;
      queue.splice(0, ready.length);
      const picture = ready.at(-1);
      if (picture) {
        this.#put(picture);
        this.frame = picture.frame;
      }
      if (speed > 0 ? now >= to : now < from) return this.#ended(run, queue);
    }
    for (const picture of queue) closePicture(picture);
    await filling;
  }

  #ended(run: number, queue: readonly Picture[]): void {
    for (const picture of queue) closePicture(picture);
    if (run !== this.#run) return;
    const [from, to] = this.#bounds();
    if (this.loop) {
      this.frame = this.speed > 0 ? from : to - 1;
      void this.play(this.speed);
      return;
    }
    this.shown = this.speed > 0 ? to - 1 : from;
    this.pause();
  }
}

function frameDrawn(): Promise<unknown> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}
