/** Small networks of the fomm family and of motion, without a checkpoint of anybody else. */
import { writeFileSync } from 'node:fs';
import { configJson, parametersOf, type FommConfig } from '../../../../app/core/engines/fomm/config.ts';
import { configJson as motionJson, configOf, tensorsOf } from '../../../../app/core/engines/motion/config.ts';
import type { MotionConfig, MotionShape } from '../../../../app/core/engines/motion/config.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { random, safetensorsBytes } from '../../import/support.ts';

export const TINY: FommConfig = {
  points: 10,
  channels: 3,
  jacobian: true,
  singleJacobian: false,
  occlusion: true,
  temperature: 0.1,
  variance: 0.01,
  detector: { width: 4, most: 7, blocks: 2 },
  motion: { width: 5, most: 9, blocks: 3 },
  detectorStep: 2,
  motionStep: 2,
  generator: { width: 4, most: 6, downs: 2, bottlenecks: 1 },
  bnEps: 1e-5,
  alignCorners: true,
  height: 32,
  width: 32,
};

/** Seeded random weights whose activations stay near one and whose jacobians are near the identity. */
export function seeded(config: FommConfig, seed: number): Weights {
  const next = random(seed);
  const signed = (): number => 2 * next() - 1;
  return new Map(
    parametersOf(config).map(({ part, name, dims }): [string, Tensor] => {
      const length = dims.reduce((product, size) => product * size, 1);
      const make = (i: number): number => {
        if (/norm\d?\.(weight|running_var)$/.test(name)) return 0.6 + next();
        if (name.endsWith('down.weight')) return 1 / (dims[2]! * dims[3]!);
        if (name === 'jacobian.bias') return (i % 4) % 3 === 0 ? 1 : 0;
        const last = name === 'jacobian.weight' ? 0.3 : 1;
        return dims.length > 1 ? last * signed() * Math.sqrt((3 * dims[0]!) / length) : 0.2 * signed();
      };
      return [`${part}.${name}`, { dtype: 'float32', dims, data: Float32Array.from({ length }, (_, i) => make(i)) }];
    }),
  );
}

/** `weights` with some tensors in the place of theirs: numbers, or one number for all. */
export function withTensors(weights: Weights, others: Readonly<Record<string, number | readonly number[]>>): Weights {
  const changed = new Map(weights);
  for (const [name, value] of Object.entries(others)) {
    const { dims, data } = weights.get(name)!;
    const numbers = typeof value === 'number' ? new Float32Array(data.length).fill(value) : Float32Array.from(value);
    changed.set(name, { dtype: 'float32', dims, data: numbers });
  }
  return changed;
}

/** A network in which the motion of key point `n` is that of the whole picture, and each still shows all of it. */
export function follows(config: FommConfig, n: number): Weights {
  const dense = 'generator.dense_motion_network';
  return withTensors(seeded(config, 1), {
    [`${dense}.mask.weight`]: 0,
    [`${dense}.mask.bias`]: Array.from({ length: config.points + 1 }, (_, i) => (i === n + 1 ? 40 : 0)),
    [`${dense}.occlusion.weight`]: 0,
    [`${dense}.occlusion.bias`]: 40,
  });
}

/** Writes a checkpoint as our own models are written; without a config in its metadata unless that is asked for. */
export function writeWeights(path: string, weights: Weights, config?: Readonly<Record<string, unknown>>): string {
  const header: Record<string, unknown> = {};
  if (config) header['__metadata__'] = { config: JSON.stringify(config) };
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { dims, data }] of weights) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    header[name] = { dtype: 'F32', shape: dims, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
    parts.push(bytes);
  }
  writeFileSync(path, safetensorsBytes(header, Buffer.concat(parts)));
  return path;
}

export function writeFomm(path: string, weights: Weights, config?: FommConfig): string {
  return writeWeights(path, weights, config && configJson(config));
}

/** A model of motion with random weights. */
export function seededMotion(
  shape: MotionShape,
  seed: number,
  json: Readonly<Record<string, unknown>> = {},
): { readonly config: MotionConfig; readonly weights: Weights; readonly json: Readonly<Record<string, unknown>> } {
  const next = random(seed);
  const config = configOf(shape, json)!;
  const weights = tensorsOf(shape).map(({ name, dims }): [string, Tensor] => {
    const length = dims.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length }, () => (2 * next() - 1) / Math.sqrt(dims.at(-1)!));
    return [name, { dtype: 'float32', dims, data }];
  });
  return { config, weights: new Map(weights), json: motionJson(config) };
}
