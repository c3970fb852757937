/**
 * SepConv as two graphs: the U-Net, which sees the whole picture, and the four heads, which see a band of its result and give that
 * band's taps. What the taps do to the pictures is kernels/local.ts.
 *
 * [Note: bands] The taps are the large part: 4 * 51 floats a pixel are 1.7 GB for a picture of 1920x1080. Heads are three convolutions at half
 * the size, twice the size, and one convolution more: local but for the doubling, whose samples lie where the whole picture's
 * size puts them (the official one's first and last sample are those of the picture). Along x a band is as wide as the picture, so it is an ordinary
 * Resize; along y it is a product with a matrix of two weights a row, an input that each band has of its own. Its rows outside the picture
 * are zero, which is the last convolution's padding. A band comes with as many rows around it as the three convolutions need; rows they
 * spoil at a cut have no weight. So bands give what the whole gives, to rounding.
 */
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Graph, Tensor, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { Weights } from '../weights.ts';
import { HEADS, type SepconvConfig } from './config.ts';
import { Layers, ROWS_THERE } from './layers.ts';
import { plusHead, plusTrunk } from './plus.ts';

/** Rows that a cut spoils, by convolutions before the doubling; and rows of the doubled that those after it need on each side. */
function marginsOf({ variant }: SepconvConfig): { readonly spoilt: number; readonly around: number } {
  return variant === 'plus' ? { spoilt: 0, around: 2 } : { spoilt: 3, around: 1 };
}

function doubling({ variant }: SepconvConfig): op.ResizeMode {
  return variant === 'official' ? 'corners' : 'half-pixel';
}

/**
 * The U-Net. Input `pictures` [1, 6, height, width], both pictures' planes, sides multiples of `stepOf`; output `features`
 * [1, widths[1], height / 2, width / 2].
 */
export function trunkGraph(config: SepconvConfig, weights: Weights, width: number, height: number): Graph {
  const g = new GraphBuilder('sepconv');
  const layers = new Layers(g, weights);
  const pool = (from: Value): Value => op.avgPool(g, from, 2);
  let x = g.input('pictures', 'float32', [1, 6, height, width]);
  if (config.variant === 'plus') return g.build({ features: plusTrunk(layers, config, x) });
  const scales = config.widths.map((_, i) => (x = layers.basic(`Conv${i + 1}`, i === 0 ? x : pool(x))));
  x = pool(x);
  for (let level = config.widths.length; level >= 2; level--) {
    const scale = scales[level - 1]!;
    x = layers.basic(`Deconv${level}`, x);
    x = op.add(g, layers.relu(`Upsample${level}.1`, op.resizeLike(g, x, scale, doubling(config))), scale);
  }
  return g.build({ features: x });
}

export interface BandShape {
  /** Of `features`. */
  readonly width: number;
  /** Rows of `features` that a band sees. */
  readonly seen: number;
  /** Rows of taps it gives. */
  readonly made: number;
}

/**
 * The heads on a band. Inputs: `features` [1, widths[1], seen, width], `spread` [made + 2 * around, seen], for SepConv++ `inside`
 * [made + 2, 1]; outputs `Vertical1`, `Horizontal1`, `Vertical2`, `Horizontal2` [1, kernel, made, 2 * width].
 */
export function headsGraph(config: SepconvConfig, weights: Weights, { width, seen, made }: BandShape): Graph {
  const g = new GraphBuilder('sepconv heads');
  const layers = new Layers(g, weights);
  const features = g.input('features', 'float32', [1, config.widths[1]!, seen, width]);
  const spread = g.input('spread', 'float32', [made + 2 * marginsOf(config).around, seen]);
  const doubled = (x: Value): Value => op.matMul(g, spread, op.resize(g, x, [1, 2], doubling(config)));
  if (config.variant === 'plus') {
    const inside = g.input('inside', 'float32', [made + 2, 1]);
    const tall = doubled(features);
    return g.build(Object.fromEntries(HEADS.map((head) => [head, plusHead(layers, head, tall, inside)])));
  }
  const outputs = HEADS.map((head): [string, Value] => {
    const taps = layers.conv(`${head}.7`, doubled(layers.basic(head, features)), { pad: ROWS_THERE });
    return [head, config.variant === 'keras' ? op.relu(g, taps) : taps];
  });
  return g.build(Object.fromEntries(outputs));
}

/** One band: which rows of `features` it sees, and the inputs of its own. */
export interface Band {
  /** First row of taps, in the padded picture. */
  readonly top: number;
  /** First row of `features`. */
  readonly first: number;
  /** By name, as headsGraph has them. */
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/**
 * Bands of `made` rows that together cover the first `height` of `rows` doubled rows, the last one moved up to end there.
 * 1 <= made <= height <= 2 * rows. All see the same number of rows.
 */
export function bandsOf(
  config: SepconvConfig,
  rows: number,
  height: number,
  made: number,
): { readonly seen: number; readonly bands: readonly Band[] } {
  const { spoilt, around } = marginsOf(config);
  const tops = Array.from({ length: Math.ceil(height / made) }, (_, n) => Math.min(n * made, height - made));
  const sources = tops.map((top) =>
    Array.from({ length: made + 2 * around }, (_, n) => sourceOf(config, rows, top - around + n)),
  );
  const needed = sources.map((band) => {
    const at = band.flatMap((source) => (source ? [source.row, source.next] : []));
    return { from: Math.min(...at), to: Math.max(...at) + 1 };
  });
  const seen = Math.min(rows, Math.max(...needed.map(({ from, to }) => to - from)) + 2 * spoilt);
  const bands = tops.map((top, n): Band => {
    const band = sources[n]!;
    const first = Math.max(0, Math.min(needed[n]!.from - spoilt, rows - seen));
    const spread = new Float32Array(band.length * seen);
    band.forEach((source, y) => {
      if (!source) return;
      spread[y * seen + source.row - first] = 1 - source.share;
      // The picture's last row is its own next.
      spread[y * seen + source.next - first]! += source.share;
    });
    const inside = Float32Array.from(band.slice(1, -1), (source) => (source ? 1 : 0));
    const tensor = (data: Float32Array, width: number): Tensor => {
      return { dtype: 'float32', dims: [data.length / width, width], data };
    };
    const inputs = {
      spread: tensor(spread, seen),
      ...(config.variant === 'plus' && { inside: tensor(inside, 1) }),
    };
    return { top, first, inputs };
  });
  return { seen, bands };
}

/** The two rows that doubled row `y` lies between, and the share of the second; null outside the picture. */
function sourceOf(
  { variant }: SepconvConfig,
  rows: number,
  y: number,
): { readonly row: number; readonly next: number; readonly share: number } | null {
  if (y < 0 || y >= 2 * rows) return null;
  const at =
    variant === 'official' ? (y * (rows - 1)) / (2 * rows - 1) : Math.min(rows - 1, Math.max(0, (y + 0.5) / 2 - 0.5));
  const row = Math.floor(at);
  return { row, next: Math.min(rows - 1, row + 1), share: at - row };
}
