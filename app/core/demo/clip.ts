/** Writes the demo's frames as a video that a player can show and a job can read. */
import { DEMO_COLOUR } from './render.ts';
import { capabilities } from '../media/capabilities.ts';
import { colourArgs } from '../media/colour.ts';
import { fileUrl, spawnFfmpeg } from '../media/ffmpeg.ts';
import type { Frame } from '../media/frame.ts';

/** Frames a second of the demo's clips. */
export const CLIP_RATE = 24;

/**
 * Encodes frames of one size, nearly without loss (H.264 at CRF 10; FFV1 where this ffmpeg has no libx264), at
 * CLIP_RATE, over what is at `path` (a name ending in .mkv holds either). Throws 'encode-failed' by way of
 * ffmpeg-failed, and the signal's reason.
 */
export async function writeClip(path: string, frames: AsyncIterable<Frame>, signal?: AbortSignal): Promise<void> {
  const { encoders } = await capabilities();
  const codec = encoders.has('libx264')
    ? ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '10']
    : ['-c:v', 'ffv1', '-level', '3'];
  let ffmpeg: Awaited<ReturnType<typeof spawnFfmpeg>> | undefined;
  try {
    for await (const frame of frames) {
      const raw = ['-f', 'rawvideo', '-pix_fmt', frame.format.name, '-s', `${frame.width}x${frame.height}`];
      const input = [...raw, '-r', String(CLIP_RATE), '-i', 'pipe:0'];
      ffmpeg ??= await spawnFfmpeg([...input, ...codec, ...colourArgs(DEMO_COLOUR), '-y', fileUrl(path)], {
        stdin: 'pipe',
        ...(signal ? { signal } : {}),
      });
      for (const { data } of frame.planes) {
        await ffmpeg.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
    }
    await ffmpeg?.end();
  } catch (thrown) {
    await ffmpeg?.stop();
    throw thrown;
  }
}
