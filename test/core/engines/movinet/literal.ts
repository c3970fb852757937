/**
 * MoViNet read literally off spec/systems.md, section 3a, one number after the other, in 64 bits: what the graph is compared with. Weights are those of weights.ts.
 */
import type { MovinetConfig } from '../../../../app/core/engines/movinet/config.ts';
import { layersOf, type Layer } from '../../../../app/core/engines/movinet/layers.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';

/** A picture [channels][height * width]. */
interface Picture {
  readonly high: number;
  readonly wide: number;
  readonly planes: readonly Float64Array[];
}

const hardSwish = (x: number): number => (x * Math.min(Math.max(x + 3, 0), 6)) / 6;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const swish = (x: number): number => x * sigmoid(x);

/** Logits after each frame of a stream, or one row of the whole clip. `memory`: frames that means hold. */
export function literal(
  config: MovinetConfig,
  weights: Weights,
  clip: Float32Array,
  frames: number,
  memory = Infinity,
): number[][] {
  const { causal, resolution: side } = config;
  const act = causal ? hardSwish : swish;
  const number = (name: string): ArrayLike<number> => weights.get(name)!.data as Float32Array;

  /** A convolution with TensorFlow's SAME; `depthwise` of the tap `tap` of `taps` of time. */
  const conv = (
    name: string,
    x: Picture,
    k: number,
    stride: number,
    depthwise = false,
    tap = 0,
    taps = 1,
    biased = true,
  ): Picture => {
    const [w, b] = [number(`${name}/weight`), number(`${name}/bias`)];
    const [high, wide] = [Math.ceil(x.high / stride), Math.ceil(x.wide / stride)];
    const top = Math.floor(Math.max((high - 1) * stride + k - x.high, 0) / 2);
    const left = Math.floor(Math.max((wide - 1) * stride + k - x.wide, 0) / 2);
    const planes = Array.from({ length: b.length }, (_, o) => {
      const plane = new Float64Array(high * wide).fill(biased ? b[o]! : 0);
      const inputs = depthwise ? [x.planes[o]!] : x.planes;
      inputs.forEach((input, c) => {
        for (let y = 0; y < high; y++)
          for (let u = 0; u < wide; u++)
            for (let ky = 0; ky < k; ky++)
              for (let kx = 0; kx < k; kx++) {
                const [py, px] = [y * stride + ky - top, u * stride + kx - left];
                if (py < 0 || px < 0 || py >= x.high || px >= x.wide) continue;
                const at = (((o * inputs.length + c) * taps + tap) * k + ky) * k + kx;
                plane[y * wide + u]! += w[at]! * input[py * x.wide + px]!;
              }
      });
      return plane;
    });
    return { high, wide, planes };
  };
  const map = (x: Picture, f: (value: number, plane: number) => number): Picture => {
    return { ...x, planes: x.planes.map((plane, c) => plane.map((value) => f(value, c))) };
  };
  const plus = (a: Picture, b: Picture): Picture => {
    return { ...a, planes: a.planes.map((plane, c) => plane.map((value, i) => value + b.planes[c]![i]!)) };
  };
  const means = (x: Picture): number[] => x.planes.map((plane) => plane.reduce((a, b) => a + b, 0) / plane.length);
  const linear = (name: string, x: readonly number[]): number[] => {
    const [w, b] = [number(`${name}/weight`), number(`${name}/bias`)];
    return Array.from({ length: b.length }, (_, o) =>
      x.reduce((sum, value, i) => sum + value * w[o * x.length + i]!, b[o]!),
    );
  };
  /** Mean of each row and those before it, as far as the memory goes. */
  const soFar = (rows: readonly number[][]): number[][] => {
    let mean = rows[0]!.map(() => 0);
    return rows.map((row, t) => {
      const share = 1 / (Math.min(t, memory) + 1);
      mean = mean.map((value, i) => value * (1 - share) + row[i]! * share);
      return mean;
    });
  };
  const ofClip = (rows: readonly number[][]): number[] =>
    rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  const pooled = (x: Picture): Picture => {
    const [high, wide] = [Math.ceil(x.high / 2), Math.ceil(x.wide / 2)];
    const [top, left] = [x.high % 2, x.wide % 2];
    const planes = x.planes.map((plane) =>
      Float64Array.from({ length: high * wide }, (_, i) => {
        let [sum, count] = [0, 0];
        for (let ky = 0; ky < 3; ky++)
          for (let kx = 0; kx < 3; kx++) {
            const [y, u] = [2 * Math.floor(i / wide) + ky - top, 2 * (i % wide) + kx - left];
            if (y < 0 || u < 0 || y >= x.high || u >= x.wide) continue;
            sum += plane[y * x.wide + u]!;
            count++;
          }
        return sum / count;
      }),
    );
    return { high, wide, planes };
  };
  const depthwise = ({ name, space, stride, time }: Layer, x: readonly Picture[]): Picture[] => {
    if (!causal) {
      const middle = (time - 1) / 2;
      return x.map((_, t) => {
        let sum = conv(`${name}/feature`, x[t]!, space, stride, true, middle, time);
        for (let tap = 0; tap < time; tap++) {
          const from = x[t + tap - middle];
          if (tap !== middle && from)
            sum = plus(sum, conv(`${name}/feature`, from, space, stride, true, tap, time, false));
        }
        return map(sum, act);
      });
    }
    const flat = x.map((picture) => map(conv(`${name}/feature`, picture, space, stride, true), act));
    if (time === 1) return flat;
    const [w, b] = [number(`${name}/temporal/weight`), number(`${name}/temporal/bias`)];
    return flat.map((picture, t) => {
      let sum = map(picture, (_, c) => b[c]!);
      for (let tap = 0; tap < time; tap++) {
        const from = flat[t + tap - (time - 1)];
        if (from)
          sum = plus(
            sum,
            map(from, (value, c) => value * w[c * time + tap]!),
          );
      }
      return map(sum, act);
    });
  };
  const gates = ({ name, expand }: Layer, h: readonly Picture[]): number[][] => {
    const own = h.map(means);
    const sofar = causal ? soFar(own) : [];
    const seen = causal ? own.map((row, t) => [...sofar[t]!, ...row]) : own.map(() => ofClip(own));
    if (config.positional)
      seen.forEach((row, t) => {
        const position = Math.min(t, memory);
        const scale = number(`${name}/position`)[0]!;
        for (let k = 0; k < expand; k++) {
          const angle = position * 10_000 ** (-k / expand);
          row[k]! += scale * Math.sin(angle);
          row[expand + k]! += scale * Math.cos(angle);
        }
      });
    return seen.map((row) =>
      linear(`${name}/gate`, linear(`${name}/reduce`, row).map(act)).map((value) => {
        if (!causal) return sigmoid(value);
        if (config.gate === 'clip') return Math.min(Math.max(0.2 * value + 0.5, 0), 1);
        return Math.min(Math.max(value + 3, 0), 6) * 0.16667;
      }),
    );
  };

  let x: Picture[] = Array.from({ length: frames }, (_, t) => {
    const planes = [0, 1, 2].map((c) =>
      Float64Array.from({ length: side * side }, (__, i) => clip[(t * side * side + i) * 3 + c]!),
    );
    return map(conv('stem', { high: side, wide: side, planes }, 3, 2), act);
  });
  for (const layer of layersOf(config)) {
    const { name, skip } = layer;
    const h = depthwise(
      layer,
      x.map((picture) => map(conv(`${name}/expand`, picture, 1, 1), act)),
    );
    const open = gates(layer, h);
    x = x.map((picture, t) => {
      const made = conv(
        `${name}/project`,
        map(h[t]!, (value, c) => value * open[t]![c]!),
        1,
        1,
      );
      if (skip === 'same') return plus(picture, made);
      return plus(conv(`${name}/skip`, skip === 'pool' ? pooled(picture) : picture, 1, 1), made);
    });
  }
  const features = x.map((picture) => means(map(conv('head/project', picture, 1, 1), act)));
  const rows = causal ? soFar(features) : [ofClip(features)];
  return rows.map((row) => linear('head/classifier', linear('head/hidden', row).map(swish)));
}
