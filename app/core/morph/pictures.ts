/** The pictures of a morph in order, made as they are asked for. */
import { inbetweenDevice } from '../engines/engine-device.ts';
import type { Between } from '../engines/engine.ts';
import type { Gap, Inbetweener, InbetweenEntry, Keyframe } from '../engines/inbetween.ts';
import type { Device } from '../../contract/choices.ts';
import type { Frame } from '../media/frame.ts';
import { ontoCanvas } from './canvas.ts';
import { fillGap, openGap } from './fill.ts';
import { keepNewest } from './keyframes.ts';
import { gapEnds, type FilmFrame } from './layout.ts';
import type { MorphFilm } from './plan.ts';

export interface MorphPicture {
  readonly frame: Frame;
  /** 0..1 where it was made; null of a keyframe. */
  readonly confidence: number | null;
}

export interface PicturesOptions {
  readonly threads: number;
  readonly signal: AbortSignal;
}

/** Engines that stay open beside the one in use: a board may change between two from gap to gap. */
const MOST_OPEN = 2;
/** Keyframes kept as frames of the film: those of a gap and its neighbours, large ones only while the gap needs them. Engines know a picture again by its object. */
const MOST_FRAMES = 6;

interface Stream {
  readonly gap: number;
  /** The frame of the gap that comes next. */
  next: number;
  readonly pictures: AsyncGenerator<Between, void, undefined>;
}

export class MorphPictures implements AsyncDisposable {
  readonly #film: MorphFilm;
  readonly #options: PicturesOptions;
  readonly #frames = new Map<number, Frame>();
  readonly #engines = new Map<string, Inbetweener>();
  readonly #devices = new Map<string, Device | undefined>();
  readonly #ran = new Set<string>();
  #stream: Stream | undefined;
  #engineMs = 0;

  constructor(film: MorphFilm, options: PicturesOptions) {
    this.#film = film;
    this.#options = options;
  }

  /** What engines ran on so far. */
  get devices(): string[] {
    return [...this.#ran];
  }

  /** Milliseconds waited for engines. */
  get engineMs(): number {
    return this.#engineMs;
  }

  /** Where an engine's network runs. */
  async device(entry: InbetweenEntry): Promise<Device | undefined> {
    if (!this.#devices.has(entry.id)) {
      const { device } = await inbetweenDevice(entry, this.#film.spec.device, this.#options);
      this.#devices.set(entry.id, device);
    }
    return this.#devices.get(entry.id);
  }

  /** The frames asked for, which follow each other in the film. Finish one call before the next. */
  async *of(wanted: readonly FilmFrame[]): AsyncGenerator<MorphPicture, void, undefined> {
    for (const one of wanted) {
      this.#options.signal.throwIfAborted();
      if ('keyframe' in one) yield { frame: await this.#keyframe(one.keyframe), confidence: null };
      else yield await this.#between(one.gap, one.k);
    }
  }

  /** The picture at 0 < t < 1 of a gap, out of turn: a stream that runs is given up. */
  async at(gap: number, t: number): Promise<MorphPicture> {
    await this.#stop();
    for await (const picture of this.#fill(gap, [t])) return picture;
    throw new Error('a gap without a picture');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    for (const engine of this.#engines.values()) await engine[Symbol.asyncDispose]();
    this.#engines.clear();
  }

  async #between(gap: number, k: number): Promise<MorphPicture> {
    if (this.#stream?.gap !== gap || this.#stream.next > k) {
      await this.#stop();
      this.#stream = this.#begin(gap, k);
    }
    const stream = this.#stream;
    const started = performance.now();
    for (;;) {
      const { value, done } = await stream.pictures.next();
      if (done || !value) throw new Error(`gap ${gap} ended before frame ${k}`);
      if (stream.next++ < k) continue;
      this.#engineMs += performance.now() - started;
      return value;
    }
  }

  /**
   * Where every picture depends on the ends alone the first ones need not be made again. An in-betweening engine is always asked for the whole gap: what it makes may
   * depend on all that it was asked for.
   */
  #begin(gap: number, k: number): Stream {
    const { entry, times } = this.#film.gaps[gap]!;
    const from = heedsMore(entry) ? 0 : k;
    return { gap, next: from, pictures: this.#fill(gap, times.slice(from)) };
  }

  async *#fill(gap: number, times: readonly number[]): AsyncGenerator<Between, void, undefined> {
    const { spec, output, gaps } = this.#film;
    const { threads, signal } = this.#options;
    const { width, height, colour } = output.canvas;
    const { entry } = gaps[gap]!;
    const { motion, seed } = spec.gaps[gap]!;
    const setup = { width, height, threads, colour, ...withDevice(await this.device(entry)) };
    const engine = await this.#engine(entry, setup);
    const frames = gaps[gap]!.times.length;
    yield* fillGap({ gap: await this.#gap(gap), entry, times, motion, seed, frames, setup, engine, signal });
  }

  async #engine(entry: InbetweenEntry, setup: Parameters<InbetweenEntry['open']>[0]): Promise<Inbetweener> {
    const engine = this.#engines.get(entry.id) ?? (await openGap(entry, setup, this.#film.output.canvas.format));
    this.#engines.delete(entry.id);
    this.#engines.set(entry.id, engine);
    this.#ran.add(engine.device);
    for (const [id, oldest] of this.#engines) {
      if (this.#engines.size <= MOST_OPEN) break;
      this.#engines.delete(id);
      await oldest[Symbol.asyncDispose]();
    }
    return engine;
  }

  async #gap(index: number): Promise<Gap> {
    const { keyframes, spec, gaps } = this.#film;
    const { before, first, last, after } = gapEnds(index, keyframes.count, spec.loop);
    const keyframe = async (at: number): Promise<Keyframe> => {
      const { points } = keyframes.at(at);
      return { frame: await this.#keyframe(at), ...(points && { points }) };
    };
    const beyond = heedsMore(gaps[index]!.entry);
    return {
      ...(beyond && before !== undefined && { before: await keyframe(before) }),
      first: await keyframe(first),
      last: await keyframe(last),
      ...(beyond && after !== undefined && { after: await keyframe(after) }),
    };
  }

  async #keyframe(index: number): Promise<Frame> {
    const { keyframes, output } = this.#film;
    const frame = this.#frames.get(index) ?? ontoCanvas(await keyframes.still(index), output.canvas);
    this.#frames.delete(index);
    this.#frames.set(index, frame);
    for (const oldest of this.#frames.keys()) if (this.#frames.size > MOST_FRAMES) this.#frames.delete(oldest);
    keepNewest(this.#frames, (one) => one, 2);
    return frame;
  }

  async #stop(): Promise<void> {
    await this.#stream?.pictures.return();
    this.#stream = undefined;
  }
}

/** Whether an engine's pictures depend on more than the gap's two ends and the time. */
export function heedsMore({ uses }: InbetweenEntry): boolean {
  return uses.seed || uses.motion || uses.points;
}

function withDevice(device: Device | undefined): { device?: Device } {
  return device === undefined ? {} : { device };
}
