/**
 * The large in-between out of the two stills.
 *
 * [Note: guidance] Networks for stills far apart see 64 pixels or so. Enlarged, their pictures are blurs. But what they know is mostly where things go, and
 * that is smooth: so they, or `match.ts` for those that give pictures only, say for each pixel of the small in-between where it is found in either still, how much
 * it is to be taken from each, and what neither shows (`GuideFields`). These fields are enlarged, the stills themselves are read at full size where they
 * point, and only what neither still shows is the small picture enlarged. A place that does not move is therefore the still, to the last digit, and one that does
 * is as sharp as the still. What cannot be got this way: detail that neither still has, and edges of motion finer than a pixel of the small grid.
 */
import { cubicAxis, resample } from '../../media/axis.ts';
import type { GuideFields, Picture } from './fields.ts';
import { addRow } from './sample.ts';

/** The fields are enlarged by the cubic to so many times their grid, and linearly from there. */
const SMOOTH = 4;
/** What weighs less is not looked up. */
const NOTHING = 1 / 1024;

/**
 * The in-between at the stills' size, [3, height, width], not clipped ([Note: guidance]). Both stills have one size; throws RangeError where they do not.
 */
export function renderGuided(first: Picture, last: Picture, fields: GuideFields): Float32Array {
  const { width, height } = first;
  if (last.width !== width || last.height !== height) throw new RangeError('Both stills must have one size');
  const rows = new FieldRows(fields, width, height);
  const out = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    rows.read(y);
    addRow(first, rows.firstX, rows.firstY, rows.ofFirst, y, out);
    addRow(last, rows.lastX, rows.lastY, rows.ofLast, y, out);
    rows.paint(out, y);
  }
  return out;
}

/** The enlarged fields, a row at a time. */
class FieldRows {
  /** Of the row read last: where to look, in pixels of the picture, and weights that sum to 1. */
  readonly firstX: Float32Array;
  readonly firstY: Float32Array;
  readonly lastX: Float32Array;
  readonly lastY: Float32Array;
  readonly ofFirst: Float32Array;
  readonly ofLast: Float32Array;
  readonly #ofPainted: Float32Array;
  readonly #colour: Float32Array;
  readonly #width: number;
  readonly #height: number;
  readonly #grid: { readonly width: number; readonly height: number };
  readonly #columns: Linear;
  readonly #rows: Linear;
  /** Each with how many pixels of the picture a unit of it is. */
  readonly #steered: readonly { readonly plane: Float32Array; readonly unit: number; readonly to: Float32Array }[];
  readonly #painted: readonly Float32Array[];
  readonly #line: Float32Array;

  constructor(fields: GuideFields, width: number, height: number) {
    const grid = {
      width: Math.min(Math.max(width, fields.width), SMOOTH * fields.width),
      height: Math.min(Math.max(height, fields.height), SMOOTH * fields.height),
    };
    const [across, down] = [cubicAxis(fields.width, grid.width), cubicAxis(fields.height, grid.height)];
    const planesOf = (data: Float32Array, count: number): Float32Array[] => {
      const all = resample(data, count, across, down);
      const size = grid.width * grid.height;
      return Array.from({ length: count }, (_, n) => all.subarray(n * size, (n + 1) * size));
    };
    const row = () => new Float32Array(width);
    [this.firstX, this.firstY, this.lastX, this.lastY] = [row(), row(), row(), row()];
    [this.ofFirst, this.ofLast, this.#ofPainted, this.#colour] = [row(), row(), row(), row()];
    const [unitX, unitY] = [width / fields.width, height / fields.height];
    const steered = [...planesOf(fields.toFirst, 2), ...planesOf(fields.toLast, 2), ...planesOf(fields.weights, 3)];
    const units = [unitX, unitY, unitX, unitY, 1, 1, 1];
    const rows = [this.firstX, this.firstY, this.lastX, this.lastY, this.ofFirst, this.ofLast, this.#ofPainted];
    this.#steered = rows.map((to, n) => ({ plane: steered[n]!, unit: units[n]!, to }));
    this.#painted = planesOf(fields.painted, 3);
    [this.#width, this.#height, this.#grid] = [width, height, grid];
    [this.#columns, this.#rows] = [linearAxis(grid.width, width), linearAxis(grid.height, height)];
    this.#line = new Float32Array(grid.width + 1);
  }

  read(y: number): void {
    for (const { plane, unit, to } of this.#steered) this.#enlarge(plane, unit, y, to);
    const [first, last, painted] = [this.ofFirst, this.ofLast, this.#ofPainted];
    for (let x = 0; x < first.length; x++) {
      // The cubic goes a little below 0 beside an edge.
      const a = first[x]! < NOTHING ? 0 : first[x]!;
      const b = last[x]! < NOTHING ? 0 : last[x]!;
      const c = painted[x]! < NOTHING ? 0 : painted[x]!;
      const scale = 1 / (a + b + c);
      first[x] = a * scale;
      last[x] = b * scale;
      painted[x] = c * scale;
    }
  }

  /** Adds what neither still shows to row y of the picture. */
  paint(out: Float32Array, y: number): void {
    const weight = this.#ofPainted;
    if (weight.every((value) => value === 0)) return;
    for (let n = 0; n < 3; n++) {
      this.#enlarge(this.#painted[n]!, 1, y, this.#colour);
      const at = (n * this.#height + y) * this.#width;
      for (let x = 0; x < this.#width; x++) out[at + x]! += weight[x]! * this.#colour[x]!;
    }
  }

  #enlarge(plane: Float32Array, unit: number, y: number, to: Float32Array): void {
    const { width } = this.#grid;
    const line = this.#line;
    const above = this.#rows.index[y]! * width;
    const below = this.#rows.next[y]! * width;
    const part = this.#rows.share[y]!;
    for (let i = 0; i < width; i++)
      line[i] = unit * (plane[above + i]! + part * (plane[below + i]! - plane[above + i]!));
    line[width] = line[width - 1]!;
    const { index, share } = this.#columns;
    for (let x = 0; x < to.length; x++) {
      const at = index[x]!;
      to[x] = line[at]! + share[x]! * (line[at + 1]! - line[at]!);
    }
  }
}

interface Linear {
  /** For each new sample the old one before it, the one after that, and the latter's share. */
  readonly index: Int32Array;
  readonly next: Int32Array;
  readonly share: Float32Array;
}

function linearAxis(from: number, to: number): Linear {
  const [index, next, share] = [new Int32Array(to), new Int32Array(to), new Float32Array(to)];
  for (let i = 0; i < to; i++) {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    index[i] = Math.floor(at);
    next[i] = Math.min(from - 1, index[i]! + 1);
    share[i] = at - index[i]!;
  }
  return { index, next, share };
}
