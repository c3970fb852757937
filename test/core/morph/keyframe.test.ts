import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readKeyframe, type KeyframeStill } from '../../../app/core/morph/keyframe.ts';
import { ffmpegOutput, makeClip } from '../../support/clips.ts';
import { picture, rgba } from './support.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-keyframes-'));
after(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const read = (path: string, seconds: number | null = null): Promise<KeyframeStill> =>
  readKeyframe({ path, at: seconds, points: null });
const pixel = ({ frame }: KeyframeStill, x: number, y: number): number[] =>
  frame.planes.map(({ data }) => data[y * frame.width + x]!);
const source = (frames: number): string => `testsrc2=size=32x24:rate=10,trim=end_frame=${frames}`;

/** Patches of red, green, blue, white, black and violet, 8 pixels each, in CMYK (made with Pillow). */
const CMYK = Buffer.from(
  [
    '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoKCgYICwwLCg',
    'wJCgoK/8AAFAgAEAAwBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQEC',
    'AwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dX',
    'Z3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4E',
    'QwBNAFkASwAAPwD9/K/n/r+f+v38r+AOv7/KKKK/gDr+/wAor+/yv7/KKK/gDr+AOv4A6K/oAr9AK/sgor9/K/P+v436K/gDr+/yiiiv4A6/v8',
    'or+/yv7/KKK/gDr+AOv4A6K/oAr9AK/sgor//Z',
  ].join(''),
  'base64',
);

test('a CMYK JPEG is shown in its colours, opaque, and a note says how', async () => {
  writeFileSync(at('cmyk.jpg'), CMYK);
  const still = await read(at('cmyk.jpg'));
  assert.equal(still.frame.format.name, 'gbrp');
  const near = (x: number, wanted: readonly number[]) =>
    pixel(still, x, 8).forEach((value, c) =>
      assert.ok(Math.abs(value - wanted[c]!) < 6, `${x}: ${pixel(still, x, 8).join()}`),
    );
  near(4, [0, 0, 255]);
  near(12, [255, 0, 0]);
  near(20, [0, 255, 0]);
  near(28, [255, 255, 255]);
  near(36, [0, 0, 0]);
  near(44, [64, 200, 128]);
  assert.match(still.notes.join(), /CMYK/);
});

test('of what moves the first picture is taken, and a note says so', async () => {
  for (const [name, codec] of [
    ['moving.gif', ['-f', 'gif']],
    ['moving.png', ['-f', 'apng', '-plays', '0']],
  ] as const) {
    ffmpegOutput('-f', 'lavfi', '-i', source(3), ...codec, '-y', `file:${at(name)}`);
    const still = await read(at(name));
    assert.deepEqual([still.frame.width, still.frame.height], [32, 24], name);
    assert.match(still.notes.join(), /moves: its first picture/);
  }
  const single = picture(at('single.gif'), source(1), ['-f', 'gif']);
  assert.deepEqual((await read(single)).notes, []);
});

test('a moving WebP, a video, text and half a picture are refused in words', async () => {
  // Only the header: what follows cannot be decoded either way.
  const riff = Buffer.concat([
    Buffer.from('RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x1f\0\0\x17\0\0', 'latin1'),
    Buffer.alloc(64),
  ]);
  writeFileSync(at('moving.webp'), riff);
  await assert.rejects(read(at('moving.webp')), { code: 'codec-unsupported', message: /WebP picture that moves/ });
  makeClip(at('clip.mp4'), { seconds: 0.5, size: '64x48', sound: false });
  await assert.rejects(read(at('clip.mp4')), { code: 'bad-morph', message: /is a video.*--between/ });
  writeFileSync(at('text.png'), 'no picture');
  await assert.rejects(read(at('text.png')), { code: 'unreadable', message: /no picture that can be read/ });
  picture(at('whole.png'), 'testsrc2=size=64x64');
  const whole = readFileSync(at('whole.png'));
  for (const bytes of [40, whole.length >> 1]) {
    writeFileSync(at('half.png'), whole.subarray(0, bytes));
    await assert.rejects(read(at('half.png')), { code: 'unreadable', message: /no picture that can be read.*damaged/ });
  }
  await assert.rejects(read(at('none.png')), { code: 'not-found' });
  await assert.rejects(read(folder), { code: 'not-a-file' });
});

test('16 bits, grey and transparency are kept; an alpha that is full everywhere is none', async () => {
  picture(at('deep.png'), 'testsrc2=size=32x24', ['-pix_fmt', 'rgb48be']);
  assert.equal((await read(at('deep.png'))).frame.format.name, 'gbrp16le');
  picture(at('grey.png'), 'testsrc2=size=32x24', ['-pix_fmt', 'gray']);
  assert.equal((await read(at('grey.png'))).frame.format.name, 'gray');
  rgba(at('clear.png'), 20, 20, (x) => [10, 20, 30, x < 10 ? 0 : 255]);
  assert.equal((await read(at('clear.png'))).frame.format.name, 'gbrap');
  rgba(at('full.png'), 20, 20, () => [10, 20, 30, 255]);
  assert.equal((await read(at('full.png'))).frame.format.name, 'gbrp');
});

test('a camera that was turned is turned back', async () => {
  const path = picture(at('plain.jpg'), 'testsrc2=size=32x24', ['-pix_fmt', 'yuvj444p']);
  const plain = readFileSync(path);
  const tiff = Buffer.from('49492a00080000000100120103000100000006000000000000000000', 'hex');
  const exif = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  writeFileSync(at('turned.jpg'), Buffer.concat([plain.subarray(0, 2), head, exif, plain.subarray(2)]));
  const [straight, turned] = [await read(path), await read(at('turned.jpg'))];
  assert.deepEqual([turned.frame.width, turned.frame.height], [24, 32]);
  // A quarter to the right: the left bottom corner comes to the left top.
  assert.equal(pixel(turned, 0, 0)[0], pixel(straight, 0, 23)[0]);
});

test("a video's frame is the first from the time on, the last one until its end", async () => {
  makeClip(at('counted.mp4'), { seconds: 1, rate: '10', size: '64x48', sound: false });
  const frame = async (seconds: number) => (await read(at('counted.mp4'), seconds)).at?.frame;
  assert.deepEqual([await frame(0), await frame(0.3), await frame(0.3004), await frame(0.31)], [0, 3, 3, 4]);
  assert.deepEqual([await frame(0.95), await frame(1)], [9, 9]);
  await assert.rejects(frame(1.2), { code: 'empty-range', message: /10 frames in 1\.000 s/ });
  picture(at('still.png'), 'testsrc2=size=32x24');
  await assert.rejects(read(at('still.png'), 0), { code: 'bad-morph' });
});
