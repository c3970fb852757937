/** FILM, the family: frame interpolation for large motion. docs/models.md says how to use the published checkpoints. */
import { openCheckpoint } from '../../import/registry.ts';
import type { EngineSetup, Interpolator } from '../engine.ts';
import type { InterpolatingFamily } from '../family.ts';
import { overPictures } from '../picture-network.ts';
import { tiled, tiledBytes, type Tiling } from '../tiles.ts';
import type { Weights } from '../weights.ts';
import { configJson, parameterCount, type FilmConfig } from './config.ts';
import { filmBytes, WHOLE_BYTES } from './memory.ts';
import { openFilmNetwork } from './run.ts';
import { readFilm, recogniseFilm } from './weights.ts';

export const film: InterpolatingFamily = {
  kind: 'interpolate',
  id: 'film',
  version: '2',
  summary: 'A network for large motion (FILM).',
  async recognise(checkpoint) {
    const found = recogniseFilm(checkpoint);
    if (!found) return null;
    const { layout, config } = found;
    return { family: 'film', layout, parameters: parameterCount(config), ...configJson(config) };
  },
  async open(path, setup) {
    await using checkpoint = await openCheckpoint(path);
    const { config, weights } = await readFilm(checkpoint);
    return await openFilm(config, weights, setup);
  },
  async memory(path, setup, format) {
    await using checkpoint = await openCheckpoint(path);
    const { config } = await readFilm(checkpoint);
    return tiledBytes(format, setup, tiling(config));
  },
};

function tiling(config: FilmConfig, maxBytes = WHOLE_BYTES): Tiling {
  return { bytes: (_, width, height) => filmBytes(config, width, height), maxBytes };
}

/** FILM for pictures of any size; `maxBytes` is for tests. Throws what opening the network throws. */
export async function openFilm(
  config: FilmConfig,
  weights: Weights,
  setup: EngineSetup,
  maxBytes = WHOLE_BYTES,
): Promise<Interpolator> {
  const open = async (inner: EngineSetup): Promise<Interpolator> => {
    // A tile's sides are inside the picture, where black has no business.
    const tile = inner.width !== setup.width || inner.height !== setup.height;
    return overPictures(inner, await openFilmNetwork(config, weights, inner, tile ? 'edge' : 'zeros'));
  };
  return await tiled(open, setup, tiling(config, maxBytes));
}
