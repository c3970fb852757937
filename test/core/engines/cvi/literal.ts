/** CVI written down as its description says it, one number at a time: frames [t][y][x][c], TensorFlow's kernels, nothing folded or stacked. */
import type { CviConfig } from '../../../../app/core/engines/cvi/config.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';

/** Row-major [t, h, w, c]. */
export interface Video {
  readonly t: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly data: Float64Array;
}

function make(
  t: number,
  h: number,
  w: number,
  c: number,
  value: (t: number, y: number, x: number, c: number) => number,
): Video {
  const data = new Float64Array(t * h * w * c);
  let n = 0;
  for (let i = 0; i < t; i++)
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) for (let k = 0; k < c; k++) data[n++] = value(i, y, x, k);
  return { t, h, w, c, data };
}

/** 0 outside. */
function at({ t, h, w, c, data }: Video, i: number, y: number, x: number, k: number): number {
  return i < 0 || y < 0 || x < 0 || i >= t || y >= h || x >= w ? 0 : data[((i * h + y) * w + x) * c + k]!;
}

const map = (v: Video, f: (value: number, c: number) => number): Video => ({
  ...v,
  data: v.data.map((value, n) => f(value, n % v.c)),
});
const lrelu = (value: number): number => (value < 0 ? 0.2 * value : value);
const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

export interface Film {
  readonly video: Video;
  readonly toFirst?: Video;
  readonly weights?: Video;
}

/** The film between two stills [1, h, w, c] in -1..1. */
export function literalFilm(
  config: CviConfig,
  weights: Weights,
  first: Video,
  last: Video,
  noise: readonly number[],
): Film {
  const data = (name: string): Float32Array => weights.get(name)!.data as Float32Array;
  const dims = (name: string): readonly number[] => weights.get(name)!.dims;

  const norm = (v: Video, name: string): Video => {
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((p) =>
      data(`${name}/${p}`),
    );
    return map(v, (x, c) => (gamma![c]! * (x - mean![c]!)) / Math.sqrt(variance![c]! + config.epsilon) + beta![c]!);
  };
  const conv2d = (v: Video, name: string): Video => {
    const [kh, kw, into, out] = dims(`${name}/w`) as [number, number, number, number];
    const k = data(`${name}/w`);
    const stride = kh === 4 ? 2 : 1;
    return make(v.t, v.h / stride, v.w / stride, out, (t, y, x, o) => {
      let sum = data(`${name}/biases`)[o]!;
      for (let a = 0; a < kh; a++)
        for (let b = 0; b < kw; b++)
          for (let i = 0; i < into; i++)
            sum += k[((a * kw + b) * into + i) * out + o]! * at(v, t, stride * y + a - 1, stride * x + b - 1, i);
      return sum;
    });
  };
  const conv3d = (v: Video, name: string): Video => {
    const [, , , into, out] = dims(`${name}/kernel`) as [number, number, number, number, number];
    const k = data(`${name}/kernel`);
    return make(v.t, v.h, v.w, out, (t, y, x, o) => {
      let sum = data(`${name}/bias`)[o]!;
      for (let n = 0; n < 27; n++) {
        const [d, a, b] = [Math.floor(n / 9), Math.floor(n / 3) % 3, n % 3];
        for (let i = 0; i < into; i++) sum += k[(n * into + i) * out + o]! * at(v, t + d - 1, y + a - 1, x + b - 1, i);
      }
      return sum;
    });
  };
  /** Every input is spread over the output by the kernel, and one row before and after is cut off on each axis. */
  const transposed = (v: Video, name: string): Video => {
    const [, kh, kw, out, into] = dims(`${name}/kernel`) as [number, number, number, number, number];
    const k = data(`${name}/kernel`);
    const stride = kh === 4 ? 2 : 1;
    const made = make(v.t, v.h * stride, v.w * stride, out, (_t, _y, _x, o) => data(`${name}/bias`)[o]!);
    for (let t = 0; t < v.t; t++)
      for (let y = 0; y < v.h; y++)
        for (let x = 0; x < v.w; x++)
          for (let n = 0; n < 3 * kh * kw; n++) {
            const [d, a, b] = [Math.floor(n / (kh * kw)), Math.floor(n / kw) % kh, n % kw];
            const [to, row, column] = [t + d - 1, y * stride + a - 1, x * stride + b - 1];
            if (to < 0 || row < 0 || column < 0 || to >= made.t || row >= made.h || column >= made.w) continue;
            for (let o = 0; o < out; o++)
              for (let i = 0; i < into; i++)
                made.data[((to * made.h + row) * made.w + column) * out + o]! +=
                  k[(n * out + o) * into + i]! * at(v, t, y, x, i);
          }
    return made;
  };

  const encode = (still: Video): Video[] => {
    const layers: Video[] = [];
    let v = still;
    for (let n = 1; n <= 7; n++)
      layers.push((v = map(norm(conv2d(v, `image_conv${n}`), `bn${n}`), (x) => Math.max(0, x))));
    return layers;
  };
  const [encodedFirst, encodedLast] = [encode(first), encode(last)];
  const [e0, e1] = [encodedFirst[6]!, encodedLast[6]!];
  let z = make(2, e0.h, e0.w, e0.c, (t, y, x, c) => at(t === 0 ? e0 : e1, 0, y, x, c));
  for (let layer = 0; layer < 24; layer++) {
    const before = z;
    if (layer % 8 === 0) z = make(2 * z.t, z.h, z.w, z.c, (t, y, x, c) => at(before, t >> 1, y, x, c));
    const stem = `latent_layer${layer}`;
    const u = (t: number, c: number): number => {
      if (t < 0 || t >= z.t) return 0;
      const row = t * z.c + c;
      const w = data(`${stem}/layer_u${layer}/w`);
      return noise.reduce(
        (sum, value, i) => sum + value * w[row * noise.length + i]!,
        data(`${stem}/layer_u${layer}/biases`)[row]!,
      );
    };
    const gate = (t: number, o: number): number => {
      const k = data(`${stem}/g_s_e_3conv/conv1d/kernel`);
      let sum = data(`${stem}/g_s_e_3conv/conv1d/bias`)[o]!;
      for (let d = 0; d < 3; d++)
        for (let c = 0; c < z.c; c++) sum += k[(d * z.c + c) * 3 * z.c + o]! * u(t + d - 1, c);
      return sum;
    };
    const old = z;
    const into = make(z.t, z.h, z.w, z.c, (t, y, x, c) => {
      const [s, e, n] = [sigmoid(gate(t, c)), sigmoid(gate(t, z.c + c)), gate(t, 2 * z.c + c)];
      return s * at(e0, 0, y, x, c) + e * at(e1, 0, y, x, c) + Math.max(1 - s - e, 0) * at(old, t, y, x, c) + n;
    });
    const r = conv3d(map(conv3d(into, `${stem}/conv3d1/conv3d`), lrelu), `${stem}/conv3d2/conv3d`);
    z = { ...old, data: old.data.map((value, n) => lrelu(value + r.data[n]!)) };
  }
  for (let n = 1; n <= 7; n++) {
    const skip = config.skips ? { 4: 3, 6: 1, 7: 1 }[n] : undefined;
    if (skip !== undefined) {
      const [a, b, own] = [encodedFirst[skip]!, encodedLast[skip]!, z];
      z = make(own.t, own.h, own.w, own.c + 2 * a.c, (t, y, x, c) => {
        if (c < own.c) return at(own, t, y, x, c);
        return c < own.c + a.c ? at(a, 0, y, x, c - own.c) : at(b, 0, y, x, c - own.c - a.c);
      });
    }
    z = transposed(z, `video_transconv3d${n}/conv3d_transpose`);
    if (n < 7 || config.output === 'bn_lrelu') z = map(norm(z, `gen_bn${n}`), lrelu);
  }
  if (config.output !== 'warp') return { video: config.output === 'tanh' ? map(z, Math.tanh) : z };
  return warp(z, first, last, config.timed);
}

/** What our head makes of the last layer. */
function warp(o: Video, first: Video, last: Video, timed: boolean): Film {
  const { c } = first;
  const reach = (t: number, from: number): number => (timed ? (16 * (from === c ? t : 15 - t)) / 15 : 16);
  const found = (still: Video, t: number, y: number, x: number, from: number, k: number): number => {
    const px = Math.min(still.w - 1, Math.max(0, x + reach(t, from) * at(o, t, y, x, from)));
    const py = Math.min(still.h - 1, Math.max(0, y + reach(t, from) * at(o, t, y, x, from + 1)));
    const [a, b] = [px - Math.floor(px), py - Math.floor(py)];
    const pixel = (j: number, i: number): number => at(still, 0, Math.floor(py) + j, Math.floor(px) + i, k);
    return (1 - b) * ((1 - a) * pixel(0, 0) + a * pixel(0, 1)) + b * ((1 - a) * pixel(1, 0) + a * pixel(1, 1));
  };
  const share = (t: number, y: number, x: number): number[] => {
    const time = Math.min(29 / 30, Math.max(1 / 30, t / 15));
    const logits = [Math.log(1 - time), Math.log(time), Math.log(0.05)].map(
      (prior, n) => prior + at(o, t, y, x, c + 4 + n),
    );
    const powers = logits.map(Math.exp);
    const sum = powers.reduce((all, each) => all + each, 0);
    return powers.map((each) => each / sum);
  };
  return {
    video: make(o.t, o.h, o.w, c, (t, y, x, k) => {
      const [a, b, p] = share(t, y, x) as [number, number, number];
      return a * found(first, t, y, x, c, k) + b * found(last, t, y, x, c + 2, k) + p * Math.tanh(at(o, t, y, x, k));
    }),
    toFirst: make(o.t, o.h, o.w, 2, (t, y, x, k) => reach(t, c) * at(o, t, y, x, c + k)),
    weights: make(o.t, o.h, o.w, 3, (t, y, x, k) => share(t, y, x)[k]!),
  };
}
