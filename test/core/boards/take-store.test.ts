import assert from 'node:assert/strict';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeKey } from '../../../app/core/boards/layout.ts';
import { TakeStore } from '../../../app/core/boards/take-store.ts';
import type { InbetweenEntry } from '../../../app/core/engines/inbetween.ts';
import { tempFolder } from '../../support/command.ts';

const key = (letter: string): string => letter.repeat(64);

test('what was looked at longest ago goes; what a killed process left is written over', async (t) => {
  const root = tempFolder(t);
  const store = new TakeStore(root, { takes: 2500, stills: 250 });
  const make = async (letter: string, hour: number): Promise<void> => {
    const writer = await store.open(key(letter));
    for (let n = 0; n < 4; n++) await writer.write(new Uint8Array(250), 'jpg');
    await writer.finish(0.5);
    utimesSync(join(root, 'boards', 'takes', key(letter), 'done.json'), hour, hour);
  };
  await make('a', 100);
  await make('b', 200);
  assert.deepEqual(await store.take(key('a'), 4), { done: 4, whole: true, confidence: 0.5 });
  await make('c', 300);
  assert.equal((await store.take(key('b'), 4)).done, 0, 'a was looked at since');
  assert.equal((await store.take(key('a'), 4)).whole, true);

  const left = await store.open(key('d'));
  await left.write(new Uint8Array(10), 'jpg');
  await left.write(new Uint8Array(10), 'png');
  const stale = join(root, 'boards', 'takes', key('d'), '.part-1-00002.jpg');
  writeFileSync(stale, 'half');
  utimesSync(stale, 1, 1);
  assert.deepEqual(await store.take(key('d'), 4), { done: 2, whole: false, confidence: null });
  assert.equal((await store.picture(key('d'), 1))?.type, 'image/png');
  assert.equal(await store.picture(key('d'), 2), undefined);
  const again = await store.open(key('d'));
  assert.deepEqual(readdirSync(join(root, 'boards', 'takes', key('d'))), ['00000.jpg', '00001.png']);
  await again.write(new Uint8Array(20), 'jpg');
  assert.equal((await store.take(key('d'), 4)).done, 2, 'the former ones are shown meanwhile');

  for (const letter of ['a', 'b', 'c']) await store.writeStill(key(letter), new Uint8Array(100), 'jpg');
  assert.deepEqual([await store.still(key('a')), (await store.still(key('c')))?.type], [undefined, 'image/jpeg']);
  await assert.rejects(store.still('../a'), /no key/);
  await store.clear();
  assert.equal((await store.take(key('a'), 4)).done, 0);
});

test('a take is named by what its engine heeds, and by nothing else', () => {
  const entry = (uses: InbetweenEntry['uses'], network = false): InbetweenEntry => ({
    ...{ id: 'one', version: '1', name: 'One', summary: '', network, uses },
    open: () => Promise.reject(new Error('not opened here')),
  });
  const point = { x: 0, y: 0, jacobian: [1, 0, 0, 1] as [number, number, number, number] };
  const corner = (letter: string, points = [point]) => ({ key: key(letter), path: `/${letter}`, at: null, points });
  const take = {
    frame: { width: 64, height: 36, fit: 'crop' as const },
    ...{ before: null, first: corner('a'), last: corner('b'), after: corner('c') },
    ...{ engine: 'one', device: 'auto' as const, motion: 'linear' as const, seed: 1, times: [0.5] },
  };
  const others: Record<string, Partial<typeof take>> = {
    seed: { seed: 2 },
    motion: { motion: 'adversarial' as 'linear' },
    points: { first: corner('a', [{ ...point, x: 0.5 }]) },
    neighbour: { after: corner('d') },
    device: { device: 'cpu' as 'auto' },
    times: { times: [0.4] },
    last: { last: corner('d') },
    size: { frame: { ...take.frame, width: 32 } },
    // The same content elsewhere is the same picture.
    path: { first: { ...corner('a'), path: '/elsewhere' } },
  };
  const heeded = (one: InbetweenEntry): string[] =>
    Object.keys(others).filter((name) => takeKey({ ...take, ...others[name] }, one) !== takeKey(take, one));
  const none = { seed: false, motion: false, points: false };
  assert.deepEqual(heeded(entry(none)), ['neighbour', 'times', 'last', 'size']);
  const noisy = entry({ ...none, seed: true }, true);
  assert.deepEqual(heeded(noisy), ['seed', 'neighbour', 'device', 'times', 'last', 'size']);
  const points = entry({ seed: false, motion: true, points: true });
  assert.deepEqual(heeded(points), ['motion', 'points', 'neighbour', 'times', 'last', 'size']);
  // Of the motions one draws noise: takes of the others have one set of pictures.
  const moving = { seed: true, motion: true, points: true };
  assert.ok(!heeded(entry(moving)).includes('seed'));
  const drawn = { ...take, motion: 'adversarial' as const };
  assert.notEqual(takeKey(drawn, entry(moving)), takeKey({ ...drawn, seed: 2 }, entry(moving)));
  assert.notEqual(takeKey(take, entry(none)), takeKey(take, { ...entry(none), version: '2' }));
});
