/**
 * The pixel formats a Frame may have, and how every other one gets there without loss. [Note: carriers]
 *
 * A source's pixel format has a *carrier*: the planar format that holds its samples exactly. ffmpeg hands over the
 * `raw` format, chosen so that swscale is not involved or is known to copy (checked by test/core/media/pixel-format.test.ts),
 * and what swscale rounds (packed RGB with alpha, floats) is unpacked here. 'yuvj' is the same bytes as 'yuv', full range.
 */
import { AppError } from '../../contract/errors.ts';
import type { PixelFormat, PlaneLayout } from './frame.ts';

/** How the bytes of the raw pipe become planes: as they are, or by `unpack` (unpack.ts). */
export type Unpack = 'none' | 'rgba' | 'bgra' | 'argb' | 'abgr' | 'ya8' | 'ya16le' | 'float';

export interface Carrier {
  readonly format: PixelFormat;
  /** The formats ffmpeg passes through, the last one being what comes out of the pipe. */
  readonly steps: readonly string[];
  readonly unpack: Unpack;
  /** Bytes of one pixel in the pipe where `unpack` is not 'none' (of one sample for 'float'). */
  readonly packedBytes: number;
  /** False when the carrier does not hold every value of the source exactly: worth a warning. */
  readonly exact: boolean;
  /** The source's format implies full range (yuvj, grey, RGB). */
  readonly fullRange: boolean;
}

const SHIFTS: Readonly<Record<string, readonly [number, number]>> = {
  '410': [2, 2],
  '411': [2, 0],
  '420': [1, 1],
  '422': [1, 0],
  '440': [0, 1],
  '444': [0, 0],
};
/** Which depths ffmpeg has for each family. */
const DEPTHS: Readonly<Record<string, readonly number[]>> = {
  yuv410p: [8],
  yuv411p: [8],
  yuv420p: [8, 9, 10, 12, 14, 16],
  yuv422p: [8, 9, 10, 12, 14, 16],
  yuv440p: [8, 10, 12],
  yuv444p: [8, 9, 10, 12, 14, 16],
  yuva420p: [8, 9, 10, 16],
  yuva422p: [8, 9, 10, 12, 16],
  yuva444p: [8, 9, 10, 12, 16],
  gray: [8, 9, 10, 12, 14, 16],
  gbrp: [8, 9, 10, 12, 14, 16],
  gbrap: [8, 10, 12, 14, 16],
};

/** Every format a Frame may have, by ffmpeg's name. */
export const PIXEL_FORMATS: ReadonlyMap<string, PixelFormat> = new Map(
  Object.entries(DEPTHS).flatMap(([family, depths]) =>
    depths.map((bits): [string, PixelFormat] => {
      const name = bits === 8 ? family : `${family}${bits}le`;
      return [name, { name, planes: planesOf(family), bits, bytesPerSample: bits === 8 ? 1 : 2 }];
    }),
  ),
);

function planesOf(family: string): PlaneLayout[] {
  const full = (channel: PlaneLayout['channel']): PlaneLayout => ({ shiftX: 0, shiftY: 0, channel });
  if (family === 'gray') return [full('y')];
  if (family.startsWith('gb')) {
    return [full('g'), full('b'), full('r'), ...(family === 'gbrap' ? [full('a')] : [])];
  }
  const [shiftX, shiftY] = SHIFTS[/4\d\d/.exec(family)?.[0] ?? ''] ?? [0, 0];
  const chroma = (channel: 'u' | 'v'): PlaneLayout => ({ shiftX, shiftY, channel });
  return [full('y'), chroma('u'), chroma('v'), ...(family.startsWith('yuva') ? [full('a')] : [])];
}

/** The format of that name. Throws codec-unsupported for one a Frame cannot have. */
export function pixelFormat(name: string): PixelFormat {
  const format = PIXEL_FORMATS.get(name);
  if (!format) throw new AppError('codec-unsupported', `Pixel format ${name} is not one Inbetween carries.`);
  return format;
}

/** Packed and semi-planar formats that swscale takes apart exactly, and those unpacked here. */
const PLANAR_TWINS: Readonly<Record<string, string>> = {
  nv12: 'yuv420p',
  nv21: 'yuv420p',
  nv24: 'yuv444p',
  nv42: 'yuv444p',
  p010: 'yuv420p10le',
  p012: 'yuv420p12le',
  p016: 'yuv420p16le',
  p210: 'yuv422p10le',
  p212: 'yuv422p12le',
  p216: 'yuv422p16le',
  p410: 'yuv444p10le',
  p412: 'yuv444p12le',
  p416: 'yuv444p16le',
  yuyv422: 'yuv422p',
  uyvy422: 'yuv422p',
  yvyu422: 'yuv422p',
  ayuv64: 'yuva444p16le',
  monow: 'gray',
  monob: 'gray',
  rgb24: 'gbrp',
  bgr24: 'gbrp',
  '0rgb': 'gbrp',
  rgb0: 'gbrp',
  '0bgr': 'gbrp',
  bgr0: 'gbrp',
  rgb48: 'gbrp16le',
  bgr48: 'gbrp16le',
  rgba64: 'gbrap16le',
  bgra64: 'gbrap16le',
};
const UNPACKED: Readonly<Record<string, readonly [raw: string, carrier: string, unpack: Unpack, bytes: number]>> = {
  rgba: ['rgba', 'gbrap', 'rgba', 4],
  bgra: ['bgra', 'gbrap', 'bgra', 4],
  argb: ['argb', 'gbrap', 'argb', 4],
  abgr: ['abgr', 'gbrap', 'abgr', 4],
  pal8: ['bgra', 'gbrap', 'bgra', 4],
  ya8: ['ya8', 'gbrap', 'ya8', 2],
  ya16: ['ya16le', 'gbrap16le', 'ya16le', 4],
  gbrpf32: ['gbrpf32le', 'gbrp16le', 'float', 4],
  gbrpf16: ['gbrpf32le', 'gbrp16le', 'float', 4],
  gbrapf16: ['gbrapf32le', 'gbrap16le', 'float', 4],
  gbrapf32: ['gbrapf32le', 'gbrap16le', 'float', 4],
  grayf32: ['grayf32le', 'gray16le', 'float', 4],
};
/** RGB of fewer than 8 bits a channel: widened by repeating bits, then planar. */
const NARROW_RGB = /^(rgb|bgr)(565|555|444|8|4|4_byte)$/;

/** The carrier of an ffmpeg pixel format ([Note: carriers]). Never throws: what is not known is given the widest that fits, `exact` false. */
export function carrierOf(source: string): Carrier {
  const base = source.replace(/(le|be)$/, '');
  const native = (name: string): PixelFormat | undefined =>
    PIXEL_FORMATS.get(name) ?? PIXEL_FORMATS.get(`${name.replace(/be$/, '')}le`);
  const made = (format: PixelFormat, steps: readonly string[], more: Partial<Carrier> = {}): Carrier => ({
    format,
    steps,
    unpack: 'none',
    packedBytes: 0,
    exact: true,
    fullRange: !format.name.startsWith('yuv'),
    ...more,
  });
  if (source.startsWith('yuvj')) {
    const format = native(source.replace('yuvj', 'yuv'));
    if (format) return made(format, [source], { fullRange: true });
  }
  const planar = native(source);
  if (planar) return made(planar, [planar.name]);
  const twin = PLANAR_TWINS[base];
  if (twin) return made(pixelFormat(twin), [twin]);
  const packed = UNPACKED[base];
  if (packed) {
    const [raw, name, unpack, packedBytes] = packed;
    return made(pixelFormat(name), [raw], { unpack, packedBytes, exact: unpack !== 'float' });
  }
  if (NARROW_RGB.test(base)) return made(pixelFormat('gbrp'), ['rgb24', 'gbrp']);
  return { ...widest(source), exact: false };
}

/** The carrier's format: `carrierOf(source).format`. */
export function carrier(source: string): PixelFormat {
  return carrierOf(source).format;
}

/** A guess for a format that is not in the tables: its family by name, 16 bits unless it says 8. */
function widest(source: string): Carrier {
  const rgb = /rgb|bgr|gbr|xyz|bayer/.test(source);
  const alpha = /^(yuva|vuya|gbrap|ya)|a64|ayuv/.test(source);
  const deep = /\d(le|be)$/.test(source) || /f16|f32|10|12|16/.test(source);
  const family = rgb ? (alpha ? 'gbrap' : 'gbrp') : alpha ? 'yuva444p' : /422|y21/.test(source) ? 'yuv422p' : 'yuv444p';
  const format = pixelFormat(deep ? `${family}16le` : family);
  return { format, steps: [format.name], unpack: 'none', packedBytes: 0, exact: false, fullRange: rgb };
}

/** The format of a frame of `format` after a quarter turn; 4:2:2 becomes 4:4:0 and back. Undefined where ffmpeg has none ([Note: quarter turns]). */
export function turnedFormat(format: PixelFormat): PixelFormat | undefined {
  const chroma = format.planes.find((plane) => plane.channel === 'u');
  if (!chroma || chroma.shiftX === chroma.shiftY) return format;
  const [from, to] = format.name.includes('422') ? ['422', '440'] : ['440', '422'];
  return format.name.includes(from) ? PIXEL_FORMATS.get(format.name.replace(from, to)) : undefined;
}

/** The format with chroma as fine as luma: 'yuv422p10le' -> 'yuv444p10le'. */
export function fullChroma(format: PixelFormat): PixelFormat {
  return pixelFormat(format.name.replace(/4[1-4][0-4]p/, '444p'));
}
