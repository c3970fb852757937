/** Seeded noise for the demo's textures: the same on every machine, smooth, and with detail down to a chosen size. */

/** A hash of two lattice coordinates and a seed, 0..1 (32-bit integer mixing). */
export function hash(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Value noise, 0..1: hashes on the integer lattice, joined by a quintic. */
export function noise(x: number, y: number, seed: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const u = fade(x - x0);
  const v = fade(y - y0);
  const above = hash(x0, y0, seed) * (1 - u) + hash(x0 + 1, y0, seed) * u;
  const below = hash(x0, y0 + 1, seed) * (1 - u) + hash(x0 + 1, y0 + 1, seed) * u;
  return above * (1 - v) + below * v;
}

function fade(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

/**
 * Octaves of noise summed, about 0..1 around 0.5. `size` is the largest feature and `finest` the smallest, both in
 * the units of x and y; each octave is half the size and `gain` times the strength of the one before.
 */
export function fractal(x: number, y: number, seed: number, size: number, finest: number, gain = 0.55): number {
  let sum = 0;
  let strength = 1;
  let total = 0;
  for (let feature = size, octave = 0; feature >= finest; feature /= 2, octave++) {
    sum += strength * noise(x / feature, y / feature, seed + octave * 101);
    total += strength;
    strength *= gain;
  }
  return sum / total;
}
