/** Colours in double precision, written for tests from the recommendations alone: what converted clips are held against. */

export interface Kind {
  readonly matrix: readonly [kr: number, kb: number];
  /** x, y of red, green, blue; white is D65. */
  readonly primaries: readonly (readonly [number, number])[];
  readonly transfer: 'screen' | 'pq' | 'hlg';
}

const BT709 = [
  [0.64, 0.33],
  [0.3, 0.6],
  [0.15, 0.06],
] as const;
const BT2020 = [
  [0.708, 0.292],
  [0.17, 0.797],
  [0.131, 0.046],
] as const;

export const KINDS = {
  'BT.601 525': {
    matrix: [0.299, 0.114],
    primaries: [
      [0.63, 0.34],
      [0.31, 0.595],
      [0.155, 0.07],
    ],
    transfer: 'screen',
  },
  'BT.601 625': {
    matrix: [0.299, 0.114],
    primaries: [
      [0.64, 0.33],
      [0.29, 0.6],
      [0.15, 0.06],
    ],
    transfer: 'screen',
  },
  'BT.709': { matrix: [0.2126, 0.0722], primaries: BT709, transfer: 'screen' },
  'BT.2020': { matrix: [0.2627, 0.0593], primaries: BT2020, transfer: 'screen' },
  PQ: { matrix: [0.2627, 0.0593], primaries: BT2020, transfer: 'pq' },
  HLG: { matrix: [0.2627, 0.0593], primaries: BT2020, transfer: 'hlg' },
} as const satisfies Record<string, Kind>;

export type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

const apply = (m: Matrix, v: Triple): Triple =>
  m.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as unknown as Triple;

function inverse([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const n = (value: number): number => value / det;
  return [
    [n(e * i - f * h), n(c * h - b * i), n(b * f - c * e)],
    [n(f * g - d * i), n(a * i - c * g), n(c * d - a * f)],
    [n(d * h - e * g), n(b * g - a * h), n(a * e - b * d)],
  ];
}

/** Linear RGB to XYZ (SMPTE RP 177). */
function toXyz(primaries: Kind['primaries']): Matrix {
  const columns = primaries.map(([x, y]) => [x / y, 1, (1 - x - y) / y] as const);
  const m = [0, 1, 2].map((r) => columns.map((column) => column[r]!)) as unknown as Matrix;
  const [x, y] = [0.3127, 0.329];
  const gains = apply(inverse(m), [x / y, 1, (1 - x - y) / y]);
  return m.map((row) => row.map((value, c) => value * gains[c]!)) as unknown as Matrix;
}

const each = (v: Triple, f: (value: number) => number): Triple => v.map(f) as unknown as Triple;

const pqToLight = (e: number): number => {
  const p = Math.max(0, e) ** (1 / 78.84375);
  return 10_000 * (Math.max(0, p - 0.8359375) / (18.8515625 - 18.6875 * p)) ** (1 / 0.1593017578125);
};
const lightToPq = (light: number): number => {
  const p = (Math.max(0, light) / 10_000) ** 0.1593017578125;
  return ((0.8359375 + 18.8515625 * p) / (1 + 18.6875 * p)) ** 78.84375;
};
const [HA, HB, HC] = [0.17883277, 0.28466892, 0.55991073];

/** R'G'B' to cd/m2 of a screen whose SDR white is 203. */
function toLight(rgb: Triple, { transfer }: Kind): Triple {
  if (transfer === 'screen') return each(rgb, (value) => 203 * Math.max(0, value) ** 2.4);
  if (transfer === 'pq') return each(rgb, pqToLight);
  const scene = each(rgb, (e) => (e <= 0.5 ? (e * e) / 3 : (Math.exp((e - HC) / HA) + HB) / 12));
  const luminance = 0.2627 * scene[0] + 0.678 * scene[1] + 0.0593 * scene[2];
  return each(scene, (value) => 1000 * value * luminance ** 0.2);
}

function fromLight(light: Triple, { transfer }: Kind): Triple {
  if (transfer === 'screen') return each(light, (value) => Math.max(0, value / 203) ** (1 / 2.4));
  if (transfer === 'pq') return each(light, lightToPq);
  const luminance = (0.2627 * light[0] + 0.678 * light[1] + 0.0593 * light[2]) / 1000;
  return each(light, (value) => {
    const scene = Math.max(0, value / 1000) * Math.max(1e-12, luminance) ** (1 / 1.2 - 1);
    return scene <= 1 / 12 ? Math.sqrt(3 * scene) : HA * Math.log(12 * scene - HB) + HC;
  });
}

/** ITU-R BT.2390, 5.4.1, for a picture that reaches `peak` on a screen that reaches 203 cd/m2. */
function bent(light: number, peak: number): number {
  const [source, target] = [lightToPq(peak), lightToPq(203)];
  const e1 = Math.min(1, lightToPq(light) / source);
  const most = target / source;
  const ks = 1.5 * most - 0.5;
  if (e1 < ks) return pqToLight(e1 * source);
  const t = (e1 - ks) / (1 - ks);
  const e2 =
    (2 * t ** 3 - 3 * t ** 2 + 1) * ks + (t ** 3 - 2 * t ** 2 + t) * (1 - ks) + (-2 * t ** 3 + 3 * t ** 2) * most;
  return pqToLight(e2 * source);
}

/** Y'CbCr (luma 0..1, chroma around 0) of one kind as another's. HDR that becomes SDR reaches `peak` cd/m2. */
export function converted(yuv: Triple, from: Kind, to: Kind, peak = 1000): Triple {
  const rgb = rgbOf(yuv, from.matrix);
  let light = toLight(rgb, from);
  if (from.transfer !== 'screen' && to.transfer === 'screen') light = each(light, (value) => bent(value, peak));
  const xyz = apply(toXyz(from.primaries), light);
  const own = apply(inverse(toXyz(to.primaries)), xyz);
  return yuvOf(fromLight(own, to), to.matrix);
}

export function rgbOf([y, cb, cr]: Triple, [kr, kb]: Kind['matrix']): Triple {
  const [r, b] = [y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb];
  return [r, (y - kr * r - kb * b) / (1 - kr - kb), b];
}

export function yuvOf([r, g, b]: Triple, [kr, kb]: Kind['matrix']): Triple {
  const y = kr * r + (1 - kr - kb) * g + kb * b;
  return [y, (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))];
}
