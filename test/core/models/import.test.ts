import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { create } from 'tar';
import { checkpointFiles } from '../../../app/core/models/checkpoint-files.ts';
import { idFrom, importModel } from '../../../app/core/models/import.ts';
import { listModels, showModel } from '../../../app/core/models/overview.ts';
import { testPair } from '../../../app/core/models/test-pair.ts';
import { installedModel, verifyModels } from '../../../app/core/nn/store.ts';
import { tempFolder } from '../../support/command.ts';
import { fixture, safetensorsBytes, skip } from '../import/support.ts';
import { emptyPlaces, fadeNetwork, hasty, leftIn, refusedWith } from './support.ts';

test('a checkpoint of any name is recognised, copied, tried and offered', async (context) => {
  const places = emptyPlaces(context);
  const path = join(tempFolder(context), 'My Net (final).bin');
  writeFileSync(path, fadeNetwork(), { mode: 0o444 });
  const model = await importModel(path, hasty(places));
  assert.equal(model.id, 'my-net-final');
  assert.equal(model.manifest.source, path);
  assert.equal(model.manifest.family, 'sepconv');
  assert.match(model.manifest.licence, /not stated/);
  const details = await showModel('my-net-final', { places });
  assert.equal(details.engine, 'sepconv:my-net-final');
  assert.equal((await listModels({ places, catalogue: [] })).length, 1);
  assert.equal((await verifyModels('my-net-final', { places }))[0]?.good, true);
  await refusedWith(importModel(path, hasty(places)), 'model-installed', /another --id/);
  const named = await importModel(path, { ...hasty(places), id: 'mine', licence: 'mine' });
  assert.deepEqual([named.id, named.manifest.licence], ['mine', 'mine']);
  await refusedWith(importModel(path, { ...hasty(places), id: '../mine' }), 'usage', /no name for a model/);
});

test('a file with the longest name there is, twice, and a name that an engine has', async (context) => {
  const places = emptyPlaces(context);
  const path = join(tempFolder(context), 'n'.repeat(255));
  writeFileSync(path, fadeNetwork());
  // The second shares the first one's blob, by way of another name.
  for (const id of ['one', 'two']) assert.equal((await importModel(path, { ...hasty(places), id })).id, id);
  await refusedWith(importModel(path, { ...hasty(places), id: 'blend' }), 'usage', /'blend' is an engine already/);
});

test('what cannot be used is refused before or after the trial, and nothing stays', async (context) => {
  const places = emptyPlaces(context);
  const folder = tempFolder(context);
  const file = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const stranger = { 'a.weight': { dtype: 'F32', shape: [2], data_offsets: [0, 8] } };
  const cases = [
    [
      file('stranger', safetensorsBytes(stranger, new Uint8Array(8))),
      'family-unknown',
      /readable safetensors .* 1 tensors \(a\.weight/,
    ],
    [file('text.txt', Buffer.from('hello, hello, hello')), 'checkpoint-unknown', /not a checkpoint/],
    [file('cut', fadeNetwork().subarray(0, 20_000)), 'checkpoint-damaged', /./],
    [file('nan', fadeNetwork({ gain: Number.NaN })), 'probe-failed', /not kept/],
    [file('loud', fadeNetwork({ gain: 30 })), 'probe-failed', /outside the range/],
    [join(folder, 'none'), 'not-found', /There is no/],
  ] as const;
  for (const [path, code, said] of cases) await refusedWith(importModel(path, hasty(places)), code, said);
  assert.deepEqual(leftIn(places), []);
});

test('names of models from names of files', () => {
  assert.equal(idFrom('/x/RIFE v4.6/flownet.param'), 'rife-v4.6-flownet');
  assert.equal(idFrom('/x/network-l1.pytorch'), 'network-l1');
  assert.equal(idFrom('/x/modelA0_statedict_v3'), 'modela0_statedict_v3');
  assert.equal(idFrom('/x/ÄÖ.bin'), 'model-imported');
  assert.equal(idFrom('/x/con.pt'), 'model-con');
});

test('the test pair has detail, moves, and leaves room at both ends', () => {
  const { a, middle, b } = testPair();
  for (const frame of [a, middle, b])
    for (const { data } of frame.planes) {
      const [low, high] = [Math.min(...data), Math.max(...data)];
      assert.ok(low > 0.1 * 65535 && high < 0.9 * 65535 && high - low > 0.5 * 65535, `${low}..${high}`);
    }
  assert.notDeepEqual(a.planes[0]!.data, b.planes[0]!.data);
});

test('every file of a checkpoint comes along', { skip }, async () => {
  const film = fixture('film-small');
  const saved = await checkpointFiles(join(film, 'saved_model'), 'saved-model');
  assert.equal(saved.entry, '');
  assert.deepEqual(saved.names, [
    'saved_model.pb',
    'variables/variables.data-00000-of-00001',
    'variables/variables.index',
  ]);
  const index = join(film, 'saved_model', 'variables', 'variables.index');
  const bundle = await checkpointFiles(index, 'tensor-bundle');
  assert.deepEqual([bundle.entry, bundle.names.length], ['variables.index', 2]);
  const ncnn = await checkpointFiles(join(fixture('rife-v4.6-ncnn'), 'flownet.bin'), 'ncnn');
  assert.deepEqual([ncnn.entry, ncnn.names], ['flownet.param', ['flownet.param', 'flownet.bin']]);
});

test('a SavedModel folder of random weights is recognised and does not pass the trial', { skip }, async (context) => {
  const places = emptyPlaces(context);
  const path = join(fixture('film-small'), 'saved_model');
  const outcome = await importModel(path, { ...hasty(places), id: 'film-small' }).then(
    ({ id }) => id,
    (error: { code?: string }) => error.code,
  );
  // Its weights are random: whether its picture beats grey is chance, and both ways are clean.
  if (outcome === 'film-small') {
    assert.deepEqual(readdirSync((await installedModel('film-small', places)).folder).toSorted(), [
      'manifest.json',
      'saved_model.pb',
      'variables',
    ]);
  } else {
    assert.equal(outcome, 'probe-failed');
    assert.deepEqual(leftIn(places), []);
  }
});

test('an archive is kept as it came, whatever is inside', async (context) => {
  const places = emptyPlaces(context);
  const folder = tempFolder(context);
  writeFileSync(join(folder, 'net.bin'), fadeNetwork());
  await create({ file: join(folder, 'Net.tar.gz'), gzip: true, cwd: folder }, ['net.bin']);
  const { id, manifest, path } = await importModel(join(folder, 'Net.tar.gz'), hasty(places));
  assert.deepEqual([id, manifest.family, manifest.files.length], ['net', 'sepconv', 1]);
  assert.deepEqual([manifest.entry, basename(path)], ['Net.tar.gz', 'Net.tar.gz']);
});

test('a SavedModel as TensorFlow Hub packs it is one file', { skip }, async (context) => {
  const packed = join(tempFolder(context), 'film_1.tar.gz');
  await create({ file: packed, gzip: true, cwd: join(fixture('film-small'), 'saved_model') }, ['.']);
  for (const format of ['saved-model', 'tensor-bundle'])
    assert.deepEqual(await checkpointFiles(packed, format), {
      folder: dirname(packed),
      names: ['film_1.tar.gz'],
      entry: 'film_1.tar.gz',
    });
});

test('a folder of an ncnn network is taken from its repository to a model that runs', { skip }, async (context) => {
  const places = emptyPlaces(context);
  const folder = fixture('rife-v4.6-ncnn');
  const model = await importModel(folder, { ...hasty(places), id: 'rife-test' });
  assert.equal(model.manifest.family, 'rife');
  assert.deepEqual([model.manifest.entry, model.manifest.parameters], ['flownet.param', 5_302_416]);
  const engine = (await showModel('rife-test', { places })).engine;
  assert.equal(engine, 'rife:rife-test');
});

test('a part of a network says what it lacks, without our folders', { skip }, async (context) => {
  const path = join(fixture('real-rife-contextnet'), 'rife', 'contextnet.param');
  const places = emptyPlaces(context);
  const { message } = await refusedWith(importModel(path, hasty(places)), 'probe-failed', /There is no flownet\.param/);
  assert.doesNotMatch(message, /staging/);
  assert.deepEqual(leftIn(places), []);
});
