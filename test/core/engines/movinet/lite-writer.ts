/** Writes a streaming MoViNet as TensorFlow Lite's converter does: names that say nothing, norms folded, the scale of a layer beside it. */
import { layersOf, partsOf, type Layer } from '../../../../app/core/engines/movinet/layers.ts';
import type { MovinetConfig } from '../../../../app/core/engines/movinet/config.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import { bytesOf, F16, F32, I8, model, type LiteOperator, type LiteTensor } from '../../import/tflite-writer.ts';

/** 'dynamic': large kernels as int8 with a scale for each output, as the converter's dynamic range quantisation. 'half': float16, widened by DEQUANTIZE. */
export type Numbers = 'float' | 'half' | 'dynamic';

const OP = {
  add: 0,
  pool: 1,
  concat: 2,
  conv: 3,
  depthwise: 4,
  dequantize: 6,
  mul: 18,
  reshape: 22,
  mean: 40,
  div: 42,
  sin: 66,
  relu6: 21,
  cos: 108,
  hardSwish: 117,
} as const;

export function liteModel(config: MovinetConfig, weights: Weights, numbers: Numbers = 'float'): Uint8Array {
  const tensors: LiteTensor[] = [];
  const operators: LiteOperator[] = [];
  const tensor = (rest: Omit<LiteTensor, 'name'>): number =>
    tensors.push({ name: `x${tensors.length};a/b:0`, ...rest }) - 1;
  const made = (): number => tensor({ type: F32, shape: [1] });
  const constant = (shape: readonly number[], data: Float32Array): number =>
    tensor({ type: F32, shape, data: bytesOf(data) });
  const scalar = (value: number): number => constant([], Float32Array.of(value));
  const run = (code: number, ...inputs: number[]): number => {
    const out = made();
    operators.push({ code, inputs, outputs: [out] });
    return out;
  };
  const shape = new Map(partsOf(config).map((part) => [part.name, part]));

  const kernel = (part: string, scale: number): number => {
    const { inputs, outputs, time, space, depthwise } = shape.get(part)!;
    const from = (weights.get(`${part}/weight`)!.data as Float32Array).map((value) => value / scale);
    // Time is a height of its own, and there is no width then.
    const taps = time * space * space;
    const dims = depthwise
      ? [1, time > 1 ? time : space, time > 1 ? 1 : space, outputs]
      : [outputs, space, space, inputs];
    const data = new Float32Array(from.length);
    for (let o = 0; o < outputs; o++)
      for (let c = 0; c < inputs; c++)
        for (let tap = 0; tap < taps; tap++) {
          const at = depthwise ? tap * outputs + o : (o * taps + tap) * inputs + c;
          data[at] = from[(o * inputs + c) * taps + tap]!;
        }
    return stored(dims, data, depthwise ? 3 : 0);
  };
  const stored = (dims: readonly number[], data: Float32Array, axis: number): number => {
    if (numbers === 'half') {
      const half = tensor({ type: F16, shape: dims, data: bytesOf(Uint16Array.from(data, toHalf)) });
      return run(OP.dequantize, half);
    }
    if (numbers === 'float' || data.length < 1024) return constant(dims, data);
    const outputs = dims[axis]!;
    const channel = (i: number): number => (axis === 0 ? Math.floor(i / (data.length / outputs)) : i % outputs);
    const scales = Array.from({ length: outputs }, () => 0);
    data.forEach((value, i) => (scales[channel(i)] = Math.max(scales[channel(i)]!, Math.abs(value) / 127)));
    const whole = Int8Array.from(data, (value, i) => Math.round(value / scales[channel(i)]!));
    return tensor({ type: I8, shape: dims, data: bytesOf(whole), quantised: { scales, axis } });
  };
  const conv = (part: string, x: number, scale = 1): number => {
    const bias = (weights.get(`${part}/bias`)!.data as Float32Array).map((value) => value / scale);
    const code = shape.get(part)!.depthwise ? OP.depthwise : OP.conv;
    return run(code, x, kernel(part, scale), constant([bias.length], bias));
  };
  const act = (x: number): number => run(OP.hardSwish, x);
  const soFar = (mean: number): number => run(OP.div, run(OP.add, made(), mean), made());
  const told = (name: string, seen: number): number => {
    if (!config.positional) return seen;
    const angles = run(OP.mul, run(OP.reshape, made()), constant([4], new Float32Array(4).fill(0.1)));
    const encoded = run(OP.concat, run(OP.sin, angles), run(OP.cos, angles));
    return run(OP.add, seen, run(OP.mul, encoded, scalar((weights.get(`${name}/position`)!.data as Float32Array)[0]!)));
  };
  const gate = (x: number): number => {
    if (config.gate === 'relu6') return run(OP.mul, run(OP.relu6, run(OP.add, x, scalar(3))), scalar(0.16667));
    return run(OP.relu6, run(OP.add, run(OP.mul, x, scalar(0.2)), scalar(0.5)));
  };
  const layer = ({ name, time, skip }: Layer, x: number): number => {
    // The converter may put what goes beside a layer first.
    const beside = skip === 'same' ? x : conv(`${name}/skip`, skip === 'pool' ? run(OP.pool, x) : x);
    let h = act(conv(`${name}/feature`, act(conv(`${name}/expand`, x))));
    if (time > 1) h = act(run(OP.reshape, conv(`${name}/temporal`, run(OP.concat, made(), h))));
    const mean = run(OP.mean, h);
    const seen = told(name, run(OP.concat, soFar(mean), mean));
    const open = gate(conv(`${name}/gate`, act(conv(`${name}/reduce`, seen))));
    const out = run(OP.mul, conv(`${name}/project`, run(OP.mul, h, open), 0.5), scalar(0.5));
    return run(OP.add, beside, out);
  };
  let x = act(conv('stem', made()));
  for (const each of layersOf(config)) x = layer(each, x);
  const pooled = soFar(run(OP.mean, act(conv('head/project', x))));
  conv('head/classifier', act(conv('head/hidden', pooled)));
  return model(tensors, operators);
}

/** Truncated: the eleven bits of a half are enough to tell places by. */
function toHalf(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  const exponent = ((bits >>> 23) & 255) - 112;
  return exponent <= 0 ? 0 : ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 1023);
}
