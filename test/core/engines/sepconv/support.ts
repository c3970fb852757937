/** What SepConv's tests share: configurations, weights made by code, and files of them. */
import { writeFileSync } from 'node:fs';
import { layersOf, PLUS, type SepconvConfig } from '../../../../app/core/engines/sepconv/config.ts';
import { plusLayers } from '../../../../app/core/engines/sepconv/plus.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';

export const SMALL: SepconvConfig = { variant: 'official', widths: [4, 6, 5], kernel: 9, channels: 'rgb', pad: 8 };

/** Numbers in [-1, 1), the same in every run. */
export function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** Weights of every layer; zeros unless `value` says something. */
export function weightsOf(config: SepconvConfig, value?: (name: string, fanIn: number) => number): Weights {
  const entries = layersOf(config).flatMap(({ name, in: from, out }): [string, Tensor][] => {
    const make = (part: string, dims: number[]): [string, Tensor] => {
      const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
      if (value) for (let i = 0; i < data.length; i++) data[i] = value(`${name}.${part}`, 9 * from);
      return [`${name}.${part}`, { dtype: 'float32', dims, data }];
    };
    return [make('weight', [out, from, 3, 3]), make('bias', [out])];
  });
  return new Map(entries);
}

/** Weights that keep activations alive and taps uneven. */
export function seeded(config: SepconvConfig, seed: number): Weights {
  const random = randoms(seed);
  return weightsOf(config, (name, fanIn) => random() * (name.endsWith('bias') ? 0.1 : Math.sqrt(6 / fanIn)));
}

export const SMALL_PLUS: SepconvConfig = { ...PLUS, widths: [6, 8, 10, 12], kernel: 9, channels: 'rgb' };

/** Weights of SepConv++ in the order of its layers, by one sequence of numbers. */
export function seededPlus(config: SepconvConfig, seed: number): Weights {
  const random = randoms(seed);
  const fill = (dims: number[], gain: number, middle = 0): Tensor => {
    const length = dims.reduce((a, b) => a * b, 1);
    return { dtype: 'float32', dims, data: Float32Array.from({ length }, () => middle + gain * random()) };
  };
  const entries = plusLayers(config).flatMap(({ name, in: from, out }): [string, Tensor][] => {
    if (from === undefined) return [[`${name}.weight`, fill([1], 0.1, 0.25)]];
    return [
      [`${name}.weight`, fill([out, from, 3, 3], Math.sqrt(6 / (9 * from)))],
      [`${name}.bias`, fill([out], 0.1)],
    ];
  });
  return new Map(entries);
}

/**
 * Weights whose taps are the same everywhere: each head gives 1 at one tap and 0 at the others, V half of that. `shifts` are
 * (right, down) of the first and of the second picture.
 */
export function shifting(config: SepconvConfig, shifts: readonly (readonly [number, number])[]): Weights {
  const weights = weightsOf(config);
  shifts.forEach(([right, down], n) => {
    const bias = (head: string): Float32Array => weights.get(`${head}${n + 1}.7.bias`)!.data as Float32Array;
    bias('Vertical')[(config.kernel >> 1) + down] = 0.5;
    bias('Horizontal')[(config.kernel >> 1) + right] = 1;
  });
  return weights;
}

/** Writes a safetensors file with `prefix` before the names, and gives its path. */
export function writeWeights(
  path: string,
  weights: Weights,
  { prefix = 'net', metadata }: { readonly prefix?: string; readonly metadata?: Readonly<Record<string, string>> } = {},
): string {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { dims, data }] of weights) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    header[prefix + name] = { dtype: 'F32', shape: dims, data_offsets: [at, (at += bytes.length)] };
    parts.push(bytes);
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...parts]));
  return path;
}
