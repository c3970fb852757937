import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { thisHost, thisProcess } from '../../../app/core/base/process-identity.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import { jobById, registerJob } from '../../../app/core/library/job-rows.ts';
import {
  beat,
  endLease,
  holderAlive,
  pollLease,
  recordProgress,
  requestCancel,
  STALE_MS,
  takeLease,
} from '../../../app/core/library/leases.ts';
import { Room, until } from './support.ts';

const self = thisProcess();

function known(room: Room): string {
  const { id, hash, spec } = prepareJob(room.spec());
  registerJob(room.db, { id, hash, kind: spec.kind, spec: '{}' });
  return id;
}

const taking = (token: string, who = self, seen = 0) => ({ token, self: who, spec: '{}', source: '{}', seen });

test('of several processes started at once exactly one runs the job', { timeout: 30_000 }, async () => {
  await using room = await Room.make({ chunks: 60, pauseMs: 5 });
  const runs = Array.from({ length: 4 }, () => room.start());
  const exits = await Promise.all(runs.map((run) => run.exit));
  assert.deepEqual(exits.toSorted(), [0, 3, 3, 3]);
  const winner = runs[exits.indexOf(0)];
  for (const run of runs) {
    if (run === winner) continue;
    assert.equal(run.failure, 'job-busy');
    assert.ok(
      run.last.type === 'failed' && run.last.error.message.includes(`process ${winner?.process.pid}`),
      JSON.stringify(run.last),
    );
  }
  assert.deepEqual(await readFile(room.output), await room.expected());
});

test('a lease is held by one, renewed by its holder alone, and ended once', async () => {
  await using room = await Room.make();
  const { db } = room;
  const id = known(room);
  assert.equal(takeLease(db, id, taking('one')).taken, true);
  const second = takeLease(db, id, taking('two'));
  assert.ok(!second.taken && second.reason === 'busy' && second.holder?.pid === process.pid);
  recordProgress(db, id, 'two', 'rendering', 0.9);
  assert.equal(jobById(db, id)?.fraction, 0);
  assert.equal(endLease(db, id, 'two', { state: 'failed' }), false);
  assert.equal(endLease(db, id, 'one', { state: 'done' }), true);
  assert.equal(endLease(db, id, 'one', { state: 'failed' }), false);
  assert.equal(jobById(db, id)?.state, 'done');
  assert.equal(requestCancel(db, id, '{}'), 'ended');
});

test('a holder is dead when its pid is gone or has become another process', async () => {
  await using room = await Room.make();
  const { db } = room;
  const id = known(room);
  // The same pid, which lives, but started at another time.
  assert.ok(takeLease(db, id, taking('one', { ...self, start: 'another time' })).taken);
  assert.ok(takeLease(db, id, taking('two', { ...self, pid: 2 ** 22 + 1 })).taken);
  assert.ok(takeLease(db, id, taking('three')).taken);
  assert.equal(pollLease(db, id, 'two'), 'lost');
  assert.equal(pollLease(db, id, 'three'), 'held');
});

test('a holder on another host is judged by its heartbeat, one on this host is not', () => {
  const now = 1_000_000;
  const holder = { token: 't', ...self, heartbeatAt: now - STALE_MS - 1 };
  assert.equal(holderAlive(holder, now), true, 'a suspended process keeps its job');
  assert.equal(holderAlive({ ...holder, host: `${thisHost()}x` }, now), false);
  assert.equal(holderAlive({ ...holder, host: `${thisHost()}x`, heartbeatAt: now - STALE_MS + 1 }, now), true);
});

test('a job finished by another process between looking and taking is looked at again', async () => {
  await using room = await Room.make();
  const { db } = room;
  const id = known(room);
  takeLease(db, id, taking('one'));
  endLease(db, id, 'one', { state: 'done' }, 777);
  const late = takeLease(db, id, taking('two', self, 776));
  assert.ok(!late.taken && late.reason === 'changed');
  assert.ok(takeLease(db, id, taking('two', self, 777)).taken);
});

test('a holder that lost its lease stops, and leaves the job to the new one', async () => {
  await using room = await Room.make({ chunks: 1000, pauseMs: 5 });
  const run = room.start();
  await until(() => jobById(room.db, room.id)?.worker !== undefined);
  // As a process on another host would after fifteen seconds without a sign.
  room.db.run(
    `UPDATE jobs SET lease_token = 'mine', holder_pid = ?, holder_start = ? WHERE id = ?`,
    self.pid,
    self.start,
    room.id,
  );
  const at = performance.now();
  assert.equal(await run.exit, 3);
  assert.ok(performance.now() - at < 1500);
  assert.equal(run.failure, 'job-busy');
  assert.equal(jobById(room.db, room.id)?.holder?.token, 'mine');
});

test('heartbeats arrive', { timeout: 10_000 }, async () => {
  await using room = await Room.make({ chunks: 1, pieces: 1, pauseMs: 60_000 });
  const run = room.start();
  await until(() => jobById(room.db, room.id)?.worker !== undefined);
  const before = jobById(room.db, room.id)?.holder?.heartbeatAt ?? 0;
  await sleep(2400);
  assert.ok((jobById(room.db, room.id)?.holder?.heartbeatAt ?? 0) > before);
  beat(room.db, room.id, 'a stranger', 1);
  assert.ok((jobById(room.db, room.id)?.holder?.heartbeatAt ?? 0) > before);
  run.process.kill('SIGINT');
  assert.equal(await run.exit, 130);
});

test('a job that was killed says how far it came, whoever begins it again; of other inputs it begins anew', async () => {
  await using room = await Room.make();
  const { db } = room;
  const id = known(room);
  const dead = { ...self, start: 'another time' };
  takeLease(db, id, taking('one', dead));
  recordProgress(db, id, 'one', 'rendering', 0.6);
  takeLease(db, id, taking('two', dead));
  recordProgress(db, id, 'two', 'probing', 0);
  assert.equal(jobById(db, id)?.fraction, 0.6);
  takeLease(db, id, { ...taking('three'), source: '{"other":1}' });
  assert.equal(jobById(db, id)?.fraction, 0);
  recordProgress(db, id, 'three', 'rendering', 0.7);
  endLease(db, id, 'three', { state: 'done' }, 777);
  takeLease(db, id, taking('four', self, 777));
  assert.equal(jobById(db, id)?.fraction, 0, 'what was done is made again');
});
