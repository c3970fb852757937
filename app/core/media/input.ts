/** The input side of an ffmpeg command line ([Note: hostile names] in ffmpeg.ts). */
import type { VideoInfo } from '../../contract/media.ts';
import type { Rational } from '../../contract/time.ts';
import { capabilities } from './capabilities.ts';
import { fileUrl } from './ffmpeg.ts';
import type { FfmpegBuild } from './ffmpeg.ts';
import { findSequence, imagePattern } from './image-sequence.ts';

/** VideoInfo.format of an image sequence. */
export const IMAGE_SEQUENCE = 'image-sequence';

/**
 * `-protocol_whitelist ... -format_whitelist ... [more] -i file:...`: everything that opens a media file goes through
 * here, sound too. `more` are input options such as `-ss`. The same options suit ffprobe.
 */
export async function inputArgs(path: string, more: readonly string[] = [], build?: FfmpegBuild): Promise<string[]> {
  return [...(await guards(build, more.includes('image2') ? 'image2' : undefined)), ...more, '-i', fileUrl(path)];
}

/** `inputArgs` for what was probed, image sequences included. */
export async function inputArgsOf(info: VideoInfo, more: readonly string[] = []): Promise<string[]> {
  if (info.format !== IMAGE_SEQUENCE) {
    const own = [...imageArgs(info.format), ...editArgs(isUnedited(info)), ...decoderArgs(info)];
    return await inputArgs(info.path, [...own, ...more]);
  }
  return await sequenceArgs(info.path, info.video.nominalRate ?? { num: 24, den: 1 }, more);
}

/** The input of a number pattern at `rate`. Throws as findSequence. */
export async function sequenceArgs(path: string, rate: Rational, more: readonly string[] = []): Promise<string[]> {
  const sequence = await findSequence(path);
  const image2 = ['-f', 'image2', '-pattern_type', 'sequence', '-start_number', String(sequence.first)];
  // The first number is known: no searching for another one near it.
  const rated = ['-framerate', `${rate.num}/${rate.den}`, '-start_number_range', '1'];
  return [...(await guards(undefined, 'image2')), ...image2, ...rated, ...more, '-i', `file:${imagePattern(sequence)}`];
}

/** The options that open a picture as `format`, which probing found; none for all else. */
export function imageArgs(format: string): string[] {
  if (/^[a-z0-9]+_pipe$/.test(format)) return ['-f', format];
  return format === 'image2' ? ['-f', 'image2', '-pattern_type', 'none'] : [];
}

/** Whether the edits of a file are left out when it is decoded ([Note: clocks], recorded.ts). */
export function isUnedited({ recorded }: Pick<VideoInfo, 'recorded'>): boolean {
  return recorded?.decoded === 'recorded' && recorded.sections.length > 0;
}

/** For a stream whose file's edits are left out ([Note: clocks], recorded.ts). */
export function editArgs(unedited: boolean): string[] {
  return unedited ? ['-ignore_editlist', '1'] : [];
}

/** [Note: alpha layer], alpha-layer.ts. */
function decoderArgs({ video }: VideoInfo): string[] {
  return video.decoder ? [`-c:${video.index}`, video.decoder] : [];
}

async function guards(build?: FfmpegBuild, also?: string): Promise<string[]> {
  const { safeDemuxers } = await capabilities(build);
  // Nothing in a whitelist may be one that opens further files; image2 only for a name this side has read.
  const formats = also ? [...safeDemuxers, also] : safeDemuxers;
  return ['-protocol_whitelist', 'file,pipe', '-format_whitelist', formats.join(',')];
}
