/** Single pictures: read as a Frame at their own depth, written by their extension. */
import { basename, dirname, extname, join } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { ColourInfo, VideoInfo } from '../../contract/media.ts';
import { asPlaceError, isErrno, moveNew, renameTo, syncFile, syncFolder } from '../base/durable.ts';
import { capabilities } from './capabilities.ts';
import { scaleMatrix } from './colour.ts';
import { asEncodeError } from './encode.ts';
import { fileUrl, runFfmpeg } from './ffmpeg.ts';
import { frameBytes, frameFromBytes } from './frame.ts';
import type { Frame, PixelFormat } from './frame.ts';
import { inputArgsOf } from './input.ts';
import { withTemporary } from './output-file.ts';
import { pictureFilters, pictureOf, pictureSetup } from './picture.ts';
import { pixelFormat } from './pixel-format.ts';
import { probe } from './probe.ts';
import { rawWriter } from './raw-layout.ts';
import { pipeBytes } from './unpack.ts';

export interface Still {
  readonly frame: Frame;
  /** Its colour tags, among others, which a picture written from it needs. */
  readonly info: VideoInfo;
}

/**
 * The first picture of a file, upright, as its own planes: RGB as gbrp (gbrap where any of it is transparent) at its own depth, JPEG as the
 * YUV it is, floats (EXR) as 16 bits of 0..1. Throws as `probe`, and no-frames.
 */
export async function readStill(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<Still> {
  const info = await probe(path, options);
  const setup = pictureSetup(info.video);
  const { passthrough } = await capabilities();
  const only = ['-map', `0:${info.video.index}`, '-vf', pictureFilters(info.video).join(','), ...passthrough];
  const args = [...(await inputArgsOf(info, ['-noautorotate'])), ...only, '-frames:v', '1', '-f', 'rawvideo', 'pipe:1'];
  const size = pipeBytes(setup.carrier, setup.width, setup.height);
  const { stdout } = await runFfmpeg(args, { ...options, maxOutput: size }).catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== 'ffmpeg-failed') throw error;
    const why = /nothing was encoded|received no packets/i.test(error.message)
      ? 'it is damaged, or a part of it is missing.'
      : error.message;
    throw new AppError('no-frames', `${path} cannot be decoded: ${why}`, { cause: error });
  });
  if (stdout.length !== size) throw new AppError('no-frames', `${path} has no picture that can be decoded.`);
  // Samples of two bytes need an even offset, which a pooled buffer does not promise.
  const bytes = pictureOf(setup, Uint8Array.from(stdout));
  const { width, height } = info.video;
  return { frame: withoutOpaqueAlpha(frameFromBytes(setup.format, width, height, bytes, 0, 0)), info };
}

/** A picture whose alpha is full everywhere, without it: most PNG files have an alpha that says nothing. */
export function withoutOpaqueAlpha(frame: Frame): Frame {
  const at = frame.format.planes.findIndex(({ channel }) => channel === 'a');
  const opaque = 2 ** frame.format.bits - 1;
  if (at < 0 || !frame.planes[at]!.data.every((value: number) => value === opaque)) return frame;
  return {
    ...frame,
    format: pixelFormat(frame.format.name.replace('gbrap', 'gbrp').replace('yuva', 'yuv')),
    planes: frame.planes.slice(0, at),
  };
}

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** Of the frame; what is missing is taken as players do. */
  readonly colour?: ColourInfo;
  /** Replace what is there; default true. */
  readonly force?: boolean;
}

/** What each kind of picture is fed with: packed RGB or grey, of at most so many bits. */
const KINDS: Readonly<Record<string, { readonly encoder: string; readonly bits: 8 | 16; readonly alpha: boolean }>> = {
  '.png': { encoder: 'png', bits: 16, alpha: true },
  '.tif': { encoder: 'tiff', bits: 16, alpha: true },
  '.tiff': { encoder: 'tiff', bits: 16, alpha: true },
  '.bmp': { encoder: 'bmp', bits: 8, alpha: false },
  '.jpg': { encoder: 'mjpeg', bits: 8, alpha: false },
  '.jpeg': { encoder: 'mjpeg', bits: 8, alpha: false },
  '.exr': { encoder: 'exr', bits: 16, alpha: true },
};

/**
 * Writes a frame as PNG, TIFF, BMP, JPEG or EXR, by the extension, under a temporary name first. RGB and grey go into PNG, TIFF and EXR exactly; YUV is
 * converted by its matrix and range. EXR gets floats of 0..1, unchanged in transfer. Throws output-format, encoder-missing,
 * output-exists, output-folder, disk-full, encode-failed, cancelled.
 */
export async function writeStill(frame: Frame, path: string, options: WriteOptions = {}): Promise<void> {
  const kind = KINDS[extname(path).toLowerCase()];
  if (!kind) {
    throw new AppError(
      'output-format',
      `A picture is written as ${Object.keys(KINDS).join(', ')}; ${path} is none of them.`,
    );
  }
  if (!(await capabilities()).encoders.has(kind.encoder)) {
    throw new AppError('encoder-missing', `This ffmpeg cannot write ${extname(path)} pictures; write .png instead.`);
  }
  const { signal } = options;
  const planar = isRgbOrGrey(frame.format) ? frame : await toRgb(frame, options.colour ?? {}, signal);
  const { args, input } = kind.encoder === 'exr' ? floats(planar) : packed(planar, kind);
  const size = `${frame.width}x${frame.height}`;
  // A pattern in the name is none here: the temporary name must not have one either.
  const aside = join(dirname(path), basename(path).replaceAll('%', '_'));
  await withTemporary(aside, async (temporary) => {
    const source = ['-f', 'rawvideo', '-s', size, '-r', '1', ...args, '-i', 'pipe:0'];
    const target = [
      '-frames:v',
      '1',
      '-c:v',
      kind.encoder,
      ...encoderArgs(kind.encoder),
      ...imageMuxer,
      '-y',
      fileUrl(temporary),
    ];
    await runFfmpeg([...source, ...target], { ...(signal ? { signal } : {}), input }).catch((error: unknown) => {
      throw asEncodeError(error, [toAppError(error).message], path);
    });
    await place(temporary, path, options.force ?? true);
  });
}

async function place(temporary: string, path: string, force: boolean): Promise<void> {
  await syncFile(temporary);
  try {
    await (force ? renameTo(temporary, path) : moveNew(temporary, path));
    await syncFolder(dirname(path));
  } catch (error) {
    if (isErrno(error, 'EEXIST')) throw new AppError('output-exists', `${path} exists already.`);
    throw asPlaceError(error, path);
  }
}

/** The pattern in a name is no pattern: one file of that very name. */
const imageMuxer = ['-f', 'image2', '-update', '1'];

function encoderArgs(encoder: string): string[] {
  if (encoder === 'mjpeg') return ['-q:v', '2', '-pix_fmt', 'yuvj444p'];
  if (encoder === 'exr') return ['-compression', 'zip1'];
  return encoder === 'tiff' ? ['-compression_algo', 'deflate'] : [];
}

function isRgbOrGrey(format: PixelFormat): boolean {
  return format.name.startsWith('gb') || format.name.startsWith('gray');
}

/** A YUV frame as planar RGB, of 8 bits or 16, alpha kept. */
async function toRgb(frame: Frame, colour: ColourInfo, signal?: AbortSignal): Promise<Frame> {
  const alpha = frame.format.planes.some((plane) => plane.channel === 'a');
  const name = `${alpha ? 'gbrap' : 'gbrp'}${frame.format.bits > 8 ? '16le' : ''}`;
  const range = colour.range === 'full' ? 'full' : 'limited';
  const matrix = scaleMatrix(colour.matrix, frame.height);
  const exact = 'flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp';
  const filter = `scale=in_color_matrix=${matrix}:in_range=${range}:out_range=full:${exact},format=${name}`;
  const source = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    frame.format.name,
    '-s',
    `${frame.width}x${frame.height}`,
    '-i',
    'pipe:0',
  ];
  const input = rawBytes(frame);
  const format = pixelFormat(name);
  const { stdout } = await runFfmpeg([...source, '-frames:v', '1', '-vf', filter, '-f', 'rawvideo', 'pipe:1'], {
    ...(signal ? { signal } : {}),
    input,
    maxOutput: frameBytes(format, frame.width, frame.height),
  });
  return frameFromBytes(format, frame.width, frame.height, Uint8Array.from(stdout), frame.index, frame.time);
}

function rawBytes(frame: Frame): Uint8Array {
  return Buffer.concat(frame.planes.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}

/** The frame as an encoder of packed pixels reads it. */
function packed(frame: Frame, kind: { bits: 8 | 16; alpha: boolean }): { args: string[]; input: Uint8Array } {
  const deep = frame.format.bits > 8 && kind.bits > 8;
  const alpha = kind.alpha && frame.format.name.startsWith('gbrap');
  const narrow = frame.format.bits > 8 && !deep ? toEightBits(frame) : frame;
  const grey = frame.format.name.startsWith('gray');
  const layout = grey
    ? deep
      ? 'gray16be'
      : 'gray'
    : alpha
      ? deep
        ? 'rgba64be'
        : 'rgba'
      : deep
        ? 'rgb48be'
        : 'rgb24';
  const write = rawWriter(narrow.format, {
    pixelFormat: layout,
    width: frame.width,
    height: frame.height,
    fullRange: true,
  });
  return { args: ['-pix_fmt', layout], input: Buffer.concat(write(narrow)) };
}

/** Rounds to 8 bits, for formats that have no more. */
function toEightBits(frame: Frame): Frame {
  const most = (1 << frame.format.bits) - 1;
  const format = pixelFormat(frame.format.name.replace(/\d+le$/, ''));
  const planes = frame.planes.map(({ width, height, data }) => ({
    width,
    height,
    data: Uint8Array.from(data, (value) => Math.round((value * 255) / most)),
  }));
  return { ...frame, format, planes };
}

/** The frame as planar floats of 0..1, for EXR; grey as three equal planes. */
function floats(frame: Frame): { args: string[]; input: Uint8Array } {
  const most = (1 << frame.format.bits) - 1;
  const [first] = frame.planes;
  const planes = frame.format.name.startsWith('gray') && first ? [first, first, first] : frame.planes;
  const out = new Float32Array(planes.length * frame.width * frame.height);
  let at = 0;
  for (const { data } of planes) for (const value of data) out[at++] = value / most;
  return { args: ['-pix_fmt', planes.length === 4 ? 'gbrapf32le' : 'gbrpf32le'], input: new Uint8Array(out.buffer) };
}
