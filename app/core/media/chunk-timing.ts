/**
 * Exact timestamps through an encoder. [Note: chunk timing]
 *
 * Encoders are told a constant rate, whatever the real timing: rate control, levels and AV1's limit of 240 fps want one. The packets that come out are
 * given their real timestamps by the bitstream filter `setts`, in units of 1/timescale. Its expression must not depend on the time base the
 * packets arrive in (ffmpeg versions differ), so a packet's frame number is worked out from the decoding timestamps, which are evenly spaced:
 * frame = PTS * N / (DTS - first DTS). Decoding timestamps are made anew, `reorder` frames early, going on below zero with the rate's own step,
 * or one tick where the steps vary: so packets of any chunk, however short, keep their decoding order when chunks are put one after the other.
 */
import type { Rational } from '../../contract/time.ts';
import { mulDivRound } from '../time/rational.ts';

export interface Timing {
  /** Unit of the plan's timestamps, in seconds. */
  readonly timeBase: Rational;
  /** Ticks in a second of the chunk files: the finest the concatenation keeps exact (it counts in microseconds). */
  readonly timescale: number;
  /** Ticks in a second by the clock of the chunk files, where their container has one of its own: a tick is a tick of that, however long it takes. */
  readonly stamped?: number;
  /** Constant rate, or undefined for VFR. */
  readonly rate: Rational | undefined;
  /** What the encoder is told. */
  readonly nominalRate: Rational;
  readonly reorder: number;
}

/** Microseconds are exact up to here ([Note: chunk timing]). */
export const FINEST_TIMESCALE = 1_000_000;

/** A time of the plan in ticks of 1/timescale, rounded where the plan's time base is finer. */
export function chunkTicks(timestamp: number, { timeBase, timescale }: Timing): number {
  return mulDivRound(timestamp, timeBase.num * timescale, timeBase.den);
}

/** Runs of equal steps. */
function runsOf(steps: readonly number[]): { step: number; from: number; count: number }[] {
  const runs: { step: number; from: number; count: number }[] = [];
  steps.forEach((step, i) => {
    const last = runs.at(-1);
    if (last?.step === step) last.count++;
    else runs.push({ step, from: i, count: 1 });
  });
  return runs;
}

/** Time of frame `n` (an expression) given each frame's duration; `before` is the step below frame 0. */
function timeOf(n: string, steps: readonly number[], before: number): string {
  const terms = runsOf(steps).map(({ step, from, count }) => `${step}*clip(${n}-${from},0,${count})`);
  return sumOf([...terms, `${before}*min(${n},0)`]);
}

/** A sum as a tree: ffmpeg refuses expressions that nest a hundred deep, and every + of a plain sum is one deeper. */
function sumOf(terms: readonly string[]): string {
  if (terms.length <= 16) return terms.join('+');
  const groups: string[] = [];
  for (let i = 0; i < terms.length; i += 16) groups.push(`(${terms.slice(i, i + 16).join('+')})`);
  return sumOf(groups);
}

/**
 * The `setts` filter for a chunk whose frames start at `ticks[0] = 0, ticks[1], ...` and end at the last of `ticks` (all in
 * 1/timescale s, strictly ascending). Quoted for a bitstream filter chain.
 */
export function settsFor(ticks: readonly number[], { timescale, stamped, reorder, rate }: Timing): string {
  const steps = ticks.slice(1).map((tick, i) => tick - ticks[i]!);
  const before = rate ? (steps[0] ?? 1) : 1;
  const frame = 'st(0,if(N,floor((PTS-STARTPTS)*N/(DTS-STARTDTS)+0.5),0))*0';
  const pts = `${frame}+${timeOf('ld(0)', steps, before)}`;
  const dts = `st(1,N-${reorder})*0+${timeOf('ld(1)', steps, before)}`;
  const lengths = runsOf(steps).map(({ step, from, count }) => `${step}*between(ld(0),${from},${from + count - 1})`);
  return `setts=time_base=1/${stamped ?? timescale}:pts='${pts}':dts='${dts}':duration='${frame}+${sumOf(lengths)}'`;
}

/**
 * The same by a filter before the encoder, for builds without `setts`: the encoder then sees the real timing. Constant rates are told too: ffmpeg
 * takes 120000/1001 for 120, and beyond `nominalRate` the encoder was told less.
 */
export function setptsFor(ticks: readonly number[], { timescale, rate }: Timing): string {
  if (rate) return `settb=${rate.den}/${rate.num},setpts=N`;
  const steps = ticks.slice(1).map((tick, i) => tick - ticks[i]!);
  return `settb=1/${timescale},setpts='${timeOf('N', steps, 1)}'`;
}
