/** A choice of test/long/faults.long.ts, at the parts that are at fault. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AppError } from '../../../app/contract/errors.ts';
import type { JobEvent } from '../../../app/contract/jobs.ts';
import { asPlaceError, observeDurable } from '../../../app/core/base/durable.ts';
import { guardedStore, openChunkStore } from '../../../app/core/jobs/chunk-files.ts';
import { jobSummaries } from '../../../app/core/jobs/control.ts';
import { publish } from '../../../app/core/jobs/publish.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import { analysisCache } from '../../../app/core/library/analysis-cache.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { identify } from '../../../app/core/library/file-identity.ts';
import { registerJob } from '../../../app/core/library/job-rows.ts';
import { takeLease } from '../../../app/core/library/leases.ts';
import { thisProcess } from '../../../app/core/base/process-identity.ts';
import { countSpec, Room, TASKS_URL, until } from './support.ts';

const KEY = 'ab'.repeat(32);
const code = (wanted: string) => (error: AppError) => error.code === wanted;

test('what was made of a file that has become another is not kept under the old one', async () => {
  await using room = await Room.make();
  const { db, home, input } = room;
  const source = await identify(input);
  const store = guardedStore(await openChunkStore({ root: home.chunks, db, job: 'x' }), [source]);
  const pending = await store.begin(KEY);
  writeFileSync(pending.path, 'of the new file');
  utimesSync(input, 1, 1);
  await assert.rejects(pending.commit(), code('source-changed'));
  await pending.abandon();
  assert.equal(await store.find(KEY), undefined);
  assert.deepEqual(await room.litter(), []);
  const analyses = analysisCache(db);
  await assert.rejects(analyses.store(source, 'facts', { of: 'the new file' }), code('source-changed'));
  renameSync(input, `${input}.gone`);
  await assert.rejects(analyses.store(source, 'facts', {}), (error: AppError) => /is gone/.test(error.message));
});

test('of two jobs with one output one is done, the other is refused, whoever comes first', async () => {
  await using room = await Room.make();
  const { db, folder, input, output, home } = room;
  const specs = [4, 2].map((den) => countSpec(input, output, { speed: { num: 1, den } }));
  const sources = [await identify(input)];
  const signal = new AbortController().signal;
  // Both have looked, and there was nothing.
  const publishing = specs.map(async (spec, i) => {
    const { id, hash } = prepareJob(spec);
    registerJob(db, { id, hash, kind: spec.kind, spec: JSON.stringify(spec) });
    const token = `token-${i}`;
    takeLease(db, id, { token, self: thisProcess(), spec: JSON.stringify(spec), source: '{}', seen: 0 });
    const from = join(folder, `.part-${i}`);
    writeFileSync(from, `of ${i}`);
    await publish({ db, job: id, token, spec, sources, signal }, [{ from, to: output }]);
  });
  const ends = await Promise.allSettled(publishing);
  const done = ends.findIndex(({ status }) => status === 'fulfilled');
  assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.ok(ends.some((end) => end.status === 'rejected' && code('output-exists')(end.reason as AppError)));
  assert.equal(readFileSync(output, 'utf8'), `of ${done}`);
  assert.ok(readdirSync(home.root).length > 0);
});

test('a library that cannot be written to while a job runs ends the job, not the program', async () => {
  await using room = await Room.make({ chunks: 3, pieces: 1, pauseMs: 60 });
  const { db, home } = room;
  let broken = false;
  const events: JobEvent[] = [];
  const onEvent = (event: JobEvent): void => {
    events.push(event);
    // As when its disk is full.
    if (event.type !== 'progress' || broken) return;
    broken = true;
    db.run(`CREATE TRIGGER full BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`);
  };
  await assert.rejects(runJob(room.spec(), { db, home, tasks: TASKS_URL, onEvent }), code('database'));
  assert.deepEqual([broken, events.at(-1)?.type], [true, 'failed']);
  assert.ok(events.every(({ type }) => type !== 'done'));
  db.run('DROP TRIGGER full');
  await until(() => jobSummaries(db)[0]?.state === 'failed');
  await room.order({ chunks: 3, pieces: 1, pauseMs: 60 });
  await runJob(room.spec(), { db, home, tasks: TASKS_URL });
  assert.deepEqual(readFileSync(room.output), await room.expected());
});

test('several processes open an empty library at once, and one of before', async () => {
  await using room = await Room.make();
  const script = `
    import { openLibrary } from ${JSON.stringify(new URL('../../../app/core/library/db.ts', import.meta.url).href)};
    const db = openLibrary({ database: process.argv[1] });
    console.log(db.version, db.notices.length);
    db.close();`;
  const folder = join(room.folder, 'fresh');
  mkdirSync(folder);
  const database = join(folder, 'library.db');
  const opened = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, database]);
      let text = '';
      child.stdout.on('data', (piece) => (text += String(piece)));
      child.stderr.on('data', (piece) => (text += String(piece)));
      await new Promise((resolve) => child.on('close', resolve));
      return text;
    }),
  );
  using db = openLibrary({ database });
  assert.deepEqual(
    opened,
    Array.from({ length: 3 }, () => `${db.version} 0\n`),
  );
});

test('a rename that fails is told in words, and steps are heard in their order', async () => {
  const failed = (errno: string) => Object.assign(new Error(`${errno}: it failed`), { code: errno });
  for (const errno of ['EXDEV', 'EBUSY', 'EPERM', 'EROFS', 'ESTALE', 'ENAMETOOLONG']) {
    const told = asPlaceError(failed(errno), '/films/a.mp4') as AppError;
    assert.equal(told.code, 'output-folder');
    assert.match(told.message, /^\/films\/a\.mp4 could not be put in place: .+\.$/);
  }
  assert.equal((asPlaceError(failed('ENOSPC'), '/films/a.mp4') as AppError).code, 'disk-full');
  await using room = await Room.make();
  const heard: string[] = [];
  observeDurable(({ op }) => heard.push(op));
  try {
    const store = await openChunkStore({ root: room.home.chunks, db: room.db, job: 'x' });
    const pending = await store.begin(KEY);
    writeFileSync(pending.path, 'a chunk');
    await pending.commit();
  } finally {
    observeDurable(undefined);
  }
  assert.deepEqual(heard, ['sync-folder', 'sync-file', 'rename', 'sync-folder']);
});
