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
 * of one channel paints no colours.
 */
export function betweenFields(first: Generated, last: Generated, t: number, size: Size, paints = true): GuideFields {
  const [a, b] = [shownOf(first, size), shownOf(last, size)];
  const count = size.width * size.height;
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
  const toFirst = offsetsOf(first['deformation']!, size);
  const toLast = offsetsOf(last['deformation']!, size);
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
  const count = width * height;
  const whole = new Float32Array(width).fill(1);
  const moved = (still: Picture, offsets: Float32Array): Float32Array => {
    const out = new Float32Array(3 * count);
    for (let y = 0; y < height; y++) {
      const row = (plane: number) => offsets.subarray(plane * count + y * width, plane * count + (y + 1) * width);
      addRow(still, row(0), row(1), whole, y, out);
    }
    return out;
  };
  const [a, b] = [moved(first, toFirst), moved(last, toLast)];
  const apart = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
  return HALF_SURE / (HALF_SURE + 255 * apart);
}
