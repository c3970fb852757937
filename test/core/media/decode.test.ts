import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import type { VideoInfo } from '../../../app/contract/media.ts';
import { TICKS } from '../../../app/contract/time.ts';
import { decodeFrames, decodedFormat } from '../../../app/core/media/decode.ts';
import { frameBytes } from '../../../app/core/media/frame.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { indexSource, thumbnailSize } from '../../../app/core/media/index-source.ts';
import { seekPlan } from '../../../app/core/media/lock-step.ts';
import { probe } from '../../../app/core/media/probe.ts';
import type { SourceIndex } from '../../../app/core/media/source.ts';
import { ffmpegOutput, makeClip } from '../../support/clips.ts';
import { few, FULL } from '../../support/few.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-decode-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);
const isCode =
  (...codes: string[]) =>
  (error: unknown) =>
    error instanceof AppError && codes.includes(error.code);

interface Source {
  file: string;
  info: VideoInfo;
  index: SourceIndex;
}

async function open(file: string): Promise<Source> {
  const info = await probe(file);
  return { file, info, index: await indexSource(file, info) };
}

function frames({ file, info, index }: Source, first = 0, last = index.times.length - 1): AsyncGenerator<Frame> {
  return decodeFrames(file, info, { first, last, index });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The bytes of a frame as rawvideo. */
function raw(frame: Frame): Buffer {
  return Buffer.concat(frame.planes.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}

/** What ffmpeg itself decodes, frame by frame, in the source's own format. */
function reference(file: string, frame: Frame, ...more: string[]): Buffer[] {
  const all = ffmpegOutput(
    '-i',
    `file:${file}`,
    '-map',
    '0:v',
    ...more,
    '-vsync',
    '0',
    '-pix_fmt',
    frame.format.name,
    '-f',
    'rawvideo',
    '-',
  );
  const size = frameBytes(frame.format, frame.width, frame.height);
  return Array.from({ length: all.length / size }, (_, i) => all.subarray(i * size, (i + 1) * size));
}

const SOURCE = ['-f', 'lavfi', '-i', 'testsrc2=s=160x96:r=25:d=2'];

test('10 bits stay 10 bits, sample for sample, and so does every other native format', async () => {
  const cases: [name: string, format: string, codec: string[]][] = [
    ['x264.mp4', 'yuv420p10le', ['-c:v', 'libx264', '-qp', '10']],
    ['ffv1.mkv', 'yuv422p12le', ['-c:v', 'ffv1']],
    ['prores.mov', 'yuv422p10le', ['-c:v', 'prores_ks']],
    ['gbr.mkv', 'gbrp10le', ['-c:v', 'ffv1']],
    ['gray.mkv', 'gray16le', ['-c:v', 'ffv1']],
    ['alpha.mkv', 'yuva444p16le', ['-c:v', 'ffv1']],
  ];
  for (const [name, format, codec] of few(cases, ([one]) => /x264|gbr|alpha/.test(one))) {
    ffmpegOutput(...SOURCE, '-frames:v', '8', '-pix_fmt', format, ...codec, '-y', path(name));
    const source = await open(path(name));
    const got = await collect(frames(source));
    assert.equal(got[0]?.format.name, format);
    assert.equal(decodedFormat(source.info), got[0].format);
    const wanted = reference(path(name), got[0]);
    assert.equal(got.length, wanted.length);
    got.forEach((frame, i) => assert.ok(raw(frame).equals(wanted[i]!), `${name} frame ${i}`));
  }
});

test('frames carry their index and the exact times of a variable rate', async () => {
  // Frame n at n * n / 1000 s.
  const filter = 'settb=1/1000,setpts=N*N';
  ffmpegOutput(
    ...SOURCE,
    '-vf',
    filter,
    '-vsync',
    '0',
    '-frames:v',
    '20',
    '-enc_time_base',
    '1:1000',
    '-c:v',
    'ffv1',
    '-y',
    path('vfr.mkv'),
  );
  const source = await open(path('vfr.mkv'));
  const squares = Array.from({ length: 20 }, (_, n) => (n * n * TICKS) / 1000);
  assert.deepEqual(source.index.times, squares);
  const got = await collect(frames(source, 3, 11));
  assert.deepEqual(
    got.map((frame) => frame.index),
    [3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
  assert.deepEqual(
    got.map((frame) => frame.time),
    squares.slice(3, 12),
  );
});

test('a late start is told and the times begin at zero', async () => {
  ffmpegOutput(
    ...SOURCE,
    '-frames:v',
    '5',
    '-c:v',
    'libx264',
    '-bf',
    '0',
    '-output_ts_offset',
    '3',
    '-muxdelay',
    '0',
    '-y',
    path('late.ts'),
  );
  const { index } = await open(path('late.ts'));
  assert.equal(index.times[0], 0);
  assert.equal(index.start, 3 * TICKS);
  assert.equal(index.end, TICKS / 5);
});

test('thumbnails come in order, one a frame, of the size that was promised, and show the picture', async () => {
  ffmpegOutput(
    '-f',
    'lavfi',
    '-i',
    'color=black:s=160x96:r=25:d=0.4,drawbox=x=80:w=80:h=96:c=white:t=fill',
    '-pix_fmt',
    'yuv420p',
    '-c:v',
    'ffv1',
    '-y',
    path('half.mkv'),
  );
  const info = await probe(path('half.mkv'));
  const size = thumbnailSize(info, 40);
  assert.deepEqual(size, { width: 40, height: 24 });
  const seen: number[] = [];
  const index = await indexSource(path('half.mkv'), info, {
    thumbnails: { width: 40 },
    onThumbnail: (at, luma) => {
      seen.push(at);
      assert.equal(luma.length, 40 * 24);
      assert.ok(luma[5]! < 8 && luma[35]! > 247, `${luma[5]} ${luma[35]}`);
    },
  });
  assert.deepEqual(
    seen,
    index.times.map((_, i) => i),
  );
});

test('a seek gives the frames that decoding from the start gives, open groups of pictures as well', async () => {
  const codecs: [name: string, args: string[]][] = [
    ['closed.mp4', ['-c:v', 'libx264', '-g', '24', '-bf', '3']],
    ['open.mkv', ['-c:v', 'libx264', '-g', '24', '-bf', '3', '-flags', '-cgop', '-x264-params', 'open-gop=1']],
    ['open.ts', ['-c:v', 'libx264', '-g', '24', '-bf', '3', '-x264-params', 'open-gop=1']],
    ['mpeg2.mpg', ['-c:v', 'mpeg2video', '-g', '15', '-bf', '2']],
    ['mjpeg.avi', ['-c:v', 'mjpeg']],
    ['vp9.webm', ['-c:v', 'libvpx-vp9', '-g', '30', '-deadline', 'realtime', '-cpu-used', '8']],
  ];
  let sought = 0;
  const chosen = few(codecs, ([name]) => /open.mkv|mpg|vp9/.test(name));
  for (const [name, args] of chosen) {
    const input = ['-f', 'lavfi', '-i', 'testsrc2=s=96x64:r=25:d=6'];
    ffmpegOutput(...input, '-pix_fmt', 'yuv420p', ...args, '-y', path(name));
    const source = await open(path(name));
    const whole = (await collect(frames(source))).map(raw);
    assert.equal(whole.length, source.index.times.length);
    for (const first of [80, 97, 143]) {
      if (seekPlan(source.info, source.index, first, first + 2)) sought++;
      const got = await collect(frames(source, first, first + 2));
      assert.deepEqual(
        got.map(({ index }) => index),
        [first, first + 1, first + 2],
        name,
      );
      got.forEach((frame, i) => assert.ok(raw(frame).equals(whole[first + i]!), `${name} frame ${first + i}`));
    }
  }
  assert.ok(sought >= (FULL ? 14 : 6), `${sought} of ${3 * chosen.length} were seeks`);
});

test('where timestamps do not ascend nothing is sought, and every frame is still its own', async () => {
  const filter = "settb=1/1000,setpts='if(eq(N,30),1160,N*40)'";
  ffmpegOutput(
    ...SOURCE,
    '-vf',
    filter,
    '-vsync',
    '0',
    '-enc_time_base',
    '1:1000',
    '-c:v',
    'ffv1',
    '-y',
    path('twice.mkv'),
  );
  const source = await open(path('twice.mkv'));
  assert.equal(source.index.times.length, 50);
  assert.equal(seekPlan(source.info, source.index, 49, 49), undefined);
  assert.match(source.index.warnings.join(), /1 of 50 frames/);
  const whole = (await collect(frames(source))).map(raw);
  for (const at of [29, 30, 31, 49]) {
    const [frame] = await collect(frames(source, at, at));
    assert.ok(raw(frame!).equals(whole[at]!), `frame ${at}`);
  }
});

test('rotation is baked in as ffmpeg does it', async () => {
  ffmpegOutput(...SOURCE, '-frames:v', '3', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-y', path('upright.mp4'));
  ffmpegOutput('-i', path('upright.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=270', '-y', path('turned.mp4'));
  const source = await open(path('turned.mp4'));
  const got = await collect(frames(source));
  assert.deepEqual([got[0]?.width, got[0]?.height], [96, 160]);
  const wanted = reference(path('turned.mp4'), got[0]!);
  got.forEach((frame, i) => assert.ok(raw(frame).equals(wanted[i]!), `frame ${i}`));
});

test('a picture that changes size midway keeps the first size', async () => {
  for (const [i, size] of ['160x96', '80x48'].entries()) {
    const input = ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25:d=0.4`];
    ffmpegOutput(
      ...input,
      '-c:v',
      'mpeg2video',
      '-g',
      '5',
      '-f',
      'mpegts',
      '-output_ts_offset',
      String(i * 0.4),
      '-y',
      path(`size${i}.ts`),
    );
  }
  writeFileSync(path('sizes.ts'), Buffer.concat([readFileSync(path('size0.ts')), readFileSync(path('size1.ts'))]));
  const source = await open(path('sizes.ts'));
  const got = await collect(frames(source));
  assert.equal(got.length, source.index.times.length);
  assert.ok(got.length >= 18, `${got.length} frames`);
  for (const frame of got) assert.deepEqual([frame.width, frame.height], [160, 96]);
});

test('a file cut short gives what is left of it, and says so', async () => {
  makeClip(path('whole.mkv'), { size: '320x180', seconds: 4, sound: false });
  const whole = await open(path('whole.mkv'));
  const bytes = readFileSync(path('whole.mkv'));
  writeFileSync(path('cut.mkv'), bytes.subarray(0, Math.floor(bytes.length / 2)));
  const cut = await open(path('cut.mkv'));
  assert.ok(cut.index.times.length > 20 && cut.index.times.length < whole.index.times.length);
  const got = await collect(frames(cut));
  assert.equal(got.length, cut.index.times.length);
});

test('a source that shrinks or is exchanged after it was indexed is noticed, never silently short', async () => {
  makeClip(path('a.mkv'), { size: '320x180', seconds: 4, sound: false });
  const source = await open(path('a.mkv'));
  const file = path('changing.mkv');
  copyFileSync(path('a.mkv'), file);
  truncateSync(file, Math.floor(source.info.bytes / 2));
  await assert.rejects(collect(frames({ ...source, file })), isCode('source-changed', 'decode-failed'));
  makeClip(file, { size: '320x180', seconds: 4, rate: '30', sound: false });
  await assert.rejects(collect(frames({ ...source, file })), isCode('source-changed'));
  await assert.rejects(collect(frames({ ...source, file }, 90, 92)), isCode('source-changed'));
  rmSync(file);
  await assert.rejects(collect(frames({ ...source, file })), isCode('decode-failed'));
});

test('an abort ends decoding and indexing with its reason; leaving early ends the decoder', async () => {
  makeClip(path('long.mp4'), { size: '640x360', seconds: 3, sound: false });
  const source = await open(path('long.mp4'));
  const control = new AbortController();
  const reading = async (): Promise<void> => {
    const { file, info, index } = source;
    for await (const frame of decodeFrames(file, info, { first: 0, last: 70, index, signal: control.signal })) {
      if (frame.index === 3) control.abort(new AppError('cancelled', 'Cancelled.'));
    }
  };
  await assert.rejects(reading(), isCode('cancelled'));
  await assert.rejects(indexSource(source.file, source.info, { signal: control.signal }), isCode('cancelled'));
  const before = performance.now();
  for await (const frame of frames(source)) if (frame.index === 2) break;
  assert.ok(performance.now() - before < 4000);
});

test('a slow consumer holds the decoder back: memory does not grow', async () => {
  ffmpegOutput(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=hd1080:r=25:d=1.6',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    '-y',
    path('hd.mp4'),
  );
  const source = await open(path('hd.mp4'));
  let most = 0;
  for await (const frame of frames(source)) {
    if (frame.index < 10) await new Promise((done) => setTimeout(done, 50));
    if (frame.index === 9) most = process.memoryUsage().arrayBuffers;
  }
  // Ten frames were taken and none kept; each is 3.1 MB. Without backpressure most of the 40 would be waiting.
  assert.ok(most < 80e6, `${(most / 1e6).toFixed(0)} MB`);
});

test('an image sequence is decoded at its rate', async () => {
  ffmpegOutput(...SOURCE, '-frames:v', '5', '-start_number', '98', '-y', path('p%03d.png'));
  const info = await probe(path('p%03d.png'), { rate: { num: 12, den: 1 } });
  const index = await indexSource(path('p%03d.png'), info);
  assert.deepEqual(
    index.times,
    [0, 1, 2, 3, 4].map((n) => (n * TICKS) / 12),
  );
  const got = await collect(frames({ file: path('p%03d.png'), info, index }, 1, 4));
  assert.deepEqual(
    got.map(({ format }) => format.name),
    ['gbrp', 'gbrp', 'gbrp', 'gbrp'],
  );
  const wanted = ffmpegOutput('-i', path('p102.png'), '-pix_fmt', 'gbrp', '-f', 'rawvideo', '-');
  assert.ok(raw(got[3]!).equals(wanted));
});
