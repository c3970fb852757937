/** Exact arithmetic on rates, times and speeds. See [Note: time] in contract/time.ts. */
import { AppError } from '../../contract/errors.ts';
import { TICKS, type Rational } from '../../contract/time.ts';

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

/** num/den in lowest terms with den > 0. Throws RangeError for den = 0 or a result outside safe integers. */
export function rational(num: number | bigint, den: number | bigint = 1): Rational {
  let n = BigInt(num);
  let d = BigInt(den);
  if (d === 0n) throw new RangeError('A rational needs a denominator that is not zero');
  if (d < 0n) [n, d] = [-n, -d];
  const g = gcd(n, d) || 1n;
  const value = { num: Number(n / g), den: Number(d / g) };
  if (!Number.isSafeInteger(value.num) || !Number.isSafeInteger(value.den)) {
    throw new RangeError(`The rational ${n}/${d} does not fit safe integers`);
  }
  return value;
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(BigInt(a.num) * BigInt(b.num), BigInt(a.den) * BigInt(b.den));
}

export function divide(a: Rational, b: Rational): Rational {
  return rational(BigInt(a.num) * BigInt(b.den), BigInt(a.den) * BigInt(b.num));
}

export function inverse(a: Rational): Rational {
  return rational(a.den, a.num);
}

/** Negative, zero or positive as a is below, equal to or above b. */
export function compare(a: Rational, b: Rational): number {
  const difference = BigInt(a.num) * BigInt(b.den) - BigInt(b.num) * BigInt(a.den);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function toNumber(a: Rational): number {
  return a.num / a.den;
}

/** 'num/den', or 'num' for a whole number. */
export function format(a: Rational): string {
  return a.den === 1 ? String(a.num) : `${a.num}/${a.den}`;
}

/** a * b / c rounded to the nearest integer, halves up, without overflow. c > 0. */
export function mulDivRound(a: number, b: number, c: number): number {
  const product = a * b;
  if (Number.isSafeInteger(product) && Math.abs(product) < 2 ** 50) return Math.floor((2 * product + c) / (2 * c));
  const n = 2n * BigInt(a) * BigInt(b) + BigInt(c);
  const d = 2n * BigInt(c);
  const q = n / d;
  return Number(n < 0n && n % d !== 0n ? q - 1n : q);
}

/** Time in ticks of `count` units of `unit` seconds each (a time base, or a rate's inverse). */
export function ticksOf(count: number, unit: Rational): number {
  return mulDivRound(count, TICKS * unit.num, unit.den);
}

/** Seconds as ticks, rounded once. */
export function secondsToTicks(seconds: number): number {
  return Math.round(seconds * TICKS);
}

/** Rates people mean when they write or measure something near. */
const STANDARD_RATES: readonly Rational[] = [
  ...[24, 30, 48, 60, 120, 240].map((rate) => rational(rate * 1000, 1001)),
  ...[5, 6, 8, 10, 12, 12.5, 14, 15, 16, 18, 20, 23, 24, 25, 29, 30, 48, 50, 60, 72, 75, 90, 100, 120, 144, 240].map(
    (rate) => rational(rate * 2, 2),
  ),
];

/** The standard rate within `tolerance` (relative) of `rate`, the nearest if several; undefined if none is. */
export function standardRate(rate: number, tolerance: number): Rational | undefined {
  let best: Rational | undefined;
  let bestError = tolerance;
  for (const candidate of STANDARD_RATES) {
    const error = Math.abs(toNumber(candidate) / rate - 1);
    if (error <= bestError) [best, bestError] = [candidate, error];
  }
  return best;
}

/** A decimal ('23.976', '-0.5') or a fraction ('24000/1001') as an exact rational; undefined if it is neither. */
function parseExact(text: string): Rational | undefined {
  const match = /^([+-]?\d{1,9})(?:\.(\d{1,9}))?(?:\/(\d{1,9}))?$/.exec(text.trim());
  if (!match || (match[2] !== undefined && match[3] !== undefined)) return undefined;
  const [, whole, decimals = '', den = '1'] = match;
  if (Number(den) === 0) return undefined;
  return rational(BigInt(`${whole}${decimals}`), 10n ** BigInt(decimals.length) * BigInt(den));
}

/**
 * A frame rate as people write it: '60', '24000/1001', or the rounded decimals of the NTSC family ('23.976', '29.97'),
 * which mean the exact rate. Throws 'usage'.
 */
export function parseRate(text: string): Rational {
  const value = parseExact(text);
  if (!value || value.num <= 0 || toNumber(value) > 10_000) {
    throw new AppError('usage', `'${text}' is not a frame rate. Write it like 60, 23.976 or 24000/1001.`);
  }
  const ntsc = /\.\d{2,}$/.test(text.trim()) ? standardRate(toNumber(value), 5e-5) : undefined;
  return ntsc ?? value;
}

/** A speed: '0.25', '1/4', '25%'; negative plays backwards. Throws 'usage' for zero and for nonsense. */
export function parseSpeed(text: string): Rational {
  const percent = text.trim().endsWith('%');
  const value = parseExact(percent ? text.trim().slice(0, -1) : text);
  if (!value || value.num === 0 || Math.abs(toNumber(value)) > 100_000) {
    throw new AppError(
      'usage',
      `'${text}' is not a speed. Write it like 0.25, 1/4 or 25%; a freeze is a curve with the ease 'hold'.`,
    );
  }
  return percent ? divide(value, rational(100)) : value;
}
