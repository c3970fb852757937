/**
 * From what the generator says of both stills to how the picture between them is made.
 *
 * [Note: two stills] Published, FOMM animates one picture. Between two, both are moved to the key points of the moment, and what is shown is the mean of the
 * first one moved, the last one moved and what the generator paints, with weights (1 - t) * o_first, t * o_last and (1 - o_first) * (1 - o_last); o is the
 * occlusion map, 1 where the still shows what is wanted. What is painted is (1 - t) of the one prediction and t of the other. It is what the embedded
 * weights were trained for (models/training/fomm_net.py).
 *
 * A deformation says where in the still a place of the grid is found, -1 and 1 being the centres of the outermost pixels ([Note: corners of FOMM]). Here it
 * is taken relative to the grid, so that a place which is not moved is found exactly where it is: at whatever size, and whichever way the network samples.
 */
import type { Tensor } from '../../onnx/graph.ts';
import { cubicAxis, resample } from '../../media/axis.ts';
import type { GuideFields, Picture } from '../guide/fields.ts';
import { addRow } from '../guide/sample.ts';
import type { Size } from './graph.ts';
import type { Generated } from './network.ts';

/**
 * [Note: trust] Points on a straight line say little of what happens in between where something goes out and comes back, or where a point is not on the same thing in
 * both stills. Then the two moved stills do not come nearer to each other than they were. So, around every place, their mean difference is compared with that
 * of the stills as they are: motion that gains nothing is taken back by the share in doubt, and both stills are believed again, as a crossfade does. It can only be
 * told where the engine chose the points; what a user sets by hand is done as it was asked for. On 118 windows of the dev split (the numbers of docs/fomm.md) it lowers
 * the error of flow and leaves GMSD as it was.
 */
/** Pixels around a place that are compared. */
const AROUND = 4;
/** A gain of nothing is half believed; how steeply the belief rises, for a gain as a share of the difference. */
const STEEP = 12;
/** Added to the difference of the stills: 1 % of the range is noise. */
const NOISE = 0.01;

/** Of everything, so that a place which neither still shows and nobody paints is still something. */
const LEAST = 1e-6;
/** Pixels of the grid. */
const STILL = 2 ** -12;
/** Mean difference of the two moved stills, in 255ths, at which the confidence is one half: as for `blend`. */
const HALF_SURE = 4;

/** How far each place moves, [2, height, width] in pixels of a grid of that size. */
export function offsetsOf(deformation: Tensor, { width, height }: Size): Float32Array {
  const [, rows, columns] = deformation.dims as [number, number, number, number];
  const places = deformation.data as Float32Array;
  const count = rows * columns;
  const moved = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const x = (2 * (i % columns)) / (columns - 1) - 1;
    const y = (2 * Math.floor(i / columns)) / (rows - 1) - 1;
    moved[i] = unlessStill(((places[2 * i]! - x) * (width - 1)) / 2);
    moved[count + i] = unlessStill(((places[2 * i + 1]! - y) * (height - 1)) / 2);
  }
  return enlarged(moved, 2, { width: columns, height: rows }, { width, height });
}

/** The network's own rounding is no motion: what stays where it is is the still, to the last digit. */
function unlessStill(pixels: number): number {
  return Math.abs(pixels) < STILL ? 0 : pixels;
}

function enlarged(data: Float32Array, planes: number, from: Size, to: Size): Float32Array {
  if (from.width === to.width && from.height === to.height) return data;
  return resample(data, planes, cubicAxis(from.width, to.width), cubicAxis(from.height, to.height));
}

/** Where the still shows what is wanted, [height, width], 0..1; all of it where the network has no occlusion maps. */
function shownOf({ occlusion }: Generated, { width, height }: Size): Float32Array {
  if (!occlusion) return new Float32Array(width * height).fill(1);
  const [, , rows, columns] = occlusion.dims as [number, number, number, number];
  const map = enlarged(occlusion.data as Float32Array, 1, { width: columns, height: rows }, { width, height });
  return map.map((value) => Math.min(1, Math.max(0, value)));
}

/** What the generator painted as [3, height, width]; of one channel, three times the same. */
export function paintedOf({ prediction }: Generated): Float32Array {
  const data = prediction!.data as Float32Array;
  return prediction!.dims[1] === 3 ? data : threefold(data);
}

function threefold(plane: Float32Array): Float32Array {
  const out = new Float32Array(3 * plane.length);
  for (let n = 0; n < 3; n++) out.set(plane, n * plane.length);
  return out;
}

/**
 * The picture at t between two stills ([Note: two stills]), on a grid of `size`, the network's. `paints` false leaves out what is painted: a network
 * of one channel paints no colours. `doubted` are the stills at that size where motion is taken back that brings them no nearer ([Note: trust]).
 */
export function betweenFields(
  first: Generated,
  last: Generated,
  t: number,
  size: Size,
  { paints = true, doubted }: { paints?: boolean; doubted?: readonly [Picture, Picture] | undefined } = {},
): GuideFields {
  const [a, b] = [shownOf(first, size), shownOf(last, size)];
  const toFirst = offsetsOf(first['deformation']!, size);
  const toLast = offsetsOf(last['deformation']!, size);
  const count = size.width * size.height;
  if (doubted) {
    const trust = trustOf(doubted, toFirst, toLast, size);
    for (let i = 0; i < count; i++) {
      const share = trust[i]!;
      for (const offsets of [toFirst, toLast]) {
        offsets[i]! *= share;
        offsets[count + i]! *= share;
      }
      for (const shown of [a, b]) shown[i] = 1 - share * (1 - shown[i]!);
    }
  }
  const weights = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const ofFirst = (1 - t) * a[i]! + (1 - t) * LEAST;
    const ofLast = t * b[i]! + t * LEAST;
    const ofPainted = paints ? (1 - a[i]!) * (1 - b[i]!) : 0;
    const all = ofFirst + ofLast + ofPainted;
    weights[i] = ofFirst / all;
    weights[count + i] = ofLast / all;
    weights[2 * count + i] = ofPainted / all;
  }
  const [p, q] = [paintedOf(first), paintedOf(last)];
  const painted = p.map((value, i) => (1 - t) * value + t * q[i]!);
  return { ...size, toFirst, toLast, weights, painted };
}

/** One still moved: what [Note: two stills] says where both are the same. */
export function movedFields(made: Generated, size: Size, paints = true): GuideFields {
  const shown = shownOf(made, size);
  const count = size.width * size.height;
  const weights = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const ofPainted = paints ? (1 - shown[i]!) ** 2 : 0;
    const all = shown[i]! + LEAST + ofPainted;
    weights[i] = (shown[i]! + LEAST) / all;
    weights[2 * count + i] = ofPainted / all;
  }
  const none = new Float32Array(2 * count);
  const toFirst = offsetsOf(made['deformation']!, size);
  return { ...size, toFirst, toLast: none, weights, painted: paintedOf(made) };
}

/** How far the two small stills, moved, agree, 0..1. */
export function agreement(first: Picture, last: Picture, { width, height, toFirst, toLast }: GuideFields): number {
  const size = { width, height };
  const apart = differenceOf(movedStill(first, toFirst, size), movedStill(last, toLast, size));
  const mean = apart.reduce((sum, value) => sum + value, 0) / apart.length;
  return HALF_SURE / (HALF_SURE + 255 * mean);
}

/** How far each place's motion is believed, [height, width], 0..1: [Note: trust]. */
function trustOf(
  [first, last]: readonly [Picture, Picture],
  toFirst: Float32Array,
  toLast: Float32Array,
  size: Size,
): Float32Array {
  const still = aroundMean(differenceOf(first.data, last.data), size);
  const moved = aroundMean(differenceOf(movedStill(first, toFirst, size), movedStill(last, toLast, size)), size);
  const trust = still.map((value, i) => 1 / (1 + Math.exp((-STEEP * (value - moved[i]!)) / (value + NOISE))));
  return aroundMean(trust, size);
}

/** The still with each place read where the offsets say, [3, height, width]. */
function movedStill(still: Picture, offsets: Float32Array, { width, height }: Size): Float32Array {
  const count = width * height;
  const whole = new Float32Array(width).fill(1);
  const out = new Float32Array(3 * count);
  for (let y = 0; y < height; y++) {
    const row = (plane: number) => offsets.subarray(plane * count + y * width, plane * count + (y + 1) * width);
    addRow(still, row(0), row(1), whole, y, out);
  }
  return out;
}

/** Mean absolute difference of the three planes of each place. */
function differenceOf(a: Float32Array, b: Float32Array): Float32Array {
  const count = a.length / 3;
  const out = new Float32Array(count);
  for (let i = 0; i < a.length; i++) out[i % count]! += Math.abs(a[i]! - b[i]!) / 3;
  return out;
}

/** Mean over the square of AROUND to all sides, the border repeated. */
function aroundMean(plane: Float32Array, { width, height }: Size): Float32Array {
  const along = new Float32Array(plane.length);
  const out = new Float32Array(plane.length);
  const share = 1 / (2 * AROUND + 1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let d = -AROUND; d <= AROUND; d++)
        along[y * width + x]! += share * plane[y * width + Math.min(width - 1, Math.max(0, x + d))]!;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let d = -AROUND; d <= AROUND; d++)
        out[y * width + x]! += share * along[Math.min(height - 1, Math.max(0, y + d)) * width + x]!;
  return out;
}
