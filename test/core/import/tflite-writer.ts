/** Writes TensorFlow Lite models, well-formed or not. */
import { Builder } from 'flatbuffers';

export interface Quantised {
  readonly scales: readonly number[];
  readonly zeroPoints?: readonly number[];
  readonly axis?: number;
}

export interface LiteTensor {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  /** Absent for a tensor that the graph computes. */
  readonly data?: Uint8Array;
  readonly buffer?: number;
  readonly quantised?: Quantised;
  readonly sparse?: boolean;
}

export interface LiteOperator {
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export const F32 = 0;
export const F16 = 1;
export const I32 = 2;
export const TEXT = 5;
export const I8 = 9;

/** A model in the layout of schema.fbs, by the flatbuffers package: an implementation that is not ours. */
export function model(tensors: readonly LiteTensor[], operators: readonly LiteOperator[] = []): Uint8Array {
  const builder = new Builder(1024);
  const offsets = (list: readonly number[]): number => {
    builder.startVector(4, list.length, 4);
    for (const one of list.toReversed()) builder.addOffset(one);
    return builder.endVector();
  };
  const ints = (list: readonly number[]): number => {
    builder.startVector(4, list.length, 4);
    for (const one of list.toReversed()) builder.addInt32(one);
    return builder.endVector();
  };
  const table = (fields: number, fill: () => void): number => {
    builder.startObject(fields);
    fill();
    return builder.endObject();
  };
  const buffers = [new Uint8Array(), ...tensors.flatMap(({ data }) => (data ? [data] : []))].map((data) => {
    const vector = builder.createByteVector(data);
    return table(3, () => builder.addFieldOffset(0, vector, 0));
  });
  let used = 0;
  const made = tensors.map(({ name, type, shape, data, buffer, quantised, sparse }) => {
    const place = buffer ?? (data ? ++used : 0);
    const label = builder.createString(name);
    const sizes = ints(shape);
    const parameters = quantised && quantisationOf(builder, quantised, table);
    const sparsity = sparse && table(3, () => {});
    return table(10, () => {
      builder.addFieldOffset(0, sizes, 0);
      builder.addFieldInt8(1, type, 0);
      builder.addFieldInt32(2, place, 0);
      builder.addFieldOffset(3, label, 0);
      if (parameters) builder.addFieldOffset(4, parameters, 0);
      if (sparsity) builder.addFieldOffset(6, sparsity, 0);
    });
  });
  const kinds = [...new Set(operators.map(({ code }) => code))];
  const codes = kinds.map((code) =>
    table(4, () => {
      builder.addFieldInt8(0, Math.min(code, 127), 0);
      builder.addFieldInt32(3, code, 0);
    }),
  );
  const steps = operators.map(({ code, inputs, outputs }) => {
    const [from, to] = [ints(inputs), ints(outputs)];
    return table(5, () => {
      builder.addFieldInt32(0, kinds.indexOf(code), 0);
      builder.addFieldOffset(1, from, 0);
      builder.addFieldOffset(2, to, 0);
    });
  });
  const [tensorList, stepList, codeList, bufferList] = [made, steps, codes, buffers].map(offsets);
  const graph = table(5, () => {
    builder.addFieldOffset(0, tensorList!, 0);
    builder.addFieldOffset(3, stepList!, 0);
  });
  const graphs = offsets([graph]);
  const key = builder.createString('serving_default');
  const publicName = builder.createString('image');
  const map = table(2, () => {
    builder.addFieldOffset(0, publicName, 0);
    builder.addFieldInt32(1, 0, -1);
  });
  const inputs = offsets([map]);
  const signature = table(5, () => {
    builder.addFieldOffset(0, inputs, 0);
    builder.addFieldOffset(2, key, 0);
  });
  const signatures = offsets([signature]);
  const said = builder.createString('by hand');
  const root = table(8, () => {
    builder.addFieldInt32(0, 3, 0);
    builder.addFieldOffset(1, codeList!, 0);
    builder.addFieldOffset(2, graphs, 0);
    builder.addFieldOffset(3, said, 0);
    builder.addFieldOffset(4, bufferList!, 0);
    builder.addFieldOffset(7, signatures, 0);
  });
  builder.finish(root, 'TFL3');
  return builder.asUint8Array();
}

export function quantisationOf(
  builder: Builder,
  { scales, zeroPoints, axis = 0 }: Quantised,
  table: (fields: number, fill: () => void) => number,
): number {
  builder.startVector(4, scales.length, 4);
  for (const scale of scales.toReversed()) builder.addFloat32(scale);
  const scaleVector = builder.endVector();
  builder.startVector(8, zeroPoints?.length ?? 0, 8);
  for (const point of zeroPoints?.toReversed() ?? []) builder.addInt64(BigInt(point));
  const pointVector = builder.endVector();
  return table(7, () => {
    builder.addFieldOffset(2, scaleVector, 0);
    if (zeroPoints) builder.addFieldOffset(3, pointVector, 0);
    builder.addFieldInt32(6, axis, 0);
  });
}

export function bytesOf(values: Float32Array | Uint16Array | Int32Array | Int8Array): Uint8Array {
  return new Uint8Array(values.buffer);
}

export const EVERYTHING: LiteTensor[] = [
  { name: 'serving_default_image:0', type: F32, shape: [1, 2] },
  { name: 'conv/kernel', type: F32, shape: [2, 1], data: bytesOf(Float32Array.of(1, -2.5)) },
  { name: 'half', type: F16, shape: [2], data: bytesOf(Uint16Array.of(0x3c00, 0xc100)) },
  { name: 'half_dequantize', type: F32, shape: [2] },
  {
    name: 'whole',
    type: I8,
    shape: [2, 2],
    data: bytesOf(Int8Array.of(-128, 0, 1, 127)),
    quantised: { scales: [0.5], zeroPoints: [1] },
  },
  {
    name: 'channels',
    type: I8,
    shape: [1, 2, 3],
    data: bytesOf(Int8Array.of(1, 2, 3, 4, 5, 6)),
    quantised: { scales: [1, 10, 100], zeroPoints: [0, 0, 0], axis: 2 },
  },
  { name: 'rows', type: I8, shape: [2, 2], data: bytesOf(Int8Array.of(1, 2, 3, 4)), quantised: { scales: [1, 10] } },
  { name: 'bias', type: I32, shape: [2], data: bytesOf(Int32Array.of(-4, 1000)) },
  { name: 'bias', type: F32, shape: [], data: bytesOf(Float32Array.of(7)) },
  { name: 'labels', type: TEXT, shape: [1], data: Uint8Array.of(1, 2, 3) },
  { name: 'sparse', type: F32, shape: [4], data: bytesOf(Float32Array.of(7)), sparse: true },
  { name: 'tied', type: F32, shape: [1, 2], buffer: 1 },
];
export const STEPS: LiteOperator[] = [
  { code: 6, inputs: [2], outputs: [3] },
  { code: 141, inputs: [0, 1, -1], outputs: [3] },
];
