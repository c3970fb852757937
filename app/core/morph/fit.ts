/** Stills brought to the film's size: cut, framed or stretched. */
import { AppError } from '../../contract/errors.ts';
import type { MorphFit } from '../../contract/morph.ts';
import type { Rational } from '../../contract/time.ts';
import { withMatrix } from '../media/float-rgb.ts';
import type { Frame, Samples } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { isNearlySquare } from '../media/square-pixels.ts';
import type { Still } from '../media/stills.ts';
import { asRgb } from '../stills/between.ts';
import { resample, type Part } from './resample.ts';

export interface FitOptions {
  readonly width: number;
  readonly height: number;
  readonly fit: MorphFit;
  /** Aspect of a pixel of the film; square unless given. */
  readonly sampleAspect?: Rational | undefined;
  /** Bits of a sample, the still's own (8 or 16) unless given. */
  readonly bits?: 8 | 16 | undefined;
  /** With an alpha plane, without one (what is transparent is shown on black), or as the still is. */
  readonly alpha?: boolean | undefined;
}

/** Where a still of `size` is in the film: which part of it is shown, and on which pixels of the film. */
export interface Placing {
  readonly part: Part;
  readonly to: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** `aspect`: of the still's pixels against the film's. */
export function placing(
  size: { readonly width: number; readonly height: number },
  aspect: number,
  { width, height, fit }: FitOptions,
): Placing {
  const whole = { x: 0, y: 0, width: size.width, height: size.height };
  const full = { x: 0, y: 0, width, height };
  const [across, down] = [width / (size.width * aspect), height / size.height];
  if (fit === 'stretch' || across === down) return { part: whole, to: full };
  if (fit === 'crop') {
    const scale = Math.max(across, down);
    // Less than half a pixel of the film is no cut worth a blurred picture.
    const cut = { width: width / (scale * aspect), height: height / scale };
    if ((size.width - cut.width) * across < 0.5 && (size.height - cut.height) * down < 0.5)
      return { part: whole, to: full };
    return { part: { x: (size.width - cut.width) / 2, y: (size.height - cut.height) / 2, ...cut }, to: full };
  }
  const scale = Math.min(across, down);
  const inner = {
    width: Math.min(width, Math.max(1, Math.round(size.width * aspect * scale))),
    height: Math.min(height, Math.max(1, Math.round(size.height * scale))),
  };
  const middle = { x: Math.floor((width - inner.width) / 2), y: Math.floor((height - inner.height) / 2) };
  return { part: whole, to: { ...middle, ...inner } };
}

/** Width of a pixel over its height; what says nothing is square. */
export function aspectOf({ num, den }: Rational): number {
  return isNearlySquare({ num, den }) ? 1 : num / den;
}

/**
 * A still as planar RGB of the size asked for; the very still where nothing is to be done. Colours are weighted by their alpha when pixels are mixed, so that
 * what is invisible leaves no fringe. Bars are black, transparent where there is an alpha plane. Throws 'size-mismatch' for a size below one pixel.
 */
export function fitStill(still: Still, options: FitOptions): Still {
  const { width, height } = options;
  if (!(width >= 1 && height >= 1)) throw new AppError('size-mismatch', `A film of ${width}x${height} has no pixels.`);
  const { frame, info } = still;
  const own = frame.format;
  const hasAlpha = own.planes.some(({ channel }) => channel === 'a');
  const bits = options.bits ?? (own.bits > 8 ? 16 : 8);
  const alpha = options.alpha ?? hasAlpha;
  const aspect = aspectOf(info.video.sampleAspect) / aspectOf(options.sampleAspect ?? { num: 1, den: 1 });
  const place = placing(frame, aspect, options);
  const { part, to } = place;
  const whole = part.width === frame.width && part.height === frame.height;
  const asItIs =
    whole && to.width === width && to.height === height && frame.width === width && frame.height === height;
  if (asItIs && options.bits === undefined && (options.alpha === undefined || alpha === hasAlpha)) return still;
  const colour = withMatrix(info.video.colour, frame.height);
  const rgb = asRgb({ frame, info: { ...info, video: { ...info.video, colour } } }, bits === 16, hasAlpha || alpha);
  const format = pixelFormat(`${alpha ? 'gbrap' : 'gbrp'}${bits === 16 ? '16le' : ''}`);
  if (asItIs && alpha === (rgb.planes.length === 4)) return { frame: rgb, info };
  const planes = placed(rgb, place, { width, height, top: 2 ** bits - 1, alpha });
  return { frame: { ...rgb, width, height, format, planes: planes.map((data) => ({ width, height, data })) }, info };
}

interface Target {
  readonly width: number;
  readonly height: number;
  /** The largest sample. */
  readonly top: number;
  readonly alpha: boolean;
}

function placed(frame: Frame, { part, to }: Placing, { width, height, top, alpha }: Target): Samples[] {
  const opacity = frame.planes[3]?.data;
  const cover = opacity && floats(opacity, undefined, top);
  const scaled = frame.planes.slice(0, 3).map(({ data }) => resample(floats(data, cover, top), frame, part, to));
  const share = cover && resample(cover, frame, part, to);
  const make = (): Samples => (top > 255 ? new Uint16Array(width * height) : new Uint8Array(width * height));
  const out = scaled.map((plane) => {
    const into = make();
    for (let y = 0; y < to.height; y++) {
      for (let x = 0; x < to.width; x++) {
        const i = y * to.width + x;
        const value = share && alpha ? (share[i]! > 0 ? plane[i]! / share[i]! : 0) : plane[i]!;
        into[(to.y + y) * width + to.x + x] = code(value, top);
      }
    }
    return into;
  });
  if (!alpha) return out;
  const into = make();
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      into[(to.y + y) * width + to.x + x] = share ? code(share[y * to.width + x]!, top) : top;
    }
  }
  return [...out, into];
}

function code(value: number, top: number): number {
  return value > 0 ? (value >= 1 ? top : Math.floor(value * top + 0.5)) : 0;
}

/** Samples as 0..1, times `cover`. */
function floats(data: Samples, cover: Float32Array | undefined, top: number): Float32Array {
  const out = new Float32Array(data.length);
  if (cover) for (let i = 0; i < out.length; i++) out[i] = (data[i]! / top) * cover[i]!;
  else for (let i = 0; i < out.length; i++) out[i] = data[i]! / top;
  return out;
}
