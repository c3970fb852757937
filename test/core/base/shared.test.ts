import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shared } from '../../../app/core/base/shared.ts';

test('work is done once for all who ask at the same time', async () => {
  const shared = new Shared<number, number>();
  let runs = 0;
  const work = async (_signal: AbortSignal, progress: (value: number) => void): Promise<number> => {
    runs++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    progress(0.5);
    return 7;
  };
  const heard: number[] = [];
  const results = await Promise.all([
    shared.run('a', work),
    shared.run('a', work, { onProgress: (value) => void heard.push(value) }),
    shared.run('b', work),
  ]);
  assert.deepEqual([results, runs, heard], [[7, 7, 7], 2, [0.5]]);
  await shared.run('a', work);
  assert.equal(runs, 3);
});

test('it ends when all who asked have given up, not before', async () => {
  const shared = new Shared<string>();
  const [one, two] = [new AbortController(), new AbortController()];
  let ended = false;
  const work = (signal: AbortSignal): Promise<string> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        ended = true;
        reject(new Error('ended'));
      });
    });
  const first = shared.run('a', work, { signal: one.signal });
  const second = shared.run('a', work, { signal: two.signal });
  one.abort(new Error('one gave up'));
  await assert.rejects(first, /one gave up/);
  assert.equal(ended, false);
  two.abort(new Error('two gave up'));
  await assert.rejects(second, /two gave up/);
  assert.equal(ended, true);
});
