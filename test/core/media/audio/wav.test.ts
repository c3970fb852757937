import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { channelMask, wavHeader } from '../../../../app/core/media/audio/wav.ts';
import { runFfmpeg } from '../../../../app/core/media/ffmpeg.ts';
import { scratch } from './helpers.ts';

const folder = scratch();

test('beyond 4 GiB the header is RF64 and ffmpeg reads the whole length', async () => {
  const seconds = 3 * 3600;
  const dataBytes = seconds * 48_000 * 2 * 4 * 2;
  assert.ok(dataBytes > 2 ** 32);
  const header = wavHeader(96_000, 2, 3, dataBytes);
  assert.equal(header.toString('latin1', 0, 4), 'RF64');
  const path = join(folder, 'big.wav');
  writeFileSync(path, header);
  // Sparse: nothing but the header is on the disk.
  truncateSync(path, header.length + dataBytes);
  const { stderr } = await runFfmpeg(['-i', path, '-t', '0.1', '-f', 'null', '-'], { logLevel: 'info' });
  assert.match(stderr.join('\n'), /Duration: 03:00:00\.00/);
  assert.equal(wavHeader(96_000, 2, 3, 1000).toString('latin1', 0, 4), 'RIFF');
});

test('channel masks follow the layout', () => {
  assert.equal(channelMask('stereo', 2), 0x3);
  assert.equal(channelMask('5.1', 6), 0x3f);
  assert.equal(channelMask('5.1(side)', 6), 0x60f);
  assert.equal(channelMask('FL+FR+LFE', 3), 0xb);
  assert.equal(channelMask(undefined, 8), 0x63f);
  assert.equal(channelMask('5 channels', 5), 0);
  assert.equal(channelMask('stereo', 3), 0);
});
