/** Interlaced and telecined clips, made out of progressive ones whose pictures are known. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Frame } from '../../app/core/media/frame.ts';
import { ffmpegOutput } from './clips.ts';

/** Progressive pictures to begin with: ffmpeg's input options, and filters to their size. */
export interface Progressive {
  readonly input: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: string;
  /** Frames a second of the film, or of the fields. */
  readonly rate: string;
  readonly frames: number;
}

/** Detail that moves all the time, different from line to line. */
export function moving(options: Partial<Omit<Progressive, 'input'>> & { source?: string } = {}): Progressive {
  const { width = 96, height = 240, pixelFormat = 'yuv420p', rate = '24000/1001', frames = 60 } = options;
  const source = options.source ?? 'mandelbrot=start_scale=1.5:end_scale=0.9:end_pts=200';
  const input = [
    '-f',
    'lavfi',
    '-i',
    `${source.replace('=', `=size=${width}x${height}:rate=${rate}:`)},scroll=h=0.013:v=0.009`,
  ];
  return { input, width, height, pixelFormat, rate, frames };
}

/** A clip of real footage, cut to whole macroblocks of fields and played at `rate`. */
export function footage(path: string, options: Partial<Omit<Progressive, 'input'>> = {}): Progressive {
  const { width = 240, height = 240, pixelFormat = 'yuv420p', rate = '24000/1001', frames = 96 } = options;
  return { input: ['-i', `file:${path}`], width, height, pixelFormat, rate, frames };
}

function pictures({ width, height, pixelFormat, rate }: Progressive): string {
  return `scale=${width}:${height}:flags=bicubic,format=${pixelFormat},setsar=1,settb=1001/240000,setpts=N/(${rate})/TB`;
}

/** The progressive pictures themselves, as raw frames. */
export function originals(source: Progressive): Uint8Array[] {
  const out = ffmpegOutput(
    ...['-threads', '1', ...source.input, '-an', '-vf', pictures(source), '-vsync', 'passthrough'],
    ...['-frames:v', String(source.frames), '-v', 'fatal', '-f', 'rawvideo', '-'],
  );
  const size = out.length / Math.floor(out.length / frameSize(source));
  return Array.from({ length: out.length / size }, (_, i) => out.subarray(i * size, (i + 1) * size));
}

function frameSize({ width, height, pixelFormat }: Progressive): number {
  const samples = /444/.test(pixelFormat) ? 3 : /422/.test(pixelFormat) ? 2 : 1.5;
  return width * height * samples * (/1[02]le/.test(pixelFormat) ? 2 : 1);
}

export const LOSSLESS = ['-c:v', 'ffv1', '-level', '3', '-g', '1'];
/** H.264 as cameras and broadcasters write it: macroblock-adaptive fields. */
export const MBAFF = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-flags', '+ildct+ilme', '-g', '25'];
export const MPEG2 = ['-c:v', 'mpeg2video', '-q:v', '3', '-flags', '+ildct+ilme', '-g', '12', '-bf', '2'];

export interface FieldsMade {
  /** Filters from the progressive pictures to coded frames, such as 'telecine=pattern=23'. */
  readonly filters: string;
  readonly codec?: readonly string[];
  /** Rate of the coded frames. */
  readonly rate: string;
  readonly pixelFormat?: string;
}

/** Writes the clip; `path` says the container. */
export function makeFields(
  path: string,
  source: Progressive,
  { filters, codec = LOSSLESS, rate, pixelFormat }: FieldsMade,
): void {
  const chain = [pictures(source), `trim=end_frame=${source.frames}`, filters, `settb=1/90000,setpts=N/(${rate})/TB`];
  ffmpegOutput(
    ...['-threads', '1', ...source.input, '-an', '-vf', chain.filter((one) => one !== '').join(','), '-r', rate],
    ...[...codec, '-pix_fmt', pixelFormat ?? source.pixelFormat, '-threads', '1', '-y', `file:${path}`],
  );
}

/** The filter that makes two progressive pictures the fields of one frame. */
export function interlacing(order: 'top' | 'bottom', lowpass: 'off' | 'linear' | 'complex' = 'off'): string {
  return `interlace=scan=${order === 'top' ? 'tff' : 'bff'}:lowpass=${lowpass}`;
}

export function pulldown(pattern: string, order: 'top' | 'bottom' = 'top'): string {
  return `telecine=pattern=${pattern}:first_field=${order}`;
}

/** All samples of a frame in one array, as rawvideo has them. */
export function rawBytes({ planes }: Frame): Uint8Array {
  return Buffer.concat(planes.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}

/** Peak signal to noise of the luma, in dB; Infinity where nothing differs. */
export function lumaPsnr(
  a: Uint8Array,
  b: Uint8Array,
  { width, height }: Pick<Progressive, 'width' | 'height'>,
): number {
  let sum = 0;
  const count = width * height;
  for (let i = 0; i < count; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum === 0 ? Infinity : 10 * Math.log10((255 * 255 * count) / sum);
}

/**
 * Gives an MPEG-2 elementary stream of whole frames the flags of soft telecine (ISO 13818-2, 6.2.2.3 and 6.2.3.1), which ffmpeg's encoder does not
 * write: not a progressive sequence, its frames shown for three and two fields in turn. Frames must be coded in the order they are shown.
 */
export function flagPulldown(path: string): void {
  const bytes = readFileSync(path);
  let frame = 0;
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 4)) {
    const kind = bytes[at + 4]! >> 4;
    // Sequence extension: progressive_sequence.
    if (kind === 1) bytes[at + 5] = bytes[at + 5]! & ~0x08;
    if (kind !== 8) continue;
    // Picture coding extension: top_field_first, repeat_first_field, progressive_frame.
    const [top, repeat] = [
      [1, 1],
      [0, 0],
      [0, 1],
      [1, 0],
    ][frame++ % 4]!;
    bytes[at + 7] = (bytes[at + 7]! & ~0x82) | (top! << 7) | (repeat! << 1);
    bytes[at + 8] = bytes[at + 8]! | 0x80;
  }
  writeFileSync(path, bytes);
}

const MARK = Buffer.from([0, 0, 1, 0xb5]);
