/** Small networks of the cvi family, without a checkpoint of anybody else. */
import { writeFileSync } from 'node:fs';
import { configJson, storedOf, type CviConfig } from '../../../../app/core/engines/cvi/config.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { random, safetensorsBytes } from '../../import/support.ts';

export const TINY: CviConfig = {
  latent: 3,
  noise: 5,
  channels: 3,
  frame: [64, 64],
  encoder: [4, 3, 4, 5, 4, 4, 3],
  decoder: [5, 4, 4, 3, 4, 4, 3],
  epsilon: 1e-3,
  batchNorm: 'moving',
  output: 'warp',
  skips: true,
  timed: false,
};

/** Seeded random weights whose activations stay near one and whose flows are a few pixels. */
export function seeded(config: CviConfig, seed: number): Weights {
  const next = random(seed);
  const signed = (): number => 2 * next() - 1;
  return new Map(
    storedOf(config).map(({ name, dims }): [string, Tensor] => {
      const length = dims.reduce((product, size) => product * size, 1);
      const fan = name.endsWith('conv3d_transpose/kernel') ? length / dims[3]! : length / dims.at(-1)!;
      const last = name.startsWith('video_transconv3d7') && config.output === 'warp' ? 0.3 : 1;
      const make = (): number => {
        if (/(gamma|moving_variance)$/.test(name)) return 0.6 + next();
        return dims.length > 1 && !name.endsWith('biases')
          ? last * signed() * Math.sqrt(3 / fan)
          : last * 0.3 * signed();
      };
      return [name, { dtype: 'float32', dims, data: Float32Array.from({ length }, make) }];
    }),
  );
}

/** Writes a checkpoint as our own models are written; without `config` in its metadata unless that is asked for. */
export function writeCvi(path: string, weights: Weights, config?: CviConfig): string {
  const header: Record<string, unknown> = {};
  if (config) header['__metadata__'] = { config: JSON.stringify(configJson(config)) };
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
