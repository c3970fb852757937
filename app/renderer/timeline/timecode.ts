/**
 * Timecode of a sequence, as editors read it.
 *
 * [Note: drop frame] At 30000/1001 and 60000/1001 the count runs slower than the clock, so the numbers 00 and 01 (00 to 03 at 60) of every minute but each
 * tenth are left out (SMPTE ST 12-1): the timecode then agrees with the clock to a frame in an hour or so. It is written with ';'. No frame is dropped, only numbers.
 */
import type { Rational } from '../../contract/time.ts';

/** Frames a timecode counts in a second. */
export function nominalRate({ num, den }: Rational): number {
  return Math.max(1, Math.round(num / den));
}

/** Whether numbers are left out at this rate. */
export function dropsNumbers({ num, den }: Rational): boolean {
  return den === 1001 && (num === 30_000 || num === 60_000);
}

/** 'hh:mm:ss:ff', with ';' before the frames where numbers are dropped. Negative frames get a minus. */
export function timecode(frame: number, rate: Rational): string {
  const whole = Math.floor(Math.abs(frame));
  const nominal = nominalRate(rate);
  const drop = dropsNumbers(rate);
  const number = drop ? whole + droppedBefore(whole, nominal) : whole;
  const seconds = Math.floor(number / nominal);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two);
  return `${frame < 0 ? '-' : ''}${parts.join(':')}${drop ? ';' : ':'}${two(number % nominal)}`;
}

/**
 * The frame of what was typed: a timecode with any of its parts ('1:02:03:04', '3;04'), digits alone as on an edit controller ('1204' is 12 seconds and 4 frames),
 * '+10' or '-10' frames from `from`, '12.5s' seconds. Null for anything else.
 */
export function parseTimecode(text: string, rate: Rational, from = 0): number | null {
  const typed = text.trim();
  const nominal = nominalRate(rate);
  const relative = /^([+-])\s*(.+)$/.exec(typed);
  if (relative) {
    const by = /^\d{1,9}$/.test(relative[2]!) ? Number(relative[2]) : parseTimecode(relative[2]!, rate);
    return by === null ? null : Math.max(0, from + (relative[1] === '-' ? -by : by));
  }
  const seconds = /^(\d{1,7}(?:\.\d+)?)\s*s$/.exec(typed);
  if (seconds) return Math.round((Number(seconds[1]) * rate.num) / rate.den);
  const digits = /^\d{1,8}$/.test(typed) ? typed.padStart(8, '0').match(/../g)! : typed.split(/[:;.,]/);
  if (digits.length > 4 || !digits.every((part) => /^\d{1,3}$/.test(part))) return null;
  const [hours, minutes, secs, frames] = [...Array<string>(4 - digits.length).fill('0'), ...digits].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const allMinutes = hours * 60 + minutes;
  const number = (allMinutes * 60 + secs) * nominal + frames;
  if (!dropsNumbers(rate)) return number;
  const dropped = nominal / 15;
  return Math.max(0, number - dropped * (allMinutes - Math.floor(allMinutes / 10)));
}

/** Numbers left out before frame `frame`. */
function droppedBefore(frame: number, nominal: number): number {
  const dropped = nominal / 15;
  const inMinute = nominal * 60 - dropped;
  const inTen = inMinute * 9 + nominal * 60;
  const tens = Math.floor(frame / inTen);
  const rest = frame % inTen;
  // The first minute of ten has all its numbers.
  const minutes = rest < nominal * 60 ? 0 : 1 + Math.floor((rest - nominal * 60) / inMinute);
  return dropped * (9 * tens + minutes);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** A length for people: '12 frames', '3.2 s', '1 min 04 s'. */
export function lengthText(frames: number, rate: Rational): string {
  const seconds = (frames * rate.den) / rate.num;
  if (seconds < 1) return frames === 1 ? '1 frame' : `${frames} frames`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  return `${Math.floor(seconds / 60)} min ${two(Math.floor(seconds % 60))} s`;
}

/** A speed for people: '100 %', '-50 %', '12.5 %'. */
export function speedText(speed: number): string {
  const percent = speed * 100;
  const digits = Math.abs(percent) < 10 ? 2 : Math.abs(percent) < 100 ? 1 : 0;
  return `${Number(percent.toFixed(digits))} %`;
}

/** Frames between labels and between ticks of a ruler with `scale` pixels a frame: labels at least `least` pixels apart. */
export function rulerSteps(scale: number, rate: Rational, least: number): { label: number; tick: number } {
  const nominal = nominalRate(rate);
  const within = [1, 2, 5, 10, 15].filter((step) => step < nominal && (nominal % step === 0 || step === 1));
  const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000, 36_000];
  const steps = [...within, ...seconds.map((count) => count * nominal)];
  const label = steps.find((step) => step * scale >= least) ?? steps.at(-1)!;
  const ticks = steps.filter((step) => label % step === 0 && step * scale >= 6 && label / step <= 10);
  return { label, tick: ticks[0] ?? label };
}
