/**
 * Reading sound at any place between samples, at any speed, by a windowed sinc (Kaiser, 24 zero crossings to a side). Above
 * speed 1 the kernel widens, so that what would alias is filtered out (Smith & Gossett, "A flexible sampling-rate
 * conversion method", 1984).
 */

const CROSSINGS = 24;
const PHASES = 512;
const KAISER_BETA = 9;
/** The transition band lies below the new half rate. */
const ROLL_OFF = 0.95;
/** The kernel widens up to this speed; beyond, some aliasing of what is only a chirp. */
const MAX_SPEED = 64;

const TABLE = kernel();

function kernel(): Float32Array {
  const table = new Float32Array(CROSSINGS * PHASES + 2);
  const scale = 1 / besselI0(KAISER_BETA);
  for (let i = 0; i <= CROSSINGS * PHASES; i++) {
    const x = i / PHASES;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    table[i] = sinc * scale * besselI0(KAISER_BETA * Math.sqrt(1 - (x / CROSSINGS) ** 2));
  }
  return table;
}

function besselI0(x: number): number {
  let sum = 1;
  for (let term = 1, k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Samples that `resample` reads to either side of a position at `speed`. */
export function reach(speed: number): number {
  return Math.ceil(CROSSINGS / cutoff(speed)) + 1;
}

/** Of the source's half rate; 1 up to speed 1. */
function cutoff(speed: number): number {
  const fast = Math.min(Math.abs(speed), MAX_SPEED);
  return fast <= 1 ? 1 : ROLL_OFF / fast;
}

/**
 * Fills `out` with the sound of `source` at positions from, from + step, ...; positions are samples of `source`, which must reach
 * `reach(step)` samples beyond the first and last of them. `step` may be negative.
 */
export function resample(source: Float32Array, from: number, step: number, out: Float32Array): void {
  const width = cutoff(step);
  const half = CROSSINGS / width;
  const toTable = width * PHASES;
  for (let n = 0; n < out.length; n++) {
    const at = from + n * step;
    const first = Math.ceil(at - half);
    const last = Math.floor(at + half);
    let sum = 0;
    for (let k = first; k <= last; k++) {
      const x = Math.abs(k - at) * toTable;
      const i = x | 0;
      const w = TABLE[i]!;
      sum += source[k]! * (w + (TABLE[i + 1]! - w) * (x - i));
    }
    out[n] = sum * width;
  }
}
