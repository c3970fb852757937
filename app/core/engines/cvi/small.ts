/** What goes into the network and what comes out, as pictures and fields on its grid. */
import type { GuideFields, Picture } from '../guide/fields.ts';
import { fieldsOf } from '../guide/match.ts';
import { FRAMES, STEP, type CviConfig } from './config.ts';

export interface Grid {
  readonly width: number;
  readonly height: number;
}

/** Beyond this aspect the grid stays as it is and pixels become oblong: memory has an end. */
const WIDEST = 4;

/** The grid for stills of a size: its short side is that of training, the other one keeps the aspect to the next step of 8. */
export function gridOf(width: number, height: number, { frame }: CviConfig): Grid {
  const short = Math.min(...frame);
  const aspect = Math.min(WIDEST, Math.max(width, height) / Math.min(width, height));
  const long = Math.max(short, STEP * Math.round((short * aspect) / STEP));
  return width >= height ? { width: long, height: short } : { width: short, height: long };
}

/** Luma of R'G'B', as grey videos were made of colour ones for training: BT.601. */
const LUMA = [0.299, 0.587, 0.114] as const;

function lumaAt(data: Float32Array, count: number, i: number): number {
  return LUMA[0] * data[i]! + LUMA[1] * data[count + i]! + LUMA[2] * data[2 * count + i]!;
}

/** A still as the network sees it: [c, height, width], -1..1. */
export function seen({ width, height, data }: Picture, channels: 1 | 3): Float32Array {
  const count = width * height;
  if (channels === 3) return data.map((value) => 2 * value - 1);
  return Float32Array.from({ length: count }, (_, i) => 2 * lumaAt(data, count, i) - 1);
}

/** Frame `index` of planes [16, c, height, width] in -1..1 as R'G'B' in 0..1; grey where the network is. */
function shown(video: Float32Array, index: number, { width, height }: Grid, channels: 1 | 3): Picture {
  const count = width * height;
  const from = index * channels * count;
  const data = new Float32Array(3 * count);
  for (let plane = 0; plane < 3; plane++) {
    const source = from + (channels === 3 ? plane * count : 0);
    for (let i = 0; i < count; i++) data[plane * count + i] = Math.min(1, Math.max(0, (video[source + i]! + 1) / 2));
  }
  return { width, height, data };
}

/** What a run of the graph gave, by its outputs' names; those of the warp head where there is one. */
export interface Made {
  readonly video: Float32Array;
  readonly toFirst?: Float32Array | undefined;
  readonly toLast?: Float32Array | undefined;
  readonly weights?: Float32Array | undefined;
  readonly painted?: Float32Array | undefined;
}

/** A network that makes small films, opened for stills of one size. */
export interface SmallFilmNetwork extends AsyncDisposable {
  /** For people: 'cpu, 2 threads'. */
  readonly device: string;
  /** The film between two stills of any size; the same seed gives the same. Throws 'engine-failed', the signal's reason. */
  film(first: Picture, last: Picture, seed: number, signal?: AbortSignal): Promise<SmallFilm>;
}

/** The network's small film between two stills. */
export class SmallFilm {
  readonly #first: Picture;
  readonly #last: Picture;
  readonly #made: Made;
  readonly #channels: 1 | 3;

  /** Both stills have the size of the grid. */
  constructor(first: Picture, last: Picture, made: Made, channels: 1 | 3) {
    this.#first = first;
    this.#last = last;
    this.#made = made;
    this.#channels = channels;
  }

  /** Frame 1 to 14 as the network made it, grey if that is grey. */
  picture(index: number): Picture {
    return shown(this.#made.video, index, this.#first, this.#channels);
  }

  /** Where frame 1 to 14 comes from: the warp head's own fields, or those found by matching its picture with the stills. */
  fields(index: number): GuideFields {
    const { toFirst, toLast, weights, painted } = this.#made;
    const [first, last, { width, height }] = [this.#first, this.#last, this.#first];
    if (!toFirst || !toLast || !weights || !painted) {
      const between = this.#channels === 3 ? this.picture(index) : tinted(this.picture(index), first, last, index);
      return fieldsOf({ first, last, between }, index / (FRAMES - 1));
    }
    const count = width * height;
    const part = (data: Float32Array, planes: number) =>
      data.slice(index * planes * count, (index + 1) * planes * count);
    const grid = { width, height, toFirst: part(toFirst, 2), toLast: part(toLast, 2), weights: part(weights, 3) };
    const own = shown(painted, index, grid, this.#channels);
    return { ...grid, painted: (this.#channels === 3 ? own : this.#coloured(own, grid)).data };
  }

  /**
   * How sure frame `index` is, 0..1: how far what the two stills show at the same place agrees, where both are mixed, and how much neither shows.
   * `halfSure` is the mean difference at which the first is one half.
   */
  confidence(fields: GuideFields, halfSure: number): number {
    const [a, b] = warpedBy(fields, this.#first, this.#last);
    const count = fields.width * fields.height;
    let [apart, unseen] = [0, 0];
    for (let i = 0; i < count; i++) {
      const both = fields.weights[i]! * fields.weights[count + i]!;
      let difference = 0;
      for (let at = i; at < 3 * count; at += count) difference += Math.abs(a[at]! - b[at]!) / 3;
      apart += 4 * both * difference;
      unseen += fields.weights[2 * count + i]!;
    }
    return (halfSure / (halfSure + apart / count)) * (1 - unseen / count);
  }

  /** A grey painted picture with the colour of what the stills show there. */
  #coloured(own: Picture, fields: Omit<GuideFields, 'painted'>): Picture {
    const count = own.width * own.height;
    const [a, b] = warpedBy(fields, this.#first, this.#last);
    const still = Float32Array.from({ length: 3 * count }, (_, i) => {
      const [ofFirst, ofLast] = [fields.weights[i % count]!, fields.weights[count + (i % count)]!];
      const both = ofFirst + ofLast;
      return both > 0 ? (ofFirst * a[i]! + ofLast * b[i]!) / both : (a[i]! + b[i]!) / 2;
    });
    return withColour(own, still);
  }
}

/** A grey picture with the colours of a crossfade of the stills, so that they can be told apart by them. */
function tinted(grey: Picture, first: Picture, last: Picture, index: number): Picture {
  const t = index / (FRAMES - 1);
  return withColour(
    grey,
    first.data.map((value, i) => value + t * (last.data[i]! - value)),
  );
}

/** The luma of one picture with the colour differences of another. */
function withColour({ width, height, data }: Picture, colour: Float32Array): Picture {
  const count = width * height;
  const out = Float32Array.from({ length: 3 * count }, (_, i) => {
    const value = data[i]! + colour[i]! - lumaAt(colour, count, i % count);
    return Math.min(1, Math.max(0, value));
  });
  return { width, height, data: out };
}

type Directed = Pick<GuideFields, 'width' | 'height' | 'toFirst' | 'toLast'>;

/** Both small stills at the places of the fields, bilinear, the border repeated: [3, height, width] each. */
function warpedBy(fields: Directed, first: Picture, last: Picture): readonly [Float32Array, Float32Array] {
  return [warped(first, fields.toFirst), warped(last, fields.toLast)];
}

function warped({ width, height, data }: Picture, flow: Float32Array): Float32Array {
  const count = width * height;
  const out = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const x = Math.min(width - 1, Math.max(0, (i % width) + flow[i]!));
    const y = Math.min(height - 1, Math.max(0, Math.floor(i / width) + flow[count + i]!));
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [right, bottom] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
    const [a, b] = [x - left, y - top];
    for (let plane = 0; plane < 3 * count; plane += count) {
      const at = (px: number, py: number): number => data[plane + py * width + px]!;
      const upper = (1 - a) * at(left, top) + a * at(right, top);
      const lower = (1 - a) * at(left, bottom) + a * at(right, bottom);
      out[plane + i] = (1 - b) * upper + b * lower;
    }
  }
  return out;
}
