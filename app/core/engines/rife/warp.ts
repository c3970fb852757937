/** Sampling a picture where a flow points to: what the flow networks and `rife.Warp` of ncnn do. */
import type { GraphBuilder } from '../../onnx/builder.ts';
import type { Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';

/** The places of an axis in the coordinates of GridSample: -1 is the centre of the first pixel, 1 of the last. */
function places(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => (size === 1 ? 0 : -1 + (2 * i) / (size - 1)));
}

function sizeOf(value: Value): [number, number] {
  return [Number(value.shape[2]), Number(value.shape[3])];
}

/**
 * Warps in one graph, whose sizes are fixed numbers. Flow is (dx, dy) in pixels of the picture it moves; what lies outside is the
 * nearest pixel of the border.
 */
export class Warps {
  readonly #g: GraphBuilder;
  readonly #bases = new Map<string, Value>();

  constructor(g: GraphBuilder) {
    this.#g = g;
  }

  /** Where each pixel itself lies: [1, 2, h, w]. ONNX Runtime computes it once, when it loads the graph. */
  base(height: number, width: number): Value {
    const key = `${height}x${width}`;
    const found = this.#bases.get(key);
    if (found) return found;
    const g = this.#g;
    const x = g.weight(`places/${key}/x`, { dtype: 'float32', dims: [1, 1, 1, width], data: places(width) });
    const y = g.weight(`places/${key}/y`, { dtype: 'float32', dims: [1, 1, height, 1], data: places(height) });
    const to = [1, 1, height, width];
    const base = op.concat(g, [op.expand(g, x, to), op.expand(g, y, to)], 1);
    this.#bases.set(key, base);
    return base;
  }

  /** Flow [n, 2, ...] in pixels of a picture of this size as a shift in GridSample's coordinates. */
  shift(flow: Value, height: number, width: number): Value {
    const name = `places/${height}x${width}/pixel`;
    const data = Float32Array.of(2 / Math.max(1, width - 1), 2 / Math.max(1, height - 1));
    const pixel = this.#g.value(name) ?? this.#g.weight(name, { dtype: 'float32', dims: [1, 2, 1, 1], data });
    return op.mul(this.#g, flow, pixel);
  }

  /** `picture` [n, c, h, w] at the places [n, 2, ho, wo]: [n, c, ho, wo]. */
  sample(picture: Value, at: Value): Value {
    const grid = op.transpose(this.#g, at, [0, 2, 3, 1]);
    return op.gridSample(this.#g, picture, grid, { outside: 'border', alignCorners: true });
  }

  /** `picture` [n, c, h, w] moved by `flow` [n, 2, h, w]. */
  warp(picture: Value, flow: Value): Value {
    const [height, width] = sizeOf(picture);
    return this.sample(picture, op.add(this.#g, this.base(height, width), this.shift(flow, height, width)));
  }
}
