import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { estimateBytes, freeBytes, requireSpace, watchSpace } from '../../../app/core/media/disk-space.ts';
import { renameIntoPlace, temporaryName, withTemporary } from '../../../app/core/media/output-file.ts';
import { encodeChunk, noise, planFor, scratch } from './output-kit.ts';

test('a temporary name is hidden, beside the output, keeps the ending and fits', () => {
  const name = temporaryName('/tmp/it’s 100%d [x].mp4', 'ab12');
  assert.equal(name, '/tmp/.it’s 100_d [x].inbetween-ab12.part.mp4');
  const long = temporaryName(`/tmp/${'ü'.repeat(125)}.mp4`);
  assert.ok(Buffer.byteLength(basename(long)) <= 255);
  assert.match(long, /\.inbetween-[0-9a-f]{8}\.part\.mp4$/);
  assert.equal(dirname(temporaryName('/tmp/frames/%05d.png')), '/tmp/frames');
});

test('a file is put in place, and replaces nothing unless told to', async (t) => {
  const folder = await scratch(t);
  const final = join(folder, 'out.mp4');
  const write = async (text: string, force: boolean): Promise<void> => {
    await withTemporary(final, async (temporary) => {
      await writeFile(temporary, text);
      await renameIntoPlace(temporary, final, { force });
    });
  };
  await write('first', false);
  await assert.rejects(write('second', false), { code: 'output-exists' });
  assert.equal(await readFile(final, 'utf8'), 'first');
  await write('third', true);
  assert.equal(await readFile(final, 'utf8'), 'third');
  assert.deepEqual(await readdir(folder), ['out.mp4']);
  await mkdir(join(folder, 'folder.mp4'));
  const temporary = join(folder, 'x');
  await writeFile(temporary, '');
  await assert.rejects(renameIntoPlace(temporary, join(folder, 'folder.mp4'), { force: true }), {
    code: 'output-folder',
  });
});

test('numbered images go in together, or none when one is there', async (t) => {
  const folder = await scratch(t);
  const pattern = join(folder, 'new', 'folder', 'f%02d.png');
  const write = async (force: boolean): Promise<void> => {
    await withTemporary(pattern, async (temporary) => {
      await mkdir(temporary);
      for (const name of ['f01.png', 'f02.png']) await writeFile(join(temporary, name), name);
      await renameIntoPlace(temporary, pattern, { force });
    });
  };
  await write(false);
  assert.deepEqual(await readdir(dirname(pattern)), ['f01.png', 'f02.png']);
  await assert.rejects(write(false), { code: 'output-exists' });
  await write(true);
  assert.deepEqual(await readdir(dirname(pattern)), ['f01.png', 'f02.png']);
});

test('room is asked for before and watched during', async (t) => {
  const folder = await scratch(t);
  const free = await freeBytes(join(folder, 'not', 'there', 'yet.mp4'));
  assert.ok(free > 0);
  await requireSpace([{ path: folder, bytes: 1 }]);
  // Two halves of one disk and a bit are too much.
  const half = { path: folder, bytes: free * 0.6 };
  await assert.rejects(requireSpace([half, half]), { code: 'disk-space' });
  await watchSpace([folder], { reserve: 0 })();
  const check = watchSpace([folder], { reserve: free * 2, everyMs: 60_000 });
  await assert.rejects(check(), { code: 'disk-full' });
  // It looks once a minute.
  await check();
});

test('the estimate is above what noise takes, within reason', async (t) => {
  const folder = await scratch(t);
  for (const [codec, path] of [
    ['ffv1', 'a.mkv'],
    ['prores', 'a.mov'],
  ] as const) {
    const plan = await planFor('yuv422p10le', { codec, path, width: 320, height: 180 });
    const frames = [1, 2, 3, 4, 5, 6].map((seed) => noise(plan.carrier, 320, 180, seed));
    const { size } = await stat((await encodeChunk(join(folder, path), plan, frames)).path);
    const guess = estimateBytes(plan, frames.length);
    assert.ok(guess > size * 0.5 && guess < size * 4, `${codec}: ${guess} for ${size}`);
  }
});
