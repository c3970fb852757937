/**
 * Timecode, the clock of editing: hours, minutes, seconds and frames, counted as if the rate were the next whole number. Drop-frame counting, at 30000/1001
 * and 60000/1001, leaves out frame numbers (SMPTE ST 12-1): two (four) each minute but every tenth.
 */
import type { Rational } from '../../contract/time.ts';
import { toNumber } from './rational.ts';

export interface Timecode {
  /** Frames since 00:00:00:00. */
  readonly frames: number;
  readonly drop: boolean;
}

/** Numbers dropped a minute at a rate; 0 where nothing is ever dropped. */
function droppedAt(rate: Rational): number {
  return rate.den === 1001 && (rate.num === 30_000 || rate.num === 60_000) ? rate.num / 15_000 : 0;
}

/** 'HH:MM:SS:FF' at a rate; undefined for what is none. A ';' before the frames says that numbers are dropped. */
export function parseTimecode(text: string, rate: Rational): Timecode | undefined {
  const match = /^(\d{1,2}):(\d\d):(\d\d)([:;.])(\d{2,3})$/.exec(text.trim());
  if (!match) return undefined;
  const [hours, minutes, seconds, frames] = [match[1], match[2], match[3], match[5]].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const whole = Math.round(toNumber(rate));
  const dropped = match[4] === ':' ? 0 : droppedAt(rate);
  const minute = 60 * hours + minutes;
  const counted = (minute * 60 + seconds) * whole + frames;
  return { frames: counted - dropped * (minute - Math.floor(minute / 10)), drop: dropped > 0 };
}

/** The timecode of a frame, from 0; hours go round after 24. */
export function formatTimecode({ frames, drop }: Timecode, rate: Rational): string {
  const whole = Math.round(toNumber(rate));
  const dropped = drop ? droppedAt(rate) : 0;
  let number = frames;
  if (dropped > 0) {
    const ten = 10 * 60 * whole - 9 * dropped;
    const rest = frames % ten;
    const minutes = rest < 60 * whole ? 0 : 1 + Math.floor((rest - 60 * whole) / (60 * whole - dropped));
    number += dropped * (9 * Math.floor(frames / ten) + minutes);
  }
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = Math.floor(number / whole);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
  return `${clock}${dropped > 0 ? ';' : ':'}${two(number % whole)}`;
}
