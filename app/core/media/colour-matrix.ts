/** Luma's weights of red and blue by ffmpeg's matrix names (ITU-R BT.601, BT.709, BT.2020, SMPTE 240M, FCC). */

const LUMA_WEIGHTS: Readonly<Record<string, readonly [number, number]>> = {
  bt709: [0.2126, 0.0722],
  bt2020nc: [0.2627, 0.0593],
  bt2020c: [0.2627, 0.0593],
  smpte240m: [0.212, 0.087],
  fcc: [0.3, 0.11],
};
const BT601: readonly [number, number] = [0.299, 0.114];

/** Kr and Kb of a matrix; BT.601's for a name that is not known or not given. */
export function matrixWeights(matrix: string | undefined): readonly [kr: number, kb: number] {
  return LUMA_WEIGHTS[matrix ?? ''] ?? BT601;
}
