/**
 * The one conversion between native planes and the floats that networks see. [Note: float colour]
 *
 * Y'CbCr to R'G'B' and back with the matrix and range of the source, not clipped in between; chroma is replicated over the pixels it
 * covers on the way there and averaged over them on the way back. So a picture that comes back unchanged has every code value it had:
 * choice made for that; a smoother chroma filter would look better to the network and would not be the inverse of any average.
 * Where the source names no matrix, BT.709 is taken from 720 lines on and BT.601 below, as players do; there and back it is the same one.
 */
import type { ColourInfo } from '../../contract/media.ts';
import { matrixWeights } from './colour-matrix.ts';
import { frameLike } from './frame.ts';
import type { Frame, Plane, PlaneLayout } from './frame.ts';

/** Luma's weights, code ranges and where the planes are. */
interface Conversion {
  readonly kr: number;
  readonly kg: number;
  readonly kb: number;
  /** code = black + span * Y', code = middle + chromaSpan * Cb with Cb in -0.5..0.5. */
  readonly black: number;
  readonly span: number;
  readonly middle: number;
  readonly chromaSpan: number;
  /** The largest code. */
  readonly top: number;
}

/** `colour` with a matrix: the guess of [Note: float colour] for a picture of `height` lines where it has none. For who cuts pictures up. */
export function withMatrix(colour: ColourInfo, height: number): ColourInfo {
  return { ...colour, matrix: colour.matrix ?? (height >= 720 ? 'bt709' : 'smpte170m') };
}

function conversionOf(frame: Frame, colour: ColourInfo): Conversion {
  const { bits } = frame.format;
  const [kr, kb] = matrixWeights(withMatrix(colour, frame.height).matrix);
  const limited = (colour.range ?? 'limited') === 'limited';
  const scale = 2 ** (bits - 8);
  const top = 2 ** bits - 1;
  const [black, span, chromaSpan] = limited ? [16 * scale, 219 * scale, 224 * scale] : [0, top, top];
  return { kr, kg: 1 - kr - kb, kb, black, span, middle: 2 ** (bits - 1), chromaSpan, top };
}

type Channel = PlaneLayout['channel'];

function planeOf(frame: Frame, channel: Channel): { plane: Plane; layout: PlaneLayout } | undefined {
  const index = frame.format.planes.findIndex((layout) => layout.channel === channel);
  return index < 0 ? undefined : { plane: frame.planes[index]!, layout: frame.format.planes[index]! };
}

/**
 * The picture as planar R'G'B', [3, height, width], nominally 0..1 ([Note: float colour]): colours that the codes can say and the
 * matrix cannot show lie outside. Grey becomes three equal planes; alpha is left out.
 */
export function floatRgb(frame: Frame, colour: ColourInfo): Float32Array {
  const { width, height } = frame;
  const count = width * height;
  const out = new Float32Array(3 * count);
  const [red, green, blue] = [0, 1, 2].map((n) => out.subarray(n * count, (n + 1) * count)) as Triple;
  const rgb = (['r', 'g', 'b'] as const).map((channel) => planeOf(frame, channel)?.plane.data);
  if (rgb[0] && rgb[1] && rgb[2]) {
    const scale = 1 / (2 ** frame.format.bits - 1);
    for (const [n, to] of [red, green, blue].entries()) {
      const from = rgb[n]!;
      for (let i = 0; i < count; i++) to[i] = from[i]! * scale;
    }
    return out;
  }
  const c = conversionOf(frame, colour);
  const luma = planeOf(frame, 'y')!.plane.data;
  const [u, v] = [planeOf(frame, 'u'), planeOf(frame, 'v')];
  const toLuma = 1 / c.span;
  if (!u || !v) {
    for (let i = 0; i < count; i++) red[i] = green[i] = blue[i] = (luma[i]! - c.black) * toLuma;
    return out;
  }
  const { shiftX, shiftY } = u.layout;
  const [redV, blueU] = [(2 * (1 - c.kr)) / c.chromaSpan, (2 * (1 - c.kb)) / c.chromaSpan];
  const [greenV, greenU] = [(-redV * c.kr) / c.kg, (-blueU * c.kb) / c.kg];
  for (let y = 0; y < height; y++) {
    const row = (y >> shiftY) * u.plane.width;
    for (let x = 0, i = y * width; x < width; x++, i++) {
      const light = (luma[i]! - c.black) * toLuma;
      const cb = u.plane.data[row + (x >> shiftX)]! - c.middle;
      const cr = v.plane.data[row + (x >> shiftX)]! - c.middle;
      red[i] = light + redV * cr;
      green[i] = light + greenU * cb + greenV * cr;
      blue[i] = light + blueU * cb;
    }
  }
  return out;
}

type Triple = [Float32Array, Float32Array, Float32Array];

/**
 * The inverse of `floatRgb`: a frame at `time` in the format of `like`, rounded to the nearest code and clipped to what the format holds.
 * Alpha is left at zero for the caller to fill. A value that is not a number becomes 0.
 */
export function frameOfFloatRgb(picture: Float32Array, like: Frame, colour: ColourInfo, time: number): Frame {
  const frame = frameLike(like, time);
  const { width, height } = frame;
  const count = width * height;
  const [red, green, blue] = [0, 1, 2].map((n) => picture.subarray(n * count, (n + 1) * count)) as Triple;
  const rgb = (['r', 'g', 'b'] as const).map((channel) => planeOf(frame, channel)?.plane.data);
  if (rgb[0] && rgb[1] && rgb[2]) {
    const top = 2 ** frame.format.bits - 1;
    for (const [n, from] of [red, green, blue].entries()) {
      const to = rgb[n]!;
      for (let i = 0; i < count; i++) to[i] = code(from[i]! * top, top);
    }
    return frame;
  }
  const c = conversionOf(frame, colour);
  const luma = planeOf(frame, 'y')!.plane.data;
  for (let i = 0; i < count; i++) {
    const light = c.kr * red[i]! + c.kg * green[i]! + c.kb * blue[i]!;
    luma[i] = code(c.black + c.span * light, c.top);
  }
  fillChroma(frame, 'u', blue, [red, green, blue], c, c.chromaSpan / (2 * (1 - c.kb)));
  fillChroma(frame, 'v', red, [red, green, blue], c, c.chromaSpan / (2 * (1 - c.kr)));
  return frame;
}

/** Writes the mean of (channel - Y') * gain over the pixels each chroma sample covers, where the frame has that plane. */
function fillChroma(
  frame: Frame,
  channel: 'u' | 'v',
  own: Float32Array,
  [red, green, blue]: Triple,
  c: Conversion,
  gain: number,
): void {
  const target = planeOf(frame, channel);
  if (!target) return;
  const { plane, layout } = target;
  const { width, height } = frame;
  const [stepX, stepY] = [1 << layout.shiftX, 1 << layout.shiftY];
  for (let cy = 0; cy < plane.height; cy++) {
    const bottom = Math.min(height, (cy + 1) * stepY);
    for (let cx = 0; cx < plane.width; cx++) {
      const right = Math.min(width, (cx + 1) * stepX);
      let sum = 0;
      for (let y = cy * stepY; y < bottom; y++)
        for (let i = y * width + cx * stepX; i < y * width + right; i++)
          sum += own[i]! - (c.kr * red[i]! + c.kg * green[i]! + c.kb * blue[i]!);
      const mean = sum / ((bottom - cy * stepY) * (right - cx * stepX));
      plane.data[cy * plane.width + cx] = code(c.middle + gain * mean, c.top);
    }
  }
}

function code(value: number, top: number): number {
  // The comparison is false for NaN, which becomes 0.
  return value > 0 ? (value >= top ? top : Math.floor(value + 0.5)) : 0;
}
