/** What an ffmpeg says of itself (`-codecs`, `-h encoder=libx264`). */
import { remembered } from './ffmpeg-memory.ts';
import { runFfmpeg, type FfmpegBuild } from './ffmpeg.ts';

/** Standard output of `ffmpeg ...args`, for arguments whose answer depends on nothing but the build; remembered. Throws ffmpeg-failed. */
export function listing(args: readonly string[], build: FfmpegBuild): Promise<string> {
  return remembered(build.path, args, async () => (await runFfmpeg([...args], { build })).stdout.toString('utf8'));
}
