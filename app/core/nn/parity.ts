/**
 * Whether a device computes what the CPU does, on made-up inputs of a model.
 *
 * [Note: parity] A device agrees when its largest error is at most 1/256 of the outputs' range (of their largest magnitude, at least 1). What is right
 * stays far below: float32 summed in another order 1e-6 to 1e-5 a layer, NVIDIA's TF32 (10 bits of mantissa) 1e-3 over a network, and
 * below half a code value of 8 bits (1/510) nothing shows. What is wrong (a convention of Resize or GridSample, a padding, a broken driver) is
 * off by tenths at edges, which the inputs have plenty of. It is a gate against wrong kernels, no promise of equal bytes: those
 * depend on the device, and a chunk's key names it.
 */
import { DTYPES, type Dtype, type TensorData } from '../onnx/dtype.ts';
import { evaluate, isDimText } from '../onnx/dim.ts';
import type { Tensor } from '../onnx/graph.ts';
import type { ModelInput, Tensors } from './ort.ts';

/** Largest error of a device that agrees, as a part of the outputs' range. */
export const TOLERANCE = 1 / 256;

/** A size that may vary is at least this in the test. */
const SIDE = 64;

/** Inputs for a model: pictures of waves and steps that differ a little from one another, numbers in between 0 and 1. The same each time. */
export function trialInputs(inputs: readonly ModelInput[]): Tensors {
  return Object.fromEntries(inputs.map((input, n) => [input.name, trialTensor(input, n)]));
}

function trialTensor({ name, dtype, dims }: ModelInput, n: number): Tensor {
  const facts = DTYPES[dtype as Dtype];
  if (!facts) throw new Error(`the input ${name} holds ${dtype}`);
  const sizes = dims.map((dim, axis) => (typeof dim === 'number' ? dim : sizeOf(dim, axis, dims.length)));
  const length = sizes.reduce((a, b) => a * b, 1);
  const data = facts.make(new ArrayBuffer(length * facts.bytes), 0, length);
  const [height, width] = [sizes.at(-2) ?? 1, sizes.at(-1) ?? 1];
  for (let i = 0; i < length; i++) {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    put(data, i, dtype, sizes.length < 3 ? 0.4375 : wave(x + 2 * n, y + n, Math.floor(i / width / height)));
  }
  return { dtype: dtype as Dtype, dims: sizes, data };
}

/** Between 0 and 1; with edges. */
function wave(x: number, y: number, channel: number): number {
  const smooth = Math.sin(x / 5 + channel) * Math.cos(y / 7 - channel);
  const step = ((x >> 4) + (y >> 4) + channel) % 2 === 0 ? 0.2 : -0.2;
  return 0.5 + 0.3 * smooth + step;
}

function put(data: TensorData, i: number, dtype: string, value: number): void {
  if (data instanceof BigInt64Array) data[i] = 1n;
  else if (dtype === 'uint8' || dtype === 'int8') data[i] = value * 100;
  else data[i] = dtype === 'float32' ? value : 1;
}

/** A number for a size that varies: one of a batch, or a side of a picture of at least SIDE. */
function sizeOf(dim: string, axis: number, rank: number): number {
  const symbol = /[A-Za-z_]\w*/g.exec(dim.replace('floor', ''))?.[0];
  if (axis < rank - 2 || symbol === undefined || !isDimText(dim)) return axis < rank - 2 ? 1 : SIDE;
  for (let value = 1; ; value *= 2) {
    const size = evaluate(dim, { [symbol]: value });
    if (size >= SIDE) return size;
  }
}

/** The largest difference of two sets of outputs as a part of the first's range; infinite where one is no number or missing. */
export function largestError(wanted: Tensors, got: Tensors): number {
  let worst = 0;
  for (const [name, { data }] of Object.entries(wanted)) {
    const other = got[name]?.data;
    if (!other || other.length !== data.length) return Infinity;
    let [error, range] = [0, 1];
    for (let i = 0; i < data.length; i++) {
      const value = Number(data[i]);
      const off = Math.abs(value - Number(other[i]));
      // Not a number is never within.
      if (!(off <= error)) error = Number.isNaN(off) ? Infinity : off;
      range = Math.max(range, Math.abs(value));
    }
    worst = Math.max(worst, error / range);
  }
  return worst;
}
