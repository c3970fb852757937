import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancelJob, jobDetails, jobSpec, jobSummaries } from '../../../app/core/jobs/control.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import { logJob, registerJob } from '../../../app/core/library/job-rows.ts';
import { Room } from './support.ts';

function add(room: Room, id: string, at: number): void {
  registerJob(room.db, { id, hash: id, kind: 'retime', spec: JSON.stringify(prepareJob(room.spec()).spec) }, at);
}

test('jobs are listed newest first, and found by the unique beginning of their id', async () => {
  await using room = await Room.make();
  add(room, 'abc111111111', 1000);
  add(room, 'abc222222222', 3000);
  add(room, 'abd111111111', 2000);
  assert.deepEqual(
    jobSummaries(room.db).map(({ id }) => id),
    ['abc222222222', 'abd111111111', 'abc111111111'],
  );
  assert.equal(jobDetails(room.db, 'abc2').id, 'abc222222222');
  assert.equal(jobDetails(room.db, 'ABD').id, 'abd111111111');
  assert.deepEqual(jobSpec(room.db, 'abd'), prepareJob(room.spec()).spec);
  for (const wrong of ['abc', 'b', '', '%', 'abd111111111x'])
    assert.throws(() => jobDetails(room.db, wrong), { code: 'job-unknown' });
});

test('a waiting job is cancelled at once; one that ended stays as it is', async () => {
  await using room = await Room.make();
  add(room, 'abc111111111', 1000);
  assert.equal((await cancelJob(room, 'abc')).state, 'cancelled');
  room.db.run(`UPDATE jobs SET state = 'done'`);
  assert.equal((await cancelJob(room, 'abc')).state, 'done');
});

test('a stored spec that cannot be read hides one job, not all', async () => {
  await using room = await Room.make();
  add(room, 'abc111111111', 1000);
  registerJob(room.db, { id: 'fff', hash: 'fff', kind: 'morph', spec: '{"kind":"morph"}' });
  assert.equal(jobSummaries(room.db).length, 1);
  assert.throws(() => jobDetails(room.db, 'fff'), { code: 'bad-job' });
});

test('the log keeps the last lines', async () => {
  await using room = await Room.make();
  add(room, 'abc111111111', 1000);
  for (let i = 0; i < 250; i++) logJob(room.db, 'abc111111111', `line ${i}`, i);
  const { log } = jobDetails(room.db, 'abc');
  assert.equal(log.length, 200);
  assert.deepEqual(log.at(-1), { at: '1970-01-01T00:00:00.249Z', message: 'line 249' });
});
