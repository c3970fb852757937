/**
 * From what a decoder gives to the planes of an upright Frame.
 *
 * [Note: quarter turns] Turning by 90 or 270 degrees swaps the axes, so chroma halved across becomes chroma halved down: 4:2:2 becomes
 * 4:4:0 of the same depth, and back, sample for sample. ffmpeg's transpose takes only formats whose chroma is shared out evenly, so those
 * two are transposed here. Where no 4:4:0 of that depth exists (4:1:1, 14 bits, alpha) chroma is repeated to 4:4:4 first, which loses nothing.
 */
import type { VideoStreamInfo } from '../../contract/media.ts';
import { planeHeight, planeWidth } from './frame.ts';
import type { PixelFormat } from './frame.ts';
import { carrierOf, fullChroma, turnedFormat } from './pixel-format.ts';
import type { Carrier } from './pixel-format.ts';
import { unpack } from './unpack.ts';

type Picture = Pick<VideoStreamInfo, 'pixelFormat' | 'codedWidth' | 'codedHeight' | 'rotation' | 'mirrored'>;

export interface PictureSetup {
  /** What comes through the pipe and how it becomes planes. */
  readonly carrier: Carrier;
  /** The format of the finished frame. */
  readonly format: PixelFormat;
  /** Transposed here, after the pipe. */
  readonly transposes: boolean;
  /** Size of the picture in the pipe. */
  readonly width: number;
  readonly height: number;
}

/** How a picture travels from the decoder to a Frame. */
export function pictureSetup(video: Picture): PictureSetup {
  const { codedWidth, codedHeight } = video;
  const carrier = carrierOf(video.pixelFormat);
  const quarter = video.rotation === 90 || video.rotation === 270;
  const { format } = carrier;
  const coded = { width: codedWidth, height: codedHeight };
  if (!quarter) return { carrier, format, transposes: false, ...coded };
  const swapped = { width: codedHeight, height: codedWidth };
  const turned = turnedFormat(format);
  if (turned === format) return { carrier, format, transposes: false, ...swapped };
  if (turned) return { carrier, format: turned, transposes: true, ...coded };
  const wide = fullChroma(format);
  // yuvj is full range: to swscale the plain name would mean a change of range.
  const step = video.pixelFormat.startsWith('yuvj') ? wide.name.replace('yuv', 'yuvj') : wide.name;
  return { carrier: { ...carrier, format: wide, steps: [step] }, format: wide, transposes: false, ...swapped };
}

/** ffmpeg's filters up to the pipe: size, format, turn. Where size and format are as wanted, scale passes frames through untouched. */
export function pictureFilters(video: Picture): string[] {
  const { carrier, transposes } = pictureSetup(video);
  // Neighbour: chroma that has to be made finer is repeated, so nothing is lost ([Note: quarter turns]).
  const scale = `scale=${video.codedWidth}:${video.codedHeight}:flags=${widens(video, carrier) ? 'neighbor' : 'bicubic'}`;
  return [scale, ...carrier.steps.map((step) => `format=${step}`), ...turnFilters(video, transposes)];
}

function widens(video: Picture, carrier: Carrier): boolean {
  return carrier.format !== carrierOf(video.pixelFormat).format;
}

/** ffmpeg's filters that turn a decoded picture upright, whatever its format. */
export function uprightFilters(video: Pick<VideoStreamInfo, 'rotation' | 'mirrored'>): string[] {
  return turnFilters(video, false);
}

/** What is left to do for ffmpeg: everything, or, where the transposition follows here, the flips that precede it. */
export function turnFilters(
  { rotation, mirrored }: Pick<Picture, 'rotation' | 'mirrored'>,
  transposes: boolean,
): string[] {
  if (rotation === 0) return mirrored ? ['hflip'] : [];
  if (rotation === 180) return mirrored ? ['vflip'] : ['hflip', 'vflip'];
  if (transposes) {
    if (rotation === 90) return mirrored ? ['hflip', 'vflip'] : ['vflip'];
    return mirrored ? [] : ['hflip'];
  }
  if (rotation === 90) return [mirrored ? 'transpose=clock_flip' : 'transpose=clock'];
  return [mirrored ? 'transpose=cclock_flip' : 'transpose=cclock'];
}

/** The bytes of the finished frame from those of the pipe; the same buffer where nothing is left to do. */
export function pictureOf(setup: PictureSetup, raw: Uint8Array): Uint8Array {
  const planes = unpack(setup.carrier, raw, setup.width, setup.height);
  return setup.transposes ? transposed(planes, setup) : planes;
}

/** Side of the squares that are transposed at a time: both sides of the copy stay in the cache. */
const TILE = 16;

function transposed(bytes: Uint8Array, setup: PictureSetup): Uint8Array {
  const out = Buffer.allocUnsafeSlow(bytes.byteLength);
  const { format } = setup.carrier;
  let offset = 0;
  for (const layout of format.planes) {
    const [w, h] = [planeWidth(layout, setup.width), planeHeight(layout, setup.height)];
    const size = w * h * format.bytesPerSample;
    if (format.bytesPerSample === 1) {
      transposePlane(bytes.subarray(offset, offset + size), out.subarray(offset, offset + size), w, h);
    } else {
      const from = new Uint16Array(bytes.buffer, bytes.byteOffset + offset, w * h);
      transposePlane(from, new Uint16Array(out.buffer, out.byteOffset + offset, w * h), w, h);
    }
    offset += size;
  }
  return out;
}

/** out[x * h + y] = from[y * w + x]. */
export function transposePlane<T extends Uint8Array | Uint16Array>(from: T, out: T, w: number, h: number): void {
  for (let top = 0; top < h; top += TILE) {
    const bottom = Math.min(h, top + TILE);
    for (let left = 0; left < w; left += TILE) {
      const right = Math.min(w, left + TILE);
      for (let x = left; x < right; x++) {
        for (let y = top, at = top * w + x; y < bottom; y++, at += w) out[x * h + y] = from[at] ?? 0;
      }
    }
  }
}
