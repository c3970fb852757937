/** Clips as cameras and programs make them, in one sequence. Needs ../shared (INBETWEEN_SHARED). */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { probe } from '../../../app/core/media/probe.ts';
import { differenceDb, frameAt, Room, samplesOf } from './clips.ts';
import { sequenceClip, sequenceSpec, SETTINGS } from './sequence-support.ts';
import { ONLY_LONG } from '../../support/few.ts';

const odd = join(process.env['INBETWEEN_SHARED'] ?? '', 'clips', 'odd');
const skip = existsSync(odd)
  ? false
  : 'set INBETWEEN_SHARED to the folder with clips/odd: clips of cameras, rotated, anamorphic, 10 bits';

test(
  'rotated, anamorphic, 10-bit, ProRes, GIF and variable-rate clips join in one export',
  { skip: skip || ONLY_LONG },
  async () => {
    await using room = await Room.make();
    const names = [
      'decord__video_90.mov',
      'mediabunny__sar_2x1.mp4',
      'torchcodec__h264_10bits.mp4',
      'MasterSelects__test_prores.mov',
      'imageio-binaries__newtonscradle.gif',
      'media__sample_android_slow_motion.mp4',
      'moviepy__smpte-2997.mp4',
    ];
    const clips = names.map((name, i) => sequenceClip(join(odd, name), i * 12, 12, i % 2 === 0 ? 1 : 0.5, { name }));
    const settings = { ...SETTINGS, width: 256, height: 144 };
    const spec = sequenceSpec(clips, room.path('out.mp4'), { settings, quality: 8 });
    const result = await room.run(spec);
    assert.deepEqual([result.verified, result.frames], [true, 84]);
    const { video, audio } = await probe(spec.output);
    assert.deepEqual([video.width, video.height, video.rotation, audio.length], [256, 144, 0, 1]);
    assert.equal(audio[0]!.channels, 2);
    assert.ok(Math.abs(samplesOf(spec.output, 0).length / 48_000 - 84 / 25) < 0.06);
    // The rotated one stands upright, between bars.
    const rotated = join(odd, names[0]!);
    const { width, height } = (await probe(rotated)).video;
    assert.ok(width < height);
    const across = 2 * Math.round((width * 144) / height / 2);
    const bar = 2 * Math.floor((256 - across) / 4);
    const filter = `scale=${across}:144:flags=bicubic,pad=256:144:${bar}:0,format=yuv420p`;
    const db = differenceDb(frameAt(spec.output, 0), frameAt(rotated, 0, filter));
    assert.ok(db > 30, String(db));
  },
);
