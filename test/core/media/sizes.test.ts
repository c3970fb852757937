/** The size of a picture is kept or refused by name in the plan; encoders are asked for their limits. All of it: test/long/sizes.long.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { FIGURE } from '../../guarantees/promise.ts';
import { planFor, type PlanRequest } from './output-kit.ts';

async function sizeOf(request: PlanRequest): Promise<string> {
  try {
    const { codec, input, notes } = await planFor('yuv420p', request);
    return `${codec} ${input.width}x${input.height}${notes.length > 0 ? `: ${notes.join(' ')}` : ''}`;
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === 'encoder-cannot', String(error));
    return error.message;
  }
}

test('an odd size is kept where a codec of the container can; a codec that was chosen repeats one line and says so', async (t) => {
  const odd = { width: 75, height: 67 };
  const kept = /^(vp9|av1) 75x67: (vp9|av1) is used: h264 cannot hold 75x67 in yuv420p here\.$/;
  assert.match(await sizeOf({ ...odd, path: 'a.mp4', codecChosen: false }), kept);
  assert.match(await sizeOf({ ...odd, path: 'a.mkv', codecChosen: false }), kept);
  assert.equal(await sizeOf({ ...odd, path: 'a.webm', codec: 'av1' }), 'av1 75x67');
  const padded =
    /^h264 76x68: The picture of 75x67 is written as 76x68, its right and bottom edges repeated: h264 needs an even size\.$/;
  assert.match(await sizeOf({ ...odd, path: 'a.mp4' }), padded);
  // QuickTime has none that keeps it but ProRes, which nobody takes for that.
  assert.match(await sizeOf({ ...odd, path: 'a.mov', codecChosen: false }), padded);
  assert.equal(await sizeOf({ width: 76, height: 68, path: 'a.mp4', codecChosen: false }), 'h264 76x68');
  t.diagnostic(`${FIGURE}no line is lost: 5 ways to write 75x67`);
});

test('what an encoder cannot is found out in the plan: too small, too wide, slices', async () => {
  const small = await sizeOf({ width: 16, height: 16, path: 'a.mp4', codec: 'hevc' });
  assert.match(small, /^hevc cannot hold pictures of 16x16 here: the least it takes is 64x64\. What can: h264/);
  assert.equal(await sizeOf({ width: 16, height: 16, path: 'a.mp4', codec: 'av1' }), 'av1 16x16');
  const wide = await sizeOf({ width: 20_000, height: 16, path: 'a.mp4', codec: 'h264' });
  assert.match(wide, /^h264 cannot hold pictures of 20000x16 here: .*What can: .*ffv1/);
  for (const [width, height] of [
    [16, 4096],
    [3, 5],
    [7680, 32],
  ])
    assert.equal(await sizeOf({ width, height, path: 'a.mkv', codec: 'ffv1' }), `ffv1 ${width}x${height}`);
});
