import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import { findAnalysis, storeAnalysis } from '../../../app/core/library/analyses.ts';
import { analysisCache } from '../../../app/core/library/analysis-cache.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { identify } from '../../../app/core/library/file-identity.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-analyses-'));
const db = openLibrary({ database: join(folder, 'library.db') });
const input = join(folder, 'clip');
await writeFile(input, 'frames');
after(async () => {
  db.close();
  await rm(folder, { recursive: true });
});

const schema = z.object({ times: z.array(z.number()), notes: z.array(z.string()), last: z.number().nullable() });
const FOUND = {
  times: Array.from({ length: 5000 }, (_, i) => i * 23_543_520),
  notes: ['Ein Bild fehlt: ü'],
  last: null,
};

test('an analysis comes back as it was, for the same file in the same state and the same kind only', async () => {
  const cache = analysisCache(db);
  const file = await identify(input);
  assert.equal(await cache.find(file, 'index/1', schema), undefined);
  await cache.store(file, 'index/1', FOUND);
  assert.deepEqual(await cache.find(file, 'index/1', schema), FOUND);
  assert.equal(await cache.find(file, 'index/2', schema), undefined);
  await utimes(input, new Date(), new Date(1000));
  assert.equal(await cache.find(await identify(input), 'index/1', schema), undefined);
});

test('a row that is not what it should be is as good as none', async () => {
  const cache = analysisCache(db);
  const file = await identify(input);
  await cache.store(file, 'index/1', { ...FOUND, times: ['a'] });
  assert.equal(await cache.find(file, 'index/1', schema), undefined);
  storeAnalysis(db, file, 'index/1', Buffer.from('not deflated'));
  assert.equal(await cache.find(file, 'index/1', schema), undefined);
});

test('the cache is kept to a size; the least recently used go', async () => {
  const file = await identify(input);
  const store = (kind: string, at: number) => storeAnalysis(db, file, kind, Buffer.alloc(400), 1000, at);
  const there = () => ['a', 'b', 'c'].filter((kind) => findAnalysis(db, file, kind, 5) !== undefined).join('');
  db.run('DELETE FROM analyses');
  store('a', 1);
  store('b', 2);
  findAnalysis(db, file, 'a', 3);
  store('c', 4);
  assert.equal(there(), 'ac');
});
