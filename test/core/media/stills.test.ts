import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { readStill, writeStill } from '../../../app/core/media/stills.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { few } from '../../support/few.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-stills-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);
const { encoders } = await capabilities();
const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

function make(name: string, format: string): string {
  ffmpegOutput('-f', 'lavfi', '-i', 'testsrc2=s=70x38', '-frames:v', '1', '-pix_fmt', format, '-y', path(name));
  return path(name);
}

const samples = (frame: Frame): number[][] => frame.planes.map(({ data }) => [...data]);

test('pictures are read at their own depth, and PNG and TIFF written back the same', async () => {
  const kinds: [name: string, format: string, becomes: string][] = [
    ['a.png', 'rgb24', 'gbrp'],
    ['b.png', 'rgba', 'gbrp'],
    ['c.png', 'rgb48be', 'gbrp16le'],
    ['d.png', 'gray', 'gray'],
    ['e.png', 'gray16be', 'gray16le'],
    ['f.png', 'pal8', 'gbrp'],
    ['g.tiff', 'rgb48le', 'gbrp16le'],
    ['h.bmp', 'bgr24', 'gbrp'],
    ['i.tga', 'bgra', 'gbrp'],
  ];
  for (const [name, format, becomes] of few(kinds, ([one]) => /[acfg]\./.test(one))) {
    const { frame } = await readStill(make(name, format));
    assert.deepEqual([frame.format.name, frame.width, frame.height], [becomes, 70, 38], name);
    for (const output of ['o.png', 'o.tif']) {
      await writeStill(frame, path(output));
      const again = await readStill(path(output));
      assert.equal(again.frame.format, frame.format, `${name} ${output}`);
      assert.deepEqual(samples(again.frame), samples(frame), `${name} ${output}`);
    }
  }
});

test('what is read is what ffmpeg reads', async () => {
  for (const name of ['a.png', 'c.png']) {
    const { frame } = await readStill(path(name));
    const wanted = ffmpegOutput('-i', path(name), '-pix_fmt', frame.format.name, '-f', 'rawvideo', '-');
    const got = Buffer.concat(
      frame.planes.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    );
    assert.ok(got.equals(wanted), name);
  }
});

test('real transparency is kept', async () => {
  const filter = 'format=rgba,geq=r=r(X\\,Y):g=g(X\\,Y):b=b(X\\,Y):a=X*3';
  ffmpegOutput('-f', 'lavfi', '-i', 'testsrc2=s=70x38', '-vf', filter, '-frames:v', '1', '-y', path('clear.png'));
  const { frame, info } = await readStill(path('clear.png'));
  assert.equal(frame.format.name, 'gbrap');
  assert.equal(info.video.hasAlpha, true);
  assert.deepEqual([...frame.planes[3]!.data.slice(0, 4)], [0, 3, 6, 9]);
  await writeStill(frame, path('clear2.png'));
  assert.deepEqual(samples((await readStill(path('clear2.png'))).frame), samples(frame));
});

test('EXR keeps 16 bits', { skip: !encoders.has('exr') && 'this ffmpeg writes no EXR' }, async () => {
  const { frame } = await readStill(path('c.png'));
  await writeStill(frame, path('o.exr'));
  const again = await readStill(path('o.exr'));
  assert.equal(again.frame.format.name, 'gbrp16le');
  assert.deepEqual(samples(again.frame), samples(frame));
});

test('YUV is written by its own matrix and range', async () => {
  // A red of BT.709 at limited range; read as BT.601 it would come out as another red.
  const filter = 'format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv444p';
  const source = ['-f', 'lavfi', '-i', 'color=0xC02010:s=64x48', '-vf', filter, '-frames:v', '1'];
  ffmpegOutput(...source, '-c:v', 'ffv1', '-colorspace', 'bt709', '-color_range', 'tv', '-y', path('red.mkv'));
  const { frame, info } = await readStill(path('red.mkv'));
  assert.deepEqual([frame.format.name, info.video.colour.matrix], ['yuv444p', 'bt709']);
  await writeStill(frame, path('red.png'), { colour: info.video.colour });
  const [g, b, r] = samples((await readStill(path('red.png'))).frame).map((plane) => plane[0]!);
  for (const [got, wanted] of [
    [r, 0xc0],
    [g, 0x20],
    [b, 0x10],
  ] as const)
    assert.ok(Math.abs(got! - wanted) <= 2, `${got} ${wanted}`);
});

test('JPEG stays the YUV it is, full range', async () => {
  const { frame, info } = await readStill(make('j.jpg', 'yuvj420p'));
  assert.deepEqual([frame.format.name, info.video.colour.range], ['yuv420p', 'full']);
  await writeStill(frame, path('j2.jpg'), { colour: info.video.colour });
  assert.equal((await readStill(path('j2.jpg'))).frame.width, 70);
});

test('a picture whose name lies about its kind is read by its content', async () => {
  ffmpegOutput('-i', path('j.jpg'), '-c', 'copy', '-f', 'image2', '-y', path('lies.png'));
  assert.equal((await readStill(path('lies.png'))).info.video.codec, 'mjpeg');
});

test('names with patterns and quotes; nothing is replaced unless that is asked for; nothing is left behind', async () => {
  const { frame } = await readStill(path('a.png'));
  const name = path('10%% "x" %03d [ü]\n.png');
  await writeStill(frame, name, { force: false });
  assert.deepEqual(samples((await readStill(name)).frame), samples(frame));
  await assert.rejects(writeStill(frame, name, { force: false }), isCode('output-exists'));
  await writeStill(frame, name);
  await assert.rejects(writeStill(frame, path('x.gif')), isCode('output-format'));
  assert.deepEqual(
    readdirSync(folder).filter((entry) => entry.startsWith('.')),
    [],
  );
});

test('what is no picture is refused', async () => {
  writeFileSync(path('no.png'), 'no picture');
  await assert.rejects(readStill(path('no.png')), isCode('unreadable'));
  await assert.rejects(readStill(path('none.png')), isCode('not-found'));
});
