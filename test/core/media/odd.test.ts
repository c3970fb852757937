/** clips/odd, a choice of them in `npm test`: each is indexed and decoded consistently, or refused with the code that fits what this ffmpeg can do. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import { decodeFrames, decodedFormat } from '../../../app/core/media/decode.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { indexSource } from '../../../app/core/media/index-source.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { ALL, FEW, FEWEST, NEEDS_DECODER, ODD, oddFolder, REFUSED } from '../../support/odd.ts';

/** All that are awkward in another way take twelve seconds. */
const CHOICE = new Set([...FEWEST, ...FEW.filter((_, at) => at % 3 === 0)]);
const files = ODD.filter(({ file }) => ALL || CHOICE.has(file));
const { decodes } = await capabilities();

/** What is odd about a file must show in what is made of it: turned size, format, frames (as ffprobe -count_frames counts them). */
const FACTS: Record<string, { size?: string; format?: string; frames?: number; start?: number; aspect?: string }> = {
  'MasterSelects__test_prores.mov': { format: 'yuv422p10le', size: '1920x1080', frames: 125 },
  'auto-editor__SAR-2by3.mp4': { aspect: '2/3', frames: 60 },
  'auto-editor__h264-mjpeg.mkv': { size: '640x360', frames: 60 },
  'auto-editor__test_yuv422p.mp4': { format: 'yuv422p' },
  'decord__video_90.mov': { size: '320x568', frames: 3 },
  'decord__video_180.mov': { size: '568x320' },
  'imageio-binaries__newtonscradle.gif': { format: 'gbrap', frames: 36 },
  'media__dolbyVision-hdr.MOV': { size: '720x1280', format: 'yuv420p10le' },
  'media__hlg10-color-test.mp4': { format: 'yuv420p10le', frames: 9 },
  'media__long_1080p_lowbitrate.mp4': { frames: 10_883 },
  'media__portrait_4k60.mp4': { size: '2160x3840', format: 'yuv420p', frames: 18 },
  'media__sample_rotate_and_reflect.mp4': { size: '720x1080', frames: 30 },
  'media__sample_sef_super_slow_motion.mp4': { frames: 435 },
  'media__sample_with_chapters.mkv': { format: 'yuv444p', frames: 150 },
  'media__sample_with_htc_rotation_track_name.mkv': { size: '720x1080' },
  'media__water_180_mvhevc_5frames.mov': { size: '1934x2160', frames: 5 },
  'mediabunny__annex-b-avc.mkv': { frames: 745 },
  'mediabunny__no-initial-keyframe.ts': { frames: 15 },
  'mediabunny__rotate-buck-bunny.mp4': { size: '1080x1920', frames: 45 },
  'mediabunny__sar_2x1.mp4': { aspect: '2/1', frames: 150 },
  'moviepy__smpte-2997.mp4': { frames: 251 },
  'testdata__video-3s.avi': { format: 'yuv410p', frames: 110 },
  'torchcodec__h264_10bits.mp4': { format: 'yuv420p10le', frames: 30 },
};

async function one(
  path: string,
  info: Awaited<ReturnType<typeof probe>>,
  index: Awaited<ReturnType<typeof indexSource>>,
  at: number,
): Promise<Frame> {
  let found: Frame | undefined;
  for await (const frame of decodeFrames(path, info, { first: at, last: at, index })) {
    assert.equal(found, undefined, 'one frame was asked for');
    found = frame;
  }
  assert.ok(found, `frame ${at} came`);
  return found;
}

function mean(samples: Uint8Array | Uint16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample;
  return sum / samples.length;
}

async function done(path: string, file: string): Promise<void> {
  const info = await probe(path);
  let thumbnails = 0;
  const means: number[] = [];
  const index = await indexSource(path, info, {
    onThumbnail: (at, luma) => {
      assert.equal(at, thumbnails++);
      means.push(mean(luma));
    },
  });
  const { times } = index;
  assert.equal(thumbnails, times.length);
  assert.equal(times[0], 0);
  for (let i = 1; i < times.length; i++) assert.ok(times[i]! > times[i - 1]!, `time ${i} ascends`);
  assert.ok(index.end > times.at(-1)!);
  const { width, height } = info.video;
  for (const at of new Set([0, times.length >> 1, times.length - 1])) {
    const frame = await one(path, info, index, at);
    assert.deepEqual([frame.index, frame.time, frame.width, frame.height], [at, times[at], width, height]);
    assert.equal(frame.format, decodedFormat(info));
    assert.equal(frame.planes.length, frame.format.planes.length);
    // The picture is the one the index saw there: as bright as its thumbnail, which is full range.
    if (frame.format.planes[0]!.channel !== 'y') continue;
    const value = mean(frame.planes[0]!.data) / 2 ** (frame.format.bits - 8);
    const light = info.video.colour.range === 'full' ? value : ((value - 16) * 255) / 219;
    assert.ok(Math.abs(light - means[at]!) < 2.5, `frame ${at}: ${light} and its thumbnail ${means[at]}`);
  }
  const facts = FACTS[file] ?? {};
  const { num, den } = info.video.sampleAspect;
  if (facts.size) assert.equal(`${width}x${height}`, facts.size);
  if (facts.format) assert.equal(decodedFormat(info).name, facts.format);
  if (facts.frames) assert.equal(times.length, facts.frames);
  if (facts.aspect) assert.equal(`${num}/${den}`, facts.aspect);
}

const skip = files.length === 0 && 'INBETWEEN_SHARED is not set: the 52 odd clips are not there';

test(`${ALL ? 'every odd clip' : 'a choice of odd clips'}`, { skip, concurrency: 2 }, async (t) => {
  assert.equal(ODD.length, 52);
  const tests = files.map(({ file, why }) =>
    t.test(`${file} (${why})`, async () => {
      const path = join(oddFolder!, file);
      const codec = NEEDS_DECODER[file];
      const code = codec && !decodes.has(codec) ? 'codec-unsupported' : REFUSED[file];
      if (code === undefined) return await done(path, file);
      await assert.rejects(
        async () => indexSource(path, await probe(path)),
        (error) => error instanceof AppError && error.code === code,
      );
    }),
  );
  await Promise.all(tests);
});
