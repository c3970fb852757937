/**
 * SepConv++ (Niklaus, Mai, Wang, "Revisiting Adaptive Convolutions for Video Frame Interpolation", WACV 2021): sniklaus/revisiting-sepconv;
 * spec/systems.md, section 2.2. Pictures are normalised together, halving is a convolution of stride 2, slopes are learned, and what the
 * taps give is divided by their sum.
 */
import type { Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { HEADS, SepconvConfig } from './config.ts';
import { ROWS_THERE, type Layers } from './layers.ts';

/** A layer of the published file, by its name there after 'net'. */
export interface PlusLayer {
  readonly name: string;
  /** Absent for a slope. */
  readonly in?: number;
  readonly out: number;
}

const HEAD_NAMES: Readonly<Record<(typeof HEADS)[number], string>> = {
  Vertical1: 'Verone.netMain',
  Vertical2: 'Vertwo.netMain',
  Horizontal1: 'Horone.netMain',
  Horizontal2: 'Hortwo.netMain',
};

const downName = (row: number): string => `Encode.0.netVer.${row}.netMain`;
/** The decoder's rows are stored coarsest first. */
const decodeName = (way: 'Hor' | 'Ver', rows: number, row: number): string =>
  `Decode.0.net${way}.${rows - 1 - row}.netMain`;

export function plusLayers({ widths, kernel }: Pick<SepconvConfig, 'widths' | 'kernel'>): readonly PlusLayer[] {
  const rows = widths.length;
  const width = (row: number): number => widths[row] ?? 0;
  /** Slope, convolution, slope, convolution; `at` are their numbers. */
  const two = (name: string, at: readonly [number, number, number, number], from: number, out: number): PlusLayer[] => [
    { name: `${name}.${at[0]}`, out: 1 },
    { name: `${name}.${at[1]}`, in: from, out },
    { name: `${name}.${at[2]}`, out: 1 },
    { name: `${name}.${at[3]}`, in: out, out },
  ];
  const below = Array.from({ length: rows - 1 }, (_, i) => i + 1);
  return [
    { name: 'Input', in: 3, out: width(0) / 2 },
    ...below.flatMap((row) => two(downName(row), [0, 1, 2, 3], width(row - 1), width(row))),
    ...below.flatMap((row) => two(decodeName('Hor', rows, row), [0, 1, 2, 3], width(row), width(row))),
    ...below.slice(0, -1).flatMap((row) => two(decodeName('Ver', rows, row), [0, 2, 3, 4], width(row + 1), width(row))),
    ...Object.values(HEAD_NAMES).flatMap((name): PlusLayer[] => [
      { name: `${name}.1`, in: width(1), out: width(1) },
      { name: `${name}.2`, out: 1 },
      { name: `${name}.3`, in: width(1), out: kernel },
    ]),
  ];
}

/** From both pictures [1, 6, height, width] to [1, widths[1], height / 2, width / 2]; sides are even. */
export function plusTrunk(layers: Layers, config: SepconvConfig, pictures: Value): Value {
  const { g } = layers;
  const rows = config.widths.length;
  const [, , height, width] = pictures.shape as [number, number, number, number];
  const alike = normalised(layers, pictures);
  const apart = layers.conv('Input', op.reshape(g, alike, [2, 3, height, width]));
  let x = op.reshape(g, apart, [1, config.widths[0]!, height, width]);
  const scales = [x];
  for (let row = 1; row < rows; row++) {
    const name = downName(row);
    x = layers.conv(`${name}.1`, layers.prelu(`${name}.0`, x), { stride: 2 });
    x = layers.conv(`${name}.3`, layers.prelu(`${name}.2`, x));
    scales.push(x);
  }
  for (let row = rows - 1; row >= 1; row--) {
    const across = decodeName('Hor', rows, row);
    const scale = scales[row]!;
    const inner = layers.conv(`${across}.1`, layers.prelu(`${across}.0`, scale));
    let sum = op.add(g, scale, layers.conv(`${across}.3`, layers.prelu(`${across}.2`, inner)));
    if (row < rows - 1) {
      const up = decodeName('Ver', rows, row);
      const wide = op.resize(g, layers.prelu(`${up}.0`, x), 2, 'half-pixel');
      const taller = layers.prelu(`${up}.3`, layers.conv(`${up}.2`, wide));
      sum = op.add(g, sum, cropped(layers, layers.conv(`${up}.4`, taller), scale));
    }
    x = sum;
  }
  return x;
}

/** Both pictures less their mean, over their deviation: of all their samples together. */
function normalised({ g }: Layers, pictures: Value): Value {
  const all = [0, 1, 2, 3];
  const centred = op.sub(g, pictures, op.reduceMean(g, pictures, all));
  const deviation = op.sqrt(g, op.reduceMean(g, op.mul(g, centred, centred), all));
  return op.div(g, centred, op.add(g, deviation, 1e-7));
}

/** Doubling an odd side that was halved gives one too many. */
function cropped({ g }: Layers, x: Value, like: Value): Value {
  return [2, 3].reduce((from, axis) => {
    const side = like.shape[axis] as number;
    return from.shape[axis] === side ? from : op.slice(g, from, axis, 0, side);
  }, x);
}

/** A head's taps from features twice as large; `inside` is 0 for rows outside the picture, which its second convolution must see as zeros. */
export function plusHead(layers: Layers, head: (typeof HEADS)[number], tall: Value, inside: Value): Value {
  const name = HEAD_NAMES[head];
  const first = layers.prelu(`${name}.2`, layers.conv(`${name}.1`, tall, { pad: ROWS_THERE }));
  return layers.conv(`${name}.3`, op.mul(layers.g, first, inside), { pad: ROWS_THERE });
}
