/**
 * The timing of a source. [Note: regular time]
 *
 * Containers round timestamps (Matroska to a millisecond), so a 24000/1001 clip arrives as 0, 42, 83, 125 ms. Taken at
 * its word, no output frame would ever fall on a source frame and every real frame would be replaced by a synthesised one.
 * So: when every timestamp is within its container's rounding of a multiple of one interval, the timestamps are moved to
 * those multiples. Dropped frames (gaps of several intervals) stay gaps. Anything else is VFR and is believed as written.
 */
import type { ClockChoice } from '../../contract/choices.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import { rational, standardRate, ticksOf, toNumber } from './rational.ts';

export interface SourceTiming {
  /** Ticks since the first frame, strictly ascending. */
  readonly times: readonly number[];
  /** Where the last frame ends. */
  readonly end: number;
  /** The rate of the grid the frames lie on; for VFR the median interval snapped to a standard rate. */
  readonly rate: Rational;
  /** Frames do not lie on a grid. */
  readonly vfr: boolean;
  /** Unit of the timestamps as the file has them. */
  readonly timeBase: Rational;
  /** Of slow motion of a phone: the clock that the times follow ([Note: clocks]). */
  readonly decoded?: ClockChoice | undefined;
}

/** The multiples of 1/rate nearest to `times`, or undefined if one is farther than `slack` ticks or two coincide. */
function onGrid(times: readonly number[], rate: Rational, slack: number): number[] | undefined {
  const unit = { num: rate.den, den: rate.num };
  const interval = ticksOf(1, unit);
  const snapped: number[] = [];
  let last = -1;
  for (const time of times) {
    const count = Math.round((time * rate.num) / (TICKS * rate.den));
    const exact = ticksOf(count, unit);
    if (count <= last || Math.abs(exact - time) > Math.min(slack, interval / 3)) return undefined;
    snapped.push(exact);
    last = count;
  }
  return snapped;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/**
 * Finds the grid of `times` (ticks, ascending, times[0] = 0), given the stream's time base and the rates the container
 * claims. A clip of one frame has the claimed rate, else 25.
 */
export function sourceTiming(
  times: readonly number[],
  end: number,
  timeBase: Rational,
  claimed: readonly (Rational | undefined)[],
): SourceTiming {
  const claims = claimed.filter((rate) => rate !== undefined && rate.num > 0 && toNumber(rate) <= 1000) as Rational[];
  if (times.length < 2) {
    const rate = claims[0] ?? (end > 0 ? standardRate(TICKS / end, 0.02) : undefined) ?? rational(25);
    return { times, end: ticksOf(1, { num: rate.den, den: rate.num }), rate, vfr: false, timeBase };
  }
  const middle = median(times.slice(1).map((time, i) => time - (times[i] ?? 0)));
  const mean = times.at(-1)! / (times.length - 1);
  const candidates = [
    ...claims.filter((rate) => Math.abs(TICKS / middle / toNumber(rate) - 1) < 0.2),
    standardRate(TICKS / mean, 0.001),
    standardRate(TICKS / middle, 0.02),
    rational(Math.round((TICKS / mean) * 1000), 1000),
  ];
  // Both the first frame and any other were rounded by up to half a unit; GIF and FLV count in 1/100 s and 1 ms.
  const slack = ticksOf(1, timeBase) + 8;
  for (const rate of candidates) {
    const snapped = rate && onGrid(times, rate, slack);
    if (!rate || !snapped) continue;
    const interval = ticksOf(1, { num: rate.den, den: rate.num });
    // Without gaps the last frame lasts as long as the others, whatever the container says: n frames are n intervals.
    const count = Math.round(snapped.at(-1)! / interval) + 1;
    const tail = count === snapped.length ? 1 : Math.max(1, Math.round((end - times.at(-1)!) / interval));
    return {
      times: snapped,
      end: ticksOf(count - 1 + tail, { num: rate.den, den: rate.num }),
      rate,
      vfr: false,
      timeBase,
    };
  }
  const rate = standardRate(TICKS / middle, 0.04) ?? rational(Math.round((TICKS / middle) * 100), 100);
  return { times, end: Math.max(end, times.at(-1)! + 1), rate, vfr: true, timeBase };
}
