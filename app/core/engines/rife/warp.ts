/** Sampling a picture where a flow points to: what the flow networks and `rife.Warp` of ncnn do. */
import type { GraphBuilder } from '../../onnx/builder.ts';
import type { Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';

/**
 * [Note: border by clamping] A warp outside the picture takes the border's pixel. ONNX Runtime computes GridSample with zeros outside and
 * coordinates from edge to edge 1.7 times faster than with the border repeated (it plans the samples once for all channels); places clamped to the
 * centres of the outermost pixels never reach the zeros, so that is what is used. The clamp is this share of the side further in, which is what
 * rounding can do: 2 ten-thousandths of a pixel of 1920.
 */
const INSIDE = 1e-7;

/** Pixel `at` of `size` in the coordinates of GridSample, where -1 and 1 are the picture's edges. */
function coordinate(at: number, size: number): number {
  return (2 * at + 1) / size - 1;
}

/** The places of the pixels of an axis. */
function places(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => coordinate(i, size));
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
    return op.mul(
      this.#g,
      flow,
      this.#pair('pixel', height, width, (size) => 2 / size),
    );
  }

  /** `picture` [n, c, h, w] at the places [n, 2, ho, wo]: [n, c, ho, wo]. [Note: border by clamping] */
  sample(picture: Value, at: Value): Value {
    const g = this.#g;
    const [height, width] = sizeOf(picture);
    const least = this.#pair('least', height, width, (size) => coordinate(size === 1 ? 0 : INSIDE * size, size));
    const most = this.#pair('most', height, width, (size) =>
      coordinate(size === 1 ? 0 : size - 1 - INSIDE * size, size),
    );
    const inside = op.min(g, op.max(g, at, least), most);
    const grid = op.transpose(g, inside, [0, 2, 3, 1]);
    return op.gridSample(g, picture, grid, { outside: 'zeros', alignCorners: false });
  }

  /** A number for each axis of pictures of a size: [1, 2, 1, 1]. */
  #pair(name: string, height: number, width: number, of: (size: number) => number): Value {
    const key = `places/${height}x${width}/${name}`;
    const data = Float32Array.of(of(width), of(height));
    return this.#g.value(key) ?? this.#g.weight(key, { dtype: 'float32', dims: [1, 2, 1, 1], data });
  }

  /** `picture` [n, c, h, w] moved by `flow` [n, 2, h, w]. */
  warp(picture: Value, flow: Value): Value {
    const [height, width] = sizeOf(picture);
    return this.sample(picture, op.add(this.#g, this.base(height, width), this.shift(flow, height, width)));
  }
}
