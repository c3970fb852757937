/** What HDR says of itself beside its pictures: kept, or its loss said; and what cannot be shown without it is refused. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { fileUrl, runFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import { dolbyVisionOf } from '../../../app/core/media/probe-picture.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { shared } from '../../support/command.ts';
import { encodes, scratch } from './output-kit.ts';

const record = (profile: number, base: number) => [
  { side_data_type: 'DOVI configuration record', dv_profile: profile, dv_bl_signal_compatibility_id: base },
];

test('Dolby Vision keeps its base picture and says so; without one it is refused', () => {
  assert.equal(dolbyVisionOf([], 'a.mov'), undefined);
  assert.match(dolbyVisionOf(record(8, 4), 'a.mov') ?? '', /profile 8.*base picture, HLG, is used/);
  assert.match(dolbyVisionOf(record(8, 1), 'a.mov') ?? '', /HDR10/);
  assert.match(dolbyVisionOf(record(7, 6), 'a.mov') ?? '', /HDR10/);
  assert.match(dolbyVisionOf(record(9, 2), 'a.mov') ?? '', /SDR/);
  for (const profile of [5, 10]) {
    assert.throws(
      () => dolbyVisionOf(record(profile, 0), 'a.mov'),
      (error: AppError) => error.code === 'codec-unsupported' && error.message.includes(`profile ${profile}`),
    );
  }
});

const clip = shared && join(shared, 'clips', 'odd', 'media__dolbyVision-hdr.MOV');

test(
  'a telephone’s Dolby Vision is read as HLG; the same as profile 5 is refused',
  { skip: clip && existsSync(clip) ? false : 'INBETWEEN_SHARED is not set: the Dolby Vision clip is not here' },
  async (t) => {
    const info = await probe(clip!);
    assert.equal(info.video.colour.transfer, 'arib-std-b67');
    assert.ok(info.warnings.some((warning) => /Dolby Vision layer \(profile 8\).*HLG/.test(warning)));
    const bytes = readFileSync(clip!);
    // 'dvvC': two bytes of version, then profile (7 bits), level (6), three flags, and the base picture's kind (4 bits).
    const at = bytes.indexOf('dvvC') + 4;
    bytes[at + 2] = (5 << 1) | (bytes[at + 2]! & 1);
    bytes[at + 4] = bytes[at + 4]! & 0x0f;
    const path = join(await scratch(t), 'profile-5.mov');
    writeFileSync(path, bytes);
    await assert.rejects(probe(path), (error: AppError) => {
      assert.equal(error.code, 'codec-unsupported');
      return /profile 5/.test(error.message);
    });
  },
);

/** Bits, first the most significant, as bytes. */
function packed(fields: readonly (readonly [value: number, bits: number])[]): number[] {
  const bits = fields.map(([value, count]) => value.toString(2).padStart(count, '0')).join('');
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
}

test('HDR10+ is left behind aloud, light levels are not', async (t) => {
  if (!(await encodes(t, 'hevc'))) return;
  const folder = await scratch(t);
  const plain = join(folder, 'plain.hevc');
  const tags = '-colorspace bt2020nc -color_primaries bt2020 -color_trc smpte2084 -color_range tv'.split(' ');
  const params = 'log-level=error:pools=1:frame-threads=1:max-cll=1000,400:repeat-headers=1';
  await runFfmpeg([
    ...['-y', '-f', 'lavfi', '-i', 'color=gray:s=64x64:r=25:d=0.08', ...tags, '-pix_fmt', 'yuv420p10le'],
    ...['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', params, '-f', 'hevc', fileUrl(plain)],
  ]);
  assert.doesNotMatch((await probe(plain)).warnings.join(' '), /HDR10\+/);
  // ITU-T T.35 of SMPTE 2094-40: one window, a target of 400 cd/m2, brightest parts, no curve.
  const light = [...[1000, 900, 800, 100].map((value) => [value, 17] as const), [0, 4] as const, [0, 10] as const];
  const metadata = packed([[1, 2], [400, 27], [0, 1], ...light, [0, 1], [0, 1], [0, 1]]);
  const payload = [0xb5, 0x00, 0x3c, 0x00, 0x01, 0x04, 0x01, ...metadata];
  const escaped = [...payload, 0x80].flatMap((byte, i, all) =>
    byte <= 3 && all[i - 1] === 0 && all[i - 2] === 0 ? [3, byte] : [byte],
  );
  const message = Buffer.from([0, 0, 0, 1, 0x4e, 0x01, 0x04, payload.length, ...escaped]);
  const stream = readFileSync(plain);
  // Before the first picture (of type 19 or 20: IDR).
  const first = Math.min(
    ...[0x26, 0x28].map((type) => stream.indexOf(Buffer.from([0, 0, 1, type, 0x01]))).filter((at) => at >= 0),
  );
  const path = join(folder, 'plus.hevc');
  writeFileSync(path, Buffer.concat([stream.subarray(0, first), message.subarray(1), stream.subarray(first)]));
  const { warnings, video } = await probe(path);
  assert.match(warnings.join(' '), /dynamic metadata of HDR \(HDR10\+\) is left behind/);
  assert.deepEqual(video.hdr?.contentLight, { max: 1000, average: 400 });
});
