/** Frames as small files to be looked at, one after another through one ffmpeg: JPEG, or PNG where they are transparent. */
import { AppError } from '../../contract/errors.ts';
import type { ColourInfo } from '../../contract/media.ts';
import { capabilities } from './capabilities.ts';
import { scaleMatrix } from './colour.ts';
import { spawnFfmpeg } from './ffmpeg.ts';
import type { Frame, PixelFormat } from './frame.ts';
import { rawWriter } from './raw-layout.ts';

export interface PictureStreamOptions {
  /** Of every frame. */
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly colour: ColourInfo;
  readonly signal?: AbortSignal | undefined;
}

export type PictureEnding = 'jpg' | 'png';

/** Quality of mjpeg, 2 (best) to 31. */
const QUALITY = '3';
/** Bytes of a picture, at most: a stream that has no end is none of ours. */
const MOST_BYTES = 1 << 28;

/** What frames of a format are written as. */
export function pictureEnding(format: PixelFormat): PictureEnding {
  return format.planes.some(({ channel }) => channel === 'a') ? 'png' : 'jpg';
}

/** The file of each frame, in order. Ending the iteration ends ffmpeg. Throws what `frames` throws, ffmpeg-failed, the signal's reason. */
export async function* encodePictures(
  frames: AsyncIterable<Frame>,
  options: PictureStreamOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { signal } = options;
  const ffmpeg = await spawnFfmpeg(await encodeArgs(options), { stdin: 'pipe', ...(signal && { signal }) });
  let failure: { error: unknown } | undefined;
  const feeding = feed(frames, options, ffmpeg).catch(async (error: unknown) => {
    failure = { error };
    await ffmpeg.stop();
  });
  try {
    const length = pictureEnding(options.format) === 'png' ? pngLength : jpegLength;
    let rest: Buffer = Buffer.alloc(0);
    for await (const part of ffmpeg.stdout as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
      for (let size = length(rest); size !== undefined; size = length(rest)) {
        yield rest.subarray(0, size);
        rest = rest.subarray(size);
      }
      if (rest.length > MOST_BYTES) throw new AppError('ffmpeg-failed', 'ffmpeg wrote a picture without end.');
    }
    await feeding;
    if (failure) throw failure.error;
    if (rest.length > 0) throw new AppError('ffmpeg-failed', 'ffmpeg wrote half a picture.');
  } finally {
    await ffmpeg.stop();
    await feeding;
  }
}

async function feed(
  frames: AsyncIterable<Frame>,
  { format, width, height }: PictureStreamOptions,
  ffmpeg: Awaited<ReturnType<typeof spawnFfmpeg>>,
): Promise<void> {
  const planes = rawWriter(format, { pixelFormat: format.name, width, height, fullRange: true });
  for await (const frame of frames) {
    for (const bytes of planes(frame)) await ffmpeg.write(bytes);
  }
  await ffmpeg.end();
}

async function encodeArgs({ format, width, height, colour }: PictureStreamOptions): Promise<string[]> {
  const png = pictureEnding(format) === 'png';
  const { passthrough } = await capabilities();
  const range = colour.range === 'full' ? 'pc' : 'tv';
  const from = `in_color_matrix=${scaleMatrix(colour.matrix, height)}:in_range=${range}`;
  // JFIF is BT.601 in full range.
  const to = png ? 'out_range=pc' : 'out_color_matrix=bt601:out_range=pc';
  const scale = `scale=${from}:${to}:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp`;
  const encoder = png ? ['png', '-compression_level', '1'] : ['mjpeg', '-q:v', QUALITY, '-threads', '1'];
  return [
    ...['-f', 'rawvideo', '-pix_fmt', format.name, '-s', `${width}x${height}`, '-r', '25', '-i', 'pipe:0'],
    ...['-vf', `${scale},format=${png ? 'rgba' : 'yuvj444p'}`, ...passthrough, '-c:v', ...encoder],
    ...['-f', 'image2pipe', '-flush_packets', '1', 'pipe:1'],
  ];
}

/** Bytes of the JPEG that `bytes` begin with; undefined while it is not whole (ITU T.81, B.1.1). */
export function jpegLength(bytes: Uint8Array): number | undefined {
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1]!;
    if (marker === 0xd9) return at + 2;
    at += 2 + (bytes[at + 2]! << 8) + bytes[at + 3]!;
    if (marker !== 0xda) continue;
    // The scan: up to a marker that is neither a stuffed byte nor a restart.
    while (at + 1 < bytes.length) {
      const next = bytes[at + 1]!;
      if (bytes[at] === 0xff && next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) break;
      at++;
    }
  }
  return bytes[at] === 0xff && bytes[at + 1] === 0xd9 ? at + 2 : undefined;
}

/** Bytes of the PNG that `bytes` begin with; undefined while it is not whole. */
export function pngLength(bytes: Buffer): number | undefined {
  let at = 8;
  while (at + 12 <= bytes.length) {
    const end = at + 12 + bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') return end <= bytes.length ? end : undefined;
    at = end;
  }
  return undefined;
}
