/** Values read from a checkpoint: typed arrays as stored, widened to float32 on request. */
import { endianness } from 'node:os';
import { AppError } from '../../contract/errors.ts';

/** The array that holds each type. Sixteen-bit floats are kept as their bits until someone asks for float32. */
const ARRAYS = {
  f64: Float64Array,
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i64: BigInt64Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  u64: BigUint64Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

export type Dtype = keyof typeof ARRAYS;
export type TensorData = InstanceType<(typeof ARRAYS)[Dtype]>;

/** Real value = scale * (stored - zeroPoint), with one pair for the whole tensor or one for each index along `axis`. */
export interface Quantisation {
  readonly scales: Float32Array;
  /** As long as `scales`; all zero when absent. */
  readonly zeroPoints?: Int32Array;
  /** The axis the scales run along; absent when there is one scale. */
  readonly axis?: number;
}

export interface TensorInfo {
  readonly dtype: Dtype;
  /** Outermost first; [] is a scalar. Elements are stored row-major. */
  readonly shape: readonly number[];
  readonly quantisation?: Quantisation;
}

export interface Tensor extends TensorInfo {
  /** Exactly the product of `shape` elements, row-major. */
  readonly data: TensorData;
}

/** Bytes of one element. */
export function bytesOf(dtype: Dtype): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Largest rank of any framework we read (numpy and torch allow 64, but nothing published comes near). */
const MAX_RANK = 16;

/** Product of `shape`. Throws `checkpoint-damaged` when a size is no whole number of at least 0 or the product is beyond 2^53. */
export function elementCount(shape: readonly number[], what = 'A tensor'): number {
  if (shape.length > MAX_RANK) throw new AppError('checkpoint-damaged', `${what} has ${shape.length} dimensions.`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new AppError('checkpoint-damaged', `${what} has the impossible size ${size}.`);
    }
    count *= size;
  }
  if (!Number.isSafeInteger(count)) {
    throw new AppError('checkpoint-damaged', `${what} has the impossible shape [${shape.join(', ')}].`);
  }
  return count;
}

/**
 * The typed array over little-endian `bytes`, which must be whole elements. Shares their memory where alignment allows: do not
 * write to `bytes` afterwards.
 */
export function viewOf(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>): TensorData {
  const kind = ARRAYS[dtype];
  const size = kind.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  if (size > 1 && endianness() === 'BE') swap(aligned, size);
  return new kind(aligned.buffer, aligned.byteOffset, bytes.byteLength / size);
}

/** Reverses the bytes of every element in place: a big-endian file, or a big-endian machine. */
export function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** The tensor over its little-endian bytes. Throws `checkpoint-damaged` when they are not exactly its elements. */
export function tensorOf(info: TensorInfo, bytes: Uint8Array<ArrayBuffer>): Tensor {
  const wanted = elementCount(info.shape) * bytesOf(info.dtype);
  if (bytes.byteLength !== wanted) {
    throw new AppError(
      'checkpoint-damaged',
      `A tensor of shape [${info.shape.join(', ')}] needs ${wanted} bytes and has ${bytes.byteLength}.`,
    );
  }
  return { ...info, data: viewOf(info.dtype, bytes) };
}

/** The real values as float32, quantisation undone; shares the tensor's memory when it is float32 already. */
export function toFloat32({ dtype, shape, data, quantisation }: Tensor): Float32Array {
  if (quantisation !== undefined) return dequantised(data, shape, quantisation);
  if (data instanceof Float32Array) return data;
  const out = new Float32Array(data.length);
  if (dtype === 'f16') for (let i = 0; i < out.length; i++) out[i] = halfToFloat(Number(data[i]));
  else if (dtype === 'bf16') bfloatsTo(out, data);
  else for (let i = 0; i < out.length; i++) out[i] = Number(data[i]);
  return out;
}

function bfloatsTo(out: Float32Array, data: TensorData): void {
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = Number(data[i]) << 16;
}

/** The value of an IEEE 754 binary16 given by its bits. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function dequantised(
  data: TensorData,
  shape: readonly number[],
  { scales, zeroPoints, axis }: Quantisation,
): Float32Array {
  const out = new Float32Array(data.length);
  const channels = axis === undefined ? 1 : (shape[axis] ?? 0);
  if (scales.length !== channels || (zeroPoints !== undefined && zeroPoints.length !== channels)) {
    throw new AppError(
      'checkpoint-damaged',
      `A quantised tensor has ${scales.length} scales for ${channels} channels.`,
    );
  }
  const inner = axis === undefined ? data.length : shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  for (let i = 0; i < out.length; i++) {
    const channel = Math.floor(i / inner) % channels;
    out[i] = scales[channel]! * (Number(data[i]) - (zeroPoints?.[channel] ?? 0));
  }
  return out;
}
