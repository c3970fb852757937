/** The treatment of soft telecine (soft.ts): even times. */
import type { VideoInfo } from '../../../contract/media.ts';
import { TICKS } from '../../../contract/time.ts';
import { standardRate, ticksOf } from '../../time/rational.ts';
import type { FrameFacts } from '../frame-facts.ts';
import { filmInterval } from './soft.ts';

/** The source with its film frames spaced evenly. */
export function softFilm(info: VideoInfo, facts: FrameFacts): { info: VideoInfo; facts: FrameFacts } {
  const { times } = facts.index;
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  const mean = filmInterval(times);
  const rate = standardRate(TICKS / mean, 0.0006);
  const unit = rate && { num: rate.den, den: rate.num };
  let slot = 0;
  const even = times.map((_, i) => {
    if (i > 0) slot += Math.max(1, Math.round(steps[i - 1]! / mean));
    return unit ? ticksOf(slot, unit) : Math.round(slot * mean);
  });
  const end = unit ? ticksOf(slot + 1, unit) : Math.round((slot + 1) * mean);
  const video = { ...info.video, ...(rate && { nominalRate: rate, averageRate: rate }), fieldOrder: 'progressive' };
  return { info: { ...info, video }, facts: { ...facts, index: { ...facts.index, times: even, end } } };
}
