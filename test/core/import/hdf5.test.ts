import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { toFloat32 } from '../../../app/core/import/tensor.ts';
import { tempFolder } from '../../support/command.ts';
import { HDF5_SAMPLES } from './hdf5-samples.ts';
import { digest, fixture, fuzz, readAll, refused, skip } from './support.ts';

type Sample = keyof typeof HDF5_SAMPLES;

const bytesOf = (name: Sample) => gunzipSync(Buffer.from(HDF5_SAMPLES[name], 'base64'));

function write(folder: string, bytes: Uint8Array): string {
  const path = join(folder, 'model.any');
  writeFileSync(path, bytes);
  return path;
}

async function contents(path: string): Promise<Record<string, { shape: string; values: string }>> {
  await using checkpoint = await openCheckpoint(path);
  const found: Record<string, { shape: string; values: string }> = {};
  for (const name of checkpoint.names()) {
    const tensor = await checkpoint.tensor(name);
    found[name] = { shape: tensor.shape.join(), values: toFloat32(tensor).join() };
  }
  return found;
}

const ramp = (count: number) => Array.from({ length: count }, (_, i) => i).join();
const CONV = {
  'conv2d/kernel:0': { shape: '3,3,2,2', values: ramp(36) },
  'conv2d/bias:0': { shape: '2', values: ramp(2) },
};

test('what Keras saves, old and new headers, with the names Keras gives', async (t) => {
  const dense = { 'dense/kernel:0': { shape: '4,3', values: ramp(12) } };
  for (const name of ['weights-only', 'weights-only-latest'] as const)
    assert.deepEqual(await contents(write(tempFolder(t), bytesOf(name))), { ...CONV, ...dense });
  assert.deepEqual(await contents(write(tempFolder(t), bytesOf('whole-model'))), CONV);
});

test('a list of names in parts, and one name in two layers', async (t) => {
  const same = { shape: '2', values: '0,1' };
  const found = await contents(write(tempFolder(t), bytesOf('split-names')));
  assert.deepEqual(found, { 'same/kernel:0': same, 'two/same/kernel:0': same });
});

test('any other HDF5 file by path; links that lead out of it are not followed', async (t) => {
  for (const name of ['plain', 'plain-latest'] as const) {
    const found = await contents(write(tempFolder(t), bytesOf(name)));
    const values = { shape: '2,3', values: ramp(6) };
    // The same values under two names are given once, under the path nearest to the root.
    assert.deepEqual(found, { again: values, scalar: { shape: '', values: '7' } });
  }
});

test('values that lie packed or in another file are refused', async (t) => {
  await refused(write(tempFolder(t), bytesOf('packed')), 'checkpoint-refused', /packed chunks/);
  await refused(write(tempFolder(t), bytesOf('elsewhere')), 'checkpoint-refused', /other files/);
});

test('cut off anywhere', async (t) => {
  const whole = bytesOf('weights-only');
  const folder = tempFolder(t);
  for (let length = 8; length < whole.length; length += 97) {
    const path = write(folder, whole.subarray(0, length));
    await assert.rejects(readAll(path), { code: /^checkpoint-(damaged|refused)$/ }, `${length} bytes`);
  }
});

/** An HDF5 file whose root has this many attributes, each an empty list: 'layer_names0', 'layer_names1' and so on. */
function manyLists(count: number): Uint8Array {
  const padded = (part: Buffer): Buffer => Buffer.concat([part, Buffer.alloc(-part.length & 7)]);
  const type = Buffer.from([0x13, 0, 0, 0, 4, 0, 0, 0]);
  const space = Buffer.from([1, 1, ...Array.from({ length: 14 }, () => 0)]);
  const messages = Array.from({ length: count }, (_, i) => {
    const name = Buffer.from(`layer_names${i}\0`);
    const head = Buffer.from([12, 0, 0, 0, 0, 0, 0, 0, 1, 0, name.length, 0, type.length, 0, space.length, 0]);
    const message = Buffer.concat([head, padded(name), type, space]);
    message.writeUInt16LE(message.length - 8, 2);
    return message;
  });
  const body = Buffer.concat(messages);
  const file = Buffer.alloc(112);
  file.write('\x89HDF\r\n\x1a\n', 'latin1');
  file.set([8, 8], 13);
  file.fill(0xff, 32, 40).fill(0xff, 48, 56);
  file.writeBigUInt64LE(BigInt(file.length + body.length), 40);
  file.writeBigUInt64LE(96n, 64);
  file.set([1, 0, 0, 0, 1], 96);
  file.writeUInt32LE(body.length, 104);
  return Buffer.concat([file, body]);
}

test('a list in very many parts is read as fast as its file', async (t) => {
  const path = write(tempFolder(t), manyLists(12_000));
  const clock = process.cpuUsage();
  await using checkpoint = await openCheckpoint(path);
  const { user, system } = process.cpuUsage(clock);
  assert.deepEqual(checkpoint.metadata, { keras: true, layers: 0, unread: [] });
  assert.ok(user + system < 2e6, `${(user + system) / 1e6} s`);
});

test('mutations are read or refused, quickly', async (t) => {
  const path = join(tempFolder(t), 'model');
  for (const [i, name] of (['weights-only', 'weights-only-latest', 'plain', 'split-names'] as const).entries()) {
    const bytes = bytesOf(name);
    const spots = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, n) => 100 * n);
    const outcomes = await fuzz(path, bytes, { seed: 40 + i, count: 150, spots });
    assert.ok((outcomes.get('checkpoint-damaged') ?? 0) > 10, JSON.stringify([...outcomes]));
  }
});

test("the seed repository's model, as h5py reads it (digest-hdf5.py)", { skip }, async () => {
  assert.equal(await digest(fixture('sepconv-seed-keras/model.h5')), 'hdf5 94 351650 7dc5606a87fa7aed');
});
