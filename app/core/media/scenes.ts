/**
 * Where one shot ends and the next begins. [Note: cuts]
 *
 * Each frame's luma thumbnail is shrunk to at most 64 pixels, and its brightness and contrast are taken
 * out, so that exposure and fades change nothing. Between two pictures there are two distances:
 * - structure: blocks of 8x8 look for themselves within 8 pixels (an eighth of the picture) in the other one; what remains
 *   unexplained, relative to the blocks' own contrast, is about 0 within a shot, however it pans, and about 1 across a cut;
 * - tone: how far the histograms of luma are apart, which no motion changes.
 *
 * A cut at i is where *no* picture of i-3..i-1 resembles any of i..i+2 (the least distance counts). So a flash, which is over
 * after a frame or two, is none. It must stand out from the third greatest distance among the eight neighbours to either
 * side: fast pans, shake, noise and dissolves raise those too. Neighbours that repeat the picture before are passed over: on twos every
 * other distance is zero, on fours most are. And contrast must hold up to it on both sides, which it does not in a fade.
 * The four measures are weighed by a logistic regression, fitted on reels of the even half of ../shared/clips/train
 * (shot-reel.ts); `inbetween shots --score` prints how well it does on others.
 * Known to fail: a cut between two views of one room from one camera with little else changed, a shot that begins as a whip
 * pan after a still one (missed), an explosion that stays bright (taken for a cut, half sure).
 */
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { parseTimePoint } from '../time/time-point.ts';

/** Width of the thumbnails that cuts and holds are found on: area-averaged luma of 8 bits, in the picture's proportions. */
export const THUMBNAIL_WIDTH = 128;

/** A cut: `frame` begins a new shot; `score` says how sure that is, above 0.5 to 1. */
export interface Cut {
  readonly frame: number;
  readonly score: number;
}

const MAX_SIDE = 64;
const BLOCK = 8;
const REACH_X = 8;
const REACH_Y = 6;
/** Standard deviation that every picture is brought to; fixed point. */
const CONTRAST = 160;
/** A picture flatter than this (of 255) is taken as that flat, or its noise would become a picture. */
const LEAST_DEVIATION = 6;
/** What a change of a block's own brightness costs, by the pixel, and where it stops costing more. */
const TONE_COST = 0.25;
const TONE_LIMIT = (24 * CONTRAST) / 40;
/** Added to a picture's contrast: a flat block explains nothing. By the pixel. */
const FLOOR = (2 * CONTRAST) / 40;
/** A block this well explained without motion is not searched. */
const STILL = 0.06;

/** Pictures to either side of a cut that are compared. */
const SPAN = 3;
/** Neighbouring distances to either side that a cut must stand out from, and which of them counts. */
const CONTEXT = 8;
const RANK = 2;
/** Frames that a drawing lasts at most where its repeats are passed over, and what part of its surroundings' change a repeat has. */
const LONGEST = 4;
const REPEAT = 0.2;
/** Below this structural distance it is the same scene, however its light changes. */
const CANDIDATE = 0.2;

const WEIGHTS = { structure: 20.3, tone: 3.9, before: 16, after: 15, bias: -38.6 };

/** Offsets of the search by two pixels, nearest first: the best one is mostly near, and the rest is then given up early. */
const COARSE = offsets(REACH_X, REACH_Y, 2);
/** And around the best of those. */
const FINE = offsets(1, 1, 1).slice(1);

function offsets(reachX: number, reachY: number, step: number): { dx: number; dy: number }[] {
  const all: { dx: number; dy: number }[] = [];
  for (let dy = -reachY; dy <= reachY; dy += step)
    for (let dx = -reachX; dx <= reachX; dx += step) all.push({ dx, dy });
  return all.toSorted((a, b) => a.dx ** 2 + a.dy ** 2 - (b.dx ** 2 + b.dy ** 2));
}

/** A thumbnail made ready for comparison. */
interface Picture {
  readonly width: number;
  readonly height: number;
  /** Brightness 0, deviation CONTRAST. */
  readonly values: Int16Array;
  /** Mean of the block whose top left corner is here. */
  readonly means: Int16Array;
  readonly histogram: Float64Array;
  readonly deviation: number;
}

/** Candidates' least distances, by frame. */
interface Candidate {
  readonly frame: number;
  readonly structure: number;
  readonly tone: number;
}

/** Finds the cuts in a stream of thumbnails of width x height bytes. Memory: six pictures, and three numbers a frame. */
export class CutDetector {
  readonly #width: number;
  readonly #height: number;
  readonly #recent: Picture[] = [];
  /** By frame: distances to the frame before, and the deviation of luma. */
  readonly #structure: number[] = [];
  readonly #tone: number[] = [];
  /** Mean difference to the picture before, without regard to motion. */
  readonly #change: number[] = [];
  readonly #deviation: number[] = [];
  readonly #candidates: Candidate[] = [];

  constructor({ width, height }: { width: number; height: number }) {
    this.#width = width;
    this.#height = height;
  }

  /** Takes the next frame's thumbnail; `index` counts from 0. The bytes are not kept. */
  push(index: number, bytes: Uint8Array): void {
    if (index !== this.#structure.length) throw new RangeError(`frame ${index} instead of ${this.#structure.length}`);
    if (bytes.length !== this.#width * this.#height) throw new RangeError(`a thumbnail of ${bytes.length} bytes`);
    const picture = prepare(bytes, this.#width, this.#height);
    const before = this.#recent.at(-1);
    this.#structure.push(before ? structuralDistance(before, picture) : 0);
    this.#tone.push(before ? toneDistance(before, picture) : 0);
    this.#change.push(before ? meanDifference(before, picture) : 0);
    this.#deviation.push(picture.deviation);
    this.#recent.push(picture);
    if (this.#recent.length > 2 * SPAN) this.#recent.shift();
    this.#consider(index - SPAN + 1);
  }

  /** All cuts, ascending. Nothing may be pushed after. */
  finish(): { cuts: Cut[] } {
    const frames = this.#structure.length;
    for (let i = Math.max(1, frames - SPAN + 1); i < frames; i++) this.#consider(i);
    const cuts: Cut[] = [];
    for (const candidate of this.#candidates) {
      const score = 1 / (1 + Math.exp(-this.#weigh(candidate)));
      if (score <= 0.5) continue;
      const last = cuts.at(-1);
      // No shot is shorter than three frames: of two cuts that close, the surer one.
      if (!last || candidate.frame - last.frame >= SPAN) cuts.push({ frame: candidate.frame, score });
      else if (score > last.score) cuts[cuts.length - 1] = { frame: candidate.frame, score };
    }
    return { cuts };
  }

  /** Compares what is before `frame` with what is after it, as far as it is still or already there. */
  #consider(frame: number): void {
    if (frame < 1 || this.#structure[frame]! < CANDIDATE) return;
    const frames = this.#structure.length;
    const first = frames - this.#recent.length;
    let structure = this.#structure[frame]!;
    let tone = this.#tone[frame]!;
    for (let a = Math.max(first, frame - SPAN); a < frame; a++) {
      for (let b = frame; b < Math.min(frames, frame + SPAN); b++) {
        const [before, after] = [this.#recent[a - first]!, this.#recent[b - first]!];
        tone = Math.min(tone, toneDistance(before, after));
        if (structure >= CANDIDATE) structure = Math.min(structure, structuralDistance(before, after));
      }
    }
    if (structure >= CANDIDATE) this.#candidates.push({ frame, structure, tone });
  }

  #weigh({ frame, structure, tone }: Candidate): number {
    const [sooner, later] = [neighbours(this.#change, frame, -1), neighbours(this.#change, frame, 1)];
    const usual = Math.max(outstanding(this.#structure, sooner), outstanding(this.#structure, later));
    const usualTone = Math.max(outstanding(this.#tone, sooner), outstanding(this.#tone, later));
    const all = this.#deviation;
    const before = all[frame - 1]! / second(all.slice(Math.max(0, frame - 6), frame));
    const after = all[frame]! / second(all.slice(frame, frame + 6));
    return (
      WEIGHTS.structure * (structure - usual) +
      WEIGHTS.tone * Math.log((tone + 0.3) / (usualTone + 0.3)) +
      WEIGHTS.before * Math.min(1, before) +
      WEIGHTS.after * Math.min(1, after) +
      WEIGHTS.bias
    );
  }
}

/** The eight frames on one side of `frame` that show a new picture, nearest first: on threes only every third does. */
function neighbours(change: readonly number[], frame: number, side: -1 | 1): number[] {
  const near: number[] = [];
  for (let k = 1; k <= LONGEST * CONTEXT && near.length < CONTEXT; k++) {
    const i = frame + k * side;
    if (i >= 1 && i < change.length && !isRepeat(change, i)) near.push(i);
  }
  return near;
}

/** Whether a frame changes far less than the second most changed of the four to either side (the most changed may be a cut). */
function isRepeat(change: readonly number[], frame: number): boolean {
  let [first, next] = [0, 0];
  for (let i = Math.max(1, frame - LONGEST); i <= Math.min(change.length - 1, frame + LONGEST); i++) {
    const value = change[i]!;
    if (i === frame || value <= next) continue;
    if (value > first) [first, next] = [value, first];
    else next = value;
  }
  return change[frame]! < REPEAT * next;
}

/** The third greatest of some frames' values; 0 where there are fewer. */
function outstanding(values: readonly number[], frames: readonly number[]): number {
  return frames.map((i) => values[i]!).toSorted((a, b) => b - a)[RANK] ?? 0;
}

/** The second greatest value (a flash is not the shot's contrast), the only one, or 1. */
function second(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => b - a);
  return Math.max(1e-3, sorted[1] ?? sorted[0] ?? 1);
}

function prepare(bytes: Uint8Array, width: number, height: number): Picture {
  const smallest = Math.floor(Math.min(width, height) / BLOCK);
  const by = Math.max(1, Math.min(Math.ceil(Math.max(width, height) / MAX_SIDE), smallest));
  // A picture too narrow for a block is continued by its border.
  const [w, h] = [Math.max(BLOCK, Math.floor(width / by)), Math.max(BLOCK, Math.floor(height / by))];
  const luma = new Float32Array(w * h);
  const histogram = new Float64Array(32);
  let sum = 0;
  let squares = 0;
  for (let y = 0, at = 0; y < h; y++) {
    for (let x = 0; x < w; x++, at++) {
      let v = 0;
      for (let j = 0; j < by; j++) {
        const row = Math.min(height - 1, y * by + j) * width;
        for (let i = 0; i < by; i++) v += bytes[row + Math.min(width - 1, x * by + i)]!;
      }
      v /= by * by;
      luma[at] = v;
      histogram[v >> 3]! += 1 / (w * h);
      sum += v;
      squares += v * v;
    }
  }
  const mean = sum / (w * h);
  const deviation = Math.sqrt(Math.max(0, squares / (w * h) - mean * mean));
  const gain = CONTRAST / Math.max(LEAST_DEVIATION, deviation);
  const values = Int16Array.from(luma, (v) => Math.round((v - mean) * gain));
  return { width: w, height: h, values, means: blockMeans(values, w, h), histogram, deviation };
}

/** Mean of the block at every position, by running sums. */
function blockMeans(values: Int16Array, w: number, h: number): Int16Array {
  const means = new Int16Array(w * h);
  const columns = new Int32Array(w);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      columns[x]! += values[y * w + x]! - (y >= BLOCK ? values[(y - BLOCK) * w + x]! : 0);
    }
    if (y + 1 < BLOCK) continue;
    let sum = 0;
    for (let x = 0; x < w; x++) {
      sum += columns[x]! - (x >= BLOCK ? columns[x - BLOCK]! : 0);
      if (x + 1 >= BLOCK) means[(y + 1 - BLOCK) * w + x + 1 - BLOCK] = Math.round(sum / (BLOCK * BLOCK));
    }
  }
  return means;
}

/** Sum of the differences of a block from its mean. */
function blockContrast({ values, means, width }: Picture, at: number): number {
  const mean = means[at]!;
  let sum = 0;
  for (let j = 0, p = at; j < BLOCK; j++, p += width) {
    for (let i = 0; i < BLOCK; i++) sum += Math.abs(values[p + i]! - mean);
  }
  return sum;
}

/** What motion leaves unexplained of `b` from `a`, relative to their contrast: 0 to about 1. */
function structuralDistance(a: Picture, b: Picture): number {
  const { width: w, height: h } = b;
  let unexplained = 0;
  let contrast = 0;
  let blocks = 0;
  for (const y of starts(h)) {
    for (const x of starts(w)) {
      const { cost, texture } = matchBlock(a, b, x, y);
      unexplained += cost;
      contrast += texture;
      blocks++;
    }
  }
  return unexplained / (contrast + blocks * BLOCK * BLOCK * FLOOR);
}

/** Mean of the differences of two pictures, pixel by pixel. */
function meanDifference(a: Picture, b: Picture): number {
  let sum = 0;
  for (let i = 0; i < b.values.length; i++) sum += Math.abs(a.values[i]! - b.values[i]!);
  return sum / b.values.length;
}

/** Where blocks begin: every eight, and the last one flush with the border. */
function starts(length: number): number[] {
  const all: number[] = [];
  for (let at = 0; at + BLOCK <= length; at += BLOCK) all.push(at);
  if (all.at(-1)! + BLOCK < length) all.push(length - BLOCK);
  return all;
}

/** The least cost of b's block at x, y anywhere near there in a, and the greater contrast of the two. */
function matchBlock(a: Picture, b: Picture, x: number, y: number): { cost: number; texture: number } {
  const { width: w, height: h } = b;
  const at = y * w + x;
  const texture = blockContrast(b, at);
  const still = STILL * (texture + BLOCK * BLOCK * FLOOR);
  let best = Infinity;
  let [bestX, bestY] = [x, y];
  const search = (centreX: number, centreY: number, steps: readonly { dx: number; dy: number }[]): void => {
    for (const { dx, dy } of steps) {
      const [x0, y0] = [centreX + dx, centreY + dy];
      if (x0 < 0 || y0 < 0 || x0 + BLOCK > w || y0 + BLOCK > h) continue;
      const cost = blockCost(a, b, y0 * w + x0, at, best);
      if (cost >= best) continue;
      best = cost;
      [bestX, bestY] = [x0, y0];
      if (cost < still) return;
    }
  };
  search(x, y, COARSE);
  if (best >= still) search(bestX, bestY, FINE);
  return { cost: best, texture: Math.max(texture, blockContrast(a, bestY * w + bestX)) };
}

/** What a's block at `from` leaves unexplained of b's at `at`; given up above `limit`. */
function blockCost(a: Picture, b: Picture, from: number, at: number, limit: number): number {
  const { width, values } = b;
  const shift = b.means[at]! - a.means[from]!;
  let cost = TONE_COST * BLOCK * BLOCK * Math.min(TONE_LIMIT, Math.abs(shift));
  for (let j = 0, p = at, q = from; j < BLOCK && cost < limit; j++, p += width, q += width) {
    for (let i = 0; i < BLOCK; i++) cost += Math.abs(values[p + i]! - a.values[q + i]! - shift);
  }
  return cost;
}

/** Work to turn one histogram into the other, in bins of 8 of 255: the earth mover's distance. */
function toneDistance(a: Picture, b: Picture): number {
  let carried = 0;
  let work = 0;
  for (let i = 0; i < a.histogram.length; i++) {
    carried += a.histogram[i]! - b.histogram[i]!;
    work += Math.abs(carried);
  }
  return work;
}

const cutsSchema = z.object({ cuts: z.array(z.number().nonnegative().max(1e9)).max(1_000_000) });

/**
 * The cuts a user wrote down: JSON `{"cuts": [seconds, ...]}`, or a text of seconds or HH:MM:SS.mmm, one on a line ('#' starts a comment).
 * Seconds from the first frame at which a new shot starts, ascending and each once.
 * Throws not-found, not-a-file, bad-cuts.
 */
export async function readCuts(path: string): Promise<number[]> {
  const refuse = (why: string, cause?: unknown): AppError =>
    new AppError('bad-cuts', `The cuts in ${path} cannot be used: ${why}.`, { cause });
  const file = await stat(path).catch((cause: unknown) => {
    throw new AppError('not-found', `There is no file of cuts at ${path}.`, { cause });
  });
  if (!file.isFile()) throw new AppError('not-a-file', `${path} is not a file of cuts.`);
  if (file.size > 32e6) throw refuse('the file is larger than 32 MB');
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '').trim();
  const cuts = text.startsWith('{') ? cutsOfJson(text, refuse) : cutsOfLines(text, refuse);
  return [...new Set(cuts)].toSorted((a, b) => a - b);
}

type Refuse = (why: string, cause?: unknown) => AppError;

function cutsOfJson(text: string, refuse: Refuse): number[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse('it is no JSON', cause);
  }
  const parsed = cutsSchema.safeParse(value);
  if (!parsed.success) throw refuse('it must be {"cuts": [seconds, ...]}, seconds from 0', parsed.error);
  return parsed.data.cuts;
}

function cutsOfLines(text: string, refuse: Refuse): number[] {
  const cuts: number[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const word = line.replace(/#.*/, '').trim();
    if (word === '') continue;
    let point: ReturnType<typeof parseTimePoint>;
    try {
      point = parseTimePoint(word);
    } catch (cause) {
      throw refuse(`line ${i + 1} is neither seconds nor HH:MM:SS.mmm`, cause);
    }
    if (!('seconds' in point)) throw refuse(`line ${i + 1} is a frame number; write seconds`);
    cuts.push(point.seconds);
  }
  return cuts;
}
