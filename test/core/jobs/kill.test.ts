import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppError } from '../../../app/contract/errors.ts';
import { cancelJob, jobDetails } from '../../../app/core/jobs/control.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { partPath } from '../../../app/core/jobs/spec.ts';
import { jobById } from '../../../app/core/library/job-rows.ts';
import { gone, Room, TASKS_URL, until } from './support.ts';

/** Chunks of about 20 ms each, so that the whole job is about half a second. */
const ORDER = { chunks: 24, pieces: 4, pauseMs: 5 };

test(
  'kill -9 of the whole command at random moments: each start goes on, the end is the same',
  { timeout: 60_000 },
  async () => {
    await using room = await Room.make(ORDER);
    const expected = await room.expected();
    const delays: number[] = [];
    let finished = false;
    for (let kills = 0; kills < 6 && !finished; kills++) {
      const run = room.start();
      // From before the process has read its own code to the middle of the work.
      const delay = Math.random() * (kills % 2 === 0 ? 450 : 800);
      delays.push(Math.round(delay));
      await Promise.race([sleep(delay), run.exit]);
      run.process.kill('SIGKILL');
      finished = (await run.exit) === 0;
    }
    const last = room.start();
    assert.equal(await last.exit, 0, JSON.stringify(last.events));
    assert.deepEqual(await readFile(room.output), expected, `killed after ${delays.join(', ')} ms`);
    assert.deepEqual(await room.litter(), []);
    assert.equal(jobDetails(room.db, room.id).state, 'done');
  },
);

test('kill -9 of the worker at random moments: the job says so and goes on', { timeout: 60_000 }, async () => {
  await using room = await Room.make(ORDER);
  const expected = await room.expected();
  for (let kills = 0; kills < 4; kills++) {
    const running = runJob(room.spec(), { db: room.db, home: room.home, tasks: TASKS_URL });
    const settled = running.then(
      () => 'done',
      (error: AppError) => error.code,
    );
    let ended = false;
    void settled.then(() => (ended = true));
    await until(() => ended || jobById(room.db, room.id)?.worker !== undefined);
    const pid = jobById(room.db, room.id)?.worker?.pid ?? 0;
    await sleep(Math.random() * 350);
    try {
      if (pid > 0) process.kill(pid, 'SIGKILL');
    } catch {
      // It had ended.
    }
    const how = await settled;
    assert.ok(how === 'worker-died' || how === 'done', how);
    assert.equal(jobDetails(room.db, room.id).state, how === 'done' ? 'done' : 'failed');
    assert.deepEqual(
      (await room.litter()).filter((name) => !name.includes('.tmp-')),
      [],
    );
  }
  await runJob(room.spec(), { db: room.db, home: room.home, tasks: TASKS_URL });
  assert.deepEqual(await readFile(room.output), expected);
  assert.deepEqual(await room.litter(), []);
});

test('when the command is killed, its worker and what that started are gone at once', async () => {
  await using room = await Room.make();
  const childPidFile = join(room.folder, 'pid');
  await room.order({ ...ORDER, chunks: 500, childPidFile });
  const run = room.start();
  await until(async () => (await readdir(room.home.chunks)).length > 0);
  const child = Number(await readFile(childPidFile, 'utf8'));
  const worker = jobById(room.db, room.id)?.worker?.pid ?? 0;
  assert.ok(child > 0 && worker > 0 && !gone(child) && !gone(worker));
  const at = performance.now();
  run.process.kill('SIGKILL');
  await until(() => gone(worker) && gone(child), 1000);
  assert.ok(performance.now() - at < 500, `took ${performance.now() - at} ms`);
  const details = jobDetails(room.db, room.id);
  assert.equal(details.state, 'failed', 'a job whose process is gone is not shown as running');
  assert.match(details.error?.message ?? '', /is gone/);
});

test('a command killed while its worker hears nothing: whoever goes on ends that worker first', async () => {
  await using room = await Room.make();
  const childPidFile = join(room.folder, 'pid');
  await room.order({ chunks: 3, mood: 'deaf', childPidFile });
  const run = room.start();
  await until(async () => (await readdir(room.home.chunks)).length > 0);
  await sleep(50);
  const child = Number(await readFile(childPidFile, 'utf8'));
  const worker = jobById(room.db, room.id)?.worker?.pid ?? 0;
  run.process.kill('SIGKILL');
  await run.exit;
  assert.ok(!gone(worker), 'a worker in an endless loop cannot notice');
  await room.order({ chunks: 3 });
  const at = performance.now();
  await runJob(room.spec(), { db: room.db, home: room.home, tasks: TASKS_URL });
  assert.ok(gone(worker) && gone(child));
  assert.ok(performance.now() - at < 3000, 'the dead lease was taken at once');
  assert.deepEqual(await readFile(room.output), await room.expected());
  assert.match(
    jobDetails(room.db, room.id)
      .log.map(({ message }) => message)
      .join('\n'),
    /Taken over from process/,
  );
});

test('killed between renaming the output and saying so: the output is known to be the job’s own', async () => {
  await using room = await Room.make();
  const { db } = room;
  await runJob(room.spec(), { db, home: room.home, tasks: TASKS_URL });
  // What the database says in that moment.
  db.run(
    `UPDATE jobs SET state = 'running', result = NULL, lease_token = 'x', holder_pid = 1, holder_start = 'never', heartbeat_at = 0,
       holder_host = (SELECT '') WHERE id = ?`,
    room.id,
  );
  const result = await runJob(room.spec(), { db, home: room.home, tasks: TASKS_URL });
  assert.equal(result.reusedFrames, 8);
  assert.deepEqual(await readFile(room.output), await room.expected());
});

test('cancelling a job whose processes were killed clears away what they left', async () => {
  await using room = await Room.make({ ...ORDER, chunks: 500 });
  const run = room.start();
  await until(async () => (await readdir(room.home.chunks)).length > 0);
  const { token = '' } = jobById(room.db, room.id)?.holder ?? {};
  run.process.kill('SIGKILL');
  await run.exit;
  await writeFile(partPath(room.id, room.output, token), 'half an output');
  assert.equal((await cancelJob(room, room.id)).state, 'cancelled');
  assert.deepEqual(
    (await room.litter()).filter((name) => !name.includes('.tmp-')),
    [],
  );
});
