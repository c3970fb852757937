/** Small networks of the film family, without a checkpoint of anybody else. */
import { writeFileSync } from 'node:fs';
import { configJson, layersOf, type FilmConfig } from '../../../../app/core/engines/film/config.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { random, safetensorsBytes } from '../../import/support.ts';

/** Sides are multiples of 8. */
export const TINY: FilmConfig = {
  pyramidLevels: 4,
  fusionLevels: 3,
  specialisedLevels: 2,
  subLevels: 2,
  filters: 8,
  flowConvs: [1, 2, 1],
  flowFilters: [4, 6, 8],
};

function tensor(dims: readonly number[], value: (i: number) => number): Tensor {
  const length = dims.reduce((product, size) => product * size, 1);
  return { dtype: 'float32', dims, data: Float32Array.from({ length }, (_, i) => value(i)) };
}

/** Seeded random weights with flows of about `flow` pixels a level, and a fusion that fades the two warped pictures exactly. */
export function fadingWeights(config: FilmConfig, flow: number, seed = 1): Weights {
  const next = random(seed);
  const weights = new Map<string, Tensor>();
  for (const { name, place, dims } of layersOf(config)) {
    const [outputs, inputs, height, width] = dims;
    const last = place.part === 'flow' && outputs === 2;
    const scale = (last ? flow : 1) * Math.sqrt(6 / (inputs * height * width));
    const finest = place.part === 'output' || (place.part === 'fuse' && place.level === 0);
    const kernel = tensor(dims, () => (next() * 2 - 1) * scale);
    if (finest) passOn(kernel, place.part === 'output' ? 2 : place.index);
    weights.set(`${name}.weight`, kernel);
    weights.set(
      `${name}.bias`,
      tensor([outputs], () => (finest || !last ? 0 : (next() * 2 - 1) * flow)),
    );
  }
  return weights;

  /** Makes the first six channels of a kernel the two warped pictures, or the output their mean. */
  function passOn({ dims, data }: Tensor, index: number): void {
    const [, inputs, height, width] = dims as [number, number, number, number];
    const size = inputs * height * width;
    const put = (out: number, channel: number, value: number): void => {
      (data as Float32Array)[out * size + channel * height * width + ((height * width) >> 1)] = value;
    };
    if (index === 0) return;
    const picture = 3 + config.filters;
    if (dims[0] === 3) {
      (data as Float32Array).fill(0);
      for (let c = 0; c < 3; c++) [c, 3 + c].forEach((channel) => put(c, channel, 0.5));
      return;
    }
    (data as Float32Array).fill(0, 0, 6 * size);
    const first = inputs > 2 * picture;
    for (let c = 0; c < 3; c++) {
      put(c, c, 1);
      put(3 + c, first ? picture + c : 3 + c, 1);
    }
  }
}

/** Writes a checkpoint as our own models are written. */
export function writeFilm(path: string, config: FilmConfig, weights: Weights): void {
  const header: Record<string, unknown> = { __metadata__: { config: JSON.stringify(configJson(config)) } };
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { dims, data }] of weights) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    header[name] = { dtype: 'F32', shape: dims, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
    parts.push(bytes);
  }
  writeFileSync(path, safetensorsBytes(header, Buffer.concat(parts)));
}
