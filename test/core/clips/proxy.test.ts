/** Proxies against their sources: as many frames, at the same times, never far from a keyframe; and when one is needed. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TICKS } from '../../../app/contract/time.ts';
import { keyDistance, proxyNeed } from '../../../app/core/clips/proxy-need.ts';
import { KEY_INTERVAL, proxySize, renderProxy } from '../../../app/core/clips/proxy-render.ts';
import { indexSource } from '../../../app/core/media/index-source.ts';
import { readPackets } from '../../../app/core/media/packets.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { ffmpegOutput, makeClip } from '../../support/clips.ts';
import { few } from '../../support/few.ts';

let folder = '';
before(async () => void (folder = await mkdtemp(join(tmpdir(), 'inbetween-proxy-'))));
after(async () => await rm(folder, { recursive: true, force: true }));

/** Makes the proxy and compares it with its source, frame by frame. */
async function checkProxy(path: string, height = 180): Promise<{ from: string; to: string; size: string }> {
  const info = await probe(path);
  const to = join(folder, 'proxy.mp4');
  const told = await renderProxy({ info, to, height });
  const source = await indexSource(path, info);
  const proxyInfo = await probe(to);
  const proxy = await indexSource(to, proxyInfo);
  assert.deepEqual(told.times, source.times);
  assert.equal(proxy.times.length, source.times.length);
  assert.equal(proxy.start, 0);
  for (const [k, time] of source.times.entries()) {
    assert.ok(Math.abs(time - proxy.times[k]!) <= TICKS / 1e6, `frame ${k}: ${time} and ${proxy.times[k]}`);
  }
  for (const [i, key] of proxy.stamps.keys.entries()) {
    assert.ok((proxy.stamps.keys[i + 1] ?? proxy.times.length) - key <= KEY_INTERVAL);
  }
  const { video } = proxyInfo;
  assert.deepEqual([video.codec, video.pixelFormat, video.rotation], ['h264', 'yuv420p', 0]);
  assert.deepEqual([video.colour.matrix, video.colour.transfer, video.colour.range], ['bt709', 'bt709', 'limited']);
  assert.ok(video.height <= height + 1);
  assert.equal(await proxyNeed(proxyInfo), null);
  return { from: info.video.codec, to: proxyInfo.video.codec, size: `${video.width}x${video.height}` };
}

describe('a proxy has the frames of its source at their times', () => {
  test('constant rate, with reordered frames, keyframes far apart and sound', async () => {
    const path = join(folder, 'cfr.mp4');
    makeClip(path, { rate: '24000/1001', seconds: 3, size: '640x360' });
    await checkProxy(path);
    const streams = await readPackets(join(folder, 'proxy.mp4'));
    assert.deepEqual(
      streams.map(({ type }) => type),
      ['video', 'audio'],
    );
  });

  test('variable rate, with a gap of two seconds', async () => {
    const path = join(folder, 'vfr.mkv');
    const times = `setpts='if(gt(N,20),2/TB,0)+(N*N/40+N)/30/TB'`;
    const source = 'testsrc2=size=320x180:rate=30:duration=1.5';
    ffmpegOutput('-f', 'lavfi', '-i', source, '-vf', times, '-vsync', 'passthrough', '-c:v', 'libx264', '-y', path);
    await checkProxy(path);
  });

  test('ten bits, turned, sound that begins before the pictures', async () => {
    const [plain, path] = [join(folder, 'plain.mov'), join(folder, 'turned.mov')];
    const codec = '-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le'.split(' ');
    makeClip(plain, { seconds: 1, codec });
    const late = ['-itsoffset', '0.3', '-i', plain, '-i', plain, '-map', '0:v', '-map', '1:a'];
    ffmpegOutput(...late, '-c', 'copy', '-metadata:s:v:0', 'rotate=90', '-y', path);
    const { size } = await checkProxy(path, 160);
    assert.equal(size, '90x160');
    const [, sound] = await readPackets(join(folder, 'proxy.mp4'));
    const first = (sound!.times[0]! * sound!.timeBase.num) / sound!.timeBase.den;
    assert.ok(Math.abs(first) < 0.05, `sound begins at ${first}`);
  });

  const odd = join(process.env['INBETWEEN_SHARED'] ?? '', 'clips', 'odd');
  const skip = process.env['INBETWEEN_SHARED'] && existsSync(odd) ? false : 'no clips here (INBETWEEN_SHARED)';
  const clips = {
    'MasterSelects__test_prores.mov': 'ProRes',
    'media__hlg10-color-test.mp4': 'HEVC, 10 bits, HLG',
    'media__sample_sef_super_slow_motion.mp4': 'variable rate',
    'media__sample_rotate_and_reflect.mp4': 'turned and mirrored',
    'media__sample_shorter_audio.mp4': 'full range, sound that ends early',
    'mediabunny__no-initial-keyframe.ts': 'begins without a keyframe',
  };
  for (const [name, what] of few(Object.entries(clips), ([name]) => /reflect/.test(name))) {
    test(`${name}: ${what}`, { skip }, async () => void (await checkProxy(join(odd, name))));
  }
});

test('the size is that of the picture as shown', async () => {
  const path = join(folder, 'size.mp4');
  makeClip(path, { seconds: 0.2, size: '320x180' });
  const info = await probe(path);
  assert.deepEqual(proxySize(info, 540), { width: 320, height: 180 });
  assert.deepEqual(proxySize(info, 90), { width: 160, height: 90 });
  const wide = { ...info, video: { ...info.video, sampleAspect: { num: 4, den: 3 } } };
  assert.deepEqual(proxySize(wide, 180), { width: 426, height: 180 });
});

test('only what Chromium plays well goes without one', async () => {
  const path = join(folder, 'need.mp4');
  const keyed = (key: number): string[] => [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    String(key),
    '-pix_fmt',
    'yuv420p',
  ];
  makeClip(path, { seconds: 2, sound: false, codec: keyed(12) });
  const info = await probe(path);
  assert.equal(await keyDistance(info), 12);
  assert.equal(await proxyNeed(info), null);
  const large = { ...info, video: { ...info.video, codedWidth: 1280, codedHeight: 720 } };
  assert.equal(await proxyNeed(large), null);
  makeClip(path, { seconds: 2, sound: false, codec: keyed(48) });
  assert.equal(await keyDistance(info), 48);
  assert.equal(await proxyNeed(info), null);
  assert.match((await proxyNeed(large))!, /keyframes are 48 frames apart/);
  const is = async (changes: object): Promise<string | null> =>
    await proxyNeed({ ...info, video: { ...info.video, ...changes } });
  assert.match((await is({ codec: 'prores' }))!, /prores/);
  assert.match((await is({ pixelFormat: 'yuv420p10le' }))!, /yuv420p10le/);
  assert.match((await is({ mirrored: true }))!, /mirrored/);
  assert.match((await proxyNeed({ ...info, format: 'avi' }))!, /avi/);
  const second = { index: 1, type: 'video', codec: 'mjpeg' } as const;
  assert.match((await proxyNeed({ ...info, other: [second] }))!, /several/);
});
