import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameAt, frameHashes, Room, samplesOf } from './clips.ts';
import { sequenceClip, sequenceSpec } from './sequence-support.ts';

test('clips, a gap and sound become one file; real frames pass through untouched', async () => {
  await using room = await Room.make();
  const a = room.clip('a.mov', { tone: { hertz: 440, channels: 1, sampleRate: 44_100 } });
  const b = room.clip('b.mov', { frames: 30 });
  const spec = sequenceSpec([sequenceClip(a, 0, 50), sequenceClip(b, 60, 60, 0.5)], room.path('out.mkv'), {
    codec: 'ffv1',
  });
  const result = await room.run(spec);
  assert.equal(result.verified, true);
  assert.deepEqual(
    [result.frames, result.passedThrough, result.synthesised, result.held, result.black],
    [120, 50 + 30, 29, 1, 10],
  );
  assert.equal(result.audio, 'keep-pitch');
  const [out, sourceA, sourceB] = [spec.output, a, b].map((path) => frameHashes(path));
  assert.deepEqual(out!.slice(0, 50), sourceA);
  assert.deepEqual(
    out!.slice(60).filter((_, k) => k % 2 === 0),
    sourceB,
  );
  const black = frameAt(spec.output, 55);
  assert.ok(black.subarray(0, 160 * 90).every((y) => y === 16) && black.subarray(160 * 90).every((c) => c === 128));
  const sound = samplesOf(spec.output, 1);
  assert.ok(Math.abs(sound.length - 4.8 * 48_000) <= 2000, String(sound.length));
  assert.ok(Math.max(...sound.subarray(10_000, 20_000)) > 0.1);
  assert.ok(sound.subarray(2.01 * 48_000, 4.7 * 48_000).every((one) => Math.abs(one) < 1e-3));
});
