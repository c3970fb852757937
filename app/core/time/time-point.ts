/** Points in time as people write them: seconds, HH:MM:SS.mmm, or a frame number. */
import { AppError } from '../../contract/errors.ts';
import type { TimePoint } from '../../contract/jobs.ts';
import { secondsToTicks } from './rational.ts';

/** '12.5', '1:02.5', '00:01:02.500' or '123f'. Throws 'usage'. */
export function parseTimePoint(text: string): TimePoint {
  const frame = /^(\d{1,12})f$/.exec(text.trim());
  if (frame) return { frame: Number(frame[1]) };
  const clock = /^(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,9}(?:\.\d{1,12})?)$/.exec(text.trim());
  if (!clock) {
    throw new AppError(
      'usage',
      `'${text}' is not a time. Write seconds (12.5), HH:MM:SS.mmm or a frame number (123f).`,
    );
  }
  const [, hours = '0', minutes = '0', seconds] = clock;
  return { seconds: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) };
}

/** The point in ticks since the first frame. A frame number past the end is the end. */
export function timePointTicks(point: TimePoint, times: readonly number[], end: number): number {
  if ('seconds' in point) return secondsToTicks(point.seconds);
  return times[point.frame] ?? end;
}
