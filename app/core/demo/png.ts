/** Writes 8-bit RGB as a PNG. */
import { fileUrl, runFfmpeg } from '../media/ffmpeg.ts';
import type { Rgb8 } from '../score/rgb.ts';

/** Writes `picture` over what is at `path`. Throws what ffmpeg does. */
export async function writeRgbPng(path: string, { width, height, r, g, b }: Rgb8, signal?: AbortSignal): Promise<void> {
  const input = Buffer.concat([g, b, r]);
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'gbrp', '-s', `${width}x${height}`, '-i', 'pipe:0'];
  // With -update no % in the name is taken for a pattern.
  const png = [
    '-frames:v',
    '1',
    '-pix_fmt',
    'rgb24',
    '-c:v',
    'png',
    '-f',
    'image2',
    '-update',
    '1',
    '-y',
    fileUrl(path),
  ];
  await runFfmpeg([...raw, ...png], { input, ...(signal ? { signal } : {}) });
}
