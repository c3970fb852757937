import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ColourInfo } from '../../../app/contract/media.ts';
import { floatRgb, frameOfFloatRgb } from '../../../app/core/media/float-rgb.ts';
import { frameBytes, frameFromBytes } from '../../../app/core/media/frame.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';

const COLOURS: readonly ColourInfo[] = [
  {},
  { range: 'full', matrix: 'smpte170m' },
  { range: 'limited', matrix: 'bt709' },
  { range: 'limited', matrix: 'bt2020nc' },
];

/** Every code the format has, in an order no filter would leave alone. */
function noise(name: string, width: number, height: number): Frame {
  const format = pixelFormat(name);
  const bytes = new Uint8Array(frameBytes(format, width, height));
  const frame = frameFromBytes(format, width, height, bytes, 0, 0);
  let state = 1;
  for (const { data } of frame.planes)
    for (let i = 0; i < data.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      data[i] = Math.floor((state / 2 ** 32) * 2 ** format.bits);
    }
  return frame;
}

for (const name of [
  'yuv420p',
  'yuv444p',
  'yuv422p10le',
  'yuv410p',
  'yuv420p12le',
  'gbrp',
  'gbrp16le',
  'gray',
  'gray16le',
])
  test(`${name} comes back with every code it had, odd sizes too`, () => {
    for (const colour of COLOURS) {
      const frame = noise(name, 37, 23);
      const back = frameOfFloatRgb(floatRgb(frame, colour), frame, colour, 7);
      assert.equal(back.time, 7);
      frame.planes.forEach(({ data }, n) => assert.deepEqual(back.planes[n]!.data, data, `${name} plane ${n}`));
    }
  });

test('white, black and primaries are where they belong', () => {
  const format = pixelFormat('yuv444p');
  // White, black and red of BT.709, limited range.
  const bytes = Uint8Array.of(235, 16, 63, 128, 128, 102, 128, 128, 240);
  const picture = floatRgb(frameFromBytes(format, 3, 1, bytes, 0, 0), { range: 'limited', matrix: 'bt709' });
  const wanted = [1, 0, 1, 1, 0, 0, 1, 0, 0];
  picture.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]!) < 0.005, `${i}: ${value}`));
});

test('values beyond the format are clipped, and what is not a number becomes 0', () => {
  const frame = noise('gbrp', 2, 1);
  const back = frameOfFloatRgb(Float32Array.of(2, -1, NaN, 1, 0.5, Infinity), frame, {}, 0);
  assert.deepEqual([...back.planes[2]!.data], [255, 0]);
  assert.deepEqual([...back.planes[0]!.data], [0, 255]);
  assert.deepEqual([...back.planes[1]!.data], [128, 255]);
});
