import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ModelManifest } from '../../../app/contract/models.ts';
import { isFileName, isModelId } from '../../../app/core/nn/model-manifest.ts';
import {
  installedModel,
  installedModels,
  ownName,
  removeModel,
  scanModels,
  stageModel,
  verifyModels,
  type ModelPlaces,
} from '../../../app/core/nn/store.ts';
import { root, tempFolder } from '../../support/command.ts';
import { emptyPlaces, leftIn, refusedWith, sha256 } from '../models/support.ts';

type Context = Parameters<typeof emptyPlaces>[0];

/** Puts a model of these files ({name: text}) into the store. */
async function put(context: Context, places: ModelPlaces, id: string, texts: Record<string, string>): Promise<void> {
  const folder = tempFolder(context);
  await using staged = await stageModel(places);
  const files = [];
  for (const [name, text] of Object.entries(texts)) {
    const path = join(folder, 'file');
    writeFileSync(path, text);
    files.push(await staged.add(name, path, { move: false }));
  }
  await staged.publish({ id, family: 'film', name: id, licence: 'MIT', source: 'a test', files, config: {} });
}

const manifestOf = (places: ModelPlaces, id: string): string => join(places.models, 'installed', id, 'manifest.json');

function edit(places: ModelPlaces, id: string, change: (manifest: ModelManifest) => void): void {
  const manifest = JSON.parse(readFileSync(manifestOf(places, id), 'utf8')) as ModelManifest;
  change(manifest);
  writeFileSync(manifestOf(places, id), JSON.stringify(manifest));
}

test('what was stored is found again, and content is kept once', async (context) => {
  const places = emptyPlaces(context);
  await put(context, places, 'a', { 'net.bin': 'weights', 'sub/dir/more.bin': 'more' });
  await put(context, places, 'b', { 'other.bin': 'weights' });
  assert.deepEqual(
    (await installedModels(places)).map(({ id }) => id),
    ['a', 'b'],
  );
  const a = await installedModel('a', places);
  assert.equal(readFileSync(a.path, 'utf8'), 'weights');
  const blob = join(places.models, 'blobs', sha256(Buffer.from('weights')));
  assert.equal(statSync(blob).ino, statSync(a.path).ino);
  assert.equal(statSync(blob).nlink, 3);
  assert.deepEqual(readdirSync(join(places.models, 'staging')), []);

  assert.deepEqual(await removeModel('a', places), { freedBytes: 4 });
  assert.equal(readFileSync((await installedModel('b', places)).path, 'utf8'), 'weights');
  assert.equal((await verifyModels('b', { places }))[0]?.good, true);
  assert.deepEqual(await removeModel('b', places), { freedBytes: 7 });
  assert.deepEqual(leftIn(places), []);
  await refusedWith(removeModel('b', places), 'model-unknown', /No model called 'b'/);
  await refusedWith(removeModel('../..', places), 'model-unknown', /No model called/);
});

test('a second model of one name is refused, and nothing of it stays', async (context) => {
  const places = emptyPlaces(context);
  await put(context, places, 'a', { 'net.bin': 'weights' });
  await refusedWith(put(context, places, 'a', { 'net.bin': 'others' }), 'model-installed', /already/);
  assert.equal(readFileSync((await installedModel('a', places)).path, 'utf8'), 'weights');
  assert.deepEqual(readdirSync(join(places.models, 'staging')), []);
});

test('models that come with Inbetween are found, and cannot be removed or taken the name of', async (context) => {
  const places = emptyPlaces(context);
  mkdirSync(join(places.embedded, 'film'));
  mkdirSync(join(places.embedded, 'training'));
  const bytes = Buffer.from('weights');
  writeFileSync(join(places.embedded, 'film', 'weights.safetensors'), bytes);
  const files = [{ name: 'weights.safetensors', bytes: bytes.length, sha256: sha256(bytes) }];
  const manifest = {
    id: 'film',
    family: 'film',
    name: 'FILM',
    licence: 'MIT',
    source: 'trained here',
    files,
    config: {},
  };
  writeFileSync(join(places.embedded, 'film', 'manifest.json'), JSON.stringify(manifest));
  const film = await installedModel('film', places);
  assert.equal(film.embedded, true);
  assert.equal((await verifyModels('film', { places }))[0]?.good, true);
  await refusedWith(removeModel('film', places), 'model-embedded', /comes with Inbetween/);
  await refusedWith(put(context, places, 'film', { 'net.bin': 'x' }), 'model-installed', /already/);
  writeFileSync(film.path, 'WEIGHTS');
  assert.deepEqual((await verifyModels('film', { places }))[0]?.files, [
    { name: 'weights.safetensors', state: 'changed' },
  ]);
});

test('whatever happens to a model is told, and the others stay usable', async (context) => {
  const places = emptyPlaces(context);
  const folder = (id: string): string => join(places.models, 'installed', id);
  const damage: Record<string, [() => void, RegExp]> = {
    cut: [() => writeFileSync(manifestOf(places, 'cut'), '{"id": "cu'), /is no JSON/],
    empty: [() => writeFileSync(manifestOf(places, 'empty'), ''), /is no JSON/],
    list: [() => writeFileSync(manifestOf(places, 'list'), '[]'), /manifest\.json/],
    huge: [() => writeFileSync(manifestOf(places, 'huge'), ' '.repeat(2 ** 20 + 1)), /more than any/],
    none: [() => rmSync(manifestOf(places, 'none')), /has no manifest/],
    way: [() => edit(places, 'way', (m) => void (m.files[0]!.name = '../good/net.bin')), /files\.0\.name/],
    entry: [() => edit(places, 'entry', (m) => void (m.entry = '/etc/passwd')), /entry.*none of its files/],
    named: [() => edit(places, 'named', (m) => void (m.id = 'good')), /is of 'good'/],
    gone: [() => rmSync(join(folder('gone'), 'net.bin')), /net\.bin is missing/],
    longer: [
      () => (
        chmodSync(join(folder('longer'), 'net.bin'), 0o644),
        writeFileSync(join(folder('longer'), 'net.bin'), 'much longer than before')
      ),
      /instead of/,
    ],
    loop: [() => (rmSync(manifestOf(places, 'loop')), mkdirSync(manifestOf(places, 'loop'))), /cannot be read/],
  };
  for (const id of ['good', ...Object.keys(damage)]) await put(context, places, id, { 'net.bin': `weights of ${id}` });
  for (const [harm] of Object.values(damage)) harm();
  const { models, damaged } = await scanModels(places);
  assert.deepEqual(
    models.map(({ id }) => id),
    ['good'],
  );
  const verdicts = await verifyModels(undefined, { places });
  for (const [id, [, why]] of Object.entries(damage)) {
    assert.match(damaged.find((one) => one.id === id)?.why ?? 'not found', why);
    assert.equal(verdicts.find((one) => one.id === id)?.good, false, id);
    await refusedWith(installedModel(id, places), 'model-damaged', /models remove/);
    await removeModel(id, places);
  }
  assert.equal(verdicts.find((one) => one.id === 'good')?.good, true);
  assert.deepEqual((await scanModels(places)).damaged, []);
});

test('a file that was changed without its length is found by verify', async (context) => {
  const places = emptyPlaces(context);
  await put(context, places, 'a', { 'net.bin': 'weights' });
  const { path } = await installedModel('a', places);
  chmodSync(path, 0o644);
  writeFileSync(path, 'wEights');
  const [verdict] = await verifyModels('a', { places });
  assert.deepEqual(verdict, {
    id: 'a',
    origin: 'installed',
    good: false,
    problem: null,
    files: [{ name: 'net.bin', state: 'changed' }],
  });
  await refusedWith(verifyModels('b', { places }), 'model-unknown', /'b'/);
  // The same content comes again: the blob that is wrong now is not believed.
  await put(context, places, 'b', { 'net.bin': 'weights' });
  assert.equal((await verifyModels('b', { places }))[0]?.good, true);
});

test('what a process that died left behind is cleared, what a living one is at is not', async (context) => {
  const places = emptyPlaces(context);
  const staging = join(places.models, 'staging');
  const alive = join(staging, ownName('model'));
  mkdirSync(alive, { recursive: true });
  const program = `import { ownName } from '${join(root, 'app/core/nn/store.ts')}'; process.stdout.write(ownName('model'))`;
  const dead = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    encoding: 'utf8',
  }).stdout;
  assert.match(dead, /^model\.\d+-/);
  mkdirSync(join(staging, dead));
  await put(context, places, 'a', { 'net.bin': 'weights' });
  assert.equal(existsSync(alive), true);
  assert.equal(existsSync(join(staging, dead)), false);
});

test('names', () => {
  for (const id of ['rife-v4.6', 'a', '4x', 'film_net']) assert.ok(isModelId(id), id);
  for (const id of ['', '.a', 'A', '../a', 'a/b', 'a.', 'con', 'nul.x', 'com1', 'a'.repeat(65), 'a b'])
    assert.ok(!isModelId(id), id);
  for (const name of ['a', 'variables/variables.index', 'Ein Name.bin']) assert.ok(isFileName(name), name);
  for (const name of ['', '/a', '../a', 'a/../b', 'a//b', 'C:\\a', 'a\0', 'manifest.json', './a'])
    assert.ok(!isFileName(name), name);
});
