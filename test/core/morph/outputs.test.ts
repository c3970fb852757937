import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { probe } from '../../../app/core/media/probe.ts';
import { runMorph } from '../../../app/core/morph/run.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { gap, morphOf, picture, rgba } from './support.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-outputs-'));
after(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const [WIDTH, HEIGHT] = [32, 24];
const [black, white] = [
  picture(at('black.png'), 'color=black:size=32x24'),
  picture(at('white.png'), 'color=white:size=32x24'),
];

/** Samples of every frame of a file or pattern as packed pixels. */
function frames(input: string, format: string, channels: number, more: readonly string[] = []): Buffer[] {
  const raw = ffmpegOutput(...more, '-i', `file:${input}`, '-f', 'rawvideo', '-pix_fmt', format, '-');
  const size = WIDTH * HEIGHT * channels;
  return Array.from({ length: raw.length / size }, (_, n) => raw.subarray(n * size, (n + 1) * size));
}

test('a strip has all frames side by side, exactly', async () => {
  const output = at('strip.png');
  const result = await runMorph(morphOf([black, white], output, 3));
  assert.deepEqual([result.frames, result.made], [5, 3]);
  const { video } = await probe(output);
  assert.deepEqual([video.width, video.height, video.pixelFormat], [5 * WIDTH, HEIGHT, 'rgb24']);
  const raw = ffmpegOutput('-i', `file:${output}`, '-f', 'rawvideo', '-pix_fmt', 'gray', '-');
  const levels = [0, 1, 2, 3, 4].map((n) => raw[12 * 5 * WIDTH + n * WIDTH + 16]!);
  assert.deepEqual(levels, [0, 64, 128, 191, 255]);
});

test('numbered frames, of 16 bits where a still has them, and a loop that does not show the first still again', async () => {
  const deep = picture(at('deep.png'), 'color=0x808080:size=32x24', ['-pix_fmt', 'rgb48be']);
  mkdirSync(at('frames'));
  const spec = morphOf([black, deep], `${at('frames')}/`, 3, { loop: true });
  await runMorph(spec);
  assert.deepEqual(
    readdirSync(at('frames')),
    [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `0000${n}.png`),
  );
  const { video } = await probe(at('frames/00003.png'));
  assert.equal(video.pixelFormat, 'rgb48be');
  const level = (n: number) => frames(at(`frames/0000${n}.png`), 'gray16le', 2)[0]!.readUInt16LE(1000);
  const half = level(5);
  for (const n of [1, 2, 3, 4]) {
    assert.ok(Math.abs(level(n) - (half * (n - 1)) / 4) < 4, `${n}: ${level(n)}`);
    if (n > 1) assert.equal(level(n), level(10 - n), 'the way back is the way there');
  }
});

test('a GIF has every frame, its size and its rate', async () => {
  const output = at('film.gif');
  await runMorph(morphOf([black, white], output, 8, { fps: { num: 10, den: 1 } }));
  const shown = frames(output, 'gray', 1);
  assert.equal(shown.length, 10);
  const levels = shown.map((frame) => frame[12 * WIDTH + 16]!);
  levels.forEach((level, n) => assert.ok(Math.abs(level - (255 * n) / 9) < 6, levels.join()));
  assert.ok(Math.abs((await probe(output)).duration! - 1) < 0.02);
});

test('transparency is in the film that holds it: opaque is opaque, nothing is nothing', async () => {
  const square = (name: string, left: number) =>
    rgba(at(name), WIDTH, HEIGHT, (x) => (x >= left && x < left + 12 ? [220, 120, 20, 255] : [0, 255, 0, 0]));
  const [a, b] = [square('left.png', 4), square('right.png', 12)];
  for (const name of ['film.mkv', 'film.mov']) {
    const output = at(name);
    await runMorph(morphOf([a, b], output, 1));
    const middle = frames(output, 'rgba', 4)[1]!;
    const pixel = (x: number) => [...middle.subarray((12 * WIDTH + x) * 4, (12 * WIDTH + x) * 4 + 4)];
    const near = (x: number, wanted: readonly number[], within: number) =>
      pixel(x).forEach((value, c) =>
        assert.ok(Math.abs(value - wanted[c]!) <= within, `${name} ${x}: ${pixel(x).join()}`),
      );
    near(13, [220, 120, 20, 255], 6);
    assert.ok(pixel(1)[3]! <= 2 && pixel(28)[3]! <= 2, name);
    assert.ok(Math.abs(pixel(7)[3]! - 128) < 4, 'seen in one still only: half there');
    // Half there, and none of the green that lies under what is transparent.
    assert.ok(pixel(7)[0]! > 190 && pixel(7)[1]! < 150, pixel(7).join());
  }
  await runMorph(morphOf([a, b], at('flat.mp4'), 1));
  const [first] = frames(at('flat.mp4'), 'rgb24', 3);
  assert.ok(
    [...first!.subarray(12 * WIDTH * 3, 12 * WIDTH * 3 + 3)].every((value) => value < 12),
    'on black',
  );
});

test('frames of footage stay as they are: YUV of their own depth, between two times', async () => {
  const clip = at('clip.mkv');
  const source = 'testsrc2=size=64x48:rate=10:duration=1,format=yuv422p10le';
  ffmpegOutput('-f', 'lavfi', '-i', source, '-c:v', 'ffv1', '-y', `file:${clip}`);
  const output = at('between.mkv');
  const spec = morphOf([clip, clip], output, [gap(2)], { codec: 'ffv1', fps: { num: 10, den: 1 } });
  [0.3, 0.6].forEach((seconds, i) => (spec.keyframes[i]!.at = seconds));
  await runMorph(spec);
  const all = (input: string) => ffmpegOutput('-i', `file:${input}`, '-f', 'rawvideo', '-pix_fmt', 'yuv422p10le', '-');
  const [own, made] = [all(clip), all(output)];
  const size = 64 * 48 * 4;
  assert.equal(made.length, 4 * size);
  assert.ok(made.subarray(0, size).equals(own.subarray(3 * size, 4 * size)), 'the first is frame 3 itself');
  assert.ok(made.subarray(3 * size).equals(own.subarray(6 * size, 7 * size)), 'the last is frame 6 itself');
});
