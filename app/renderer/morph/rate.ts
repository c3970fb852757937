/** A rate typed as a number, as the fraction that is meant: 23.976 is 24000/1001. */
import type { Rational } from '../../contract/time.ts';

export function rateOf(fps: number): Rational {
  const whole = Math.round(fps);
  if (Math.abs(fps - whole) < 1e-6) return { num: whole, den: 1 };
  const film = Math.ceil(fps);
  if (Math.abs((film * 1000) / 1001 - fps) < 0.002) return { num: film * 1000, den: 1001 };
  return { num: Math.round(fps * 1000), den: 1000 };
}
