import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { KernelPool } from '../../../app/core/kernels/pool.ts';

const ENTRY = new URL('./team-worker.ts', import.meta.url);

test('every piece is done once a round, and rounds do not overlap, for any team', async () => {
  for (const threads of [1, 2, 5]) {
    await using pool = new KernelPool(ENTRY, threads, 0);
    const pieces = 23;
    pool.reserve(pool.base + pieces * 4);
    for (const times of [1, 2]) {
      new Int32Array(pool.memory.buffer, pool.base, pieces).fill(0);
      await pool.run('count', { at: pool.base, pieces });
      assert.deepEqual(
        [...new Int32Array(pool.memory.buffer, pool.base, pieces)],
        Array(pieces).fill(10),
        `run ${times}`,
      );
    }
  }
});

test('a task stops when it is asked to, and the pool goes on', async () => {
  await using pool = new KernelPool(ENTRY, 3, 0);
  const controller = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(pool.run('forever', null, controller.signal), reason);
  pool.reserve(pool.base + 64);
  await pool.run('count', { at: pool.base, pieces: 4 });
  await assert.rejects(pool.run('count', null, AbortSignal.abort(reason)), reason);
});

for (const task of ['fail', 'die', 'unheard-of'])
  test(`a worker that does not survive is reported, not waited for (${task})`, async () => {
    await using pool = new KernelPool(ENTRY, 2, 0);
    await assert.rejects(pool.run(task, null), { code: 'engine-failed' });
    await assert.rejects(pool.run('count', { at: pool.base, pieces: 1 }), { code: 'engine-failed' });
  });

test('closing a pool ends what runs', async () => {
  const pool = new KernelPool(ENTRY, 2, 0);
  const running = assert.rejects(pool.run('forever', null), { code: 'engine-failed' });
  await pool[Symbol.asyncDispose]();
  await running;
});

test('memory beyond what there is is an error with a code', async () => {
  await using pool = new KernelPool(ENTRY, 1, 0);
  assert.throws(() => pool.reserve(2 ** 33), { code: 'out-of-memory' });
});

test('a signal is listened to once, however many tasks are run', async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const heard = () => [one, other].map(({ signal }) => getEventListeners(signal, 'abort').length);
  const pool = new KernelPool(ENTRY, 1, 0);
  pool.reserve(pool.base + 64);
  const count = async ({ signal }: AbortController): Promise<void> => {
    new Int32Array(pool.memory.buffer, pool.base, 4).fill(0);
    await pool.run('count', { at: pool.base, pieces: 4 }, signal);
  };
  for (let n = 0; n < 20; n++) await count(one);
  assert.deepEqual(heard(), [1, 0]);
  await count(other);
  assert.deepEqual(heard(), [0, 1]);
  await pool[Symbol.asyncDispose]();
  assert.deepEqual(heard(), [0, 0]);
});
