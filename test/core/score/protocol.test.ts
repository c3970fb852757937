import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseProtocol, readProtocol } from '../../../app/core/score/protocol.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-protocol-'));
after(() => rm(folder, { recursive: true, force: true }));

/** With a key that means nothing here: protocols carry notes. */
const image = { licence: 'CC0', set: 's', id: 'one', f0: '../x/a.png', f1: 'b.png', gt: 'c.png', t: 0.25 };

test('entries of all three kinds are read, paths relative to the protocol', () => {
  const video = { set: 'v', id: 'clip', video: '../y/clip.mp4' };
  const items = parseProtocol(
    JSON.stringify([image, video, { ...video, frames: [0, 3, 4], t: 0.75 }]),
    '/data/p/p.json',
  );
  assert.deepEqual(items, [
    { kind: 'images', set: 's', id: 'one', f0: '/data/x/a.png', f1: '/data/p/b.png', gt: '/data/p/c.png', t: 0.25 },
    { kind: 'drop-odd', set: 'v:clip.mp4', id: 'clip', video: '/data/y/clip.mp4', t: 0.5 },
    { kind: 'triplet', set: 'v', id: 'clip', video: '/data/y/clip.mp4', frames: [0, 3, 4], t: 0.75 },
  ]);
});

const BAD: readonly [name: string, json: string, says: RegExp][] = [
  ['no JSON', '[{', /not JSON/],
  ['no array', '{}', /array/],
  ['nothing in it', '[]', /array of 1 to/],
  ['an entry that is no object', '[7]', /Entry 0 of/],
  ['a missing truth', JSON.stringify([image, { ...image, gt: undefined }]), /Entry 1 \('one'\).*'gt'/],
  ['t at the end', JSON.stringify([{ ...image, t: 1 }]), /'one'.*'t'/],
  ['t that is no number', JSON.stringify([{ ...image, t: '0.5' }]), /'t'/],
  [
    'frames out of order',
    JSON.stringify([{ set: 'v', id: 'x', video: 'v', frames: [4, 3, 5] }]),
    /'frames': must ascend/,
  ],
  ['frames that are two', JSON.stringify([{ set: 'v', id: 'x', video: 'v', frames: [4, 3] }]), /'frames/],
  ['a frame below zero', JSON.stringify([{ set: 'v', id: 'x', video: 'v', frames: [-1, 3, 4] }]), /frames\.0/],
];
for (const [name, json, says] of BAD) {
  test(`a protocol with ${name} is refused`, () => {
    assert.throws(
      () => parseProtocol(json, 'p.json'),
      (error: { code?: string; message: string }) => error.code === 'bad-protocol' && says.test(error.message),
    );
  });
}

test('a file that is not there is named with its entry', async () => {
  const path = join(folder, 'p.json');
  await writeFile(path, JSON.stringify([image]));
  await assert.rejects(readProtocol(path), { code: 'not-found', message: /'one'.*a\.png/ });
  await assert.rejects(readProtocol(join(folder, 'none.json')), { code: 'not-found' });
});

test('a folder of triplets: three images a subfolder, first, truth, second by name', async () => {
  const root = join(folder, 'my set');
  for (const name of ['b/2', 'a']) {
    await mkdir(join(root, name), { recursive: true });
    for (const file of ['im3.png', 'im1.png', 'im2.png', 'notes.txt']) await writeFile(join(root, name, file), '');
  }
  const items = await readProtocol(root);
  assert.deepEqual(
    items.map((item) => (item.kind === 'images' ? [item.set, item.id, item.f0, item.gt, item.f1, item.t] : [])),
    ['a', join('b', '2')].map((id) => ['my set', id, ...[1, 2, 3].map((n) => join(root, id, `im${n}.png`)), 0.5]),
  );
  await writeFile(join(root, 'a', 'im4.png'), '');
  await assert.rejects(readProtocol(root), { code: 'bad-protocol', message: /holds 4 images/ });
});

test('a folder without triplets is refused, a video alone is its own set', async () => {
  const empty = join(folder, 'empty');
  await mkdir(empty);
  await assert.rejects(readProtocol(empty), { code: 'bad-protocol', message: /no triplets/ });
  const video = join(folder, 'a clip.mp4');
  await writeFile(video, '');
  assert.deepEqual(await readProtocol(video), [
    { kind: 'drop-odd', set: 'video_drop_odd:a clip.mp4', id: 'a clip.mp4', video, t: 0.5 },
  ]);
});
