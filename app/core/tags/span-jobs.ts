/**
 * Found spans as jobs: each cut out of its clip as a file of its own, or slowed by a curve.
 *
 * [Note: slow where] The file shows `lead` seconds at normal speed, then within the span the speed goes evenly down to `speed` over `ramp` seconds of source, stays
 * there, and comes back up before the span ends; `lead` seconds follow. A ramp takes no more than a third of its span, and there is none where nothing is shown before
 * or after. All of these places are frames of the source, so what plays at normal speed is the source's own frames, and of the slow part every one of them is
 * shown. A curve that was drawn is stretched to the match with its lead instead, in both directions, so that its speeds stay.
 */
import { AppError } from '../../contract/errors.ts';
import type { CurveKey, RetimeSpec } from '../../contract/jobs.ts';
import { TICKS } from '../../contract/time.ts';
import { rational } from '../time/rational.ts';
import type { SourceTiming } from '../time/regular.ts';
import type { SpanOfClip } from './span-names.ts';

export interface SlowShape {
  /** Seconds before and after. */
  readonly lead: number;
  /** Of the middle, above 0. */
  readonly speed: number;
  /** Seconds of source over which it gets there. */
  readonly ramp: number;
  /** In place of speed and ramp. */
  readonly curve?: readonly CurveKey[] | undefined;
}

export const SLOW_SHAPE: SlowShape = { lead: 0.5, speed: 0.25, ramp: 0.2 };

const MOST_SPEED = 100;
const MOST_SECONDS = 600;

/** Throws 'usage'. */
export function checkShape({ lead, speed, ramp }: SlowShape): void {
  const within = (value: number, low: number, high: number): boolean => value >= low && value <= high;
  if (!within(lead, 0, MOST_SECONDS) || !within(ramp, 0, MOST_SECONDS)) {
    throw new AppError('usage', `Lead and ramp are seconds from 0 to ${MOST_SECONDS}.`);
  }
  if (!within(speed, 1 / 1000, MOST_SPEED)) {
    throw new AppError('usage', `The speed of a match is above 0 and at most ${MOST_SPEED}, not ${speed}.`);
  }
}

/** A retime as it is without anything said. */
export function plainRetime(input: string, output: string, force: boolean): RetimeSpec {
  return {
    ...{ kind: 'retime', input, output, speed: rational(1), factor: 1, engine: 'glide' },
    ...{ cuts: 'auto', holds: 'off', maxHold: 6, shutter: 0, force },
  };
}

/** Spans are told in the times that decoding gives. */
function clockOf({ decoded }: SourceTiming): Pick<RetimeSpec, 'clock'> {
  return decoded ? { clock: decoded } : {};
}

/** `spec` for the span alone, with `lead` seconds on both sides: the source's own frames at their own times. */
export function cutOut(spec: RetimeSpec, span: SpanOfClip, timing: SourceTiming, lead: number): RetimeSpec {
  const { from, to } = framesOf(span, timing, lead);
  const plain = { speed: rational(1), factor: 1, fps: 'source', engine: 'hold', cuts: 'off' } as const;
  return {
    ...spec,
    ...plain,
    ...clockOf(timing),
    audio: spec.audio ?? 'original',
    from: { frame: from },
    to: { frame: to },
  };
}

/** `spec` with a curve that slows the span ([Note: slow where]). */
export function slowed(spec: RetimeSpec, span: SpanOfClip, timing: SourceTiming, shape: SlowShape): RetimeSpec {
  return {
    ...spec,
    ...clockOf(timing),
    curve: { keys: shape.curve ? stretched(shape.curve, span, timing, shape) : slowKeys(span, timing, shape) },
  };
}

/** Frames [from, to) that show the seconds of a span, and a lead. */
function framesOf({ start, end }: SpanOfClip, { times }: SourceTiming, lead: number): { from: number; to: number } {
  const from = Math.max(0, lastAtOrBefore(times, (start - lead) * TICKS + ROUNDED));
  const to = lastAtOrBefore(times, (end + lead) * TICKS - ROUNDED) + 1;
  return { from, to: Math.max(to, from + 1) };
}

/** A time that was rounded to a millisecond is still meant. */
const ROUNDED = TICKS / 2000;

function lastAtOrBefore(times: readonly number[], ticks: number): number {
  let [low, high] = [-1, times.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle]! <= ticks) low = middle;
    else high = middle - 1;
  }
  return low;
}

function slowKeys(span: SpanOfClip, timing: SourceTiming, { lead, speed, ramp }: SlowShape): CurveKey[] {
  const at = (frame: number): number => (timing.times[frame] ?? timing.end) / TICKS;
  const whole = framesOf(span, timing, lead);
  const slow = framesOf(span, timing, 0);
  const wanted = Math.round((ramp * timing.rate.num) / timing.rate.den);
  const eased = Math.min(wanted, Math.floor((slow.to - slow.from) / 3));
  const down = slow.from > whole.from ? eased : 0;
  const up = slow.to < whole.to ? eased : 0;
  // Source frame that each stretch ends with, and its mean speed; an even change has the mean of both.
  const stretches = [
    { to: slow.from, mean: 1, ease: 'linear' as const },
    { to: slow.from + down, mean: (1 + speed) / 2, ease: 'smooth' as const },
    { to: slow.to - up, mean: speed, ease: 'linear' as const },
    { to: slow.to, mean: (1 + speed) / 2, ease: 'smooth' as const },
    { to: whole.to, mean: 1, ease: 'linear' as const },
  ];
  const keys: CurveKey[] = [];
  let [frame, output] = [whole.from, 0];
  for (const { to, mean, ease } of stretches) {
    if (to <= frame) continue;
    keys.push({ output, source: at(frame), ease });
    output += (at(to) - at(frame)) / mean;
    frame = to;
  }
  return [...keys, { output, source: at(frame), ease: 'linear' }];
}

function stretched(
  curve: readonly CurveKey[],
  span: SpanOfClip,
  timing: SourceTiming,
  { lead }: SlowShape,
): CurveKey[] {
  const { from, to } = framesOf(span, timing, lead);
  const [start, end] = [timing.times[from]! / TICKS, (timing.times[to] ?? timing.end) / TICKS];
  const sources = curve.map(({ source }) => source);
  const [low, high] = [Math.min(...sources), Math.max(...sources)];
  if (high <= low) throw new AppError('bad-curve', 'The curve shows no footage: its source times are all the same.');
  const scale = (end - start) / (high - low);
  const first = curve[0]!.output;
  return curve.map((key) => ({
    ...key,
    output: (key.output - first) * scale,
    source: start + (key.source - low) * scale,
  }));
}
