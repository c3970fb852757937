/**
 * SMPTE timecode: names for frames.
 *
 * [Note: drop frame] At 29.97 and 59.94 a timecode that counts 30 (60) to a second runs behind the clock. Drop-frame timecode leaves out names, not
 * frames: the first two (four) of each minute but every tenth. It is written with a semicolon before the frames.
 */
import type { Rational } from '../../../contract/time.ts';
import { toNumber } from '../../time/rational.ts';

/** Names there are in a second. */
export function nominalRate(rate: Rational): number {
  return Math.round(toNumber(rate));
}

/** Whether a rate is one of those that drop frames: 30000/1001 and its double. */
export function canDrop(rate: Rational): boolean {
  return rate.den === 1001 && (rate.num === 30_000 || rate.num === 60_000);
}

/** Frames, from 0 on, as HH:MM:SS:FF, with drop-frame names where `drop`. After 24 hours the names begin again. */
export function timecodeOf(frames: number, rate: Rational, drop: boolean): string {
  const nominal = nominalRate(rate);
  const dropped = drop ? droppedBefore(frames, nominal) : 0;
  const names = (frames + dropped) % (24 * 3600 * nominal);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const seconds = Math.floor(names / nominal);
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(two).join(':');
  return `${clock}${drop ? ';' : ':'}${two(names % nominal)}`;
}

/** How many names were left out before a frame. */
function droppedBefore(frames: number, nominal: number): number {
  const drop = nominal / 15;
  const minute = 60 * nominal - drop;
  const tenMinutes = 10 * 60 * nominal - 9 * drop;
  const tens = Math.floor(frames / tenMinutes);
  const rest = frames - tens * tenMinutes;
  // The first minute of ten drops nothing, so it is longer.
  return drop * (9 * tens + (rest < 60 * nominal ? 0 : 1 + Math.floor((rest - 60 * nominal) / minute)));
}

export interface Timecode {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly frames: number;
  /** It has the sign of drop-frame timecode. */
  readonly drop: boolean;
}

/** The parts of 'HH:MM:SS:FF' (';' or '.' before the frames, or everywhere, says drop frame); undefined for anything else. */
export function parseTimecode(text: string): Timecode | undefined {
  const match = /^(\d{1,2})([:;])(\d{2})([:;])(\d{2})([:;.,])(\d{2,3})$/.exec(text.trim());
  if (!match) return undefined;
  const [hours, minutes, seconds, frames] = [match[1], match[3], match[5], match[7]].map(Number);
  if (minutes! > 59 || seconds! > 59) return undefined;
  return { hours: hours!, minutes: minutes!, seconds: seconds!, frames: frames!, drop: match[6] !== ':' };
}

/** The frame that a timecode names. */
export function framesOf(code: Timecode, rate: Rational, drop: boolean): number {
  const nominal = nominalRate(rate);
  const minutes = code.hours * 60 + code.minutes;
  const names = (minutes * 60 + code.seconds) * nominal + code.frames;
  return drop ? names - (nominal / 15) * (minutes - Math.floor(minutes / 10)) : names;
}
