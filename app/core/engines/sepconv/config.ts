/** What makes one SepConv network another: its widths, its taps, and which of the two published layouts it is. */

export interface SepconvConfig {
  /**
   * 'official': sniklaus/sepconv-slomo (Niklaus, Mai, Liu, "Video Frame Interpolation via Adaptive Separable Convolution", ICCV 2017).
   * 'keras': the same network as gurpreet-singh135's Keras port has it; spec/systems.md, sections 2.1 and 2.3. 'plus': its successor,
   * plus.ts.
   */
  readonly variant: 'official' | 'keras' | 'plus';
  /** Channels at each scale, finest first; each scale is half of the one before. */
  readonly widths: readonly number[];
  /** Taps of a column and of a row: odd. */
  readonly kernel: number;
  /** In which order the network takes the planes of a picture. */
  readonly channels: 'rgb' | 'bgr';
  /** Pictures are padded to a multiple of this: [Note: padding] in run.ts. */
  readonly pad: number;
}

/** Published: 21,675,452 parameters, and 21,567,708 in Keras. */
export const OFFICIAL: SepconvConfig = {
  variant: 'official',
  widths: [32, 64, 128, 256, 512],
  kernel: 51,
  channels: 'bgr',
  pad: 128,
};

/** SepConv++, 13,560,102 parameters. */
export const PLUS: SepconvConfig = { ...OFFICIAL, variant: 'plus', pad: 2 };

/** Names of the heads: taps down a column and along a row, for the first and the second picture. */
export const HEADS = ['Vertical1', 'Horizontal1', 'Vertical2', 'Horizontal2'] as const;

/** A 3x3 convolution with bias. */
export interface Layer {
  /** As in a published state dictionary, after its prefix: 'Conv1.0', 'Upsample5.1', 'Vertical1.7'. */
  readonly name: string;
  readonly in: number;
  readonly out: number;
  /** Its number among the convolutions of the Keras model. */
  readonly index: number;
}

/** Every layer of 'official' and 'keras', in the order in which the Keras model numbers them. */
export function layersOf({ variant, widths, kernel }: SepconvConfig): readonly Layer[] {
  const layers: Layer[] = [];
  const add = (name: string, from: number, out: number): void =>
    void layers.push({ name, in: from, out, index: layers.length });
  const basic = (name: string, from: number, out: number): void =>
    [from, out, out].forEach((width, i) => add(`${name}.${2 * i}`, width, out));
  const levels = widths.length;
  const width = (level: number): number => widths[level - 1] ?? 6;
  for (let level = 1; level <= levels; level++) basic(`Conv${level}`, width(level - 1), width(level));
  for (let level = levels; level >= 2; level--) {
    basic(`Deconv${level}`, width(Math.min(levels, level + 1)), width(level));
    add(`Upsample${level}.1`, width(level), width(level));
  }
  const inner = variant === 'keras' ? kernel : width(2);
  for (const head of ['Horizontal1', 'Vertical1', 'Horizontal2', 'Vertical2']) {
    add(`${head}.0`, width(2), inner);
    add(`${head}.2`, inner, inner);
    add(`${head}.4`, inner, kernel);
    add(`${head}.7`, kernel, kernel);
  }
  return layers;
}

/** Sides the network takes are multiples of this: it halves them once a scale; SepConv++ does with odd ones, but for the first. */
export function stepOf({ variant, widths }: Pick<SepconvConfig, 'variant' | 'widths'>): number {
  return variant === 'plus' ? 2 : 2 ** widths.length;
}
