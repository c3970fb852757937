import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AppError } from '../../../app/contract/errors.ts';
import { hashPictures } from '../../../app/core/media/picture-hash.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { tempFolder } from '../../support/command.ts';

const LOOK = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25', '-frames:v', '20', '-threads', '1'];

const refused = (what: RegExp) => (error: AppError) => error.code === 'verify-failed' && what.test(error.message);

test('the hash is that of the planes its decoder gives, whatever the container', async (t) => {
  const folder = tempFolder(t);
  const [mp4, mkv] = [join(folder, 'a.mp4'), join(folder, 'b 100% [x].mkv')];
  ffmpegOutput(...LOOK, '-pix_fmt', 'yuv420p10le', '-c:v', 'libx264', '-preset', 'veryfast', mp4);
  ffmpegOutput('-i', mp4, '-c', 'copy', '-metadata', 'title=else', `file:${mkv}`);
  const raw = ffmpegOutput('-i', mp4, '-f', 'rawvideo', '-');
  assert.equal(raw.length, 20 * 64 * 48 * 3);
  const told: number[] = [];
  const hash = await hashPictures({ path: mp4, frames: 20, onProgress: (done) => told.push(done) });
  assert.equal(hash, createHash('sha256').update(raw).digest('hex'));
  assert.equal(await hashPictures({ path: mkv, frames: 20 }), hash);
  assert.equal(told.at(-1), 20);
});

test('numbered images are hashed in their order', async (t) => {
  const folder = join(tempFolder(t), '50% of');
  mkdirSync(folder);
  ffmpegOutput(...LOOK, '-c:v', 'png', '-f', 'image2', join(folder, 'x%d.png').replace('50%', '50%%'));
  const raw = ffmpegOutput(...LOOK.slice(0, 6), '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-');
  const hash = await hashPictures({ path: folder, images: '/elsewhere/x%d.png', frames: 20 });
  assert.equal(hash, createHash('sha256').update(raw).digest('hex'));
  writeFileSync(join(folder, 'x7.png'), readFileSync(join(folder, 'x8.png')));
  assert.notEqual(await hashPictures({ path: folder, images: 'x%d.png', frames: 20 }), hash);
  truncateSync(join(folder, 'x20.png'), 60);
  await assert.rejects(hashPictures({ path: folder, images: 'x%d.png', frames: 20 }), refused(/decoded/));
});

test('a picture that cannot be decoded, and one too few, are no success', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'a.mkv');
  ffmpegOutput(...LOOK, '-c:v', 'ffv1', '-level', '3', '-slicecrc', '1', path);
  await assert.rejects(hashPictures({ path, frames: 21 }), refused(/^The written file is not as planned: 20 pictures/));
  const bytes = readFileSync(path);
  for (let i = 0; i < 40; i++) bytes[Math.floor(bytes.length / 2) + i] = 0x55;
  writeFileSync(path, bytes);
  await assert.rejects(hashPictures({ path, frames: 20 }), refused(/decoded/));
  const signal = AbortSignal.abort(new Error('enough'));
  await assert.rejects(hashPictures({ path, frames: 20, signal }), (error: AppError) => error.code !== 'verify-failed');
});
