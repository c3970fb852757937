import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { toFloat32 } from '../../../app/core/import/tensor.ts';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import { encodeModel } from '../../../app/core/onnx/encode.ts';
import * as op from '../../../app/core/onnx/ops.ts';
import { tempFolder } from '../../support/command.ts';
import { ONNX_SAMPLE } from './onnx-sample.ts';
import { fuzz, refused } from './support.ts';

const sample = () => gunzipSync(Buffer.from(ONNX_SAMPLE, 'base64'));

async function contents(path: string): Promise<Record<string, string>> {
  await using checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, 'onnx');
  const found: Record<string, string> = {};
  for (const name of checkpoint.names()) {
    const tensor = await checkpoint.tensor(name);
    found[name] = `[${tensor.shape.join()}] ${toFloat32(tensor).join()}`;
  }
  return found;
}

test('every way the onnx package writes a tensor', async (t) => {
  const path = join(tempFolder(t), 'any.name');
  writeFileSync(path, sample());
  assert.deepEqual(await contents(path), {
    raw: '[2,3] 0,1,2,3,4,5',
    listed: '[2,2] 0.5,-1,2,3',
    doubles: '[2] 0.25,4',
    longs: '[3] 1,-2,1099511627776',
    halves: '[2] 1.5,-2',
    bytes: '[2] 7,255',
    scalar: '[] 9',
    none: '[0,3] ',
  });
});

test('what we write', async (t) => {
  const g = new GraphBuilder('ours');
  const w = g.weight('w', { dtype: 'float32', dims: [2], data: Float32Array.of(3, 4) });
  const path = join(tempFolder(t), 'ours.onnx');
  writeFileSync(path, encodeModel(g.build({ y: op.add(g, g.input('x', 'float32', [2]), w) })));
  assert.deepEqual(await contents(path), { w: '[2] 3,4' });
});

/** A model of one tensor kept outside, by hand: field by field. */
function external(location: string, length: number): Uint8Array {
  const field = (number: number, body: Uint8Array | string) => {
    const bytes = Buffer.from(body);
    return Buffer.concat([Uint8Array.of(number * 8 + 2, bytes.length), bytes]);
  };
  const pair = (key: string, value: string) => field(13, Buffer.concat([field(1, key), field(2, value)]));
  const tensor = Buffer.concat([
    Uint8Array.of(8, 2, 16, 1),
    field(8, 'w'),
    pair('location', location),
    pair('offset', '4'),
    pair('length', String(length)),
    Uint8Array.of(14 * 8, 1),
  ]);
  return Buffer.concat([Uint8Array.of(8, 8), field(7, field(5, tensor))]);
}

test('values beside the model are read, and only from beside it', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'model.onnx');
  writeFileSync(join(folder, 'values'), new Uint8Array(Float32Array.of(1, 2, 3).buffer));
  writeFileSync(path, external('values', 8));
  assert.deepEqual(await contents(path), { w: '[2] 2,3' });
  writeFileSync(path, external('../values', 8));
  await refused(path, 'checkpoint-refused', /outside its folder/);
  writeFileSync(path, external('values', 12));
  await refused(path, 'checkpoint-damaged', /12 bytes for 8/);
  writeFileSync(path, external('absent', 8));
  await refused(path, 'not-found', /absent/);
});

test('mutations are read or refused, quickly', async (t) => {
  const bytes = sample();
  const spots = Array.from({ length: Math.ceil(bytes.length / 40) }, (_, n) => 40 * n);
  const outcomes = await fuzz(join(tempFolder(t), 'model'), bytes, { seed: 60, count: 400, spots });
  assert.ok((outcomes.get('checkpoint-damaged') ?? 0) > 20, JSON.stringify([...outcomes]));
});
