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
import type { Graph, Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import type { Weights } from '../weights.ts';
import { HEADS, type SepconvConfig } from './config.ts';

/** Rows that a cut spoils: the heads' convolutions before the doubling. */
const SPOILT = 3;

class Layers {
  readonly g: GraphBuilder;
  readonly #weights: Weights;

  constructor(g: GraphBuilder, weights: Weights) {
    this.g = g;
    this.#weights = weights;
  }

  conv(name: string, x: Value, pad: op.Sliding['pad'] = 1): Value {
    const value = (part: string): Value => this.g.weight(`${name}.${part}`, this.#weights.get(`${name}.${part}`)!);
    return op.conv(this.g, x, value('weight'), value('bias'), { pad: pad ?? 1 });
  }

  relu(name: string, x: Value): Value {
    return op.relu(this.g, this.conv(name, x));
  }

  basic(name: string, x: Value): Value {
    return [0, 2, 4].reduce((from, n) => this.relu(`${name}.${n}`, from), x);
  }
}

function doubling({ variant }: SepconvConfig): op.ResizeMode {
  return variant === 'keras' ? 'half-pixel' : 'corners';
}

/**
 * The U-Net. Input `pictures` [1, 6, height, width], both pictures' planes, sides multiples of 2^levels; output `features`
 * [1, widths[1], height / 2, width / 2].
 */
export function trunkGraph(config: SepconvConfig, weights: Weights, width: number, height: number): Graph {
  const g = new GraphBuilder('sepconv');
  const layers = new Layers(g, weights);
  const pool = (x: Value): Value => op.avgPool(g, x, 2);
  let x = g.input('pictures', 'float32', [1, 6, height, width]);
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
 * The heads on a band. Inputs: `features` [1, widths[1], seen, width], `spread` [made + 2, seen]; outputs `Vertical1`, `Horizontal1`,
 * `Vertical2`, `Horizontal2` [1, kernel, made, 2 * width].
 */
export function headsGraph(config: SepconvConfig, weights: Weights, { width, seen, made }: BandShape): Graph {
  const g = new GraphBuilder('sepconv heads');
  const layers = new Layers(g, weights);
  const features = g.input('features', 'float32', [1, config.widths[1]!, seen, width]);
  const spread = g.input('spread', 'float32', [made + 2, seen]);
  const outputs = HEADS.map((head): [string, Value] => {
    const wide = op.resize(g, layers.basic(head, features), [1, 2], doubling(config));
    const tall = op.matMul(g, spread, wide);
    const taps = layers.conv(`${head}.7`, tall, { begin: [0, 1], end: [0, 1] });
    return [head, config.variant === 'keras' ? op.relu(g, taps) : taps];
  });
  return g.build(Object.fromEntries(outputs));
}

/** One band: which rows of `features` it sees, and what `spread` is. */
export interface Band {
  /** First row of taps, in the padded picture. */
  readonly top: number;
  /** First row of `features`. */
  readonly first: number;
  /** [made + 2, seen] */
  readonly spread: Float32Array;
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
  const tops = Array.from({ length: Math.ceil(height / made) }, (_, n) => Math.min(n * made, height - made));
  const sources = tops.map((top) => Array.from({ length: made + 2 }, (_, n) => sourceOf(config, rows, top - 1 + n)));
  const needed = sources.map((band) => {
    const at = band.flatMap((source) => (source ? [source.row, source.next] : []));
    return { from: Math.min(...at), to: Math.max(...at) + 1 };
  });
  const seen = Math.min(rows, Math.max(...needed.map(({ from, to }) => to - from)) + 2 * SPOILT);
  const bands = tops.map((top, n): Band => {
    const first = Math.max(0, Math.min(needed[n]!.from - SPOILT, rows - seen));
    const spread = new Float32Array((made + 2) * seen);
    sources[n]!.forEach((source, y) => {
      if (!source) return;
      spread[y * seen + source.row - first] = 1 - source.share;
      // The picture's last row is its own next.
      spread[y * seen + source.next - first]! += source.share;
    });
    return { top, first, spread };
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
    variant === 'keras' ? Math.min(rows - 1, Math.max(0, (y + 0.5) / 2 - 0.5)) : (y * (rows - 1)) / (2 * rows - 1);
  const row = Math.floor(at);
  return { row, next: Math.min(rows - 1, row + 1), share: at - row };
}
