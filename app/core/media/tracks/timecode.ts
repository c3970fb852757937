/** The timecode of an output's first frame. */
import type { VideoInfo } from '../../../contract/media.ts';
import type { Rational } from '../../../contract/time.ts';
import { toNumber } from '../../time/rational.ts';
import { formatTimecode, parseTimecode } from '../../time/timecode.ts';

/** The source's timecode `seconds` after its first frame, counted at `rate` (the output's); undefined where the source has none. */
export function timecodeAfter(
  { video, tags }: Pick<VideoInfo, 'video' | 'tags'>,
  seconds: number,
  rate: Rational,
): string | undefined {
  const own = video.averageRate ?? video.nominalRate ?? rate;
  const start = parseTimecode(tags['timecode'] ?? tags['TIMECODE'] ?? '', own);
  if (start === undefined) return undefined;
  const frames = Math.round((start.frames / toNumber(own) + Math.max(0, seconds)) * toNumber(rate));
  return formatTimecode({ frames, drop: start.drop }, rate);
}
