/**
 * Exact time. [Note: time]
 *
 * Rates and timestamps are rationals of safe integers. A *tick* is 1/705600000 s (a "flick"): it divides every common
 * frame and sample rate, and 147 days of it fit in a double's 53 bits. Source times are rounded once, to ticks, when a
 * plan is made; timesteps between two frames are the rational of two tick counts, so a plan is the same everywhere.
 */

/** num/den, both safe integers, den > 0, in lowest terms when made by `rational`. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/** Ticks in a second. */
export const TICKS = 705_600_000;
