import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AppError } from '../../../app/contract/errors.ts';
import type { JobEvent, RetimeSpec } from '../../../app/contract/jobs.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { jobDetails } from '../../../app/core/jobs/control.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import { identify } from '../../../app/core/library/file-identity.ts';
import { jobById } from '../../../app/core/library/job-rows.ts';
import { Room, TASKS_URL } from './support.ts';

const run = (room: Room, changes: Partial<RetimeSpec> = {}, onEvent?: (event: JobEvent) => void) =>
  runJob(room.spec(changes), {
    db: room.db,
    home: room.home,
    tasks: TASKS_URL,
    ...(onEvent === undefined ? {} : { onEvent }),
  });

const code = (wanted: string) => (error: unknown) => {
  assert.equal((error as AppError).code, wanted, (error as AppError).message);
  return true;
};

test('a job runs, says how far it is, and leaves its output and nothing else', async () => {
  await using room = await Room.make({ chunks: 40, pauseMs: 8 });
  const events: JobEvent[] = [];
  const result = await run(room, {}, (event) => events.push(event));
  assert.deepEqual(await readFile(room.output), await room.expected());
  assert.equal(result.reusedFrames, 0);
  assert.deepEqual(await room.litter(), []);
  const progress = events.filter((event) => event.type === 'progress');
  assert.ok(
    progress.length > 3 && progress.length < 10 * result.seconds + 4,
    `${progress.length} events in ${result.seconds} s`,
  );
  assert.ok(progress.every((event, i) => event.fraction >= (progress[i - 1]?.fraction ?? 0)));
  assert.equal(progress.at(-1)?.fraction, 1);
  assert.ok(
    progress.some((event) => (event.etaSeconds ?? 0) > 0),
    'an ETA was told',
  );
  assert.deepEqual(events.at(-1), { type: 'done', result });
  const details = jobDetails(room.db, room.id);
  assert.equal(details.state, 'done');
  assert.equal(details.fraction, 1);
  assert.deepEqual(details.result, result);
  assert.deepEqual(
    details.log.map(({ message }) => message),
    ['Counting to 40.'],
  );
  assert.equal(jobById(room.db, room.id)?.worker, undefined);
});

test('the same command again keeps the output; force does not change whose it is', async () => {
  await using room = await Room.make();
  const first = await run(room);
  const events: JobEvent[] = [];
  assert.deepEqual(await run(room, { force: true }, (event) => events.push(event)), first);
  assert.deepEqual(events, [{ type: 'done', result: first }]);
});

test('a deleted output is made again from its chunks', async () => {
  await using room = await Room.make({ chunks: 6 });
  await run(room);
  await rm(room.output);
  assert.equal((await run(room)).reusedFrames, 6);
  assert.deepEqual(await readFile(room.output), await room.expected());
});

test('a file that is not the job’s is replaced only when forced', async () => {
  await using room = await Room.make();
  await writeFile(room.output, 'a diary');
  await assert.rejects(run(room), code('output-exists'));
  assert.equal(await readFile(room.output, 'utf8'), 'a diary');
  assert.equal(jobById(room.db, room.id), undefined);
  await run(room, { force: true });
  assert.deepEqual(await readFile(room.output), await room.expected());
  // Changed by somebody since.
  await writeFile(room.output, 'another diary');
  await assert.rejects(run(room), code('output-exists'));
  await run(room, { force: true });
  assert.deepEqual(await readFile(room.output), await room.expected());
});

test('a file that appears while the job runs is not replaced', async () => {
  await using room = await Room.make({ chunks: 10, pauseMs: 10 });
  const running = run(room, {}, (event) => {
    if (event.type === 'progress') void writeFile(room.output, 'a diary');
  });
  await assert.rejects(running, code('output-exists'));
  assert.equal(await readFile(room.output, 'utf8'), 'a diary');
  assert.deepEqual(await room.litter(), []);
});

test('a changed source is another source: the result is made again, over the job’s own output', async () => {
  await using room = await Room.make({ chunks: 3 });
  await run(room);
  await room.order({ chunks: 5 });
  assert.equal((await run(room)).frames, 5);
  assert.deepEqual(await readFile(room.output), await room.expected());
  // The same bytes with another time are not trusted to be the same either, but their chunks are.
  await utimes(room.input, new Date(), new Date(Date.now() - 60_000));
  assert.equal((await run(room)).reusedFrames, 5);
});

test('another version of the engine makes it again, a missing engine keeps what is there', async () => {
  await using room = await Room.make({ chunks: 3 });
  const home = process.env['INBETWEEN_HOME'];
  process.env['INBETWEEN_HOME'] = room.home.root;
  const model = join(room.home.models, 'installed', 'painter');
  const install = async (weights: string): Promise<void> => {
    await mkdir(model, { recursive: true });
    await writeFile(join(model, 'weights.bin'), weights);
    const sha256 = createHash('sha256').update(weights).digest('hex');
    const file = { name: 'weights.bin', bytes: weights.length, sha256 };
    const words = { id: 'painter', family: 'film', name: 'Painter', licence: 'MIT', source: 'test', config: {} };
    await writeFile(join(model, 'manifest.json'), JSON.stringify({ ...words, files: [file] }));
  };
  try {
    await install('first');
    const first = await run(room, { engine: 'painter' });
    assert.deepEqual(await run(room, { engine: 'painter', force: true }), first);
    await install('other');
    const second = await run(room, { engine: 'painter' });
    assert.notDeepEqual(second, first);
    assert.equal(second.reusedFrames, 3);
    assert.deepEqual(await run(room, { engine: 'painter' }), second);
    await rm(model, { recursive: true });
    assert.deepEqual(await run(room, { engine: 'painter' }), second);
    // As it was stored before engines were: nobody knows what made it.
    const { id } = prepareJob(room.spec({ engine: 'painter' }));
    room.db.run('UPDATE jobs SET source = ? WHERE id = ?', JSON.stringify([await identify(room.input)]), id);
    assert.notDeepEqual(await run(room, { engine: 'painter' }), second);
  } finally {
    process.env['INBETWEEN_HOME'] = home;
  }
});

test('a source that changes while it is read fails the job', async () => {
  await using room = await Room.make({ chunks: 10, pauseMs: 10 });
  let changed = false;
  const running = run(room, {}, (event) => {
    if (event.type === 'progress' && !changed) void room.order({ chunks: 11 });
    changed ||= event.type === 'progress';
  });
  await assert.rejects(running, code('source-changed'));
  assert.ok(!(await readdir(room.folder)).includes('out put.bin'));
});

test('what the task throws is the job’s error, and the job can go on', async () => {
  await using room = await Room.make({ mood: 'refuse' });
  await assert.rejects(run(room), code('no-video'));
  const details = jobDetails(room.db, room.id);
  assert.equal(details.state, 'failed');
  assert.deepEqual(details.error, { code: 'no-video', message: 'There is nothing to count.' });
  assert.deepEqual(await room.litter(), []);
});

test('a worker that throws outside any promise is reported with its last words', async () => {
  await using room = await Room.make({ mood: 'crash' });
  await assert.rejects(run(room), (error: AppError) => {
    assert.equal(error.code, 'worker-died');
    assert.match(error.message, /the count went mad/);
    return true;
  });
  assert.equal(jobDetails(room.db, room.id).state, 'failed');
});

test('a task that does not publish is found out', async () => {
  await using room = await Room.make({ mood: 'mute' });
  await assert.rejects(run(room), code('internal'));
  assert.deepEqual(await room.litter(), []);
});

test('input that is not there, or not a job, is refused with a code', async () => {
  await using room = await Room.make();
  await assert.rejects(run(room, { input: `${room.input}x` }), code('not-found'));
  await assert.rejects(run(room, { input: room.folder }), code('not-a-file'));
  await assert.rejects(run(room, { speed: { num: 0, den: 1 } }), code('bad-job'));
});
