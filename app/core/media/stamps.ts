/**
 * From the decoder's timestamps to times. [Note: stamps]
 *
 * Every decoded frame is kept, in the order the decoder gives them, with its own timestamp whatever rate the file claims. What cannot
 * be a time is mended:
 * - the clock jumps back by more than a second, or in a broadcast stream ahead by more than ten: it was reset, so this frame follows the
 *   one before by the interval the file claims, and the clock goes on from there;
 * - no timestamp, or one that does not come after the frame before: such frames are spread evenly between their neighbours, at the end
 *   of the file by the claimed interval.
 */
import { TICKS } from '../../contract/time.ts';
import type { Rational } from '../../contract/time.ts';
import type { DecodedStamps, SourceIndex } from './source.ts';

/** One line of showinfo. */
export interface Stamp {
  /** In units of the time base; null when the frame has none. */
  readonly pts: number | null;
  readonly key: boolean;
  /** In units of the time base, where this ffmpeg says. */
  readonly duration?: number;
}

export interface StampRules {
  /** The interval the file claims, in seconds. */
  readonly interval: number;
  /** Broadcast streams reset their clock on the way. */
  readonly resets: boolean;
}

/** Ticks of `pts` units of `base`, rounded once. */
export function ticksOf(pts: number, base: Rational): number {
  const numerator = TICKS * base.num;
  // The usual bases divide a tick exactly; the rest is exact as long as the product is.
  if (numerator % base.den === 0) return pts * (numerator / base.den);
  const product = pts * numerator;
  if (Number.isSafeInteger(product)) return Math.round(product / base.den);
  const exact = BigInt(pts) * BigInt(numerator) * 2n + BigInt(base.den);
  const divisor = BigInt(base.den) * 2n;
  const down = exact / divisor;
  return Number(exact < 0n && exact % divisor !== 0n ? down - 1n : down);
}

/** Builds the times frame by frame. */
export class StampReader {
  readonly #rules: StampRules;
  readonly #times: number[] = [];
  readonly #pts: (number | null)[] = [];
  readonly #keys: number[] = [];
  #base: Rational | undefined;
  #start = 0;
  /** Frames at the end of #times that still wait for a neighbour to be placed by; they repeat the last certain time. */
  #waiting = 0;
  #mended = 0;
  #resets = 0;
  /** Added to the file's clock since its last reset, in ticks. */
  #shift = 0;
  #lastDuration: number | undefined;

  constructor(rules: StampRules) {
    this.#rules = rules;
  }

  set timeBase(base: Rational) {
    // A filter graph rebuilt midway says it again; the stream's base never changes.
    this.#base ??= base;
  }

  get count(): number {
    return this.#times.length;
  }

  /** Time of the last frame so far, in seconds. */
  get seconds(): number {
    return (this.#times.at(-1) ?? 0) / TICKS;
  }

  /** Takes the next decoded frame; its index. */
  add(stamp: Stamp): number {
    const base = this.#base ?? { num: 1, den: 90_000 };
    const index = this.#pts.length;
    this.#pts.push(stamp.pts);
    if (stamp.key) this.#keys.push(index);
    this.#lastDuration = stamp.duration === undefined ? undefined : ticksOf(stamp.duration, base);
    const last = this.#times.at(-1);
    if (last === undefined) {
      this.#start = stamp.pts === null ? 0 : ticksOf(stamp.pts, base);
      this.#times.push(0);
      return index;
    }
    const time = stamp.pts === null ? undefined : this.#onOurClock(ticksOf(stamp.pts, base), last);
    if (time === undefined || time <= last) {
      this.#times.push(last);
      this.#waiting++;
      this.#mended++;
    } else {
      this.#spread(last, time);
      this.#times.push(time);
    }
    return index;
  }

  /** A time on the file's clock since the first frame, resets undone. */
  #onOurClock(ticks: number, last: number): number {
    const time = ticks - this.#start + this.#shift;
    const jumps = time < last - TICKS || (this.#rules.resets && time > last + 10 * TICKS);
    if (!jumps) return time;
    this.#resets++;
    const next = last + this.#step * (this.#waiting + 1);
    this.#shift += next - time;
    return next;
  }

  get #step(): number {
    return Math.max(1, Math.round(this.#rules.interval * TICKS));
  }

  /** Places the waiting frames evenly between the last certain time and `next`. */
  #spread(last: number, next: number): void {
    const first = this.#times.length - this.#waiting;
    for (let i = 0; i < this.#waiting; i++) {
      this.#times[first + i] = last + Math.round(((i + 1) * (next - last)) / (this.#waiting + 1));
    }
    this.#waiting = 0;
  }

  /** The finished index. `duration` is the stream's as the container claims, in seconds; believed only for the last frame, and within reason. */
  finish(duration?: number): SourceIndex {
    const times = this.#times;
    const certain = times.at(-1) ?? 0;
    this.#spread(certain, certain + this.#step * (this.#waiting + 1));
    const last = times.at(-1) ?? 0;
    const usual = medianInterval(times) ?? this.#step;
    const claimed = duration === undefined ? 0 : Math.round(duration * TICKS) - last;
    const credible = (ticks: number): boolean => ticks > usual / 4 && ticks < usual * 4;
    const own = [this.#lastDuration ?? 0, claimed].find(credible) ?? usual;
    const stamps: DecodedStamps = {
      timeBase: this.#base ?? { num: 1, den: 90_000 },
      pts: this.#pts,
      keys: this.#keys,
    };
    return { times, end: last + own, start: this.#start, stamps, warnings: this.#warnings() };
  }

  #warnings(): string[] {
    const warnings: string[] = [];
    const [n, total] = [this.#mended, this.#times.length];
    if (n > 0)
      warnings.push(`${n} of ${total} frames had no usable timestamp and were placed between their neighbours.`);
    if (this.#resets > 0) warnings.push(`The file's clock was reset ${this.#resets} times; its parts are joined.`);
    return warnings;
  }
}

/** The median of the intervals between times, undefined for fewer than two. */
export function medianInterval(times: readonly number[]): number | undefined {
  if (times.length < 2) return undefined;
  const steps = new Float64Array(times.length - 1);
  for (let i = 1; i < times.length; i++) steps[i - 1] = (times[i] ?? 0) - (times[i - 1] ?? 0);
  steps.sort();
  return steps[steps.length >> 1];
}

/** Reads showinfo's lines: calls back with each frame's stamp, and with the time base of its configuration. True for a line of showinfo. */
export function showinfoReader(handlers: {
  onStamp(stamp: Stamp): void;
  onTimeBase(base: Rational): void;
}): (line: string) => boolean {
  return (line) => {
    if (!line.startsWith('[Parsed_showinfo')) return false;
    const frame = / n: *\d+ pts: *(-?\d+|NOPTS) /.exec(line);
    if (frame) {
      const duration = / duration: *(\d+) /.exec(line)?.[1];
      handlers.onStamp({
        pts: frame[1] === 'NOPTS' ? null : Number(frame[1]),
        key: / iskey:1 /.test(line),
        ...(duration === undefined || duration === '0' ? {} : { duration: Number(duration) }),
      });
      return true;
    }
    const config = / config in time_base: (\d+)\/(\d+)/.exec(line);
    if (config) handlers.onTimeBase({ num: Number(config[1]), den: Number(config[2]) });
    return true;
  };
}
