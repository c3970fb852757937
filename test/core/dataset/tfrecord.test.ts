import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { decodeExample, encodeExample } from '../../../app/core/dataset/example.ts';
import { readTfRecords, TfRecordWriter } from '../../../app/core/dataset/tfrecord.ts';
import { decodeTriplet, encodeTriplet, type Triplet } from '../../../app/core/dataset/triplet.ts';
import { crc32c, maskCrc } from '../../../app/core/import/crc32c.ts';
import { tempFolder } from '../../support/command.ts';

const refused = (error: unknown) => error instanceof AppError && error.code === 'bad-records';

async function all(path: string, maxRecord?: number): Promise<Uint8Array[]> {
  const records: Uint8Array[] = [];
  for await (const record of readTfRecords(path, maxRecord === undefined ? {} : { maxRecord })) records.push(record);
  return records;
}

async function written(path: string, records: readonly Uint8Array[]): Promise<string> {
  await using writer = await TfRecordWriter.create(path);
  for (const record of records) await writer.write(record);
  assert.equal(writer.count, records.length);
  return path;
}

/** A record head that says `length`, with the checksum it should have. */
function head(length: bigint): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64LE(length);
  bytes.writeUInt32LE(maskCrc(crc32c(bytes.subarray(0, 8))), 8);
  return bytes;
}

test('records come back as they were written, empty ones and none at all', async (t) => {
  const folder = tempFolder(t);
  const records = [new Uint8Array(), Uint8Array.of(1, 2, 3), new Uint8Array(300_000).map((_, i) => i * 7)];
  assert.deepEqual(await all(await written(join(folder, 'a'), records)), records);
  assert.deepEqual(await all(await written(join(folder, 'b'), [])), []);
});

test('the bytes of a file are those the format prescribes', async (t) => {
  const path = await written(join(tempFolder(t), 'a'), [Buffer.from('123456789')]);
  const bytes = readFileSync(path);
  assert.equal(bytes.length, 8 + 4 + 9 + 4);
  assert.equal(bytes.readBigUInt64LE(0), 9n);
  // 0xe3069283 is the CRC-32C of '123456789' (RFC 3720); rotated right by 15 bits, plus 0xa282ead8.
  const crc = 0xe3069283n;
  const rotated = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn;
  assert.equal(BigInt(bytes.readUInt32LE(21)), (rotated + 0xa282ead8n) & 0xffffffffn);
});

test('every flipped bit and every cut is refused', async (t) => {
  const folder = tempFolder(t);
  const path = await written(join(folder, 'a'), [Buffer.from('some bytes'), Buffer.from('more')]);
  const sound = readFileSync(path);
  const bad = join(folder, 'bad');
  for (let at = 0; at < sound.length; at++) {
    const flipped = Buffer.from(sound);
    flipped[at]! ^= 1 << (at % 8);
    writeFileSync(bad, flipped);
    await assert.rejects(all(bad), refused, `byte ${at}`);
    // A file may end where a record ends.
    if (at === 0 || at === 26) continue;
    writeFileSync(bad, sound.subarray(0, at));
    await assert.rejects(all(bad), refused, `cut at ${at}`);
  }
});

test('a length that no file has is refused before memory is set aside', async (t) => {
  const path = join(tempFolder(t), 'a');
  const before = process.memoryUsage().arrayBuffers;
  for (const length of [2n ** 64n - 1n, 2n ** 63n, 2n ** 40n, 2n ** 26n + 1n, 60_000_000n]) {
    writeFileSync(path, Buffer.concat([head(length), Buffer.alloc(100)]));
    await assert.rejects(all(path), refused, String(length));
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 10e6);
  writeFileSync(path, Buffer.concat([head(50n), Buffer.alloc(100)]));
  await assert.rejects(all(path, 49), /50 bytes/);
});

test('what is not there, and what is no record file, is told', async (t) => {
  const folder = tempFolder(t);
  await assert.rejects(all(join(folder, 'none')), { code: 'not-found' });
  writeFileSync(join(folder, 'gzip'), Buffer.from('1f8b0800000000000003cb48cdc9c907', 'hex'));
  await assert.rejects(all(join(folder, 'gzip')), refused);
});

test('an Example comes back, packed or not', () => {
  const example = {
    bytes: { kind: 'bytes', values: [Uint8Array.of(1), new Uint8Array()] },
    ints: { kind: 'ints', values: [0, -1, 2 ** 53 - 1] },
    floats: { kind: 'floats', values: [0.5, -3] },
  } as const;
  assert.deepEqual(decodeExample(encodeExample(example)), example);
  // Example{features{feature{key "n", value{int64_list{value: 7, value: 8}}}}}, written one by one.
  const unpacked = Buffer.from('0a0d0a0b0a016e12061a0408070808', 'hex');
  assert.deepEqual(decodeExample(unpacked), { n: { kind: 'ints', values: [7, 8] } });
});

test('hostile Examples are refused', () => {
  // A list of 40,000 empty values is two bytes a value; 200,000 are too many.
  const many = (count: number) => {
    const values = Array.from({ length: count }, () => new Uint8Array());
    return encodeExample({ x: { kind: 'bytes', values } });
  };
  assert.equal(decodeExample(many(40_000))['x']?.values.length, 40_000);
  assert.throws(() => decodeExample(many(200_000)), refused);
  const sound = encodeExample({ name: { kind: 'bytes', values: [Buffer.from('abcdef')] } });
  for (let at = 1; at < sound.length; at++) assert.throws(() => decodeExample(sound.subarray(0, at)), refused);
  // Lengths of 4 GiB and of 2^63.
  assert.throws(() => decodeExample(Buffer.from('0affffffff0f', 'hex')), refused);
  assert.throws(() => decodeExample(Buffer.from('0affffffffffffffffff01', 'hex')), refused);
  const large = encodeExample({ n: { kind: 'ints', values: [2 ** 53 - 1] } });
  assert.ok(large.length > 0);
});

test('a triplet comes back; one without its pictures is refused', () => {
  const picture = (seed: number) => new Uint8Array(2 * 3 * 3).map((_, i) => i * seed);
  const frames: Triplet['frames'] = [picture(1), picture(2), picture(3)];
  const triplet = { width: 3, height: 2, frames, source: 'a/ü.mp4', index: 7, gap: 2, x: 4, y: 8, motion: 1.5 };
  assert.deepEqual(decodeTriplet(encodeTriplet(triplet)), triplet);
  const short: Triplet = { ...triplet, frames: [frames[0], frames[1].subarray(1), frames[2]] };
  assert.throws(() => decodeTriplet(encodeTriplet(short)), /frame1 is not 3x2/);
  assert.throws(() => decodeTriplet(encodeTriplet({ ...triplet, width: 100_000 })), refused);
  assert.throws(() => decodeTriplet(encodeExample({ frame0: { kind: 'bytes', values: [] } })), refused);
});
