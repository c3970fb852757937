import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { cancelJob, jobDetails } from '../../../app/core/jobs/control.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { jobById } from '../../../app/core/library/job-rows.ts';
import type { CountOrder } from './count-task.ts';
import { gone, Room, TASKS_URL, until } from './support.ts';

const LONG: CountOrder = { chunks: 1000, pauseMs: 5 };

/** Waits for the first finished chunk, or the first folder for one. */
async function begun(room: Room, { finished = false } = {}): Promise<void> {
  await until(async () => {
    const names = await readdir(room.home.chunks, { recursive: true });
    return names.some((name) => !finished || (name.endsWith('.nut') && !name.includes('.tmp-')));
  });
}

for (const mood of ['good', 'deaf'] as const) {
  test(`a job (${mood}) is cancelled within a second, with all its processes`, async () => {
    await using room = await Room.make();
    const childPidFile = join(room.folder, 'pid');
    await room.order({ ...LONG, mood, childPidFile });
    const cancel = new AbortController();
    const events: string[] = [];
    const running = runJob(room.spec(), {
      db: room.db,
      home: room.home,
      tasks: TASKS_URL,
      signal: cancel.signal,
      onEvent: (event) => events.push(event.type),
    });
    const settled = assert.rejects(running, (error: AppError) => error.code === 'cancelled');
    await begun(room);
    const worker = jobById(room.db, room.id)?.worker?.pid ?? 0;
    const child = Number(await readFile(childPidFile, 'utf8'));
    const at = performance.now();
    cancel.abort(new AppError('cancelled', 'Enough.'));
    await settled;
    const took = performance.now() - at;
    assert.ok(took < 1000, `took ${took} ms`);
    await until(() => gone(worker) && gone(child), 1000 - took);
    const details = jobDetails(room.db, room.id);
    assert.equal(details.state, 'cancelled');
    assert.deepEqual(details.error, { code: 'cancelled', message: 'Enough.' });
    assert.equal(events.filter((type) => type === 'failed').length, 1);
    assert.deepEqual(
      (await room.litter()).filter((name) => !name.includes('.tmp-')),
      [],
    );
  });
}

test('a job of another process is cancelled within a second', async () => {
  await using room = await Room.make(LONG);
  const run = room.start();
  await begun(room);
  const at = performance.now();
  assert.equal((await cancelJob(room, room.id.slice(0, 5))).state, 'cancelled');
  assert.ok(performance.now() - at < 1000, `took ${performance.now() - at} ms`);
  assert.equal(await run.exit, 130);
  assert.equal(run.failure, 'cancelled');
});

test('Ctrl-C cancels, and the job goes on when the command is given again', async () => {
  await using room = await Room.make({ chunks: 30, pauseMs: 5 });
  const run = room.start();
  await begun(room, { finished: true });
  run.process.kill('SIGINT');
  assert.equal(await run.exit, 130);
  const again = room.start();
  assert.equal(await again.exit, 0);
  assert.ok(again.last.type === 'done' && again.last.result.reusedFrames > 0);
  assert.deepEqual(await readFile(room.output), await room.expected());
  assert.deepEqual(await room.litter(), []);
});

test('the first cause is the one that is told', async () => {
  await using room = await Room.make(LONG);
  const cancel = new AbortController();
  const running = runJob(room.spec(), { db: room.db, home: room.home, tasks: TASKS_URL, signal: cancel.signal });
  const settled = assert.rejects(running, (error: AppError) => error.code === 'disk-space');
  await begun(room);
  cancel.abort(new AppError('disk-space', 'No room.'));
  await cancelJob(room, room.id);
  await settled;
  assert.equal(jobDetails(room.db, room.id).state, 'failed');
});

test('a job cancelled before it begins never begins', async () => {
  await using room = await Room.make();
  const signal = AbortSignal.abort(new AppError('cancelled', 'Never mind.'));
  await assert.rejects(runJob(room.spec(), { db: room.db, home: room.home, tasks: TASKS_URL, signal }), {
    code: 'cancelled',
  });
  assert.equal(jobById(room.db, room.id), undefined);
});
