import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { after, test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { findFiles, groupNumbered, type ScanOptions } from '../../../app/core/clips/scan.ts';
import { Access } from '../../../app/core/studio/access.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-scan-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const free: ScanOptions = { check: (path) => new Access(null).check(path), skip: [] };

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), name);
  }
}

test('folders are looked through; hidden files, our folders and circles are left out', async () => {
  put('a/2.mp4', 'a/b/3.mov', 'a/.hidden.mp4', 'a/.cache/x.mp4', 'a/.out.inbetween-1a2b.part.mp4', 'a/own/chunk.mp4');
  symlinkSync(join(folder, 'a'), join(folder, 'a/b/round'));
  symlinkSync(join(folder, 'a/nothing'), join(folder, 'a/broken.mp4'));
  const { files, refused } = await findFiles([join(folder, 'a'), join(folder, 'a/2.mp4')], {
    ...free,
    skip: [join(folder, 'a/own')],
  });
  assert.deepEqual(
    files.map(({ path, named }) => [relative(folder, path), named]),
    [
      ['a/2.mp4', true],
      ['a/b/3.mov', false],
    ],
  );
  assert.equal(files[0]!.bytes, 7);
  assert.deepEqual(refused, []);
});

test('what cannot be looked at is told, with the reason', async () => {
  put('in/1.mp4', 'out/secret.mp4', 'in/.x.inbetween-00ff.part.mp4');
  symlinkSync(join(folder, 'out'), join(folder, 'in/link'));
  symlinkSync(join(folder, 'out/secret.mp4'), join(folder, 'in/link.mp4'));
  const access = await Access.to([join(folder, 'in')]);
  const { files, refused } = await findFiles(
    [join(folder, 'in'), join(folder, 'out'), '/dev/null', 'relative.mp4', join(folder, 'in/none.mp4')],
    { ...free, check: (path) => access.check(path) },
  );
  assert.deepEqual(
    files.map(({ path }) => basename(path)),
    ['1.mp4'],
  );
  const left = refused.map(({ path }) => basename(path)).toSorted();
  assert.deepEqual(left, ['link', 'link.mp4', 'none.mp4', 'null', 'out', 'relative.mp4']);
  const { refused: own } = await findFiles([join(folder, 'in/.x.inbetween-00ff.part.mp4'), '/dev/null'], free);
  assert.deepEqual(
    own.map(({ reason }) => reason),
    ['It is being written by Inbetween.', 'It is neither a file nor a folder.'],
  );
});

test('so many files, and not for ever', async () => {
  put('many/1.mp4', 'many/2.mp4', 'many/3.mp4');
  const { files, refused } = await findFiles([join(folder, 'many')], { ...free, most: 2 });
  assert.equal(files.length, 2);
  assert.match(refused[0]!.reason, /More than 2 files/);
  await assert.rejects(
    findFiles([folder], { ...free, signal: AbortSignal.abort(new AppError('cancelled', 'Enough.')) }),
    { code: 'cancelled' },
  );
});

test('numbered pictures are one clip', async () => {
  const row = (from: number, to: number, width: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, i) => `shot.${String(from + i).padStart(width, '0')}.png`);
  assert.deepEqual(groupNumbered([...row(1, 6, 4), 'notes.txt']), {
    single: ['notes.txt'],
    patterns: ['shot.%04d.png'],
  });
  assert.deepEqual(groupNumbered(row(8, 13, 1)).patterns, ['shot.%d.png']);
  assert.deepEqual(groupNumbered(row(95, 104, 3)).patterns, ['shot.%03d.png'], 'the padding shows in some only');
  assert.deepEqual(groupNumbered(['img_1.png', 'img_900.png', 'img_5000.png', 'img_7.png', 'img_8.png']).patterns, []);
  assert.deepEqual(groupNumbered(['clip01.mp4', 'clip02.mp4']).single.length, 2);
  put(...row(1, 6, 4).map((name) => `frames/${name}`));
  const { files } = await findFiles([join(folder, 'frames')], free);
  assert.deepEqual(
    files.map(({ path, bytes }) => [basename(path), bytes]),
    [['shot.%04d.png', 6 * 'frames/shot.0001.png'.length]],
  );
});
