/** Element types of tensors: their ONNX numbers (onnx.proto, TensorProto.DataType) and the arrays that hold them. */

/** float16 is kept as its 16 bits, bool as bytes 0 and 1. */
export interface ArrayOf {
  float32: Float32Array;
  float16: Uint16Array;
  uint8: Uint8Array;
  int8: Int8Array;
  int32: Int32Array;
  int64: BigInt64Array;
  bool: Uint8Array;
}

export type Dtype = keyof ArrayOf;
export type TensorData = ArrayOf[Dtype];

interface Facts {
  /** TensorProto.DataType. */
  readonly code: number;
  /** Bytes of one element. */
  readonly bytes: number;
  readonly make: (buffer: ArrayBufferLike, offset: number, length: number) => TensorData;
}

export const DTYPES: Readonly<Record<Dtype, Facts>> = {
  float32: { code: 1, bytes: 4, make: (buffer, offset, length) => new Float32Array(buffer, offset, length) },
  uint8: { code: 2, bytes: 1, make: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
  int8: { code: 3, bytes: 1, make: (buffer, offset, length) => new Int8Array(buffer, offset, length) },
  int32: { code: 6, bytes: 4, make: (buffer, offset, length) => new Int32Array(buffer, offset, length) },
  int64: { code: 7, bytes: 8, make: (buffer, offset, length) => new BigInt64Array(buffer, offset, length) },
  bool: { code: 9, bytes: 1, make: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
  float16: { code: 10, bytes: 2, make: (buffer, offset, length) => new Uint16Array(buffer, offset, length) },
};

const BY_CODE = new Map(Object.entries(DTYPES).map(([name, { code }]) => [code, name as Dtype]));

/** The type with this ONNX number; undefined for one that graphs here do not use (double, strings, ...). */
export function dtypeOfCode(code: number): Dtype | undefined {
  return BY_CODE.get(code);
}

/** Whether `data` is the array that holds `dtype`. */
export function holds(dtype: Dtype, data: TensorData): boolean {
  return data.constructor === DTYPES[dtype].make(new ArrayBuffer(0), 0, 0).constructor;
}

/** The bytes of an array, as a view. */
export function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Little-endian `bytes` as elements of `dtype`: a view where the bytes are aligned for it, a copy where not.
 * The length must be a whole number of elements.
 */
export function elements(dtype: Dtype, bytes: Uint8Array): TensorData {
  const { bytes: size, make } = DTYPES[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return make(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}
