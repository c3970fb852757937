/** Pictures that are made of fields on their way into a proxy: decoded and treated here, written to the encoder's ffmpeg. */
import type { TreatedSource } from '../media/fields/treat.ts';
import { decodedFormat, decodeFrames } from '../media/decode.ts';
import { spawnFfmpeg } from '../media/ffmpeg.ts';
import { rawWriter } from '../media/raw-layout.ts';

export interface FeedOptions {
  /** ffmpeg's output options, filters included; they are given every picture upright, at its size. */
  readonly output: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** The input options for pictures of a treated source, and a running ffmpeg that has been given them all. Throws as decodeFrames, and ffmpeg-failed. */
export async function feedPictures({ info, facts }: TreatedSource, options: FeedOptions): Promise<void> {
  const { output, signal, onProgress } = options;
  const { index } = facts;
  const { width, height, colour } = info.video;
  const format = decodedFormat(info);
  const stop = signal ? { signal } : {};
  const input = ['-f', 'rawvideo', '-pix_fmt', format.name, '-s', `${width}x${height}`, '-r', '25', '-i', 'pipe:0'];
  const ffmpeg = await spawnFfmpeg(['-y', ...input, ...output], { stdin: 'pipe', ...stop });
  ffmpeg.stdout.resume();
  const planes = rawWriter(format, { pixelFormat: format.name, width, height, fullRange: colour.range === 'full' });
  const last = index.times.length - 1;
  try {
    for await (const frame of decodeFrames(info.path, info, { first: 0, last, index, ...stop })) {
      for (const bytes of planes(frame)) await ffmpeg.write(bytes);
      if (frame.index % 16 === 0) onProgress?.(frame.index / last);
    }
    await ffmpeg.end();
  } finally {
    await ffmpeg.stop();
  }
}
