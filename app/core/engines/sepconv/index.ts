/** SepConv: two pictures, and for each pixel of the one between them a column and a row of taps for each. docs/sepconv.md. */
import { openCheckpoint } from '../../import/registry.ts';
import type { PixelFormat } from '../../media/frame.ts';
import type { EngineSetup, Interpolator } from '../engine.ts';
import type { InterpolatingFamily } from '../family.ts';
import { overPictures } from '../picture-network.ts';
import { tiled } from '../tiles.ts';
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
  version: '1',
  summary: 'Adaptive separable convolution: moves up to half its taps, 25 pixels in the published networks.',
  recognise: async (checkpoint) => {
    const config = recogniseSepconv(checkpoint);
    return config && { ...config };
  },
  open: openSepconv,
};

/** `maxBytes` is for tests. */
export async function openSepconv(path: string, setup: EngineSetup, maxBytes = WHOLE_BYTES): Promise<Interpolator> {
  await using checkpoint = await openCheckpoint(path);
  const { config, weights } = await readSepconv(checkpoint);
  const bytes = (_format: PixelFormat, width: number, height: number): number => sepconvBytes(config, width, height);
  const open = async (inner: EngineSetup): Promise<Interpolator> =>
    overPictures(inner, await SepconvNetwork.open(config, weights, inner));
  return await tiled(open, setup, { bytes, maxBytes });
}
