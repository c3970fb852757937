import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import type { ErrorCode } from '../../../app/contract/errors.ts';
import { locateFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import { inputArgs } from '../../../app/core/media/input.ts';
import { askProbe, checkRawProbe } from '../../../app/core/media/probe-raw.ts';
import { parseDescription, readFfmpegText } from '../../../app/core/media/probe-text.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { readStill } from '../../../app/core/media/stills.ts';
import { ffmpegOutput, makeClip } from '../../support/clips.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-probe-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);

async function refusal(file: string): Promise<ErrorCode | undefined> {
  return await probe(file).then(
    () => undefined,
    (error: unknown) => (error instanceof AppError ? error.code : undefined),
  );
}

makeClip(path('clip.mp4'), { size: '160x90', rate: '30000/1001', seconds: 1 });

test('a plain clip', async () => {
  const info = await probe(path('clip.mp4'));
  assert.deepEqual(
    [info.video.codec, info.video.pixelFormat, info.video.width, info.video.height],
    ['h264', 'yuv420p', 160, 90],
  );
  assert.deepEqual(info.video.averageRate, { num: 30_000, den: 1001 });
  assert.deepEqual([info.audio.length, info.audio[0]?.codec, info.audio[0]?.sampleRate], [1, 'aac', 48_000]);
  assert.deepEqual(info.video.colour.inferred, ['range', 'matrix']);
  assert.deepEqual([info.video.colour.range, info.video.colour.matrix], ['limited', 'smpte170m']);
  assert.match(info.warnings.join(), /inferred smpte170m/);
});

test('what cannot be used is refused with its code', async () => {
  assert.equal(await refusal(path('none.mp4')), 'not-found');
  assert.equal(await refusal(folder), 'not-a-file');
  writeFileSync(path('empty.mp4'), '');
  assert.equal(await refusal(path('empty.mp4')), 'unreadable');
  writeFileSync(path('words.mp4'), 'This is no video.\n'.repeat(100));
  assert.equal(await refusal(path('words.mp4')), 'unreadable');
  writeFileSync(path('cut.mp4'), readFileSync(path('clip.mp4')).subarray(0, 2000));
  assert.equal(await refusal(path('cut.mp4')), 'unreadable');
  ffmpegOutput('-f', 'lavfi', '-i', 'sine=d=0.2', '-y', path('sound.wav'));
  assert.equal(await refusal(path('sound.wav')), 'no-video');
  // A codec of which nobody has heard: the name in the sample entry changed.
  const strange = readFileSync(path('clip.mp4'));
  strange.write('zzzz', strange.indexOf('avc1', strange.indexOf('stsd')), 'latin1');
  writeFileSync(path('strange.mp4'), strange);
  assert.equal(await refusal(path('strange.mp4')), 'codec-unsupported');
});

test(
  'a file that may not be read is refused',
  { skip: process.getuid?.() === 0 && 'root may read everything' },
  async () => {
    copyFileSync(path('clip.mp4'), path('secret.mp4'));
    chmodSync(path('secret.mp4'), 0);
    assert.equal(await refusal(path('secret.mp4')), 'unreadable');
  },
);

test('an encrypted file is said to be that', async () => {
  const key = '0123456789abcdef0123456789abcdef';
  const cenc = ['-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', key, '-encryption_kid', key];
  ffmpegOutput('-i', path('clip.mp4'), '-map', '0:v', '-c', 'copy', ...cenc, '-y', path('locked.mp4'));
  assert.equal(await refusal(path('locked.mp4')), 'encrypted');
});

test('a cover is not the video', async () => {
  ffmpegOutput('-f', 'lavfi', '-i', 'testsrc2=s=640x480', '-frames:v', '1', '-y', path('cover.jpg'));
  const cover = [
    '-i',
    path('cover.jpg'),
    '-map',
    '0:a',
    '-map',
    '1',
    '-c:v',
    'copy',
    '-disposition:v:0',
    'attached_pic',
  ];
  ffmpegOutput('-i', path('clip.mp4'), ...cover, '-c:a', 'copy', '-y', path('song.m4a'));
  assert.equal(await refusal(path('song.m4a')), 'no-video');
  const both = ['-i', path('cover.jpg'), '-map', '1', '-map', '0:v', '-c', 'copy', '-disposition:v:0', 'attached_pic'];
  ffmpegOutput('-i', path('clip.mp4'), ...both, '-y', path('covered.mp4'));
  const info = await probe(path('covered.mp4'));
  assert.equal(info.video.codec, 'h264');
  assert.deepEqual(
    info.other.map(({ type }) => type),
    ['cover'],
  );
});

test('playlists do not make us open what they name', async () => {
  const target = path('clip.mp4');
  writeFileSync(path('list.m3u8'), `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n${target}\n#EXT-X-ENDLIST\n`);
  writeFileSync(path('list.mp4'), `ffconcat version 1.0\nfile ${target}\n`);
  writeFileSync(path('list.mkv'), `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n`);
  for (const name of ['list.m3u8', 'list.mp4', 'list.mkv']) assert.equal(await refusal(path(name)), 'unreadable', name);
});

const HOSTILE = [
  '-y',
  'a b.mp4',
  "it's.mp4",
  'say "hi".mp4',
  '[x] (y) {z}.mp4',
  '100%.mp4',
  'n%05d.mp4',
  'concat:a|b',
  'http:x.mp4',
  'pipe:0',
  'zwei\nzeilen.mp4',
  '日本語 видео.mp4',
  '$(touch x);`id`.mp4',
  '*?.mp4',
  'back\\slash.mp4',
  ',=:;.mp4',
  '-',
];

test(
  'hostile names are names and nothing else',
  { skip: process.platform === 'win32' && 'names Windows forbids' },
  async () => {
    mkdirSync(path('100% %d [dir]'));
    for (const name of HOSTILE) {
      const file = join(path('100% %d [dir]'), name);
      copyFileSync(path('clip.mp4'), file);
      assert.equal((await probe(file)).video.width, 160, JSON.stringify(name));
    }
    // A relative name as well: it may begin with a dash.
    const before = process.cwd();
    process.chdir(path('100% %d [dir]'));
    try {
      assert.equal((await probe('-y')).video.width, 160);
    } finally {
      process.chdir(before);
    }
  },
);

test('ffmpeg in words says what ffprobe says', async (t) => {
  if (!(await locateFfmpeg()).ffprobe) return t.skip('there is no ffprobe of the same build as ffmpeg');
  const turn = ['-c', 'copy', '-metadata:s:v', 'rotate=90'];
  ffmpegOutput('-i', path('clip.mp4'), ...turn, '-y', path('turned.mov'));
  const hdr = [
    '-color_primaries',
    'bt2020',
    '-color_trc',
    'smpte2084',
    '-colorspace',
    'bt2020nc',
    '-color_range',
    'tv',
  ];
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=96x64:r=25:d=0.2', '-vf', 'setsar=4/3'];
  ffmpegOutput(...source, '-pix_fmt', 'yuv422p10le', '-c:v', 'ffv1', ...hdr, '-y', path('hdr.mkv'));
  for (const name of ['clip.mp4', 'turned.mov', 'hdr.mkv']) {
    const a = await askProbe(path(name), []);
    const b = checkRawProbe(await readFfmpegText(await inputArgs(path(name)), {}), name);
    assert.equal(b.format.format_name, a.format.format_name);
    assert.equal(b.streams.length, a.streams.length);
    const keys = [
      'index',
      'codec_type',
      'codec_name',
      'pix_fmt',
      'width',
      'height',
      'color_space',
      'color_primaries',
      'color_transfer',
      'color_range',
      'sample_rate',
      'channels',
    ] as const;
    b.streams.forEach((stream, i) => {
      for (const key of keys) assert.equal(stream[key], a.streams[i]![key], `${name} ${i} ${key}`);
      if (stream.codec_type !== 'video') return;
      assert.equal(stream.avg_frame_rate, a.streams[i]!.avg_frame_rate);
      const matrix = (one: typeof stream): string[] =>
        one.side_data_list.map(({ displaymatrix }) => displaymatrix?.replaceAll(/\s+/g, ' ').trim() ?? '');
      assert.deepEqual(matrix(stream), matrix(a.streams[i]!), `${name}: matrix`);
    });
  }
});

test('words of other versions: covers, layouts, SAR of the container, no pixel format', () => {
  const said = parseDescription([
    "Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'x':",
    '  Metadata:',
    '    title           : a: b',
    '                    : c: d',
    '                    : ',
    '    artist          : e',
    '  Duration: 39:46:05.64, start: 0.000000, bitrate: 0 kb/s',
    '    Stream #0:0(eng): Video: h264 (High) (avc1 / 0x31637661), none, 1080x720, 0 kb/s, 29.97 fps, 29.97 tbr, 30k tbn, 60k tbc (default)',
    '  Stream #0:1[0x2](und): Video: h263 (s263 / 0x33363273), yuv420p, 176x144 [SAR 12:11 DAR 4:3], SAR 1:1 DAR 11:9, 12.50 fps, 15360 tbn',
    '  Stream #0:2: Video: mjpeg (Baseline), yuvj420p(pc, bt470bg/unknown/unknown), 240x169 [SAR 1:1 DAR 240:169], 90k tbr, 90k tbn (attached pic)',
    '  Stream #0:3[0x3]: Audio: ac3, 48000 Hz, 5.1(side), fltp, 448 kb/s',
    '    Side data:',
  ]) as { format: Record<string, unknown>; streams: Record<string, unknown>[] };
  assert.equal(said.format['duration'], 143_165.64);
  assert.deepEqual(said.format['tags'], { title: 'a: b\nc: d\n', artist: 'e' });
  assert.equal(said.streams[0]!['pix_fmt'], undefined);
  assert.equal(said.streams[0]!['avg_frame_rate'], '30000/1001');
  assert.deepEqual([said.streams[1]!['sample_aspect_ratio'], said.streams[1]!['avg_frame_rate']], ['1:1', '25/2']);
  assert.deepEqual(said.streams[2]!['disposition'], { attached_pic: 1 });
  assert.deepEqual([said.streams[2]!['color_range'], said.streams[2]!['color_space']], ['pc', 'bt470bg']);
  assert.deepEqual([said.streams[3]!['channels'], said.streams[3]!['sample_rate']], [6, 48_000]);
});

test('an image sequence is a source; a file of that very name wins; a gap ends it', async () => {
  const frames = path('50% off');
  mkdirSync(frames);
  const pattern = join(frames, 'f %05d.png');
  ffmpegOutput(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=64x48',
    '-frames:v',
    '6',
    '-start_number',
    '7',
    '-y',
    join(path('50%% off'), 'f %05d.png'),
  );
  const info = await probe(pattern);
  assert.deepEqual(
    [info.format, info.video.frameCount, info.duration, info.video.width],
    ['image-sequence', 6, 0.25, 64],
  );
  assert.deepEqual((await probe(pattern, { rate: { num: 30_000, den: 1001 } })).video.averageRate, {
    num: 30_000,
    den: 1001,
  });
  rmSync(join(frames, 'f 00010.png'));
  const gap = await probe(pattern);
  assert.equal(gap.video.frameCount, 3);
  assert.match(gap.warnings.join(), /f 00010\.png is missing.* 2 later pictures/);
  copyFileSync(path('clip.mp4'), pattern);
  assert.equal((await probe(pattern)).video.codec, 'h264');
  assert.equal(await refusal(join(frames, 'g%05d.png')), 'not-found');
  assert.equal(await refusal(path('nowhere/g%05d.png')), 'not-found');
});

test('the orientation a camera wrote into a JPEG is honoured', async () => {
  ffmpegOutput('-f', 'lavfi', '-i', 'testsrc2=s=64x48', '-frames:v', '1', '-y', path('plain.jpg'));
  const plain = readFileSync(path('plain.jpg'));
  const upright = await readStill(path('plain.jpg'));
  const expected: Record<number, [number, boolean]> = {
    3: [180, false],
    5: [270, true],
    6: [90, false],
    8: [270, false],
  };
  for (const [orientation, [rotation, mirrored]] of Object.entries(expected)) {
    const exif = Buffer.from(
      'ffe1002245786966000049492a00080000000100120103000100000000000000000000000000',
      'hex',
    ).subarray(0, 36);
    exif.writeUInt16LE(Number(orientation), 28);
    writeFileSync(path('exif.jpg'), Buffer.concat([plain.subarray(0, 2), exif, plain.subarray(2)]));
    const { info, frame } = await readStill(path('exif.jpg'));
    assert.deepEqual([info.video.rotation, info.video.mirrored], [rotation, mirrored], `orientation ${orientation}`);
    const quarter = rotation !== 180;
    assert.deepEqual([frame.width, frame.height], quarter ? [48, 64] : [64, 48]);
    const [a, b] = [upright.frame.planes[0]!.data, frame.planes[0]!.data];
    // Where the first sample went: EXIF's "0th row, 0th column" of each orientation.
    const corner = { 3: b.length - 1, 5: 0, 6: frame.width - 1, 8: (frame.height - 1) * frame.width }[
      Number(orientation)
    ]!;
    assert.equal(b[corner], a[0], `orientation ${orientation}`);
  }
});
