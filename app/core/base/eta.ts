/** How long it will still take: the one place that smooths rates. */

/** Seconds of history that count, and the width of one bucket of it. */
const WINDOW = 15;
const BUCKET = 1;
/** A bucket this many times faster than the rest was work found finished (chunks of an earlier run), not work done. */
const LEAP = 8;

interface Bucket {
  readonly from: number;
  readonly startFraction: number;
  to: number;
  endFraction: number;
}

export interface Eta {
  /** Notes that `fraction` (0..1) of the work is done at `seconds` (any clock that only goes forward). Seconds still to go, once it can be told. */
  update(fraction: number, seconds: number): number | undefined;
}

/** Starts a new estimate. */
export function createEta(): Eta {
  let buckets: Bucket[] = [];
  let last: { fraction: number; seconds: number } | undefined;
  return {
    update(fraction, seconds) {
      if (last !== undefined && fraction < last.fraction) buckets = [];
      const before = last ?? { fraction, seconds };
      last = { fraction, seconds };
      const open = buckets.at(-1);
      if (open !== undefined && seconds - open.from < BUCKET) {
        open.to = seconds;
        open.endFraction = fraction;
      } else {
        buckets.push({ from: before.seconds, startFraction: before.fraction, to: seconds, endFraction: fraction });
      }
      buckets = buckets.filter((bucket) => seconds - bucket.to <= WINDOW);
      const rate = rateOf(buckets);
      return fraction >= 1 ? 0 : rate > 0 ? (1 - fraction) / rate : undefined;
    },
  };
}

/** Fraction a second over the buckets, leaps left out; 0 until there is a second of history. */
function rateOf(buckets: readonly Bucket[]): number {
  const speeds = buckets
    .filter((bucket) => bucket.to > bucket.from)
    .map((b) => (b.endFraction - b.startFraction) / (b.to - b.from));
  const typical = median(speeds);
  let work = 0;
  let time = 0;
  for (const bucket of buckets) {
    const seconds = bucket.to - bucket.from;
    const done = bucket.endFraction - bucket.startFraction;
    if (speeds.length > 1 && typical > 0 && done > LEAP * typical * seconds) continue;
    work += done;
    time += seconds;
  }
  return time >= BUCKET ? work / time : 0;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}
