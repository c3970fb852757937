/** What a TensorBundle's index says of each tensor (tensorflow/core/protobuf/tensor_bundle.proto, tensor_slice.proto). */
import { AppError } from '../../contract/errors.ts';
import { fieldsOf } from './proto-fields.ts';
import { elementCount, type Dtype } from './tensor.ts';

/** TensorFlow's DataType numbers (types.proto). Strings, resources, complex and quantised types are no weights. */
const DTYPES: Readonly<Record<number, Dtype>> = {
  1: 'f32',
  2: 'f64',
  3: 'i32',
  4: 'u8',
  5: 'i16',
  6: 'i8',
  9: 'i64',
  10: 'bool',
  14: 'bf16',
  17: 'u16',
  19: 'f16',
  22: 'u32',
  23: 'u64',
};
export const DT_STRING = 7;

export interface BundleHeader {
  readonly shards: number;
  readonly bigEndian: boolean;
}

/** Part of a partitioned variable: where it starts in every dimension and how long it is; length -1 is all of it. */
export type Slice = readonly { readonly start: number; readonly length: number }[];

export interface BundleEntry {
  readonly type: number;
  /** Undefined for a type that is no tensor of numbers. */
  readonly dtype: Dtype | undefined;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  /** Masked CRC-32C of the bytes; undefined when the writer left it out. */
  readonly crc: number | undefined;
  readonly slices: readonly Slice[];
}

export function bundleHeader(bytes: Uint8Array): BundleHeader {
  let shards = 0;
  let endianness = 0;
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 1) shards = value;
    else if (number === 2) endianness = value;
  }
  return { shards, bigEndian: endianness === 1 };
}

/** `what` names the tensor in messages. Throws `checkpoint-damaged` when it cannot be. */
export function bundleEntry(bytes: Uint8Array, what: string): BundleEntry {
  const found = { type: 0, shape: [] as number[], shard: 0, offset: 0, size: 0, slices: [] as Slice[] };
  let crc: number | undefined;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) found.type = field.value;
    else if (field.number === 2) found.shape = shapeOf(field.bytes);
    else if (field.number === 3) found.shard = field.value;
    else if (field.number === 4) found.offset = field.value;
    else if (field.number === 5) found.size = field.value;
    else if (field.number === 6) crc = field.value;
    else if (field.number === 7) found.slices.push(sliceOf(field.bytes));
  }
  elementCount(found.shape, what);
  if (!Number.isSafeInteger(found.offset + found.size) || found.offset < 0 || found.size < 0) {
    throw new AppError('checkpoint-damaged', `${what} lies at an impossible place.`);
  }
  return { ...found, crc, dtype: DTYPES[found.type] };
}

/** A TensorShapeProto: field 2 a dimension, its field 1 the size. */
export function shapeOf(bytes: Uint8Array): number[] {
  const shape: number[] = [];
  for (const dimension of fieldsOf(bytes)) {
    if (dimension.number !== 2) continue;
    let size = 0;
    for (const { number, value } of fieldsOf(dimension.bytes)) if (number === 1) size = value;
    shape.push(size);
  }
  return shape;
}

function sliceOf(bytes: Uint8Array): Slice {
  const extents: { start: number; length: number }[] = [];
  for (const extent of fieldsOf(bytes)) {
    if (extent.number !== 1) continue;
    let start = 0;
    let length = -1;
    for (const { number, value } of fieldsOf(extent.bytes)) {
      if (number === 1) start = value;
      else if (number === 2) length = value;
    }
    extents.push({ start, length });
  }
  return extents;
}

/** The key under which a slice's own entry stands (EncodeTensorNameSlice: OrderedCode of 0, the name, the rank, the extents). */
export function sliceKey(key: string, slice: Slice): string {
  const escaped = key.replaceAll(/[\0\xff]/g, (byte) => (byte === '\0' ? '\0\xff' : '\xff\0'));
  const extents = slice.map(({ start, length }) => orderedSigned(start) + orderedSigned(length)).join('');
  return `\0${escaped}\0\x01${orderedUnsigned(slice.length)}${extents}`;
}

/** A byte for the length, then the number in big endian. */
function orderedUnsigned(value: number): string {
  let bytes = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes = String.fromCharCode(rest % 256) + bytes;
  return String.fromCharCode(bytes.length) + bytes;
}

/**
 * OrderedCode's signed numbers: n bytes hold 7n-1 bits in two's complement, under a header of n ones whose first is the
 * inverted sign.
 */
function orderedSigned(value: number): string {
  const wide = BigInt(value);
  const magnitude = wide < 0n ? ~wide : wide;
  const count = Math.ceil(((magnitude === 0n ? 0 : magnitude.toString(2).length) + 1) / 7);
  const header = ((1n << BigInt(count)) - 1n) << BigInt(8 * count - count);
  const bits = BigInt.asUintN(8 * count, wide) ^ BigInt.asUintN(8 * count, header);
  return Buffer.from(bits.toString(16).padStart(2 * count, '0'), 'hex').toString('latin1');
}
