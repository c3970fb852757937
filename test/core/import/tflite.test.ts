import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { toFloat32 } from '../../../app/core/import/tensor.ts';
import { tempFolder } from '../../support/command.ts';
import { fuzz, readAll, refused } from './support.ts';
import { type LiteTensor, F32, I8, model, bytesOf, EVERYTHING, STEPS } from './tflite-writer.ts';

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
