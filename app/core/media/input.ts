/** The input side of an ffmpeg command line ([Note: hostile names] in ffmpeg.ts). */
import { capabilities } from './capabilities.ts';
import { fileUrl } from './ffmpeg.ts';
import type { FfmpegBuild } from './ffmpeg.ts';

/**
 * `-protocol_whitelist ... -format_whitelist ... [more] -i file:...`: everything that opens a media file goes through
 * here, sound too. `more` are input options such as `-ss`. The same options suit ffprobe.
 */
export async function inputArgs(path: string, more: readonly string[] = [], build?: FfmpegBuild): Promise<string[]> {
  const { safeDemuxers } = await capabilities(build);
  return [
    '-protocol_whitelist',
    'file,pipe',
    '-format_whitelist',
    safeDemuxers.join(','),
    ...more,
    '-i',
    fileUrl(path),
  ];
}
