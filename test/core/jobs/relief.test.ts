/** Memory that runs out, for real: the job goes on lower, and what was made stays. The other ways it can: test/long/relief.long.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ladder } from '../../../app/core/jobs/relief.ts';
import { FIGURE } from '../../guarantees/promise.ts';
import { HALF, memoryGroup, runHungry, runsOutOnce } from './hungry.ts';

test('memory that runs out in the engine costs a job no chunk, and is told', async () => {
  const { result, notes, log } = await runsOutOnce({ way: 'kernels', fits: HALF });
  const told = ['Memory ran out: the job went on in tiles of half the memory; what was made before stays.'];
  assert.deepEqual([notes, result.notes], [told, told]);
  assert.ok(log.includes(told[0]!));
});

test('a job’s process that the system kills for its memory ends itself and not the job', async (t) => {
  const group = memoryGroup(t, 300 * 2 ** 20);
  if (group === undefined) return t.skip('takes root and control groups');
  await runsOutOnce({ way: 'killed', group, fits: HALF });
});

test('the ladder: smaller tiles, one thread, the CPU; below it an error one can act on', async (t) => {
  const steps = ladder(2, 'webgpu (A GPU)').map(({ shrink, threads, cpu }) => [shrink, threads, cpu]);
  assert.deepEqual(steps, [
    [2, 2, false],
    [4, 2, false],
    [4, 1, false],
    [4, 1, true],
  ]);
  assert.equal(ladder(1, 'cpu, 1 thread').length, 2);
  const never = await runHungry({ way: 'array', device: 'webgpu', fits: { shrink: 1000, threads: 1, cpu: true } });
  assert.equal(never.notes.length, 4);
  assert.equal(never.error?.code, 'out-of-memory');
  assert.match(never.error.message, /choose a lighter engine.*What was made stays/);
  t.diagnostic(`${FIGURE}a job steps down ${steps.length} times before it gives up`);
});
