import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { capabilities, encoderTrial } from '../../../app/core/media/capabilities.ts';
import { fetchFfmpegStatic } from '../../../app/core/media/ffmpeg-fetch.ts';
import {
  fileUrl,
  findFfmpeg,
  locateFfmpeg,
  runFfmpeg,
  spawnFfmpeg,
  tellingLine,
} from '../../../app/core/media/ffmpeg.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-ffmpeg-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const build = await locateFfmpeg();
const offline = { INBETWEEN_OFFLINE: '1', INBETWEEN_HOME: join(folder, 'home') };
const unix = { skip: process.platform === 'win32' && 'symbolic links and shell scripts' };

function binFolder(name: string, programs: Record<string, string>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [program, target] of Object.entries(programs)) symlinkSync(target, join(path, program));
  return path;
}

const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

test('an ffmpeg alone on the PATH is found, and probing is said to go through it', unix, async () => {
  const found = await findFfmpeg({ ...offline, PATH: binFolder('alone', { ffmpeg: build.path }) });
  assert.equal(found.origin, 'PATH');
  assert.equal(found.version, build.version);
  assert.equal(found.ffprobe, undefined);
  assert.match(found.notes.join(' '), /probing goes through ffmpeg/);
});

test('an ffprobe of another version is passed over and named', unix, async () => {
  const path = binFolder('mixed', { ffmpeg: build.path });
  writeFileSync(join(path, 'ffprobe'), '#!/bin/sh\necho "ffprobe version 99.9 Copyright"\n');
  chmodSync(join(path, 'ffprobe'), 0o755);
  const found = await findFfmpeg({ ...offline, PATH: path });
  assert.equal(found.ffprobe, undefined);
  assert.match(found.notes.join(' '), /ffprobe \(99\.9\)/);
});

test('FFMPEG_BIN comes before the PATH, the setting before both', unix, async () => {
  const [a, b] = [binFolder('a', { ffmpeg: build.path }), binFolder('b', { ffmpeg: build.path })];
  const env = { ...offline, PATH: '/nowhere', FFMPEG_BIN: join(a, 'ffmpeg') };
  assert.deepEqual([(await findFfmpeg(env)).origin, (await findFfmpeg(env)).path], ['FFMPEG_BIN', join(a, 'ffmpeg')]);
  const set = await findFfmpeg({ ...env, INBETWEEN_FFMPEG: join(b, 'ffmpeg') });
  assert.deepEqual([set.origin, set.path], ['setting', join(b, 'ffmpeg')]);
});

test('a setting that is no ffmpeg is an error, not passed over', async () => {
  await assert.rejects(
    findFfmpeg({ ...process.env, INBETWEEN_FFMPEG: process.execPath }),
    (error) => isCode('ffmpeg-missing')(error) && /INBETWEEN_FFMPEG/.test(String(error)),
  );
});

test('without any other, the 2018 build inside npm is taken, and says so', async (t) => {
  const found = await findFfmpeg({ ...offline, PATH: '/nowhere' }).catch((error: unknown) => error);
  if (found instanceof AppError) return t.skip('no binary of @ffmpeg-installer for this machine');
  const old = found as Awaited<ReturnType<typeof findFfmpeg>>;
  if (old.origin !== '@ffmpeg-installer') return t.skip(`${old.origin} is there`);
  assert.match(old.notes.join(' '), /last resort/);
  const able = await capabilities(old);
  assert.deepEqual(able.passthrough, ['-vsync', '0']);
  assert.equal(able.decodes.has('h264'), true);
  assert.equal((await encoderTrial('libx264', old)).works, true);
});

test('a fetch that is forbidden or fails says why', async () => {
  const options = { timeoutMs: 5000, again: true };
  const forbidden = await fetchFfmpegStatic({ ...options, env: offline });
  assert.match(forbidden.reason ?? '', /INBETWEEN_OFFLINE/);
  // Nothing listens on port 9 of this machine.
  const env = { ...process.env, INBETWEEN_HOME: join(folder, 'fetch'), FFMPEG_BINARIES_URL: 'http://127.0.0.1:9' };
  for (const name of ['INBETWEEN_OFFLINE', 'HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) {
    Reflect.deleteProperty(env, name);
  }
  const failed = await fetchFfmpegStatic({ ...options, env });
  assert.match(failed.reason ?? '', /cannot be fetched/);
  const again = await fetchFfmpegStatic({ ...options, again: false, env });
  assert.match(again.reason ?? '', /Tried lately/);
});

test('names are made absolute behind file:', () => {
  assert.equal(fileUrl('-y'), `file:${resolve('-y')}`);
  assert.equal(fileUrl('concat:a|b'), `file:${resolve('concat:a|b')}`);
});

test('a failure tells the line that says why', async () => {
  await assert.rejects(
    runFfmpeg(['-i', fileUrl(join(folder, 'none.mp4')), '-f', 'null', '-']),
    (error) => isCode('ffmpeg-failed')(error) && /No such file/.test(String(error)),
  );
  assert.equal(
    tellingLine(['[libx264 @ 0x1] bad', '[libx264 @ 0x1] Error setting preset x.', 'Conversion failed!']),
    'Error setting preset x.',
  );
  assert.equal(tellingLine([]), 'it gave no reason');
});

test('writing to an encoder that has died throws its reason and does not wait for ever', async () => {
  const encoder = await spawnFfmpeg(
    ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', '640x480', '-i', 'pipe:0', '-c:v', 'ffv1', '-f', 'matroska', '/'],
    { stdin: 'pipe' },
  );
  const frame = new Uint8Array(640 * 480);
  const writing = async (): Promise<void> => {
    for (let i = 0; i < 1000; i++) await encoder.write(frame);
    await encoder.end();
  };
  await assert.rejects(writing(), isCode('ffmpeg-failed'));
});

test('an abort ends the process within its grace, with the abort as the reason', async () => {
  const control = new AbortController();
  const running = await spawnFfmpeg(['-re', '-f', 'lavfi', '-i', 'testsrc2', '-f', 'null', '-'], {
    signal: control.signal,
  });
  running.stdout.resume();
  const before = performance.now();
  setTimeout(() => control.abort(new AppError('cancelled', 'Cancelled.')), 200);
  await assert.rejects(running.done, isCode('cancelled'));
  assert.ok(performance.now() - before < 4000);
  await assert.rejects(spawnFfmpeg(['-version'], { signal: control.signal }), isCode('cancelled'));
});

test('stopping an ffmpeg nobody reads from does not hang', async () => {
  const running = await spawnFfmpeg(['-f', 'lavfi', '-i', 'testsrc2=s=hd1080', '-f', 'rawvideo', 'pipe:1']);
  await new Promise((done) => setTimeout(done, 100));
  const before = performance.now();
  await running.stop();
  assert.ok(performance.now() - before < 4000);
});

test('capabilities: lists are complete enough and playlists are not among the safe demuxers', async () => {
  const able = await capabilities();
  for (const codec of ['h264', 'png', 'mjpeg', 'ffv1']) assert.ok(able.decodes.has(codec), codec);
  assert.ok(able.filters.has('showinfo') && able.filters.has('scale') && able.filters.has('transpose'));
  assert.ok(able.muxers.has('mp4') && able.muxers.has('mov') && able.muxers.has('matroska'));
  assert.ok(able.bsfs.size > 10 && able.pixelFormats.get('yuv420p10le')?.components === 3);
  assert.ok(able.safeDemuxers.includes('mov') && able.safeDemuxers.includes('matroska'));
  for (const name of ['hls', 'concat', 'dash', 'image2', 'lavfi', 'sdp']) assert.ok(!able.safeDemuxers.includes(name));
  assert.equal((await encoderTrial('no-such-encoder')).works, false);
  assert.equal((await encoderTrial('ffv1')).works, true);
  assert.equal((await encoderTrial('pcm_s16le')).works, true);
});
