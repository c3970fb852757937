/** The queue with real jobs of counting: order, pausing, cancelling, going on, and what others run. */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppError } from '../../../app/contract/errors.ts';
import { jobDetails } from '../../../app/core/jobs/control.ts';
import { jobById } from '../../../app/core/library/job-rows.ts';
import { gone, until } from '../jobs/support.ts';
import { QueueRoom } from './support.ts';

const SLOW = { chunks: 60, pieces: 2, pauseMs: 10 };
const QUICK = { chunks: 2, pieces: 1, pauseMs: 1 };
const code = (wanted: string) => (error: unknown) => (error as AppError).code === wanted;

test('jobs run one after another in the order of the list, and a failure does not stop the others', async () => {
  await using room = await QueueRoom.make();
  const first = await room.add(SLOW, { title: 'First' });
  const bad = await room.add({ ...QUICK, mood: 'refuse' });
  const last = await room.add(QUICK);
  const early = await room.add(QUICK);
  await room.queue.move(early, bad);
  await room.until(first, 'running');
  assert.deepEqual(
    room.queue.status().items.map(({ id, state }) => [id, state]),
    [
      [first, 'running'],
      [early, 'waiting'],
      [bad, 'waiting'],
      [last, 'waiting'],
    ],
  );
  assert.ok(room.queue.busy);
  await until(() => (room.item(first).framesPerSecond ?? 0) > 0 && room.item(first).etaSeconds !== null);
  const item = room.item(first);
  assert.equal(item.title, 'First');
  assert.equal(item.stage, 'rendering');
  assert.ok(item.fraction > 0 && item.fraction < 1);
  // Two pieces of 10 ms a frame.
  assert.ok(item.framesPerSecond! > 5 && item.framesPerSecond! < 60, `${item.framesPerSecond} frames a second`);
  await room.until(last, 'done');
  assert.deepEqual(
    room.ended.map(({ id, state }) => [id, state]),
    [
      [first, 'done'],
      [early, 'done'],
      [bad, 'failed'],
      [last, 'done'],
    ],
  );
  assert.equal(room.item(bad).job.error?.code, 'no-video');
  assert.equal(room.item(first).device, 'cpu');
  assert.ok(!room.queue.busy);
});

test('clips that wait next to each other are tagged together, as many as there are threads; nothing overtakes', async () => {
  await using room = await QueueRoom.make();
  await room.queue.close();
  room.open(2);
  const first = await room.addTagging(SLOW);
  const second = await room.addTagging(SLOW);
  const third = await room.addTagging(QUICK);
  const film = await room.add(QUICK);
  const last = await room.addTagging(QUICK);
  const states = (): string[] => [first, second, third, film, last].map((id) => room.state(id));
  await until(() => room.item(second).fraction > 0.1);
  assert.deepEqual(states(), ['running', 'running', 'waiting', 'waiting', 'waiting']);
  await room.queue.pause(second);
  await room.until(third, 'running');
  assert.equal(room.state(first), 'running');
  await room.queue.hold(true);
  assert.ok(!room.queue.busy, 'all are held');
  await room.queue.hold(false);
  await room.queue.resume(second);
  await room.until(film, 'running');
  assert.deepEqual(states().toSorted(), ['done', 'done', 'done', 'running', 'waiting']);
  await room.until(last, 'done');
});

test('pushes are thinned out and the last one says how it is', async () => {
  await using room = await QueueRoom.make();
  const began = performance.now();
  const id = await room.add(SLOW);
  await room.until(id, 'done');
  await sleep(250);
  const most = (performance.now() - began) / 200 + 2;
  assert.ok(room.pushes.length > 3 && room.pushes.length < most, `${room.pushes.length} pushes, at most ${most}`);
  assert.equal(room.pushes.at(-1)?.items[0]?.state, 'done');
});

test('pausing ends the process and keeps the chunks; resuming goes on from there; others run meanwhile', async () => {
  await using room = await QueueRoom.make();
  const id = await room.add(SLOW);
  const next = await room.add(QUICK);
  await until(() => room.item(id).fraction > 0.2);
  const worker = jobById(room.room.db, id)?.worker?.pid ?? 0;
  await room.queue.pause(id);
  assert.ok(gone(worker));
  assert.equal(room.state(id), 'paused');
  // Written down five times a second.
  assert.ok(room.item(id).fraction > 0.05, 'how far it was is still shown');
  assert.equal(jobById(room.room.db, id)?.state, 'waiting');
  await room.until(next, 'done');
  assert.equal(room.state(id), 'paused');
  await room.queue.resume(id);
  await room.until(id, 'done');
  assert.ok((room.item(id).job.result?.reusedFrames ?? 0) > 10, 'what was made was not made again');
  assert.ok(jobDetails(room.room.db, id).log.some(({ message }) => message === 'Paused.'));
});

test('what is asked for again while its process is being ended is done', async () => {
  await using room = await QueueRoom.make();
  const spec = await room.spec(SLOW);
  const id = room.queue.enqueue(spec);
  await until(() => room.item(id).fraction > 0.1);
  const cancelled = room.queue.cancel(id);
  assert.equal(room.queue.enqueue(spec), id);
  await cancelled;
  await room.until(id, 'done');
});

test('the whole queue can be held, and a cancelled or failed job runs again when asked', async () => {
  await using room = await QueueRoom.make();
  const [running, waiting] = [await room.add(SLOW), await room.add(QUICK)];
  await until(() => room.item(running).fraction > 0.1);
  await room.queue.hold(true);
  assert.deepEqual([room.state(running), room.state(waiting), room.queue.busy], ['waiting', 'waiting', false]);
  assert.ok(room.queue.status().held);
  await room.queue.cancel(waiting);
  assert.equal(room.state(waiting), 'cancelled');
  await room.queue.hold(false);
  await room.until(running, 'running');
  await room.queue.cancel(running);
  assert.equal(room.state(running), 'cancelled');
  assert.deepEqual(room.ended, [], 'nobody is told of what he did himself');
  await room.queue.retry(waiting);
  await room.until(waiting, 'done');
  await room.queue.clear([waiting, running]);
  assert.deepEqual(room.queue.status().items, []);
});

test('what is refused before it begins is failed, with the reason, and runs when the reason is gone', async () => {
  await using room = await QueueRoom.make();
  const spec = await room.spec(QUICK);
  await rm(spec.input);
  const id = room.queue.enqueue(spec);
  await room.until(id, 'failed');
  assert.equal(room.item(id).job.error?.code, 'not-found');
  await writeFile(spec.input, JSON.stringify(QUICK));
  await writeFile(spec.output, 'of somebody else');
  await room.queue.retry(id);
  await until(() => room.item(id).job.error?.code === 'output-exists');
  // The same job, now told to replace it.
  assert.equal(room.queue.enqueue({ ...spec, force: true }), id);
  await room.until(id, 'done');
  assert.notEqual(await readFile(spec.output, 'utf8'), 'of somebody else');
  assert.throws(() => room.queue.enqueue({ ...spec, factor: 0 }), code('bad-job'));
});

test('closing ends the process and leaves the jobs to whoever opens the library next', async () => {
  await using room = await QueueRoom.make();
  const [one, two, third] = [await room.add(SLOW), await room.add(QUICK), await room.add(QUICK)];
  await room.queue.pause(third);
  await until(() => room.item(one).fraction > 0.2);
  const worker = jobById(room.room.db, one)?.worker?.pid ?? 0;
  await room.queue.close();
  assert.ok(gone(worker));
  room.open();
  assert.deepEqual(room.queue.status().unfinished, [one, two]);
  await sleep(50);
  assert.deepEqual([room.state(one), room.state(two), room.state(third)], ['paused', 'paused', 'paused']);
  assert.deepEqual(await room.queue.continue(), [one, two]);
  await room.until(two, 'done');
  assert.ok((room.item(one).job.result?.reusedFrames ?? 0) > 10);
  assert.equal(room.state(third), 'paused', 'what the user had paused stays so');
});

test('a job that another process runs is shown, waits its turn here, and can only be cancelled', async () => {
  await using room = await QueueRoom.make();
  await room.room.order(SLOW);
  const run = room.room.start();
  const { id } = room.room;
  await until(() => room.queue.status().items.some((item) => item.id === id && item.state === 'running'));
  await assert.rejects(room.queue.pause(id), code('job-busy'));
  await assert.rejects(room.queue.move(id, null), code('job-busy'));
  await assert.rejects(room.queue.pause('0123456789ab'), code('job-unknown'));
  room.queue.enqueue(room.room.spec());
  const mine = await room.add(QUICK);
  await room.until(mine, 'done');
  assert.equal(room.state(id), 'running');
  await run.exit;
  // Its turn comes: what the other process made is kept.
  await room.until(id, 'done');
  assert.equal(room.item(id).job.result?.reusedFrames, 0);
});
