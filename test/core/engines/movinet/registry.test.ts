import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  findEngine,
  findInbetweener,
  findTagger,
  listEngines,
  listTaggers,
} from '../../../../app/core/engines/registry.ts';
import { importModel } from '../../../../app/core/models/import.ts';
import { readCatalogue } from '../../../../app/core/models/catalogue.ts';
import { modelPlaces } from '../../../../app/core/nn/store.ts';
import { seededWeights } from '../../../../app/core/engines/movinet/seeded.ts';
import { liteModel } from './lite-writer.ts';
import { clip, smallConfig } from './support.ts';

const ID = 'my-tagger';
/** No file of TensorFlow Lite says these. */
const SAID = { resolution: 37, rate: 8 };
let home: string;
const outer = process.env['INBETWEEN_HOME'];

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'inbetween-tagger-'));
  process.env['INBETWEEN_HOME'] = home;
  const config = smallConfig({ gate: 'relu6', classes: 600 });
  const weights = seededWeights(config, 1);
  const broken = new Map(weights);
  const { dims } = weights.get('stem/bias')!;
  broken.set('stem/bias', { dtype: 'float32', dims, data: new Float32Array(dims[0]!).fill(NaN) });
  await writeFile(join(home, 'model.tflite'), liteModel(config, weights));
  await writeFile(join(home, 'broken.tflite'), liteModel(config, broken));
  await importModel(join(home, 'model.tflite'), { id: ID, threads: 1, said: SAID });
});

after(async () => {
  await rm(home, { recursive: true, force: true });
  if (outer === undefined) delete process.env['INBETWEEN_HOME'];
  else process.env['INBETWEEN_HOME'] = outer;
});

test('an imported model is a recogniser and nothing else', async () => {
  const places = modelPlaces();
  const entry = (await listTaggers(places)).find(({ id }) => id === ID)!;
  assert.deepEqual([entry.mode, entry.size, entry.rate, entry.embedded], ['stream', 37, 8, false]);
  assert.equal(entry.labels.length, 600);
  assert.ok(!(await listEngines(places)).some((listed) => listed.entry.id === ID));
  assert.equal((await findTagger(`movinet:${ID}`)).version, entry.version);
  await using tagger = await entry.open({ threads: 1 });
  const [score] = await tagger.push(clip(1, 37), 1);
  assert.equal(score!.probabilities.length, 600);
});

test('a recogniser makes no pictures, and what makes pictures recognises nothing', async () => {
  await assert.rejects(findEngine(ID), { code: 'engine-kind', message: /use it with tag/ });
  await assert.rejects(findInbetweener(ID), { code: 'engine-kind', message: /use it with tag/ });
  await assert.rejects(findTagger('glide'), { code: 'engine-kind', message: /'glide' recognises nothing/ });
  await assert.rejects(findTagger('nothing-here'), { code: 'engine-unknown', message: /there are .*my-tagger/ });
});

test('weights that give no numbers are not kept, nor what is said wrongly', async () => {
  const path = join(home, 'broken.tflite');
  const said = { ...SAID, labels: ['one'] };
  await assert.rejects(importModel(path, { id: 'broken', threads: 1, said }), { code: 'weights-mismatch' });
  await assert.rejects(importModel(path, { id: 'broken', threads: 1, said: SAID }), {
    code: 'engine-failed',
    message: /no number/,
  });
  assert.ok(!(await listTaggers(modelPlaces())).some(({ id }) => id === 'broken'));
});

test('the published models can be installed', async () => {
  const rows = (await readCatalogue()).filter(({ family, notYet }) => family === 'movinet' && notYet === undefined);
  const ids = rows.map(({ id }) => id);
  for (const variant of ['a0', 'a1', 'a2', 'a3', 'a4', 'a5']) assert.ok(ids.includes(`movinet-${variant}-v3`), variant);
  for (const variant of ['a0', 'a1', 'a2']) assert.ok(ids.includes(`movinet-${variant}-stream-v3`), variant);
  for (const { id, files } of rows) for (const file of files) assert.ok(file.gitBlobSha1 ?? file.sha256, id);
});
