import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeakReader } from '../../../app/core/clips/peaks.ts';
import { posterOf } from '../../../app/core/clips/thumbnails.ts';
import { toneMap } from '../../../app/core/media/tone-map.ts';

test('peaks are the lowest and highest of each hundredth of a second, however the bytes arrive', () => {
  const samples = new Int16Array(160 * 2 + 1);
  samples[10] = 32_767;
  samples[20] = -32_768;
  samples[200] = -512;
  samples[320] = 1024;
  const bytes = Buffer.from(samples.buffer);
  for (const size of [1, 7, bytes.length]) {
    const reader = new PeakReader();
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    assert.deepEqual([...reader.finish()], [-128, 127, -2, 0, 4, 4]);
  }
});

test('the poster is not the black beginning', () => {
  const plain = (value: number): Uint8Array => new Uint8Array(3 * 64 * 36).fill(value);
  const detailed = plain(0).map((_, i) => (i * 37) % 256);
  assert.equal(posterOf([plain(0), plain(255), detailed, plain(0), plain(0), plain(0)]), 2);
  assert.equal(posterOf([plain(0), plain(0)]), 0);
});

test('HDR white is shown as white, grey stays grey, and brighter is never darker', () => {
  const grey = (value: number): Uint16Array => new Uint16Array(3).fill(Math.round(value * 65_535));
  for (const [transfer, white] of [
    ['smpte2084', 0.58],
    ['arib-std-b67', 0.75],
  ] as const) {
    let last = -1;
    for (let i = 0; i <= 100; i++) {
      const [r, g, b] = toneMap(grey(i / 100), transfer);
      assert.ok(Math.abs(r! - g!) <= 1 && Math.abs(b! - g!) <= 1, `${transfer} ${i}: ${r} ${g} ${b}`);
      assert.ok(g! >= last);
      last = g!;
    }
    assert.equal(last, 255);
    const reference = toneMap(grey(white), transfer)[1]!;
    assert.ok(reference > 225 && reference < 240, `${transfer}: reference white is ${reference}`);
    assert.equal(toneMap(grey(0), transfer)[0], 0);
  }
});
