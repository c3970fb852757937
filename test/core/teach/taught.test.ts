import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SPAN_RULES, type SpanEdit } from '../../../app/contract/tags.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { openLibrary, type Library } from '../../../app/core/library/db.ts';
import { editSpans } from '../../../app/core/library/span-history.ts';
import { clipTags, finishRun } from '../../../app/core/library/span-rows.ts';
import {
  appendScores,
  beginRun,
  readScores,
  runById,
  runsOf,
  type TagRunRow,
} from '../../../app/core/library/tag-runs.ts';
import {
  exportTaught,
  findAllTaught,
  importTaught,
  listTaught,
  makeTaught,
  removeTaught,
  taughtFacts,
} from '../../../app/core/teach/taught.ts';
import { seedClips } from '../../support/library.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-taught-'));
after(() => rm(folder, { recursive: true, force: true }));

const SIZE = 24;
const RATE = 8;
const HERE = [{ id: 'net', version: '1' }];

async function library(name: string, clips: number): Promise<Library> {
  const db = openLibrary(await openHome({ library: join(folder, name) }));
  seedClips(db, clips);
  db.run('UPDATE clips SET duration = 60');
  return db;
}

/** A run of a network that saw `what` second by second: embeddings of each have a direction of their own, and noise. */
function tagged(db: Library, clip: string, what: string, version = '1', size = SIZE): TagRunRow {
  const labels = ['nothing', 'walk'];
  const rules = SPAN_RULES;
  const run = beginRun(db, { clip, engine: 'net', version, content: 'c', labels, rules, rate: RATE, embedding: size });
  const count = what.length * RATE;
  const embeddings = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const kind = what.charCodeAt(Math.floor(i / RATE)) % size;
    for (let k = 0; k < size; k++)
      embeddings[i * size + k] = 2 + (k === kind ? 3 : 0) + Math.sin(i * 12.9 + k * 78.2) * 0.8;
  }
  appendScores(db, run, 0, new Float32Array(count * 2).fill(0.01), embeddings, null);
  finishRun(db, run, []);
  return runById(db, run.id);
}

function say(db: Library, clip: string, ...edits: SpanEdit[]): void {
  editSpans(db, clip, clipTags(db, clip).version, edits);
}

const mark = (label: string, start: number, end: number): SpanEdit => ({ type: 'mark', label, start, end });

function found(db: Library, clip: string, label: string): [number, number][] {
  const spans = clipTags(db, clip).spans.filter((span) => span.label === label && span.state === 'found');
  return spans.map(({ start, end }) => [start, end]);
}

test('a label is taught, found in other clips, corrected and taught anew', async () => {
  using db = await library('loop', 4);
  tagged(db, 'seed-0', '....ssss....wwww....');
  tagged(db, 'seed-1', '....ssss........ssss....xxxx....');
  for (const method of ['mean', 'logistic'] as const) {
    await assert.rejects(makeTaught(db, { label: 'spin', engine: 'net', method }), {
      code: 'teach-too-few',
      message: /Nobody has marked or accepted 'spin' yet/,
    });
  }
  say(db, 'seed-0', mark('spin', 4, 8));
  const row = await makeTaught(db, { label: 'spin', engine: 'net', method: 'mean' });
  const facts = taughtFacts(db, row);
  assert.deepEqual([facts.positive, facts.available, facts.stale, facts.accuracy], [1, 1, false, null]);
  assert.ok(facts.negative >= 3);
  const near = (spans: [number, number][], wanted: [number, number][]): void => {
    assert.equal(spans.length, wanted.length, JSON.stringify(spans));
    for (const [n, [start, end]] of wanted.entries())
      assert.ok(Math.abs(spans[n]![0] - start) < 0.5 && Math.abs(spans[n]![1] - end) < 0.5, JSON.stringify(spans));
  };
  near(found(db, 'seed-1', 'spin').slice(0, 2), [
    [4, 8],
    [16, 20],
  ]);
  assert.deepEqual(found(db, 'seed-0', 'spin'), [], 'what a person marked is not found again');

  // Corrections: two more accepted, and something else said not to be it.
  const { spans } = clipTags(db, 'seed-1');
  const its = spans.filter((span) => span.label === 'spin');
  say(db, 'seed-1', ...its.map(({ id, start }): SpanEdit => ({ type: start < 20 ? 'accept' : 'reject', id })));
  say(db, 'seed-1', mark('wave', 24, 28));
  assert.equal(listTaught(db)[0]!.stale, true);
  assert.equal(listTaught(db)[0]!.available, 3);
  const again = taughtFacts(db, await makeTaught(db, { label: 'spin', engine: 'net', method: 'logistic' }));
  assert.deepEqual([again.id, again.positive, again.stale, again.method], [facts.id, 3, false, 'logistic']);
  assert.equal(again.accuracy, 1);
  assert.deepEqual(found(db, 'seed-1', 'spin'), [], 'nothing is found where a person said all there is');
  assert.equal(clipTags(db, 'seed-1').spans.filter((span) => span.state === 'accepted').length, 2);

  // A clip that is tagged later has it at once; one of another version of the network has not.
  findAllTaught(db, tagged(db, 'seed-2', '..ssss....'));
  near(found(db, 'seed-2', 'spin'), [[2, 6]]);
  const run = runsOf(db, 'seed-2').find(({ engine }) => engine === 'taught:spin')!;
  assert.deepEqual([run.rate, run.labels, run.finished], [8, ['spin'], true]);
  const scores = readScores(db, run);
  assert.ok(scores.length === 80 && scores[32]! > 0.5 && scores[72]! < 0.5);
  findAllTaught(db, tagged(db, 'seed-3', '..ssss....', '2'));
  assert.deepEqual(found(db, 'seed-3', 'spin'), []);
  assert.equal(listTaught(db)[0]!.stale, true, 'the network is a newer one');

  // Where nothing changed nothing is run again.
  const { version } = clipTags(db, 'seed-2');
  findAllTaught(
    db,
    runsOf(db, 'seed-2').find(({ engine }) => engine === 'net')!,
  );
  assert.equal(clipTags(db, 'seed-2').version, version);

  removeTaught(db, again.id);
  assert.deepEqual(listTaught(db), []);
  assert.deepEqual(found(db, 'seed-2', 'spin'), []);
  assert.equal(clipTags(db, 'seed-1').spans.filter((span) => span.state === 'accepted').length, 2);
  assert.throws(() => removeTaught(db, again.id), { code: 'label-unknown' });
});

test('marked clips that nobody tagged, and clips in which nothing else happens, are told apart', async () => {
  using db = await library('few', 2);
  say(db, 'seed-0', mark('spin', 0, 4));
  await assert.rejects(
    makeTaught(db, { label: 'spin', engine: 'net', method: 'mean' }),
    /has looked at none of the clips/,
  );
  tagged(db, 'seed-1', '....');
  await assert.rejects(makeTaught(db, { label: 'spin', engine: 'net', method: 'mean' }), /has not looked at the clips/);
  using other = await library('alone', 2);
  tagged(other, 'seed-0', 'ssss');
  say(other, 'seed-0', mark('spin', 0, 4.5));
  await assert.rejects(makeTaught(other, { label: 'spin', engine: 'net', method: 'mean' }), {
    code: 'teach-too-few',
    message: /nothing that is not 'spin'/,
  });
  // Another clip of the library is enough.
  tagged(other, 'seed-1', '........');
  assert.equal((await makeTaught(other, { label: 'spin', engine: 'net', method: 'mean' })).label, 'spin');
});

test('a taught label goes to another library as a file, and is refused where it would mean something else', async () => {
  using db = await library('from', 1);
  tagged(db, 'seed-0', '....ssss....ssss....');
  say(db, 'seed-0', mark('spin', 4, 8), mark('spin', 12, 16));
  const row = await makeTaught(db, { label: 'spin', engine: 'net', method: 'mean' });
  const path = join(folder, 'spin.json');
  await exportTaught(db, row.id, path, false);
  await assert.rejects(exportTaught(db, row.id, path, false), { code: 'output-exists' });
  await exportTaught(db, row.id, path, true);

  using to = await library('to', 2);
  tagged(to, 'seed-0', '...ssss...');
  const taken = taughtFacts(to, await importTaught(to, path, HERE));
  assert.deepEqual([taken.label, taken.positive, taken.available, taken.stale], ['spin', 2, 0, false]);
  assert.equal(found(to, 'seed-0', 'spin').length, 1);

  await assert.rejects(importTaught(to, path, []), { code: 'bad-taught', message: /net 1, which is not here/ });
  await assert.rejects(importTaught(to, path, [{ id: 'net', version: '2' }]), {
    code: 'bad-taught',
    message: /here it is version 2/,
  });
  await assert.rejects(importTaught(to, join(folder, 'gone.json'), HERE), { code: 'not-found' });
  await assert.rejects(importTaught(to, folder, HERE), { code: 'bad-taught' });
  using wide = await library('wide', 1);
  tagged(wide, 'seed-0', '...', '1', 32);
  await assert.rejects(importTaught(wide, path, HERE), {
    code: 'bad-taught',
    message: /24 numbers, and those of net have 32/,
  });
  await writeFile(path, (await readFile(path, 'utf8')).replace('"embedding": 24', '"embedding": 25'));
  await assert.rejects(importTaught(to, path, HERE), { code: 'bad-taught', message: /'centre' is not 25 numbers/ });
});
