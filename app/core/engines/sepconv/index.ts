/** SepConv: two pictures, and for each pixel of the one between them a column and a row of taps for each. docs/sepconv.md. */
import { openCheckpoint } from '../../import/registry.ts';
import type { EngineSetup, Interpolator } from '../engine.ts';
import type { InterpolatingFamily } from '../family.ts';
import { overPictures } from '../picture-network.ts';
import { tiled, tiledBytes, type Tiling } from '../tiles.ts';
import type { SepconvConfig } from './config.ts';
import { paddedSize, SepconvNetwork } from './run.ts';
import { readSepconv, recogniseSepconv } from './weights.ts';

/** Memory above which a picture is cut into tiles; the same everywhere, because where it is cut shows in its bytes. */
const WHOLE_BYTES = 2 * 2 ** 30;

/**
 * Bytes that grow with the picture, by measurement: at the finest scale ONNX Runtime holds the features three times. Beside them are the
 * weights, several times, and some 400 MB for a band.
 */
export function sepconvBytes(config: SepconvConfig, width: number, height: number): number {
  const padded = paddedSize(config, width, height);
  return padded.width * padded.height * 4 * (6 + 3 * config.widths[0]! + config.widths[1]! / 4);
}

export const sepconv: InterpolatingFamily = {
  kind: 'interpolate',
  id: 'sepconv',
  halves: true,
  version: '2',
  summary: 'Adaptive separable convolution: moves up to half its taps, 25 pixels in the published networks.',
  recognise: async (checkpoint) => {
    const config = recogniseSepconv(checkpoint);
    return config && { ...config };
  },
  open: openSepconv,
  async memory(path, setup, format) {
    await using checkpoint = await openCheckpoint(path);
    const { config } = await readSepconv(checkpoint);
    return tiledBytes(format, setup, tiling(config)) + BESIDE;
  },
};

/** The weights, several times, and a band's taps. */
const BESIDE = 500 * 2 ** 20;

function tiling(config: SepconvConfig, maxBytes = WHOLE_BYTES): Tiling {
  return { bytes: (_, width, height) => sepconvBytes(config, width, height), maxBytes };
}

/** `maxBytes` is for tests. */
export async function openSepconv(path: string, setup: EngineSetup, maxBytes = WHOLE_BYTES): Promise<Interpolator> {
  await using checkpoint = await openCheckpoint(path);
  const { config, weights } = await readSepconv(checkpoint);
  const open = async (inner: EngineSetup): Promise<Interpolator> =>
    overPictures(inner, await SepconvNetwork.open(config, weights, inner));
  return await tiled(open, setup, tiling(config, maxBytes));
}
