/** What AdaConv's tests share: configurations, weights made by code, pictures. */
import { inputsOf, LAYERS, type AdaconvConfig } from '../../../../app/core/engines/adaconv/config.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { randoms } from '../sepconv/support.ts';

export const SMALL: AdaconvConfig = {
  filters: [6, 5, 8, 7, 9, 10, 12, 16, 2 * 9 ** 2],
  kernel: 9,
  bnEps: 1e-3,
  range: 1,
  channels: 'rgb',
};

/** Weights of every layer; zeros unless `value` says something. */
export function weightsOf(config: AdaconvConfig, value?: (name: string, fanIn: number) => number): Weights {
  const entries = LAYERS.flatMap(({ size, norm }, n): [string, Tensor][] => {
    const [out, from] = [config.filters[n]!, inputsOf(config, n)];
    const make = (name: string, dims: number[]): [string, Tensor] => {
      const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
      if (value) for (let i = 0; i < data.length; i++) data[i] = value(name, size * size * from);
      return [name, { dtype: 'float32', dims, data }];
    };
    const conv = [make(`conv${n}.weight`, [out, from, size, size]), make(`conv${n}.bias`, [out])];
    const parts = norm ? ['weight', 'bias', 'running_mean', 'running_var'] : [];
    return [...conv, ...parts.map((part) => make(`${norm}.${part}`, [out]))];
  });
  return new Map(entries);
}

/** Weights that keep activations alive and taps uneven. */
export function seeded(config: AdaconvConfig, seed: number): Weights {
  const random = randoms(seed);
  return weightsOf(config, (name, fanIn) => {
    if (name.endsWith('running_var')) return 1 + 0.5 * random();
    if (/^bn\d\.weight$/.test(name)) return 1 + 0.3 * random();
    if (/bias$|running_mean$/.test(name)) return 0.1 * random();
    return random() * Math.sqrt((name.startsWith('conv8') ? 30 : 6) / fanIn);
  });
}

/** A planar picture of random colours in 0..1. */
export function noise(width: number, height: number, seed: number): Float32Array {
  const random = randoms(seed);
  return Float32Array.from({ length: 3 * width * height }, () => (random() + 1) / 2);
}
