/**
 * Stored tensors as the graph's convolutions take them.
 *
 * [Note: time as channels] A convolution over time and space is computed as one over space alone, of three frames stacked on the channels: the frame before, the
 * frame itself, the frame after. The same sums; devices without convolutions of three axes (CoreML) compute it, and ONNX Runtime's CPU does a
 * transposed one in a third to a sixth of the time (256 to 128 channels on 8x8: 30 instead of 80 ms on one thread).
 */
import type { Tensor } from '../../onnx/graph.ts';
import { permute, type Weights } from '../weights.ts';

/** A convolution: `kernel` [out, 3 * in, h, w], or transposed [3 * in, out, h, w], and `bias` [out]. */
export interface Kernel {
  readonly kernel: Tensor;
  readonly bias: Tensor;
}

export function tensorOf(dims: readonly number[], data: Float32Array): Tensor {
  return { dtype: 'float32', dims, data };
}

function stored(weights: Weights, name: string): Tensor & { readonly data: Float32Array } {
  const found = weights.get(name);
  if (!found) throw new RangeError(`there is no ${name}`);
  return found as Tensor & { readonly data: Float32Array };
}

/** What a normalisation with stored statistics does to each channel: x * scale + shift. */
export function normOf(weights: Weights, name: string, epsilon: number): { scale: Float32Array; shift: Float32Array } {
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map(
    (part) => stored(weights, `${name}/${part}`).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = gamma.map((value, i) => value / Math.sqrt(variance[i]! + epsilon));
  return { scale, shift: beta.map((value, i) => value - mean[i]! * scale[i]!) };
}

/** The kernel with its output channels, on `axis` (the first of them again after the last), scaled. */
export function scaled({ dims, data }: Tensor, axis: 0 | 1, scale: Float32Array): Tensor {
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const outputs = dims[axis]!;
  const made = Float32Array.from(data as Float32Array);
  for (let from = 0, n = 0; from < made.length; from += inner, n++) {
    const by = scale[(n % outputs) % scale.length]!;
    for (let i = from; i < from + inner; i++) made[i]! *= by;
  }
  return tensorOf(dims, made);
}

/** The convolution with the normalisation that follows it taken in. */
export function normalised({ kernel, bias }: Kernel, axis: 0 | 1, { scale, shift }: ReturnType<typeof normOf>): Kernel {
  const biases = (bias.data as Float32Array).map((value, i) => value * scale[i]! + shift[i]!);
  return { kernel: scaled(kernel, axis, scale), bias: tensorOf(bias.dims, biases) };
}

/** The encoder's HWIO kernel as [out, in, h, w]. */
export function imageKernel(weights: Weights, name: string): Kernel {
  const { dims, data } = stored(weights, `${name}/w`);
  const [h, w, into, out] = dims as [number, number, number, number];
  const kernel = tensorOf([out, into, h, w], permute(data, dims, [3, 2, 0, 1]));
  return { kernel, bias: stored(weights, `${name}/biases`) };
}

/** A 1-D kernel [taps, in, out] as [out, in, taps]. */
export function timeKernel(weights: Weights, name: string): Kernel {
  const { dims, data } = stored(weights, `${name}/kernel`);
  const [taps, into, out] = dims as [number, number, number];
  return { kernel: tensorOf([out, into, taps], permute(data, dims, [2, 1, 0])), bias: stored(weights, `${name}/bias`) };
}

/** A kernel [3, h, w, in, out] by [Note: time as channels]. */
export function videoKernel(weights: Weights, name: string): Kernel {
  const { dims, data } = stored(weights, `${name}/kernel`);
  const [depth, h, w, into, out] = dims as [number, number, number, number, number];
  const kernel = tensorOf([out, depth * into, h, w], permute(data, dims, [4, 0, 3, 1, 2]));
  return { kernel, bias: stored(weights, `${name}/bias`) };
}

/** A layer of the decoder in two parts: what follows the video, and what stays the same over time. */
export interface Transposed {
  /** [out, 3 * moving, h, w], mirrored, where the stride is 1; [3 * moving, out, h, w] where it is 2. */
  readonly moving: Kernel;
  /**
   * [3 * out, still, h, w] or [still, 3 * out, h, w]: what the still features give the first frame, every one between, and the last. Those at the ends have no neighbour on
   * one side, so a tap less.
   */
  readonly still?: Tensor;
}

/**
 * A transposed kernel [3, h, w, out, in] whose last `still` input channels are the same in every frame. `stride` is that over space: with 1 it becomes
 * the convolution with the mirrored kernel.
 */
export function transposedKernel(weights: Weights, name: string, stride: 1 | 2, still: number): Transposed {
  const { dims, data } = stored(weights, `${name}/kernel`);
  const [depth, h, w, out, into] = dims as [number, number, number, number, number];
  const moved = into - still;
  // Tap d of the mirrored kernel reads frame t - 1 + d.
  const at = (d: number, y: number, x: number, o: number, i: number): number => {
    const [row, column] = stride === 1 ? [h - 1 - y, w - 1 - x] : [y, x];
    return data[((((depth - 1 - d) * h + row) * w + column) * out + o) * into + i]!;
  };
  const fill = (channels: number, outputs: number, value: (i: number, o: number, y: number, x: number) => number) => {
    const shape = stride === 1 ? [outputs, channels, h, w] : [channels, outputs, h, w];
    const made = new Float32Array(channels * outputs * h * w);
    let n = 0;
    for (let a = 0; a < shape[0]!; a++)
      for (let b = 0; b < shape[1]!; b++)
        for (let y = 0; y < h; y++)
          for (let x = 0; x < w; x++) made[n++] = stride === 1 ? value(b, a, y, x) : value(a, b, y, x);
    return tensorOf(shape, made);
  };
  const kernel = fill(depth * moved, out, (i, o, y, x) => at(Math.floor(i / moved), y, x, o, i % moved));
  const moving = { kernel, bias: stored(weights, `${name}/bias`) };
  if (still === 0) return { moving };
  const seen = [
    [1, 2],
    [0, 1, 2],
    [0, 1],
  ];
  return {
    moving,
    still: fill(still, 3 * out, (i, o, y, x) =>
      seen[Math.floor(o / out)]!.reduce((sum, d) => sum + at(d, y, x, o % out, moved + i), 0),
    ),
  };
}
