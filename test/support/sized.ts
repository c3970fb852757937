/** Clips of any size and format, and jobs on them. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../app/contract/errors.ts';
import type { RetimeSpec } from '../../app/contract/jobs.ts';
import type { App } from '../../app/core/app.ts';
import { locateFfmpeg } from '../../app/core/media/ffmpeg.ts';
import { pixelFormat } from '../../app/core/media/pixel-format.ts';
import { probe } from '../../app/core/media/probe.ts';
import { ffmpegOutput } from './clips.ts';
import { paint } from '../core/engines/frames.ts';

const { path: ffmpeg } = await locateFfmpeg();

export interface Sized {
  readonly width: number;
  readonly height: number;
  readonly format: string;
  /** Sample aspect ratio, as 'num/den'. */
  readonly aspect: string;
  readonly frames: number;
}

/** Writes a lossless clip of waves that move by two pixels a frame; gives its first frame as raw bytes. */
export function makeSized(path: string, { width, height, format, aspect, frames }: Sized): Buffer {
  const pixels = pixelFormat(format);
  const pieces = Array.from({ length: frames }, (_, n) => {
    const frame = paint(
      pixels,
      width,
      height,
      n,
      (x, y, channel) => 0.5 + 0.3 * Math.sin((x + 2 * n) / 5) * Math.cos(y / 7) + (channel === 'y' ? 0.1 : 0),
    );
    return Buffer.concat(frame.planes.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)));
  });
  const slices = width <= 352 && height <= 288 && Math.min(width, height) < 64 ? ['-slices', '1'] : [];
  const raw = ['-f', 'rawvideo', '-pixel_format', format, '-video_size', `${width}x${height}`, '-framerate', '10'];
  const tags = ['-color_range', 'tv', '-colorspace', 'bt709', '-vf', `setsar=${aspect}`];
  // ffmpeg's FFV1 spoils pictures that are one sample wide or high.
  const codec = Math.min(width, height) < 2 ? ['-c:v', 'rawvideo'] : ['-c:v', 'ffv1', '-level', '3', ...slices];
  const encoder = [...codec, '-threads', '1', '-y', `file:${path}`];
  const args = ['-v', 'error', ...raw, '-i', 'pipe:0', ...tags, ...encoder];
  execFileSync(ffmpeg, args, { input: Buffer.concat(pieces), maxBuffer: 2 ** 20 });
  return pieces[0]!;
}

export interface Outcome {
  /** What was written, or the code of the refusal. */
  readonly is: string;
  readonly notes: readonly string[];
  /** The first frame as it was written. */
  readonly first?: Buffer;
}

export interface Doubling {
  readonly folder: string;
  readonly engine: string;
  readonly ending: string;
  readonly codec?: RetimeSpec['codec'];
  /** Of `first`. */
  readonly format: string;
}

/** Doubles a clip's rate; `codec` of its own choice where it is undefined. */
export async function doubled(
  app: App,
  input: string,
  { folder, engine, ending, codec, format }: Doubling,
): Promise<Outcome> {
  const output = join(folder, `out.${ending}`);
  rmSync(output, { force: true });
  const rest = { factor: 2, cuts: 'auto', holds: 'off', maxHold: 6, shutter: 0, force: true } as const;
  const spec = { kind: 'retime', input, output, speed: { num: 1, den: 1 }, engine, ...rest } as const;
  try {
    const { notes, frames } = await app.run({ ...spec, ...(codec && { codec }) });
    const { video } = await probe(output);
    const { num, den } = video.sampleAspect;
    const is = `${video.codec} ${video.pixelFormat} ${video.width}x${video.height} ${num}/${den} ${frames} frames`;
    const raw = ['-f', 'rawvideo', '-pix_fmt', format, '-frames:v', '1', '-'];
    return { is, notes, first: ffmpegOutput('-i', `file:${output}`, ...raw) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { is: error.code, notes: [error.message] };
  }
}
