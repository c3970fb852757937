/** Resampling along one axis, half-pixel centres: sample i of n covers [i, i + 1) of n. */

/** For each new sample the first old one it is made of, and their weights (`count` each, sum 1). */
export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** [to * count]: index of each old sample, clamped to the border. */
  readonly index: Int32Array;
  /** [to * count] */
  readonly weight: Float32Array;
}

/** Weights of the four samples around a fraction 0..1: the cubic of Catmull and Rom, which goes through the samples. */
export function catmullRom(a: number): readonly [number, number, number, number] {
  return [
    ((-0.5 * a + 1) * a - 0.5) * a,
    (1.5 * a - 2.5) * a * a + 1,
    ((-1.5 * a + 2) * a + 0.5) * a,
    (0.5 * a - 0.5) * a * a,
  ];
}

/** `to` samples on the cubic through `from` samples, those at the border repeated outwards. For enlarging. */
export function cubicAxis(from: number, to: number): Axis {
  const index = new Int32Array(4 * to);
  const weight = new Float32Array(4 * to);
  for (let i = 0; i < to; i++) {
    const at = ((i + 0.5) * from) / to - 0.5;
    const base = Math.floor(at);
    const weights = catmullRom(at - base);
    for (let k = 0; k < 4; k++) {
      index[4 * i + k] = Math.min(from - 1, Math.max(0, base - 1 + k));
      weight[4 * i + k] = weights[k]!;
    }
  }
  return { from, to, count: 4, index, weight };
}

/** `to` samples on straight lines between `from` samples, those at the border repeated outwards. For enlarging what must stay within its range. */
export function linearAxis(from: number, to: number): Axis {
  const index = new Int32Array(2 * to);
  const weight = new Float32Array(2 * to);
  for (let i = 0; i < to; i++) {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const base = Math.floor(at);
    index.set([base, Math.min(from - 1, base + 1)], 2 * i);
    weight.set([1 - (at - base), at - base], 2 * i);
  }
  return { from, to, count: 2, index, weight };
}

/** Means of `from` samples over the stretch that each of `to` covers, parts of a sample counted as such. For reducing. */
export function areaAxis(from: number, to: number): Axis {
  const span = from / to;
  const count = Math.ceil(span) + 1;
  const index = new Int32Array(count * to);
  const weight = new Float32Array(count * to);
  for (let i = 0; i < to; i++) {
    const [begin, end] = [i * span, (i + 1) * span];
    const base = Math.floor(begin);
    for (let k = 0; k < count; k++) {
      const covered = Math.min(end, base + k + 1) - Math.max(begin, base + k);
      index[count * i + k] = Math.min(from - 1, base + k);
      weight[count * i + k] = Math.max(0, covered) / span;
    }
  }
  return { from, to, count, index, weight };
}

/** `planes` planes [y.from, x.from] as [y.to, x.to] each. */
export function resample(data: Float32Array, planes: number, x: Axis, y: Axis): Float32Array {
  const out = new Float32Array(planes * x.to * y.to);
  const row = new Float32Array(x.from);
  for (let plane = 0; plane < planes; plane++) {
    const source = plane * x.from * y.from;
    for (let j = 0; j < y.to; j++) {
      row.fill(0);
      for (let k = 0; k < y.count; k++) {
        const weight = y.weight[y.count * j + k]!;
        if (weight === 0) continue;
        const at = source + y.index[y.count * j + k]! * x.from;
        for (let i = 0; i < x.from; i++) row[i]! += weight * data[at + i]!;
      }
      const to = (plane * y.to + j) * x.to;
      for (let i = 0, tap = 0; i < x.to; i++) {
        let sum = 0;
        for (let k = 0; k < x.count; k++, tap++) sum += x.weight[tap]! * row[x.index[tap]!]!;
        out[to + i] = sum;
      }
    }
  }
  return out;
}
