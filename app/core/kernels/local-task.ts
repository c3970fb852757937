/** What a team does of a local convolution: both halves of a region, and their sum. */
import type { Team } from './team.ts';

/** Rows dealt out at once: even, since the kernel takes them in pairs. */
const GRAIN = 8;

export interface LocalTask {
  readonly kind: 'separable' | 'adaptive';
  readonly kernel: number;
  /** Addresses of the sample under the first tap of the region's first pixel, in each of the two pictures. */
  readonly sources: readonly number[];
  readonly sourcePlane: number;
  readonly sourceStride: number;
  /** Addresses: v and h of the first picture, then of the second; or one whole kernel each. */
  readonly maps: readonly number[];
  readonly mapPlane: number;
  readonly mapStride: number;
  /** Addresses of the two halves, four planes each. */
  readonly halves: readonly [number, number];
  readonly outPlane: number;
  readonly outStride: number;
  /** The sum of both halves is divided by that of their taps. */
  readonly normalise: boolean;
  /** Address of a float a row: the sum of the pixels' trust. */
  readonly sums: number;
  readonly width: number;
  readonly height: number;
}

export function convolve(team: Team, task: LocalTask): void {
  const { kernel: k, sourcePlane, sourceStride, maps, mapPlane, mapStride, halves, outPlane, outStride } = task;
  const { width, height, sums } = task;
  const { local_separable, local_adaptive, local_join } = team.kernels;
  team.rows(
    height,
    GRAIN,
    (y0, y1, half) => {
      const source = [task.sources[half]!, sourcePlane, sourceStride] as const;
      const out = [halves[half]!, outPlane, outStride] as const;
      if (task.kind === 'separable') {
        const [v, h] = [maps[2 * half]!, maps[2 * half + 1]!];
        local_separable(...source, v, h, mapPlane, mapStride, k, width, ...out, y0, y1);
      } else local_adaptive(...source, maps[half]!, mapPlane, mapStride, k, width, ...out, y0, y1);
    },
    2,
  );
  team.rows(height, GRAIN, (y0, y1) =>
    local_join(...halves, width, outPlane, outStride, task.normalise ? 1 : 0, sums, y0, y1),
  );
}
