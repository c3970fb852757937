/** How much memory FILM takes. */
import { featureChannels, parameterCount, type FilmConfig } from './config.ts';
import { paddingOf } from './padding.ts';

/**
 * Memory above which a picture is cut into tiles. The same on every machine: where a picture is cut shows in its bytes, and a chunk's
 * key does not know the machine.
 */
export const WHOLE_BYTES = 4 * 2 ** 30;

/**
 * Bytes a network takes at its peak for pictures of one size, an upper bound fitted to the resident memory of runs of the compact and the
 * published network from 256x256 to 1920x1088 (1.0 to 1.5 and 2.6 to 4.2 KB a pixel): the pyramid of features, which stays until its level is fused, stands
 * in memory in two layouts and is warped once more; and the weights, which the graph, its bytes and ONNX Runtime all hold.
 */
export function filmBytes(config: FilmConfig, width: number, height: number): number {
  const { paddedWidth, paddedHeight } = paddingOf(width, height, 2 ** (config.pyramidLevels - 1));
  let features = 0;
  for (let level = 0; level < config.pyramidLevels; level++)
    features += (2 * featureChannels(config, level)) / 4 ** level;
  return 4 * (paddedWidth * paddedHeight * (150 + 3.1 * features) + 4 * parameterCount(config));
}
