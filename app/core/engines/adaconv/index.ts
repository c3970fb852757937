/** AdaConv: two pictures, and for each pixel of the one between them a square of taps for each. docs/adaconv.md. */
import { openCheckpoint } from '../../import/registry.ts';
import type { InterpolatingFamily } from '../family.ts';
import { overPictures } from '../picture-network.ts';
import { AdaconvNetwork } from './run.ts';
import { readAdaconv, recogniseAdaconv } from './weights.ts';

export const adaconv: InterpolatingFamily = {
  kind: 'interpolate',
  id: 'adaconv',
  halves: true,
  version: '1',
  summary: 'Adaptive convolution: moves up to half its taps, 20 pixels in the published network; slow.',
  recognise: async (checkpoint) => {
    const config = recogniseAdaconv(checkpoint);
    return config && { ...config };
  },
  open: async (path, setup) => {
    await using checkpoint = await openCheckpoint(path);
    const { config, weights } = await readAdaconv(checkpoint);
    return overPictures(setup, await AdaconvNetwork.open(config, weights, setup));
  },
};
