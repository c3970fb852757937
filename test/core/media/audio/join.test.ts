import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { channelGains, remix } from '../../../../app/core/media/audio/channels.ts';
import { SoundJoiner } from '../../../../app/core/media/audio/join.ts';
import { WAV_HEADER_BYTES, WavWriter } from '../../../../app/core/media/audio/wav.ts';

test('one channel goes to both sides as it is; more become two without clipping; two become one by their mean', () => {
  assert.deepEqual([...remix(Float32Array.of(0.5, -1), 1, channelGains(1, 2))], [0.5, 0.5, -1, -1]);
  assert.deepEqual([...remix(Float32Array.of(1, 0.5), 2, channelGains(2, 1))], [0.75]);
  assert.equal(channelGains(6, 6), undefined);
  for (const from of [3, 4, 5, 6, 7, 8]) {
    const [left, right] = channelGains(from, 2)!;
    for (const row of [left!, right!]) assert.ok(Math.abs(row.reduce((sum, gain) => sum + gain, 0) - 1) < 1e-12);
    // The sides mirror each other.
    assert.ok(left![0]! > 0 && left![1] === 0 && right![0] === 0 && right![1] === left![0]);
  }
  // Of 5.1 the LFE is in neither.
  assert.deepEqual([channelGains(6, 2)![0]![3], channelGains(6, 2)![1]![3]], [0, 0]);
  assert.equal(channelGains(2, 6)!.length, 6);
});

test('parts stand where they belong, with silence between, whatever the size of the blocks they are read in', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-join-'));
  try {
    const part = join(folder, 'part.wav');
    const length = 100_003;
    const writer = await WavWriter.open(part, 8000, 1);
    await writer.append(Float32Array.from({ length }, (_, n) => n + 1));
    await writer.close();
    const path = join(folder, 'all.wav');
    const joiner = await SoundJoiner.open(path, 8000, 2);
    await joiner.add({ path: part, channels: 1, start: 10, end: 10 + length + 1 });
    await joiner.add({ path: part, channels: 1, start: length + 20, end: length + 25 });
    await joiner.silence(length + 30);
    assert.equal(await joiner.close(), length + 30);
    const samples = new Float32Array(new Uint8Array((await readFile(path)).subarray(WAV_HEADER_BYTES)).buffer);
    const heard = Array.from({ length: length + 30 }, (_, n) => samples[2 * n]!);
    const wanted = heard.map((__, n) => {
      if (n >= 10 && n < 10 + length) return n - 9;
      return n >= length + 20 && n < length + 25 ? n - length - 19 : 0;
    });
    assert.deepEqual(heard, wanted);
    assert.equal(samples[2 * 500 + 1], samples[2 * 500]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
