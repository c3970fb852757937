/** Checkpoints with other names: looked into, mapped, imported. */
import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configJson, OFFICIAL, storedOf, type CviConfig } from '../../../app/core/engines/cvi/config.ts';
import { cvi } from '../../../app/core/engines/cvi/index.ts';
import { readCvi } from '../../../app/core/engines/cvi/weights.ts';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { importModel } from '../../../app/core/models/import.ts';
import { draftFor, inspectCheckpoint } from '../../../app/core/models/inspect.ts';
import { mapCheckpoint, readMapping } from '../../../app/core/models/mapping.ts';
import { tempFolder } from '../../support/command.ts';
import { seeded, TINY } from '../engines/cvi/support.ts';
import { theirName, writeHub } from '../engines/cvi/hub-writer.ts';
import { safetensorsBytes } from '../import/support.ts';
import { emptyPlaces, hasty } from './support.ts';

const CONFIG: CviConfig = { ...TINY, output: 'tanh', skips: false };
const SIZE = { batch: 1, width: 16, height: 16 };
const names = storedOf(CONFIG).map(({ name }) => name);

test('a bundle is listed: names, shapes, operators, signatures', async (t) => {
  const folder = writeHub(tempFolder(t), CONFIG, seeded(CONFIG, 4), SIZE);
  const found = await inspectCheckpoint(folder);
  assert.equal(found.format, 'saved-model');
  assert.equal(found.family, 'cvi');
  assert.equal(found.tensors.length, names.length);
  assert.deepEqual(
    found.tensors.find(({ name }) => name === 'tween/enc/conv_1/weights'),
    { name: 'tween/enc/conv_1/weights', dtype: 'f32', shape: [4, 4, 3, 4] },
  );
  assert.equal(found.operators!['Conv3D'], 48);
  assert.equal(found.operators!['RandomStandardNormal'], 1);
  assert.deepEqual(found.signatures, [
    { name: 'default', inputs: { default: [1, 2, 16, 16, 3] }, outputs: { default: null } },
  ]);
});

test('mapped, its weights are a network of ours', async (t) => {
  const folder = tempFolder(t);
  const weights = seeded(CONFIG, 4);
  const bundle = writeHub(join(folder, 'bundle'), CONFIG, weights, SIZE);
  const tensors = Object.fromEntries(names.map((name) => [name, theirName(name)]));
  const file = join(folder, 'map.json');
  writeFileSync(file, JSON.stringify({ config: configJson(CONFIG), tensors }));
  const model = await importModel(bundle, { ...hasty(emptyPlaces(t)), map: await readMapping(file), id: 'mine' });
  assert.equal(model.manifest.family, 'cvi');
  assert.equal(model.manifest.format, 'safetensors');
  assert.equal(model.manifest.source, bundle);
  assert.deepEqual(
    model.manifest.files.map(({ name }) => name),
    ['weights.safetensors'],
  );
  await using checkpoint = await openCheckpoint(model.path);
  assert.equal((await cvi.recognise(checkpoint))!['output'], 'tanh');
  const read = await readCvi(checkpoint, CONFIG);
  for (const [name, { data }] of weights) assert.deepEqual(read.get(name)!.data, data, name);
});

test('axes are turned, shapes given; what does not fit is told', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'a.safetensors');
  const header = {
    a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    b: { dtype: 'F32', shape: [2], data_offsets: [24, 32] },
    step: { dtype: 'F32', shape: [], data_offsets: [32, 36] },
  };
  writeFileSync(path, safetensorsBytes(header, new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9).buffer)));
  const tensors = { x: { from: 'a', axes: [1, 0] }, y: { from: 'b', shape: [1, 2] } };
  await using mapped = await mapCheckpoint(path, { tensors, ignore: ['s*e*p'] });
  await using checkpoint = await openCheckpoint(mapped.path);
  const [x, y] = [await checkpoint.tensor('x'), await checkpoint.tensor('y')];
  assert.deepEqual(
    [x.shape, [...(x.data as Float32Array)]],
    [
      [3, 2],
      [1, 4, 2, 5, 3, 6],
    ],
  );
  assert.deepEqual(y.shape, [1, 2]);
  const refuse = async (map: object, message: RegExp) => {
    await assert.rejects(mapCheckpoint(path, { ignore: [], tensors: {}, ...map }), {
      code: 'weights-mismatch',
      message,
    });
  };
  await refuse({ tensors: { x: 'a', y: null } }, /leaves open y; it leaves over b, step/);
  await refuse({ tensors: { x: 'a', y: 'c', z: 'a' } }, /not there: c; it uses twice a; it leaves over b, step/);
  await refuse(
    { tensors: { x: { from: 'a', axes: [0, 0] }, y: 'b' }, ignore: ['step'] },
    /axes that are not those of \[2, 3\]/,
  );
  await refuse({ tensors: { x: { from: 'a', shape: [5] }, y: 'b' }, ignore: ['step'] }, /\[2, 3\], which is not \[5\]/);
  for (const pattern of ['ste', 'tep', 'st*tep', '*p*p', `${'*s'.repeat(1000)}`])
    await refuse({ tensors: { x: 'a', y: 'b' }, ignore: [pattern] }, /leaves over step/);
  const file = join(folder, 'map.json');
  await assert.rejects(readMapping(file), { code: 'not-found' });
  writeFileSync(file, '{"names": {}}');
  await assert.rejects(readMapping(file), { code: 'usage', message: /is no mapping/ });
});

test('a draft goes by shape and by the order of names', async (t) => {
  // The paper's shapes under other names, numbered without zeros, and one tensor too few.
  const path = join(tempFolder(t), 'a.safetensors');
  let at = 0;
  const stored = storedOf(OFFICIAL).map(({ dims }, n) => {
    const from = at;
    at += 4 * dims.reduce((product, size) => product * size, 1);
    return [`v_${n}`, { dtype: 'F32', shape: dims, data_offsets: [from, at] }] as const;
  });
  const bytes = safetensorsBytes(Object.fromEntries(stored.toReversed()), new Uint8Array());
  writeFileSync(path, bytes);
  truncateSync(path, bytes.length + at);
  const { tensors, config } = await draftFor(path);
  assert.equal(config!['channels'], 3);
  storedOf(OFFICIAL).forEach(({ name }, n) => assert.equal(tensors[name], `v_${n}`, name));
});
