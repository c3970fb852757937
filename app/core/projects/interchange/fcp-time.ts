/** Times as FCPXML writes them: whole or rational seconds, '1001/30000s'. */
import { TICKS, type Rational } from '../../../contract/time.ts';
import { rational, secondsToTicks } from '../../time/rational.ts';
import { badProject } from './foreign.ts';

/** Exactly so many frames of a rate. */
export function frameTime(frames: number, rate: Rational): string {
  return text(rational(BigInt(frames) * BigInt(rate.den), rate.num));
}

/** Seconds, to the nearest tick. */
export function secondsTime(seconds: number): string {
  return text(rational(secondsToTicks(seconds), TICKS));
}

function text({ num, den }: Rational): string {
  return den === 1 ? `${num}s` : `${num}/${den}s`;
}

/** The time in seconds, exactly; undefined where there is none. Throws bad-project for what is no time. */
export function parseTime(value: string | undefined): Rational | undefined {
  if (value === undefined) return undefined;
  const match = /^\s*([+-]?\d{1,15})(?:\/(\d{1,12})|\.(\d{1,9}))?s?\s*$/.exec(value);
  const [, whole = '', den, decimals] = match ?? [];
  if (!match || (den !== undefined && Number(den) === 0)) throw badProject(`'${value.slice(0, 60)}' is no time.`);
  try {
    const time =
      decimals === undefined
        ? rational(BigInt(whole), BigInt(den ?? 1))
        : rational(BigInt(`${whole}${decimals}`), 10n ** BigInt(decimals.length));
    if (Math.abs(time.num / time.den) <= 1e7) return time;
  } catch {
    // Beyond what a number holds.
  }
  throw badProject(`'${value.slice(0, 60)}' is too long a time.`);
}

/** a - b. */
export function minus(a: Rational, b: Rational): Rational {
  return rational(BigInt(a.num) * BigInt(b.den) - BigInt(b.num) * BigInt(a.den), BigInt(a.den) * BigInt(b.den));
}

/** The nearest whole frame. */
export function framesIn(time: Rational, rate: Rational): number {
  return Math.round((time.num * rate.num) / (time.den * rate.den));
}
