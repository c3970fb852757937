/** What makes one AdaConv network another: its widths, its taps, and how it takes pictures. */

export interface AdaconvConfig {
  /** Channels out of each of the nine layers; the last has two square kernels, 2 * kernel * kernel. */
  readonly filters: readonly number[];
  /** Taps on a side of a kernel: odd, at most 41, so that a kernel lies within what the network sees. */
  readonly kernel: number;
  /** Added to the variance in batch normalisation. */
  readonly bnEps: number;
  /** White in the pictures the network takes: 255 for the published one. */
  readonly range: 1 | 255;
  /** In which order the network takes the planes of a picture. */
  readonly channels: 'rgb' | 'bgr';
}

/** Niklaus, Mai, Liu, "Video Frame Interpolation via Adaptive Convolution" (CVPR 2017), as spec/systems.md, 2.4, has it: 15,928,354 parameters. */
export const OFFICIAL: AdaconvConfig = {
  filters: [32, 32, 64, 64, 128, 128, 256, 2048, 2 * 41 ** 2],
  kernel: 41,
  bnEps: 1e-3,
  range: 255,
  channels: 'bgr',
};

export const MAX_KERNEL = 41;

/** A convolution without padding. All but the last are followed by ReLU, those with `norm` then by batch normalisation. */
export interface Layer {
  readonly size: number;
  /** Published as stride 2: [Note: strides as dilations] in graph.ts. */
  readonly halves: boolean;
  readonly norm?: string;
}

/** Layer n is 'conv<n>' in the graph. */
export const LAYERS: readonly Layer[] = [
  { size: 7, halves: false, norm: 'bn1' },
  { size: 2, halves: true },
  { size: 5, halves: false, norm: 'bn2' },
  { size: 2, halves: true },
  { size: 5, halves: false, norm: 'bn3' },
  { size: 2, halves: true },
  { size: 3, halves: false, norm: 'bn4' },
  { size: 4, halves: false },
  { size: 1, halves: false },
];

/** The published network takes patches of this side for the pixel in their middle, PAD from their first row and column. */
export const PATCH = 79;
export const PAD = 39;
/** Rows and columns around a pixel that are seen besides its own: one less than a patch has, [Note: strides as dilations]. */
export const AROUND = PATCH - 2;

/** What a layer's input has, in channels. */
export function inputsOf({ filters }: AdaconvConfig, layer: number): number {
  return layer === 0 ? 6 : filters[layer - 1]!;
}
