import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { toFloat32 } from '../../../app/core/import/tensor.ts';
import { tempFolder } from '../../support/command.ts';
import { digest, fixture, fuzz, readAll, refused, safetensorsBytes, skip } from './support.ts';

function tensor(dtype: string, shape: number[], from: number, to: number): object {
  return { dtype, shape, data_offsets: [from, to] };
}

const VALUES = Buffer.concat([
  new Uint8Array(Float32Array.of(1, -2.5, 3).buffer),
  new Uint8Array(Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x7c00).buffer),
  new Uint8Array(Uint16Array.of(0x3fc0, 0xbf80).buffer),
  Uint8Array.of(1, 0, 255),
  new Uint8Array(BigInt64Array.of(-7n).buffer),
]);
const HEADER = {
  __metadata__: { made: 'by hand' },
  'a.weight': tensor('F32', [3, 1], 0, 12),
  half: tensor('F16', [2, 2], 12, 20),
  brain: tensor('BF16', [2], 20, 24),
  flags: tensor('BOOL', [3], 24, 27),
  steps: tensor('I64', [], 27, 35),
};

test('names, shapes, types and values; sixteen bits widen to float32', async (t) => {
  const path = join(tempFolder(t), 'model.pth');
  writeFileSync(path, safetensorsBytes(HEADER, VALUES));
  await using checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, 'safetensors');
  assert.deepEqual(checkpoint.metadata, { made: 'by hand' });
  assert.deepEqual(checkpoint.names(), ['a.weight', 'half', 'brain', 'flags', 'steps']);
  assert.deepEqual(checkpoint.info('a.weight'), { dtype: 'f32', shape: [3, 1] });
  const floats = async (name: string): Promise<number[]> => [...toFloat32(await checkpoint.tensor(name))];
  assert.deepEqual(await floats('a.weight'), [1, -2.5, 3]);
  assert.deepEqual(await floats('half'), [1, -2.5, 2 ** -24, Infinity]);
  assert.deepEqual(await floats('brain'), [1.5, -1]);
  assert.deepEqual(await floats('flags'), [1, 0, 255]);
  // Eight-byte elements at an odd place in the file.
  assert.deepEqual((await checkpoint.tensor('steps')).data, BigInt64Array.of(-7n));
  await assert.rejects(checkpoint.tensor('nothing'), { code: 'tensor-missing' });
  assert.throws(() => checkpoint.info('toString'), { code: 'tensor-missing' });
});

test('what contradicts itself is refused with a reason', async (t) => {
  const path = join(tempFolder(t), 'model');
  const cases: [object | string, number, RegExp][] = [
    [{ a: tensor('F32', [2], 0, 8), b: tensor('F32', [2], 4, 12) }, 12, /overlap/],
    [{ a: tensor('F32', [2], 0, 8), b: tensor('F32', [2], 12, 20) }, 20, /hole/],
    [{ a: tensor('F32', [3], 0, 8) }, 8, /does not fill/],
    [{ a: tensor('F32', [2], 0, 8) }, 4, /need 8 bytes and it has 4/],
    [{ a: tensor('F32', [2], 0, 8) }, 9, /need 8 bytes and it has 9/],
    [{ a: tensor('F32', [2 ** 40, 2 ** 40], 0, 8) }, 8, /impossible shape/],
    [{ a: tensor('F32', [-1, -2], 0, 8) }, 8, /impossible size -1/],
    [{ a: tensor('F32', [1.5], 0, 6) }, 6, /impossible size/],
    [{ a: tensor('F32', Array<number>(30).fill(1), 0, 4) }, 4, /nothing sensible/],
    [{ a: 3 }, 4, /nothing sensible/],
    [{ __metadata__: { deep: {} } }, 0, /metadata/],
    [`{"a":${JSON.stringify(tensor('U8', [1], 0, 1))},"a":${JSON.stringify(tensor('U8', [1, 1], 0, 1))}}`, 1, /twice/],
    ['{"a":', 0, /not JSON/],
    [`{"a":${'['.repeat(200_000)}`, 0, /not JSON/],
  ];
  for (const [header, size, said] of cases) {
    writeFileSync(path, safetensorsBytes(header, new Uint8Array(size)));
    await refused(path, 'checkpoint-damaged', said);
  }
  writeFileSync(path, safetensorsBytes({ a: tensor('F8_E4M3', [4], 0, 4) }, new Uint8Array(4)));
  await refused(path, 'checkpoint-refused', /"a" has the type "F8_E4M3"/);
});

test('a file that is cut off, or that claims a huge header', async (t) => {
  const path = join(tempFolder(t), 'model');
  writeFileSync(path, safetensorsBytes(HEADER, VALUES));
  truncateSync(path, 100);
  await refused(path, 'checkpoint-damaged', /cut off/);
  const long = Buffer.from(safetensorsBytes(HEADER, VALUES));
  long.writeBigUInt64LE(2n ** 34n);
  writeFileSync(path, long);
  await refused(path, 'checkpoint-damaged', /17179869184 bytes/);
});

test('what is no checkpoint at all', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'model.safetensors');
  for (const bytes of ['', 'x', 'a text that is quite long but no checkpoint at all']) {
    writeFileSync(path, bytes);
    await refused(path, 'checkpoint-unknown', /not a checkpoint/);
  }
  await refused(join(folder, 'none'), 'not-found', /no .*none/);
  await refused(folder, 'checkpoint-unknown', /not a checkpoint/);
});

test('250 mutations are read or refused, quickly and in little memory', async (t) => {
  const path = join(tempFolder(t), 'model');
  const bytes = safetensorsBytes(HEADER, VALUES);
  const outcomes = await fuzz(path, bytes, { seed: 1, count: 250, spots: [4, 64, 128, 256, 384] });
  assert.ok((outcomes.get('checkpoint-damaged') ?? 0) > 50, JSON.stringify([...outcomes]));
  assert.ok((outcomes.get('read') ?? 0) > 0, JSON.stringify([...outcomes]));
  writeFileSync(path, bytes);
  assert.equal(await readAll(path), VALUES.length);
});

// PYTHON test/core/import/digest.py FILES, with torch 2.13.0 and safetensors 0.8.0.
const EXPECTED = {
  'cvi-small/weights.safetensors': '276 235597 89f6cf12e5001ef8',
  'real-rife-contextnet/io.safetensors': '26 205824 4f809ff629ca525e',
};

test('official containers: the same names, shapes and bytes as Python reads', { skip }, async () => {
  for (const [name, expected] of Object.entries(EXPECTED)) {
    assert.equal(await digest(fixture(name)), `safetensors ${expected}`, name);
  }
});
