/** Folders that are worked through, with real clips and real jobs. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { BatchSpec, BatchStatus } from '../../../app/contract/queue.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { openLibrary, type Library } from '../../../app/core/library/db.ts';
import { findClips } from '../../../app/core/queue/batch-files.ts';
import { Batches } from '../../../app/core/queue/batches.ts';
import { JobQueue } from '../../../app/core/queue/job-queue.ts';
import { makeClip } from '../../support/clips.ts';
import { tempFolder } from '../../support/command.ts';
import { until } from '../jobs/support.ts';

interface Place extends AsyncDisposable {
  readonly db: Library;
  readonly queue: JobQueue;
  readonly batches: Batches;
  readonly told: BatchStatus[];
}

/** As the app opens them. */
async function open(folder: string): Promise<Place> {
  const home = await openHome({ library: join(folder, 'home') });
  const db = openLibrary(home);
  const told: BatchStatus[] = [];
  const queue = new JobQueue({
    ...{ db, home, threads: 1, cacheBytes: () => 1e9, onEnded: () => {} },
    onChanged: () => batches.refresh(),
  });
  const batches = new Batches({ db, queue, onChanged: (status) => told.push(status), settleMs: 200 });
  return {
    ...{ db, queue, batches, told },
    [Symbol.asyncDispose]: async () => {
      await batches.close();
      await queue.close();
      db.close();
    },
  };
}

function folders(t: TestContext): { folder: string; spec: BatchSpec; clip: string } {
  const folder = tempFolder(t);
  const [input, output, clip] = ['in', 'out', 'clip.mp4'].map((name) => join(folder, name)) as [string, string, string];
  mkdirSync(join(input, 'day 1'), { recursive: true });
  makeClip(clip, { seconds: 0.25, size: '64x48', sound: false });
  const recipe = { speed: { num: 1, den: 2 }, factor: 1, engine: 'hold', audio: 'mute' } as const;
  return { folder, clip, spec: { input, output, recipe, recursive: true, watch: false, overrides: {} } };
}

const states = (batches: Batches, id: string): Record<string, string> =>
  Object.fromEntries(
    batches
      .list()
      .find((one) => one.id === id)!
      .files.map(({ path, state }) => [path, state]),
  );
const settled = (batches: Batches, id: string): boolean =>
  Object.values(states(batches, id)).every((state) => !['new', 'waiting', 'running'].includes(state));

test('a batch mirrors the tree, leaves out and overrides, and a failure does not stop the others', async (t) => {
  const { folder, spec, clip } = folders(t);
  for (const name of ['a.mp4', 'day 1/b.mp4', 'left.mp4', 'z.mov']) cpSync(clip, join(spec.input, name));
  writeFileSync(join(spec.input, 'broken.mp4'), 'nothing');
  writeFileSync(join(spec.input, 'notes.txt'), 'not a clip');
  await using place = await open(folder);
  const { batches, told } = place;
  const wanted = { ...spec, overrides: { 'left.mp4': null, 'z.mov': { codec: 'ffv1' as const } } };
  const plan = await batches.plan(wanted);
  assert.deepEqual(
    plan.files.map(({ path, state }) => [path, state]),
    [
      ['a.mp4', 'new'],
      ['broken.mp4', 'new'],
      ['day 1/b.mp4', 'new'],
      ['left.mp4', 'left out'],
      ['z.mov', 'new'],
    ],
  );
  assert.deepEqual(plan.notes, ['1 other file is left alone.']);
  const id = await batches.start(wanted);
  await until(() => settled(batches, id) && Object.keys(states(batches, id)).length === 5, 60_000);
  assert.deepEqual(states(batches, id), {
    'a.mp4': 'done',
    'broken.mp4': 'failed',
    'day 1/b.mp4': 'done',
    'left.mp4': 'left out',
    'z.mov': 'done',
  });
  const broken = batches.list()[0]!.files.find(({ path }) => path === 'broken.mp4');
  assert.match(broken?.problem ?? '', /broken\.mp4/);
  assert.ok(existsSync(join(spec.output, 'day 1', 'b.mp4')) && existsSync(join(spec.output, 'z.mkv')));
  assert.ok(told.length > 2);

  // Mended, one output lost, and started again: only these are done.
  rmSync(join(spec.output, 'z.mkv'));
  cpSync(clip, join(spec.input, 'broken.mp4'));
  assert.equal(await batches.start(wanted), id);
  await until(() => ['broken.mp4', 'z.mov'].every((path) => states(batches, id)[path] === 'done'), 60_000);
  assert.ok(existsSync(join(spec.output, 'z.mkv')));
  assert.equal((await batches.plan(wanted)).files.filter(({ state }) => state === 'valid').length, 4);
});

test('what another library wrote is kept where it is right, and nothing else is replaced', async (t) => {
  const { folder, spec, clip } = folders(t);
  for (const name of ['a.mp4', 'b.mp4']) cpSync(clip, join(spec.input, name));
  {
    await using before = await open(folder);
    const id = await before.batches.start(spec);
    await until(() => settled(before.batches, id) && Object.keys(states(before.batches, id)).length === 2, 60_000);
  }
  rmSync(join(folder, 'home'), { recursive: true });
  writeFileSync(join(spec.output, 'b.mp4'), 'of somebody else');
  await using place = await open(folder);
  const plan = await place.batches.plan(spec);
  assert.ok(plan.files.every(({ problem }) => problem?.includes('a file already')));
  const id = await place.batches.start(spec);
  await until(() => settled(place.batches, id) && Object.keys(states(place.batches, id)).length === 2, 60_000);
  assert.deepEqual(states(place.batches, id), { 'a.mp4': 'valid', 'b.mp4': 'failed' });
  assert.match(place.batches.list()[0]!.files[1]!.problem ?? '', /exists already/);
});

test('a watched folder: files are taken when they have stopped growing, and after a restart too, until it is stopped', async (t) => {
  const { folder, spec, clip } = folders(t);
  const watched = { ...spec, watch: true };
  let id: string;
  {
    await using place = await open(folder);
    const { batches } = place;
    id = await batches.start(watched);
    assert.deepEqual(batches.list()[0]!.files, []);
    const growing = join(spec.input, 'growing.mp4');
    const writing = setInterval(() => writeFileSync(growing, 'still going\n', { flag: 'a' }), 50);
    await until(() => states(batches, id)['growing.mp4'] === 'new', 5000);
    assert.equal(batches.list()[0]!.files[0]!.problem, 'It is still being written.');
    clearInterval(writing);
    cpSync(clip, `${growing}.part`);
    renameSync(`${growing}.part`, growing);
    await until(() => states(batches, id)['growing.mp4'] === 'done', 30_000);
  }
  cpSync(clip, join(spec.input, 'day 1', 'later.mp4'));
  await using place = await open(folder);
  const { batches } = place;
  assert.ok(batches.list()[0]!.watching);
  await until(() => states(batches, id)['day 1/later.mp4'] === 'done', 30_000);
  await place.queue.hold(true);
  cpSync(clip, join(spec.input, 'last.mp4'));
  await until(() => states(batches, id)['last.mp4'] === 'waiting', 10_000);
  await batches.stop(id);
  assert.equal(states(batches, id)['last.mp4'], 'cancelled');
  assert.ok(!batches.list()[0]!.watching);
});

test('outputs that were given stay, and two files never get one', async (t) => {
  const { spec } = folders(t);
  for (const name of ['a.avi', 'a.mov', 'a.mp4', 'b.avi']) writeFileSync(join(spec.input, name), '');
  const out = spec.output;
  const names = async (options = {}) =>
    Object.fromEntries(
      (await findClips(spec.input, out, options)).items.map(({ input, output }) => [
        input.slice(spec.input.length + 1),
        output.slice(out.length + 1),
      ]),
    );
  assert.deepEqual(await names(), { 'a.avi': 'a.avi.mp4', 'a.mov': 'a.mov', 'a.mp4': 'a.mp4', 'b.avi': 'b.mp4' });
  assert.deepEqual(await names({ endingOf: () => '.mkv' }), {
    'a.avi': 'a.mkv',
    'a.mov': 'a.mov.mkv',
    'a.mp4': 'a.mp4.mkv',
    'b.avi': 'b.mkv',
  });
  writeFileSync(join(spec.input, 'b.mp4'), '');
  const given = new Map([[join(spec.input, 'b.avi'), join(out, 'b.mp4')]]);
  const later = await names({ given });
  assert.deepEqual([later['b.avi'], later['b.mp4']], ['b.mp4', 'b.mp4.mp4']);
});
