/**
 * CVI as an in-betweening engine: native planes in and out, the pictures at the stills' own size, any moment.
 *
 * [Note: CVI at any time] The network makes sixteen frames, the stills being the first and the last. A moment that is one of its own (a fifteenth) is its picture; any
 * other is found with glide between the two pictures around it, at full size, so no picture is shown twice however many are asked for.
 */
import { AppError } from '../../../contract/errors.ts';
import { floatRgb, frameOfFloatRgb } from '../../media/float-rgb.ts';
import type { Frame } from '../../media/frame.ts';
import { mix } from '../blend.ts';
import { requireAlike, type Between, type EngineSetup, type Interpolator } from '../engine.ts';
import { openGlide } from '../glide/open.ts';
import { STANDARD } from '../glide/settings.ts';
import { enlarge } from '../guide/enlarge.ts';
import type { Picture } from '../guide/fields.ts';
import { renderGuided } from '../guide/render.ts';
import type { FillOptions, Gap, Inbetweener } from '../inbetween.ts';
import { FRAMES } from './config.ts';
import type { SmallFilmNetwork, SmallFilm } from './small.ts';

/** Steps from one still to the other. */
const STEPS = FRAMES - 1;
/** A moment this near to one of the network's own is that one. */
const EXACT = 1e-6;
/** Mean difference of the two warped stills at which the confidence is one half: as for `film`. */
const HALF_SURE = 4 / 255;

/** Times between two neighbouring pictures of the network, or one of its own. */
interface Stretch {
  readonly from: number;
  /** Undefined where the stretch is picture `from` itself. */
  readonly shares?: number[];
  readonly times: number[];
}

/** Pictures of the network around the gap, made when they are asked for. */
interface Film {
  readonly first: Frame;
  readonly last: Frame;
  readonly seed: number;
  readonly pictures: readonly [Picture, Picture];
  readonly small: SmallFilm;
}

export class CviInbetweener implements Inbetweener {
  readonly #network: SmallFilmNetwork;
  readonly #setup: EngineSetup;
  #glide: Promise<Interpolator> | undefined;
  #film: Film | undefined;

  /** Owns the network, which was opened for `setup`. */
  constructor(network: SmallFilmNetwork, setup: EngineSetup) {
    this.#network = network;
    this.#setup = setup;
  }

  get device(): string {
    return this.#network.device;
  }

  async *fill(gap: Gap, times: readonly number[], options: FillOptions): AsyncGenerator<Between> {
    const { signal, guided = true } = options;
    if (times.length === 0) return;
    const film = await this.#filmOf(gap, options);
    const kept = new Map<number, Between>();
    const own = (index: number): Between => {
      const made = kept.get(index) ?? this.#picture(film, index, guided);
      kept.set(index, made);
      return made;
    };
    for (const { from, shares, times: asked } of stretches(times)) {
      signal?.throwIfAborted();
      for (const index of kept.keys()) if (index < from) kept.delete(index);
      if (!shares) {
        yield own(from);
        continue;
      }
      const [before, after] = [own(from), own(from + 1)];
      this.#glide ??= openGlide(this.#setup, STANDARD);
      const between = (await this.#glide).between(before.frame, after.frame, shares, signal ? { signal } : {});
      let n = 0;
      for await (const { frame, confidence } of between) {
        const time = timeAt(film, asked[n++]!);
        yield { frame: { ...frame, time }, confidence: Math.min(confidence, before.confidence, after.confidence) };
      }
    }
  }

  /** The network's film, kept for the next call with the same stills and seed. */
  async #filmOf({ first, last }: Gap, { seed, signal }: FillOptions): Promise<Film> {
    const { width, height, colour = {} } = this.#setup;
    const [a, b] = [first.frame, last.frame];
    requireAlike(a, b);
    if (a.width !== width || a.height !== height)
      throw new AppError('size-mismatch', `The engine was opened for ${width}x${height}, not ${a.width}x${a.height}.`);
    const held = this.#film;
    const same = held?.first === a && held.last === b;
    if (same && held.seed === seed) return held;
    const picture = (frame: Frame): Picture => ({ width, height, data: floatRgb(frame, colour) });
    const pictures = same ? held.pictures : ([picture(a), picture(b)] as const);
    const small = await this.#network.film(...pictures, seed, signal);
    return (this.#film = { first: a, last: b, seed, pictures, small });
  }

  /** Picture 1 to 14 of the film at full size; 0 and 15 are the stills themselves. */
  #picture(film: Film, index: number, guided: boolean): Between {
    if (index === 0) return { frame: film.first, confidence: 1 };
    if (index === STEPS) return { frame: film.last, confidence: 1 };
    const { width, height, colour = {} } = this.#setup;
    const t = index / STEPS;
    const fields = film.small.fields(index);
    const picture = guided ? renderGuided(...film.pictures, fields) : enlarge(film.small.picture(index), width, height);
    const frame = frameOfFloatRgb(picture, film.first, colour, timeAt(film, t));
    const alpha = frame.format.planes.findIndex(({ channel }) => channel === 'a');
    if (alpha >= 0) mix(film.first.planes[alpha]!.data, film.last.planes[alpha]!.data, t, frame.planes[alpha]!.data);
    return { frame, confidence: film.small.confidence(fields, HALF_SURE) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#film = undefined;
    await this.#network[Symbol.asyncDispose]();
    const glide = this.#glide;
    this.#glide = undefined;
    await (await glide?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }
}

function timeAt({ first, last }: Film, t: number): number {
  return Math.round(first.time + t * (last.time - first.time));
}

/** Ascending times by [Note: CVI at any time]. */
function stretches(times: readonly number[]): Stretch[] {
  const all: Stretch[] = [];
  for (const t of times) {
    const at = t * STEPS;
    const nearest = Math.round(at);
    if (nearest > 0 && nearest < STEPS && Math.abs(at - nearest) < EXACT) {
      all.push({ from: nearest, times: [t] });
      continue;
    }
    const from = Math.min(STEPS - 1, Math.max(0, Math.floor(at)));
    const open = all.at(-1);
    if (open?.shares && open.from === from) {
      open.shares.push(at - from);
      open.times.push(t);
    } else all.push({ from, shares: [at - from], times: [t] });
  }
  return all;
}

/** Whether a picture at this moment is one of the network's own. */
export function isOwn(t: number): boolean {
  return Math.abs(t * STEPS - Math.round(t * STEPS)) < EXACT;
}
