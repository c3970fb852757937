/** What becomes of the sound when nobody says. */
import type { AudioMode } from '../../../contract/jobs.ts';
import type { TimeMap } from '../../time/map.ts';
import { cells } from './runs.ts';

/** Below this speed stretched sound is mush and slowed tape a rumble: silence is the better default. */
export const MUTE_BELOW = 0.5;

/** Source seconds passed, forwards or backwards, in a second of output, on the mean of the map's moving parts; 1 when nothing moves. */
export function meanSpeed(map: TimeMap): number {
  let moved = 0;
  let moving = 0;
  for (const { from, to, a, b } of cells(map)) {
    if (a === b) continue;
    moved += Math.abs(b - a);
    moving += to - from;
  }
  return moving > 0 ? moved / moving : 1;
}

/** Pitch kept, but mute when the mean speed is below a half. */
export function defaultAudioMode(map: TimeMap): AudioMode {
  return meanSpeed(map) < MUTE_BELOW - 1e-9 ? 'mute' : 'keep-pitch';
}
