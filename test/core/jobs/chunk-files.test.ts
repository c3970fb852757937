import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { processTag, thisProcess } from '../../../app/core/base/process-identity.ts';
import { clearChunks, openChunkStore } from '../../../app/core/jobs/chunk-files.ts';
import type { ChunkStore } from '../../../app/core/jobs/chunk-store.ts';
import { registerJob } from '../../../app/core/library/job-rows.ts';
import { endLease, takeLease } from '../../../app/core/library/leases.ts';
import { Room } from './support.ts';

const key = (n: number): string => n.toString(16).padStart(2, '0').repeat(32);

async function put(store: ChunkStore, k: string, bytes: number | string, extension?: string): Promise<string> {
  const pending = await store.begin(k, extension);
  await writeFile(pending.path, typeof bytes === 'number' ? Buffer.alloc(bytes, 7) : bytes);
  return await pending.commit();
}

const open = (room: Room, job = 'none', cacheBytes = 1e9) =>
  openChunkStore({ root: room.home.chunks, db: room.db, job, cacheBytes });

test('a chunk is found when it is committed, and not before', async () => {
  await using room = await Room.make();
  const store = await open(room);
  assert.equal(await store.find(key(1)), undefined);
  const pending = await store.begin(key(1), 'mkv');
  assert.match(pending.path, /\.mkv$/);
  await writeFile(pending.path, 'half');
  assert.equal(await store.find(key(1)), undefined);
  await writeFile(pending.path, 'whole');
  const path = await pending.commit();
  assert.equal(path, join(room.home.chunks, '01', `${key(1)}.mkv`));
  assert.equal(await store.find(key(1)), path);
  assert.equal(await readFile(path, 'utf8'), 'whole');
  assert.deepEqual(await room.litter(), []);
  await assert.rejects(pending.commit(), { code: 'internal' });
  await pending.abandon();
  assert.equal(await store.find(key(1)), path, 'a committed chunk cannot be abandoned');
});

test('an abandoned chunk leaves nothing; two may be begun at once; the later one wins', async () => {
  await using room = await Room.make();
  const store = await open(room);
  const [a, b, c] = [await store.begin(key(1)), await store.begin(key(1)), await store.begin(key(1))];
  await writeFile(a.path, 'a');
  await writeFile(b.path, 'bb');
  await writeFile(c.path, 'c');
  await a.abandon();
  await b.commit();
  await c.commit();
  assert.equal(await readFile((await store.find(key(1))) ?? '', 'utf8'), 'c');
  assert.deepEqual(await room.litter(), []);
});

test('a commit of what was never written fails and leaves nothing', async () => {
  await using room = await Room.make();
  const store = await open(room);
  await assert.rejects((await store.begin(key(1))).commit());
  assert.equal(await store.find(key(1)), undefined);
});

test('a chunk of another size than written down, or without its file, is dropped', async () => {
  await using room = await Room.make();
  const store = await open(room);
  const cut = await put(store, key(1), 100);
  await truncate(cut, 99);
  assert.equal(await store.find(key(1)), undefined);
  assert.ok(!existsSync(cut));
  await rm(await put(store, key(2), 100));
  assert.equal(await store.find(key(2)), undefined);
  assert.equal(
    await store.find(await put(store, key(2), 50).then(() => key(2))),
    join(room.home.chunks, '02', `${key(2)}.nut`),
  );
});

test('keys that are no keys do not reach the disk', async () => {
  await using room = await Room.make();
  const store = await open(room);
  for (const bad of ['', '../../x', 'ABCDEF0123456789', 'abc', `${key(1)}/x`]) {
    await assert.rejects(store.find(bad), { code: 'internal' });
    await assert.rejects(store.begin(bad), { code: 'internal' });
  }
  await assert.rejects(store.begin(key(1), '../nut'), { code: 'internal' });
});

test('complete files that the database does not know are adopted: after a crash, or when it was lost', async () => {
  await using room = await Room.make();
  const path = await put(await open(room), key(1), 'kept');
  room.db.run('DELETE FROM chunks');
  await writeFile(join(room.home.chunks, '01', 'readme.txt'), 'not a chunk');
  const store = await open(room);
  assert.equal(await store.find(key(1)), path);
});

test('temporary files of dead processes are swept, those of living ones are not', async () => {
  await using room = await Room.make();
  const store = await open(room);
  const mine = await store.begin(key(1));
  await writeFile(mine.path, 'mine');
  const folder = join(room.home.chunks, '01');
  const self = thisProcess();
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  const tags = {
    dead: processTag({ ...self, pid }),
    reused: processTag({ ...self, start: 'another time' }),
    foreign: processTag({ ...self, host: 'elsewhere' }),
    old: processTag({ ...self, pid, host: 'elsewhere' }),
  };
  for (const tag of Object.values(tags)) await writeFile(join(folder, `.tmp-${tag}-0.nut`), 'x');
  const longAgo = new Date(Date.now() - 25 * 3600 * 1000);
  await utimes(join(folder, `.tmp-${tags.old}-0.nut`), longAgo, longAgo);
  await open(room);
  const left = (await readdir(folder)).toSorted();
  assert.deepEqual(left, [mine.path.slice(folder.length + 1), `.tmp-${tags.foreign}-0.nut`].toSorted());
  assert.equal(await readFile(await mine.commit(), 'utf8'), 'mine');
});

test('the least recently used go first; what a running job has used stays', async (t) => {
  await using room = await Room.make();
  const { db } = room;
  // Times of last use are milliseconds of this clock.
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 });
  const tick = (): void => t.mock.timers.tick(1000);
  for (const job of ['running', 'ended', 'crashed']) {
    registerJob(db, { id: job, hash: job, kind: 'retime', spec: '{}' });
    const self = job === 'crashed' ? { ...thisProcess(), start: 'another time' } : thisProcess();
    takeLease(db, job, { token: job, self, spec: '{}', source: '{}', seen: 0 });
  }
  const running = await open(room, 'running', 1000);
  const ended = await open(room, 'ended', 1000);
  const crashed = await open(room, 'crashed', 1000);
  await put(running, key(1), 300);
  tick();
  await put(ended, key(2), 300);
  tick();
  await put(crashed, key(3), 300);
  endLease(db, 'ended', 'ended', { state: 'done' });
  tick();
  await ended.find(key(2));
  tick();
  await put(crashed, key(4), 300);
  assert.equal(await running.find(key(3)), undefined, 'of a crashed job, and used longest ago');
  for (const n of [1, 2, 4]) assert.ok(await running.find(key(n)), `chunk ${n}`);
  // All three belong to the running job now: nothing may go, even above the cap.
  await put(running, key(5), 500);
  for (const n of [1, 2, 4, 5]) assert.ok(await running.find(key(n)), `chunk ${n}`);
  endLease(db, 'running', 'running', { state: 'done' });
  await put(ended, key(6), 100);
  const left = (await readdir(room.home.chunks, { recursive: true })).filter((name) => name.endsWith('.nut'));
  assert.ok(left.length === 3 && !existsSync(join(room.home.chunks, '01', `${key(1)}.nut`)));
});

test('clearing takes every chunk but those a running job has used', async () => {
  await using room = await Room.make();
  const { db } = room;
  registerJob(db, { id: 'running', hash: 'running', kind: 'retime', spec: '{}' });
  takeLease(db, 'running', { token: 'running', self: thisProcess(), spec: '{}', source: '{}', seen: 0 });
  const running = await open(room, 'running');
  const other = await open(room);
  const kept = await put(running, key(1), 300);
  const gone = await Promise.all(Array.from({ length: 130 }, (_, n) => put(other, key(n + 2), 10)));
  assert.equal(await clearChunks(db, room.home.chunks), 1300);
  assert.ok(existsSync(kept) && !gone.some((path) => existsSync(path)));
  assert.equal(await clearChunks(db, room.home.chunks), 0);
  endLease(db, 'running', 'running', { state: 'done' });
  assert.equal(await clearChunks(db, room.home.chunks), 300);
});
