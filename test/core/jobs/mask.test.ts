import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { masksFolder } from '../../../app/core/base/home.ts';
import { importMask } from '../../../app/core/media/mask/painted.ts';
import { frameAt, Room } from './clips.ts';
import { sequenceClip, sequenceSpec } from './sequence-support.ts';

const [WIDTH, HEIGHT] = [160, 90];

test('a sequence keeps what is painted, frame for frame, and makes only that anew; a mask that is gone is refused', async () => {
  await using room = await Room.make();
  const input = room.clip('a.mov', { frames: 12 });
  const left = room.path('left.png');
  const picture = 'color=black:s=16x9,drawbox=x=0:y=0:w=8:h=9:color=white:t=fill';
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', picture, '-frames:v', '1', '-pix_fmt', 'gray', left]);
  const painted = await importMask(masksFolder(room.home), left);
  const film = (name: string, mask?: { auto: boolean; painted?: string }) =>
    sequenceSpec(
      [sequenceClip(input, 0, 24, 0.5, { engine: 'glide', fields: 'off', ...(mask && { mask }) })],
      room.path(name),
      {
        codec: 'ffv1',
      },
    );
  const [plain, masked] = [film('plain.mkv'), film('masked.mkv', { auto: false, painted })];
  await room.run(plain);
  const made = await room.run(masked);
  assert.equal(made.reusedFrames, 0, 'another mask, other chunks');
  let differ = 0;
  for (const k of [5, 11]) {
    const [own, other] = [frameAt(plain.output, k), frameAt(masked.output, k)];
    const [before, after] = [frameAt(masked.output, k - 1), frameAt(masked.output, k + 1)];
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const i = y * WIDTH + x;
        // The mask's own pixels are ten wide: at its edge both are mixed.
        if (x > 96) assert.equal(other[i], own[i], `${x}, ${y}`);
        if (x >= 64) continue;
        const [low, high] = [Math.min(before[i]!, after[i]!), Math.max(before[i]!, after[i]!)];
        assert.ok(other[i]! >= low && other[i]! <= high, `${x}, ${y}: ${other[i]} between ${low} and ${high}`);
        if (other[i] !== own[i]) differ++;
      }
    }
  }
  assert.ok(differ > 100, 'the engine had carried something there');
  const gone = film('gone.mkv', { auto: false, painted: 'ab'.repeat(32) });
  await assert.rejects(room.run(gone), (error: Error) => 'code' in error && error.code === 'mask-missing');
});
