/** What the presets of glide are made of. Every number here was chosen on test/dev/protocol.json; docs/glide.md has the scores. */

/** Variational refinement: how often the pictures are warped again, the weights renewed, the system swept. */
export interface Refinement {
  readonly warps: number;
  readonly fixed: number;
  readonly sweeps: number;
  /** Weights of the terms (intensity and gradient constancy, smoothness). */
  readonly intensity: number;
  readonly gradient: number;
  readonly smooth: number;
  /** How much a step in the picture (per code value of 255) weakens the smoothness across it. */
  readonly edge: number;
}

export interface Settings {
  /** Flow is found at full size up to this many pixels, else at half, a quarter, ... of it. */
  readonly flowPixels: number;
  /** Least side of the coarsest level. */
  readonly coarsest: number;
  /** Pixels between patches, and Gauss-Newton steps, for the finest level and for the others. */
  readonly step: readonly [number, number];
  readonly steps: readonly [number, number];
  /**
   * [Note: wide search] in search.c: done on the coarsest level whose lesser side is at least `size`, for patches whose
   * mean squared difference is above `poor`, `radius` pixels around; a find must fit `gain` times better. Size 0: not at all.
   */
  readonly wide: { readonly size: number; readonly radius: number; readonly poor: number; readonly gain: number };
  /** Differences below this (code values of 255) weigh alike where patches are averaged. */
  readonly densifyFloor: number;
  /** Refinement of the analysis, on the finest level and on the others; of the flow at the timestep. */
  readonly refine: readonly [Refinement, Refinement];
  readonly middle: Refinement;
  /** Splat weights: pixels of way-back error and code values of difference that halve the trust. */
  readonly slack: number;
  readonly contrast: number;
  /** Weight of a coarser cell where the splat left a hole. */
  readonly faint: number;
  /** Choosing between the projections: cap of the difference, cost of thinly covered places, window radius. */
  readonly cap: number;
  readonly doubt: number;
  /** Cost of no motion at all, in code values. */
  readonly still: number;
  readonly radius: number;
  /** The second choice's share of the blend is halved where it is `tie` code values worse, and where the first has only `good`. */
  readonly tie: number;
  readonly good: number;
  /** Blending: pixels of flow difference that make a picture blind to a point, and what is left of its weight then. */
  readonly blindSlack: number;
  readonly blindFloor: number;
}

const ANALYSIS: Refinement = { warps: 1, fixed: 5, sweeps: 5, intensity: 2.5, gradient: 5, smooth: 10, edge: 0 };
const COARSE: Refinement = { ...ANALYSIS, warps: 2, fixed: 3 };
const MIDDLE: Refinement = { ...ANALYSIS, intensity: 5, smooth: 50 };

export const STANDARD: Settings = {
  flowPixels: 600_000,
  coarsest: 12,
  step: [4, 4],
  steps: [8, 8],
  wide: { size: 100, radius: 20, poor: 16, gain: 2 },
  densifyFloor: 1,
  refine: [{ ...ANALYSIS, fixed: 3 }, COARSE],
  middle: { ...MIDDLE, fixed: 3 },
  slack: 1,
  contrast: 16,
  faint: 1e-3,
  cap: 64,
  doubt: 4,
  still: 10,
  radius: 3,
  tie: 20,
  good: 5,
  blindSlack: 2,
  blindFloor: 1,
};

/** A quarter of the flow's pixels, and nothing done twice. */
export const DRAFT: Settings = {
  ...STANDARD,
  flowPixels: 200_000,
  steps: [5, 5],
  wide: { size: 0, radius: 0, poor: 0, gain: 1 },
  refine: [
    { ...ANALYSIS, fixed: 2 },
    { ...ANALYSIS, fixed: 3 },
  ],
  middle: { ...MIDDLE, fixed: 2 },
};

/** Flow at full size up to 2.5 megapixels, refined twice everywhere. */
export const BEST: Settings = {
  ...STANDARD,
  flowPixels: 2_500_000,
  refine: [COARSE, COARSE],
  middle: { ...MIDDLE, warps: 2 },
};
