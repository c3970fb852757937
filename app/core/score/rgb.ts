/**
 * The one conversion by which frames become 8-bit RGB for scoring. [Note: scoring colour]
 *
 * Y'CbCr to R'G'B' with the matrix and range the source names, BT.601 limited where it names none, in double
 * precision, rounded half up and clipped. Chroma of a video is replicated over the pixels it covers: that is what
 * swscale's default, and so OpenCV, does, and published numbers for videos come from there. Chroma of a still is
 * interpolated linearly between centred samples, as libjpeg does. Samples of more than 8 bits are scaled to 8 in the
 * same rounding.
 */
import type { ColourInfo } from '../../contract/media.ts';
import { matrixWeights } from '../media/colour-matrix.ts';
import type { Frame, Plane, Samples } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';

/** 8-bit R'G'B', one plane a channel, rows tightly packed. */
export interface Rgb8 {
  readonly width: number;
  readonly height: number;
  readonly r: Uint8Array;
  readonly g: Uint8Array;
  readonly b: Uint8Array;
}

/** How chroma that is smaller than luma is brought to its size. */
export type ChromaFilter = 'replicate' | 'linear-centre';

/** R'G'B' of 8 or 16 bits, one plane a channel, rows tightly packed. */
export interface RgbPlanes {
  readonly r: Samples;
  readonly g: Samples;
  readonly b: Samples;
}

/**
 * The frame as 8-bit RGB ([Note: scoring colour]). 8-bit planar RGB is returned as it is, without a copy; alpha is
 * left out.
 */
export function toRgb8(frame: Frame, colour: ColourInfo, chroma: ChromaFilter): Rgb8 {
  const { width, height } = frame;
  return { width, height, ...(toRgb(frame, colour, chroma, 8) as { r: Uint8Array; g: Uint8Array; b: Uint8Array }) };
}

/** As `toRgb8`, with samples of `bits` significant bits, 8 or 16. */
export function toRgb(frame: Frame, colour: ColourInfo, chroma: ChromaFilter, bits: 8 | 16): RgbPlanes {
  const planes = new Map(frame.format.planes.map((layout, i) => [layout.channel, frame.planes[i]]));
  const [g, b, r] = [planes.get('g'), planes.get('b'), planes.get('r')];
  if (r && g && b) {
    const scaled = (plane: Plane) => atDepth(plane.data, frame.format.bits, bits);
    return { r: scaled(r), g: scaled(g), b: scaled(b) };
  }
  const y = planes.get('y');
  if (!y) throw new Error(`A frame of format ${frame.format.name} has neither luma nor RGB`);
  const conversion = conversionOf(frame.format.bits, colour, 2 ** bits - 1);
  const [u, v] = [planes.get('u'), planes.get('v')];
  if (!u || !v) {
    const grey = samples(bits, y.data.length);
    for (let i = 0; i < grey.length; i++) grey[i] = clip(conversion.luma[y.data[i]!]!, conversion.top);
    return { r: grey, g: grey, b: grey };
  }
  const enlarge = chroma === 'replicate' ? replicate : linearCentre;
  const full = { u: enlarge(u, frame.width, frame.height), v: enlarge(v, frame.width, frame.height) };
  return fromPlanes(y.data, full, conversion, bits);
}

/** Samples of `from` significant bits with `to` (8 or 16), rounded; the same array where there is nothing to do. */
export function atDepth(data: Samples, from: number, to: 8 | 16): Samples {
  if (from === to) return data;
  const [top, most] = [2 ** to - 1, 2 ** from - 1];
  const out = samples(to, data.length);
  for (let i = 0; i < out.length; i++) out[i] = (data[i]! * top) / most + 0.5;
  return out;
}

function samples(bits: 8 | 16, length: number): Samples {
  return bits === 8 ? new Uint8Array(length) : new Uint16Array(length);
}

/** The image as a frame of 8-bit planar RGB, without a copy. */
export function frameOfRgb({ width, height, r, g, b }: Rgb8): Frame {
  const planes = [g, b, r].map((data) => ({ width, height, data }));
  return { format: pixelFormat('gbrp'), width, height, planes, index: -1, time: 0 };
}

interface Conversion {
  /** The largest value of a channel. */
  readonly top: number;
  /** Every luma code as 0..top, unrounded. */
  readonly luma: Float64Array;
  /** The chroma code of grey, and what a step of Cb or Cr adds to each channel. */
  readonly middle: number;
  readonly redV: number;
  readonly greenU: number;
  readonly greenV: number;
  readonly blueU: number;
}

function conversionOf(bits: number, colour: ColourInfo, top: number): Conversion {
  const limited = (colour.range ?? 'limited') === 'limited';
  const [kr, kb] = matrixWeights(colour.matrix);
  const kg = 1 - kr - kb;
  const scale = 2 ** (bits - 8);
  const [black, span] = limited ? [16 * scale, 219 * scale] : [0, 2 ** bits - 1];
  const gain = top / (limited ? 224 * scale : 2 ** bits - 1);
  const redV = 2 * (1 - kr) * gain;
  const blueU = 2 * (1 - kb) * gain;
  const luma = Float64Array.from({ length: 2 ** bits }, (_, code) => ((code - black) * top) / span);
  return { top, luma, middle: 2 ** (bits - 1), redV, blueU, greenU: (-kb * blueU) / kg, greenV: (-kr * redV) / kg };
}

function fromPlanes(
  y: Samples,
  { u, v }: { u: Float32Array; v: Float32Array },
  { top, luma, middle, redV, greenU, greenV, blueU }: Conversion,
  bits: 8 | 16,
): RgbPlanes {
  const [r, g, b] = [samples(bits, y.length), samples(bits, y.length), samples(bits, y.length)];
  for (let i = 0; i < y.length; i++) {
    const light = luma[y[i]!]!;
    const cb = u[i]! - middle;
    const cr = v[i]! - middle;
    r[i] = clip(light + redV * cr, top);
    g[i] = clip(light + greenU * cb + greenV * cr, top);
    b[i] = clip(light + blueU * cb, top);
  }
  return { r, g, b };
}

function clip(value: number, top: number): number {
  return value <= 0 ? 0 : value >= top ? top : (value + 0.5) | 0;
}

/** How many pixels of the picture one sample covers: 1, 2 or 4. */
function step(full: number, plane: number): number {
  return plane === full ? 1 : plane === (full + 1) >> 1 ? 2 : 4;
}

function replicate(plane: Plane, width: number, height: number): Float32Array {
  const out = new Float32Array(width * height);
  const shiftX = Math.log2(step(width, plane.width));
  const shiftY = Math.log2(step(height, plane.height));
  for (let y = 0; y < height; y++) {
    const row = (y >> shiftY) * plane.width;
    for (let x = 0; x < width; x++) out[y * width + x] = plane.data[row + (x >> shiftX)]!;
  }
  return out;
}

function linearCentre(plane: Plane, width: number, height: number): Float32Array {
  const columns = linearTaps(width, plane.width);
  const rows = linearTaps(height, plane.height);
  const out = new Float32Array(width * height);
  const { data } = plane;
  for (let y = 0; y < height; y++) {
    const [near, far, weight] = [rows.near[y]! * plane.width, rows.far[y]! * plane.width, rows.weight[y]!];
    for (let x = 0; x < width; x++) {
      const [left, right, share] = [columns.near[x]!, columns.far[x]!, columns.weight[x]!];
      const above = data[near + left]! * (1 - share) + data[near + right]! * share;
      const below = data[far + left]! * (1 - share) + data[far + right]! * share;
      out[y * width + x] = above * (1 - weight) + below * weight;
    }
  }
  return out;
}

/**
 * For each pixel the nearer sample, its neighbour on the other side (itself at the border) and the neighbour's share.
 */
function linearTaps(full: number, plane: number) {
  const scale = step(full, plane);
  const near = new Int32Array(full);
  const far = new Int32Array(full);
  const weight = new Float32Array(full);
  for (let x = 0; x < full; x++) {
    const at = (x + 0.5) / scale - 0.5;
    near[x] = Math.min(plane - 1, Math.floor(x / scale));
    far[x] = Math.min(plane - 1, Math.max(0, near[x]! + (at < near[x]! ? -1 : 1)));
    weight[x] = Math.abs(at - near[x]!);
  }
  return { near, far, weight };
}
