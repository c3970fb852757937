import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { identify, sameIdentity, sequenceFiles } from '../../../app/core/library/file-identity.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-identity-'));
after(() => rm(folder, { recursive: true }));

test('the same file in the same state is the same; another time, size or content is not', async () => {
  const path = join(folder, 'näme "with" 100% [all]\n.mp4');
  await writeFile(path, Buffer.alloc(1_000_000, 1));
  const { atime, mtime } = await stat(path);
  const before = await identify(path);
  assert.ok(sameIdentity(before, await identify(path)));
  await utimes(path, atime, new Date(mtime.getTime() - 1000));
  assert.ok(!sameIdentity(before, await identify(path)));
  // Other content under the same size and time: at the head, in a sample of the middle, at the tail.
  for (const at of [0, 111_111, 555_555, 999_999]) {
    await writeFile(path, Buffer.alloc(1_000_000, 1));
    const file = await open(path, 'r+');
    await file.write(Buffer.from([2]), 0, 1, at);
    await file.close();
    assert.notEqual((await identify(path)).fingerprint, before.fingerprint, `a byte at ${at}`);
  }
});

test('every byte of a small file counts, and an empty one has an identity too', async () => {
  const path = join(folder, 'small');
  const prints = new Set<string>();
  for (const content of ['', 'a', 'b', 'ab', 'ba']) {
    await writeFile(path, content);
    prints.add((await identify(path)).fingerprint);
  }
  assert.equal(prints.size, 5);
});

test('an image sequence is its files', async () => {
  const frames = join(folder, 'fra%mes');
  await mkdir(frames);
  for (const name of [
    'f%_00001.png',
    'f%_00002.png',
    'f%_00010.png',
    'f%_123456.png',
    'f%_1.png',
    'f%_0000x.png',
    'g_00001.png',
  ])
    await writeFile(join(frames, name), name);
  const pattern = join(frames, 'f%_%05d.png');
  assert.deepEqual(
    (await sequenceFiles(pattern)).map((path) => path.slice(frames.length + 1)),
    ['f%_00001.png', 'f%_00002.png', 'f%_00010.png', 'f%_123456.png'],
  );
  const before = await identify(pattern);
  assert.equal(before.bytes, 12 * 3 + 13);
  await writeFile(join(frames, 'f%_00003.png'), '');
  assert.ok(!sameIdentity(before, await identify(pattern)));
  assert.deepEqual(await sequenceFiles(join(frames, 'f%_%05d.mp4')), []);
  assert.equal((await sequenceFiles(join(frames, 'f%_%d.png'))).length, 2);
});

test('a file whose own name looks like a pattern is that file', async () => {
  const path = join(folder, 'take%03d.png');
  await writeFile(path, 'one picture');
  assert.equal((await identify(path)).bytes, 11);
});

test('what is no readable file is refused with a code, and a pipe does not make us wait', async () => {
  await assert.rejects(identify(join(folder, 'none.mp4')), { code: 'not-found' });
  await assert.rejects(identify(join(folder, 'none%04d.png')), { code: 'not-found' });
  await assert.rejects(identify(join(folder, 'small', 'below')), { code: 'not-found' });
  await assert.rejects(identify(join(folder, 'x'.repeat(300))), { code: 'not-found' });
  await assert.rejects(identify(folder), { code: 'not-a-file' });
  if (process.platform === 'win32') return;
  spawnSync('mkfifo', [join(folder, 'pipe')]);
  await assert.rejects(identify(join(folder, 'pipe')), { code: 'not-a-file' });
});
