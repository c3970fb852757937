/** AdaConv: two pictures, and for each pixel of the one between them a square of taps for each. docs/adaconv.md. */
import { openCheckpoint } from '../../import/registry.ts';
import type { InterpolatingFamily } from '../family.ts';
import { overPictures } from '../picture-network.ts';
import { AdaconvNetwork, TILE_SIDE } from './run.ts';
import { readAdaconv, recogniseAdaconv } from './weights.ts';

export const adaconv: InterpolatingFamily = {
  kind: 'interpolate',
  id: 'adaconv',
  halves: true,
  version: '2',
  summary: 'Adaptive convolution: moves up to half its taps, 20 pixels in the published network; slow.',
  recognise: async (checkpoint) => {
    const config = recogniseAdaconv(checkpoint);
    return config && { ...config };
  },
  open: async (path, setup) => {
    await using checkpoint = await openCheckpoint(path);
    const { config, weights } = await readAdaconv(checkpoint);
    // Its own tiles show in no byte ([Note: memory] in run.ts): smaller ones only cost time.
    const tileSide = Math.ceil(TILE_SIDE / Math.sqrt(setup.shrink ?? 1));
    return overPictures(setup, await AdaconvNetwork.open(config, weights, { ...setup, tileSide }));
  },
  memory: async (_, { width, height, shrink = 1 }) => {
    const tile = Math.min(TILE_SIDE ** 2 / shrink, width * height);
    return BESIDE * (tile / TILE_SIDE ** 2) + LEAST + width * height * BYTES_A_PIXEL;
  },
};

/** The weights, and ONNX Runtime. */
const LEAST = 150 * 2 ** 20;
/** Features and taps of a whole tile, in ONNX Runtime and beside it. */
const BESIDE = 900 * 2 ** 20;
/** The pictures of a recursion, and the pair as the taps read it: floats of three channels each. */
const BYTES_A_PIXEL = 10 * 12;
