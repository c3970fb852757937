/**
 * Noise for generative engines: the same seed gives the same numbers on every machine.
 *
 * [Note: noise] Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011) is a function of a counter and a key: number n of a
 * seed is always the same, however many are asked for, and no state has to be kept. Four words of it are two pairs for Box and Muller's method. Its
 * logarithm and its sine are computed here with + - * / and square roots alone, which are rounded exactly everywhere; those of Math may differ in the last
 * bit from one machine to another.
 */

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const STEPS = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;

/**
 * `count` numbers of the standard normal distribution; fewer numbers of the same seed are the beginning of more. `seed` and `stream` are whole numbers, 0 to 2^32 - 1:
 * each stream of a seed is other noise.
 */
export function gaussian(seed: number, count: number, stream = 0): Float32Array {
  const out = new Float32Array(count);
  for (let i = 0; i < count; i += 4) {
    const words = philox([i / 4, 0, 0, 0], [seed, stream]);
    for (let pair = 0; pair < 2; pair++) {
      const radius = Math.sqrt(-2 * ln(uniform(words[2 * pair]!)));
      const [sine, cosine] = turn(uniform(words[2 * pair + 1]!));
      // Beyond the array's end nothing is written.
      out[i + 2 * pair] = radius * cosine;
      out[i + 2 * pair + 1] = radius * sine;
    }
  }
  return out;
}

/** Philox4x32-10: four words from a counter and a key. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [a, b, c, d] = counter.map((word) => word >>> 0) as [number, number, number, number];
  let [k0, k1] = [key[0] >>> 0, key[1] >>> 0];
  for (let round = 0; round < ROUNDS; round++) {
    const [high0, low0] = product(MULTIPLIERS[0], a);
    const [high1, low1] = product(MULTIPLIERS[1], c);
    [a, b, c, d] = [(high1 ^ b ^ k0) >>> 0, low1, (high0 ^ d ^ k1) >>> 0, low0];
    k0 = (k0 + STEPS[0]) >>> 0;
    k1 = (k1 + STEPS[1]) >>> 0;
  }
  return [a, b, c, d];
}

/** The upper and the lower word of a 64 bit product. */
function product(a: number, b: number): [number, number] {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 2 ** 16);
  const crossed = aLow * bHigh + (middle % 2 ** 16);
  const high = aHigh * bHigh + Math.floor(middle / 2 ** 16) + Math.floor(crossed / 2 ** 16);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}

/** 0 < u < 1. */
function uniform(word: number): number {
  return (word + 0.5) / 2 ** 32;
}

/** The natural logarithm of 0 < u < 1, by its series of (u - 1) / (u + 1) within 2^-0.5 .. 2^0.5. */
function ln(u: number): number {
  let [mantissa, exponent] = [u, 0];
  for (; mantissa < Math.SQRT1_2; exponent--) mantissa *= 2;
  const ratio = (mantissa - 1) / (mantissa + 1);
  let [power, sum] = [ratio, 0];
  for (let n = 1; n < 24; n += 2) {
    sum += power / n;
    power *= ratio * ratio;
  }
  return 2 * sum + exponent * Math.LN2;
}

/** Sine and cosine of 0 < u < 1 full turns, by their series within an eighth of a turn around a quarter. */
function turn(u: number): [sine: number, cosine: number] {
  const quarter = Math.round(4 * u);
  const angle = (u - quarter / 4) * 2 * Math.PI;
  let [term, sine, cosine] = [1, 0, 0];
  for (let n = 0; n < 18; n += 4) {
    cosine += term;
    sine += term *= angle / (n + 1);
    cosine -= term *= angle / (n + 2);
    sine -= term *= angle / (n + 3);
    term *= angle / (n + 4);
  }
  return [
    [sine, cosine],
    [cosine, -sine],
    [-sine, -cosine],
    [-cosine, sine],
  ][quarter % 4] as [number, number];
}
