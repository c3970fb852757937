import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Builder } from 'flatbuffers';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { toFloat32 } from '../../../app/core/import/tensor.ts';
import { tempFolder } from '../../support/command.ts';
import { fuzz, readAll, refused } from './support.ts';

interface Quantised {
  readonly scales: readonly number[];
  readonly zeroPoints?: readonly number[];
  readonly axis?: number;
}

interface LiteTensor {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  /** Absent for a tensor that the graph computes. */
  readonly data?: Uint8Array;
  readonly buffer?: number;
  readonly quantised?: Quantised;
  readonly sparse?: boolean;
}

interface LiteOperator {
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

const F32 = 0;
const F16 = 1;
const I32 = 2;
const TEXT = 5;
const I8 = 9;

/** A model in the layout of schema.fbs, by the flatbuffers package: an implementation that is not ours. */
function model(tensors: readonly LiteTensor[], operators: readonly LiteOperator[] = []): Uint8Array {
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

function quantisationOf(
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

function bytesOf(values: Float32Array | Uint16Array | Int32Array | Int8Array): Uint8Array {
  return new Uint8Array(values.buffer);
}

const EVERYTHING: LiteTensor[] = [
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
const STEPS: LiteOperator[] = [
  { code: 6, inputs: [2], outputs: [3] },
  { code: 141, inputs: [0, 1, -1], outputs: [3] },
];

test('constants by name: floats, halves, scales a tensor or a channel; what the graph computes is left out', async (t) => {
  const path = join(tempFolder(t), 'model.bin');
  writeFileSync(path, model(EVERYTHING, STEPS));
  await using checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, 'tflite');
  const expected = {
    'conv/kernel': [1, -2.5],
    half: [1, -2.5],
    whole: [-64.5, -0.5, 0, 63],
    channels: [1, 20, 300, 4, 50, 600],
    rows: [1, 2, 30, 40],
    bias: [-4, 1000],
    'bias#2': [7],
    tied: [1, -2.5],
  };
  assert.deepEqual(checkpoint.names(), Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    assert.deepEqual([...toFloat32(await checkpoint.tensor(name))], values, name);
  }
  assert.deepEqual(checkpoint.info('half'), { dtype: 'f16', shape: [2] });
  assert.deepEqual(checkpoint.info('bias#2').shape, []);
  assert.deepEqual(checkpoint.metadata, {
    version: 3,
    description: 'by hand',
    operators: [
      { code: 6, inputs: ['half'], outputs: ['half_dequantize'] },
      { code: 141, inputs: ['serving_default_image:0', 'conv/kernel', null], outputs: ['half_dequantize'] },
    ],
    dequantised: { half_dequantize: 'half' },
    signatures: { serving_default: { inputs: { image: 'serving_default_image:0' }, outputs: {} } },
    unread: ['labels', 'sparse'],
  });
});

test('a large model: tables over many pages', async (t) => {
  const path = join(tempFolder(t), 'model');
  const list = Array.from({ length: 1500 }, (_, i): LiteTensor => {
    const data = bytesOf(Float32Array.from({ length: 64 + (i % 7) }, () => i));
    return { name: `layer/${i}/kernel`, type: F32, shape: [data.length / 4], data };
  });
  writeFileSync(path, model(list));
  await using checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.names().length, 1500);
  for (const i of [0, 7, 700, 1499]) {
    assert.deepEqual([...new Set(toFloat32(await checkpoint.tensor(`layer/${i}/kernel`)))], [i]);
  }
});

test('what contradicts itself is refused with a reason', async (t) => {
  const path = join(tempFolder(t), 'model');
  const one: LiteTensor = { name: 'a', type: F32, shape: [2], data: bytesOf(Float32Array.of(1, 2)) };
  const int: LiteTensor = { name: 'q', type: I8, shape: [2], data: Uint8Array.of(1, 2) };
  const cases: [LiteTensor, RegExp][] = [
    [{ ...one, shape: [3] }, /"a" of shape \[3\] has 8 bytes/],
    [{ ...one, shape: [-2] }, /impossible size -2/],
    [{ ...one, shape: [2 ** 30, 2 ** 30] }, /impossible shape/],
    [{ ...one, buffer: 99 }, /"a" has no buffer/],
    [{ ...int, quantised: { scales: [1, 2, 3] } }, /"q" has 3 scales for \[2\]/],
    [{ ...int, quantised: { scales: [1, 2], axis: 1 } }, /"q" has 2 scales/],
    [{ ...int, quantised: { scales: [1, 2], zeroPoints: [1] } }, /"q" has 2 scales/],
  ];
  for (const [tensor, said] of cases) {
    writeFileSync(path, model([tensor]));
    await refused(path, 'checkpoint-damaged', said);
  }
  writeFileSync(path, model([{ ...one, shape: Array<number>(17).fill(1) }]));
  await refused(path, 'checkpoint-refused', /list of 17/);
  writeFileSync(path, model([one], [{ code: 1, inputs: Array<number>(2000).fill(0), outputs: [] }]));
  await refused(path, 'checkpoint-refused', /list of 2000/);
});

test('a file that is cut off, has huge counts, overlapping buffers or offsets that lead nowhere', async (t) => {
  const path = join(tempFolder(t), 'model');
  const bytes = Buffer.from(model([{ name: 'a', type: F32, shape: [256], data: new Uint8Array(1024).fill(3) }]));
  for (const size of [8, 40, bytes.length - 100]) {
    writeFileSync(path, bytes);
    truncateSync(path, size);
    await refused(path, 'checkpoint-damaged', /damaged or cut off/);
  }
  const data = bytes.indexOf(Buffer.alloc(1024, 3));
  const changed = (value: number, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32LE(value, at);
    return copy;
  };
  writeFileSync(path, changed(2 ** 32 - 1, data - 4));
  await refused(path, 'checkpoint-damaged', /list of 4294967295/);
  writeFileSync(path, changed(2 ** 31, 0));
  await refused(path, 'checkpoint-damaged', /byte 2147483648/);
  const two = Buffer.from(
    model([
      { name: 'a', type: F32, shape: [256], data: new Uint8Array(1024).fill(3) },
      { name: 'b', type: F32, shape: [256], data: new Uint8Array(1024).fill(4) },
    ]),
  );
  const first = Math.min(two.indexOf(Buffer.alloc(1024, 3)), two.indexOf(Buffer.alloc(1024, 4)));
  two.writeUInt32LE(1500, first - 4);
  writeFileSync(path, two);
  await refused(path, 'checkpoint-damaged', /overlap/);
});

test('250 mutations are read or refused, quickly and in little memory', async (t) => {
  const path = join(tempFolder(t), 'model');
  const bytes = model(EVERYTHING, STEPS);
  const spots = Array.from({ length: Math.ceil(bytes.length / 128) }, (_, i) => 128 * i);
  const outcomes = await fuzz(path, bytes, { seed: 9, count: 250, spots });
  assert.ok((outcomes.get('checkpoint-damaged') ?? 0) > 50, JSON.stringify([...outcomes]));
  assert.ok((outcomes.get('read') ?? 0) > 0, JSON.stringify([...outcomes]));
  writeFileSync(path, bytes);
  assert.ok((await readAll(path)) > 40);
});
