import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openReader } from '../../../app/core/import/file-reader.ts';
import { openZip } from '../../../app/core/import/zip.ts';
import { tempFolder } from '../../support/command.ts';
import { zipBytes, type Part } from './zip-bytes.ts';

const WORDS = Buffer.from('weights '.repeat(100));

async function read(path: string, bytes: Uint8Array, name: string, offset?: number, length?: number): Promise<string> {
  writeFileSync(path, bytes);
  await using file = await openReader(path);
  return Buffer.from(await (await openZip(file)).read(name, offset, length)).toString();
}

test('stored, deflated and zip64 entries, whole or in part', async (t) => {
  const path = join(tempFolder(t), 'archive');
  const parts: Part[] = [
    { name: 'a/', bytes: new Uint8Array() },
    { name: 'a/stored', bytes: WORDS },
    { name: 'a/packed', bytes: WORDS, deflate: true },
    { name: 'a/wide', bytes: WORDS, wide: true },
    { name: 'a/empty', bytes: new Uint8Array(), deflate: true },
  ];
  for (const options of [{}, { wideEnd: true }]) {
    const bytes = zipBytes(parts, options);
    for (const name of ['a/stored', 'a/packed', 'a/wide']) {
      assert.equal(await read(path, bytes, name), WORDS.toString());
      assert.equal(await read(path, bytes, name, 8, 7), 'weights');
      await assert.rejects(read(path, bytes, name, 795, 6), { code: 'checkpoint-damaged' });
    }
    assert.equal(await read(path, bytes, 'a/empty'), '');
    await assert.rejects(read(path, bytes, 'a/'), { code: 'checkpoint-damaged' });
  }
});

test('names that lead out of the archive are refused', async (t) => {
  const path = join(tempFolder(t), 'archive');
  for (const name of ['../a', 'a/../../b', '/etc/passwd', 'C:/a', 'a\\b', 'a\0b', '']) {
    const bytes = zipBytes([{ name, bytes: WORDS }]);
    await assert.rejects(read(path, bytes, name), { code: 'checkpoint-refused' }, name);
  }
  assert.equal(await read(path, zipBytes([{ name: 'a/..b', bytes: WORDS }]), 'a/..b', 0, 7), 'weights');
});

test('bombs, overlaps, repeated and encrypted entries', async (t) => {
  const path = join(tempFolder(t), 'archive');
  const a = { name: 'a', bytes: WORDS };
  const cases: [Buffer, string, RegExp][] = [
    [zipBytes([{ ...a, flags: 1 }]), 'checkpoint-refused', /encrypted/],
    [zipBytes([{ ...a, method: 14 }]), 'checkpoint-refused', /method 14/],
    [zipBytes([{ ...a, deflate: true, claims: 2 ** 31 }]), 'checkpoint-refused', /claims to unpack/],
    [zipBytes([{ ...a, deflate: true, claims: 80 }]), 'checkpoint-damaged', /does not unpack/],
    [zipBytes([{ ...a, deflate: true, claims: 900 }]), 'checkpoint-damaged', /another size/],
    [zipBytes([{ ...a, claims: 900 }]), 'checkpoint-damaged', /two sizes/],
    [zipBytes([a, a]), 'checkpoint-damaged', /twice/],
    [zipBytes([a, { ...a, name: 'b', at: 0 }]), 'checkpoint-damaged', /overlaps/],
    [zipBytes([a, { ...a, name: 'b', at: 100 }]), 'checkpoint-damaged', /overlaps/],
    [zipBytes([{ ...a, at: 5000 }]), 'checkpoint-damaged', /overlaps/],
    [zipBytes([a, { ...a, name: 'b', at: 1 }, { ...a, name: 'c' }]), 'checkpoint-damaged', /overlaps/],
    [zipBytes([a], { count: 3 }), 'checkpoint-damaged', /does not fit/],
    [zipBytes([a], { count: 2 ** 40, wideEnd: true }), 'checkpoint-damaged', /claims 1099511627776 entries/],
    [zipBytes([a]).subarray(0, -10), 'checkpoint-damaged', /its end is missing/],
    [zipBytes([a]).subarray(100), 'checkpoint-damaged', /./],
  ];
  for (const [i, [bytes, code, said]] of cases.entries()) {
    await assert.rejects(read(path, bytes, 'a'), { code, message: said }, `case ${i}`);
  }
});
