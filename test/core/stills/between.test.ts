import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { locateFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import { betweenStills, type BetweenRequest } from '../../../app/core/stills/between.ts';
import { ffmpegOutput } from '../../support/clips.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-stills-'));
after(() => rm(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const { path: ffmpeg } = await locateFfmpeg();
const [WIDTH, HEIGHT] = [36, 20];

/**
 * Writes a picture of one colour; `pixel` has the samples of a pixel in the order of `layout` (rgb24, rgba, rgb48le,
 * rgba64le, gray16le).
 */
function flat(name: string, layout: string, pixel: readonly number[], width = WIDTH): void {
  const deep = layout.includes('48') || layout.includes('64') || layout.includes('16');
  const values = Array.from({ length: width * HEIGHT }, () => pixel).flat();
  const input = deep ? Buffer.from(Uint16Array.from(values).buffer) : Buffer.from(values);
  const raw = ['-f', 'rawvideo', '-pix_fmt', layout, '-s', `${width}x${HEIGHT}`, '-i', 'pipe:0'];
  execFileSync(
    ffmpeg,
    ['-v', 'error', ...raw, '-frames:v', '1', '-f', 'image2', '-update', '1', '-y', `file:${at(name)}`],
    {
      input,
    },
  );
}

/** The samples of the middle pixel in `layout`. */
function pixelOf(path: string, layout: string, samples: number): number[] {
  const bytes = ffmpegOutput('-f', 'png_pipe', '-i', `file:${path}`, '-f', 'rawvideo', '-pix_fmt', layout, '-');
  const all = layout.endsWith('le') ? new Uint16Array(Uint8Array.from(bytes).buffer) : bytes;
  const middle = ((HEIGHT >> 1) * WIDTH + (WIDTH >> 1)) * samples;
  return [...all.subarray(middle, middle + samples)];
}

const make = (a: string, b: string, output: string, more: Partial<BetweenRequest> = {}) =>
  betweenStills({ a: at(a), b: at(b), output: at(output), t: 0.5, engine: 'blend', force: false, ...more });

/** Bit depth and colour type of a PNG, from its header (PNG specification, IHDR). */
async function pngKind(path: string): Promise<[depth: number, colourType: number]> {
  const bytes = await readFile(path);
  return [bytes[24]!, bytes[25]!];
}

test('16-bit stays 16-bit, to the last of them', async () => {
  flat('deep a.png', 'rgb48le', [1000, 0, 65535]);
  flat('deep b.png', 'rgb48le', [3001, 7, 65535]);
  const result = await make('deep a.png', 'deep b.png', 'deep.png');
  assert.deepEqual(Object.keys(result), ['output', 'engine', 'device', 't', 'confidence', 'seconds']);
  assert.equal(result.output, at('deep.png'));
  assert.deepEqual(await pngKind(at('deep.png')), [16, 2]);
  assert.deepEqual(pixelOf(at('deep.png'), 'rgb48le', 3), [2001, 4, 65535]);
});

test('alpha is kept and goes from one to the other', async () => {
  flat('clear.png', 'rgba', [10, 20, 30, 100]);
  flat('solid.png', 'rgba', [50, 20, 30, 200]);
  await make('clear.png', 'solid.png', 'half clear.png', { t: 0.25 });
  assert.deepEqual(await pngKind(at('half clear.png')), [8, 6]);
  // Colours count by how much of them is seen: (3 x 10 x 100 + 50 x 200) / (3 x 100 + 200).
  assert.deepEqual(pixelOf(at('half clear.png'), 'rgba', 4), [26, 20, 30, 125]);
});

test('stills of different formats meet in the deeper one, opaque where one has no alpha', async () => {
  flat('plain.png', 'rgb24', [0, 100, 200]);
  flat('deep clear.png', 'rgba64le', [2000, 25700, 51400, 65535 - 1000]);
  await make('plain.png', 'deep clear.png', 'both.png');
  assert.deepEqual(await pngKind(at('both.png')), [16, 6]);
  assert.deepEqual(pixelOf(at('both.png'), 'rgba64le', 4), [993, 25700, 51400, 65035]);
  flat('grey.png', 'gray16le', [25700]);
  await make('plain.png', 'grey.png', 'from grey.png');
  assert.deepEqual(pixelOf(at('from grey.png'), 'rgb48le', 3), [12850, 25700, 38550]);
});

test('a JPEG and a PNG', async () => {
  flat('photo.jpg', 'rgb24', [120, 60, 200]);
  flat('drawing.png', 'rgb24', [120, 60, 200]);
  await make('photo.jpg', 'drawing.png', 'mixed.png', { engine: 'glide' });
  pixelOf(at('mixed.png'), 'rgb24', 3).forEach((value, i) =>
    assert.ok(Math.abs(value - [120, 60, 200][i]!) <= 2, `${value}`),
  );
});

test('at 0 and 1 it is the still itself', async () => {
  for (const [t, name] of [
    [0, 'deep a.png'],
    [1, 'deep b.png'],
  ] as const) {
    const result = await make('deep a.png', 'deep b.png', `end ${t}.png`, { t, engine: 'glide' });
    assert.equal(result.confidence, 1);
    assert.deepEqual(pixelOf(at(`end ${t}.png`), 'rgb48le', 3), pixelOf(at(name), 'rgb48le', 3));
  }
});

const HOSTILE = [
  'a b.png',
  `it's "quoted".png`,
  '[brackets]{braces}.png',
  '100% %03d.png',
  'two\nlines.png',
  'Ümläut 日本語 🎈.png',
  '-i.png',
  'file:colon.png',
  '$(touch x);&.png',
];
flat('first.png', 'rgb24', [10, 20, 30]);
flat('second.png', 'rgb24', [30, 20, 10]);
for (const name of HOSTILE) {
  test(`the name ${JSON.stringify(name)} is a name`, async () => {
    // The name itself is read and written; its neighbour starts with a hyphen.
    await copyFile(at('first.png'), at(name));
    await copyFile(at('second.png'), at(`-${name}`));
    await make(name, `-${name}`, `new ${name}`);
    assert.deepEqual(pixelOf(at(`new ${name}`), 'rgb24', 3), [20, 20, 20]);
  });
}

test('refusals leave what is there and nothing new', async () => {
  flat('wide.png', 'rgb24', [1, 2, 3], WIDTH + 2);
  flat('a.png', 'rgb24', [1, 2, 3]);
  flat('b.png', 'rgb24', [3, 2, 1]);
  await writeFile(at('taken.png'), 'mine');
  await writeFile(at('broken.png'), 'this is no picture');
  await symlink(at('a.png'), at('link.png'));
  const before = await readdir(folder);
  await assert.rejects(make('a.png', 'wide.png', 'x.png'), { code: 'size-mismatch', message: /36x20.*38x20/ });
  await assert.rejects(make('a.png', 'none.png', 'x.png'), { code: 'not-found' });
  await assert.rejects(make('a.png', 'broken.png', 'x.png'), { code: /^(unreadable|no-frames)$/ });
  await assert.rejects(make('a.png', 'b.png', 'x.png', { engine: 'glimmer' }), { code: 'engine-unknown' });
  await assert.rejects(make('a.png', 'b.png', 'x.txt'), { code: 'output-format' });
  await assert.rejects(make('a.png', 'b.png', 'taken.png'), { code: 'output-exists' });
  await assert.rejects(make('a.png', 'b.png', 'link.png', { force: true }), { code: 'output-is-input' });
  assert.equal(await readFile(at('taken.png'), 'utf8'), 'mine');
  assert.deepEqual(await readdir(folder), before);
  await make('a.png', 'b.png', 'taken.png', { force: true });
  assert.deepEqual(pixelOf(at('taken.png'), 'rgb24', 3), [2, 2, 2]);
});

test('an abort leaves nothing', async () => {
  const before = await readdir(folder);
  const signal = AbortSignal.abort(Object.assign(new Error('stop'), { name: 'AbortError' }));
  await assert.rejects(make('a.png', 'b.png', 'aborted.png', { signal }));
  assert.deepEqual(await readdir(folder), before);
});
