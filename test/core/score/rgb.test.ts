import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frame, PixelFormat } from '../../../app/core/media/frame.ts';
import { toRgb8 } from '../../../app/core/score/rgb.ts';

function layout(channels: string, bits: number, shift: 0 | 1): PixelFormat {
  return {
    name: `test-${channels}-${bits}-${shift}`,
    bits,
    bytesPerSample: bits > 8 ? 2 : 1,
    planes: [...channels].map((channel) => ({
      channel: channel as 'y',
      shiftX: 'uv'.includes(channel) ? shift : 0,
      shiftY: 'uv'.includes(channel) ? shift : 0,
    })),
  };
}

function frameOf(format: PixelFormat, width: number, height: number, planes: readonly number[][]): Frame {
  const make = (data: number[]) => (format.bits > 8 ? Uint16Array.from(data) : Uint8Array.from(data));
  return {
    format,
    width,
    height,
    index: 0,
    time: 0,
    planes: format.planes.map(({ shiftX, shiftY }, i) => ({
      width: (width + shiftX) >> shiftX,
      height: (height + shiftY) >> shiftY,
      data: make(planes[i]!),
    })),
  };
}

const rgbOf = (
  frame: Frame,
  colour: Parameters<typeof toRgb8>[1],
  filter: Parameters<typeof toRgb8>[2] = 'replicate',
) => {
  const { r, g, b } = toRgb8(frame, colour, filter);
  return Array.from(r, (value, i) => [value, g[i], b[i]]);
};

const one = (y: number, u: number, v: number) => frameOf(layout('yuv', 8, 0), 1, 1, [[y], [u], [v]]);

const near = (got: (number | undefined)[][], want: number[]) =>
  got[0]!.forEach((value, i) => assert.ok(Math.abs(value! - want[i]!) <= 2, `${got[0]} is not ${want}`));

test('the corners of the colour cube come back from their published codes', () => {
  // Codes of 100 % white, black, red and blue: ITU-R BT.601 and BT.709, limited range.
  assert.deepEqual(rgbOf(one(235, 128, 128), {}), [[255, 255, 255]]);
  assert.deepEqual(rgbOf(one(16, 128, 128), {}), [[0, 0, 0]]);
  near(rgbOf(one(81, 90, 240), {}), [255, 0, 0]);
  near(rgbOf(one(63, 102, 240), { matrix: 'bt709' }), [255, 0, 0]);
  near(rgbOf(one(32, 240, 118), { matrix: 'bt709', range: 'limited' }), [0, 0, 255]);
  near(rgbOf(one(76, 85, 255), { matrix: 'smpte170m', range: 'full' }), [255, 0, 0]);
});

test('10-bit codes give the picture their 8-bit quarter gives', () => {
  const ten = frameOf(layout('yuv', 10, 0), 2, 1, [
    [400, 800],
    [512, 300],
    [512, 700],
  ]);
  const eight = frameOf(layout('yuv', 8, 0), 2, 1, [
    [100, 200],
    [128, 75],
    [128, 175],
  ]);
  assert.deepEqual(rgbOf(ten, {}), rgbOf(eight, {}));
});

test('chroma is replicated for video and interpolated between centres for stills', () => {
  const y = Array.from({ length: 15 }, () => 128);
  const frame = frameOf(layout('yuv', 8, 1), 5, 3, [y, [128, 128, 128, 128, 128, 128], [100, 140, 180, 100, 140, 180]]);
  const redness = (filter: 'replicate' | 'linear-centre') =>
    Array.from(toRgb8(frame, { range: 'full' }, filter).r.subarray(0, 5), (r) => Math.round((r - 128) / 1.402) + 128);
  assert.deepEqual(redness('replicate'), [100, 100, 140, 140, 180]);
  assert.deepEqual(redness('linear-centre'), [100, 110, 130, 150, 170]);
});

test('planar RGB is passed on without a copy, grey and 16-bit RGB are scaled', () => {
  const rgb = frameOf(layout('gbr', 8, 0), 1, 1, [[1], [2], [3]]);
  assert.deepEqual(rgbOf(rgb, {}), [[3, 1, 2]]);
  assert.equal(toRgb8(rgb, {}, 'replicate').g, rgb.planes[0]!.data);
  const deep = frameOf(layout('gbr', 16, 0), 1, 1, [[65535], [32768], [0]]);
  assert.deepEqual(rgbOf(deep, {}), [[0, 255, 128]]);
  assert.deepEqual(rgbOf(frameOf(layout('y', 8, 0), 1, 1, [[77]]), { range: 'full' }), [[77, 77, 77]]);
});
