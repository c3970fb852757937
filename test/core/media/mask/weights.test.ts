import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameBytes, frameFromBytes, type Frame } from '../../../../app/core/media/frame.ts';
import { layReal, type Weights } from '../../../../app/core/media/mask/weights.ts';
import { pixelFormat } from '../../../../app/core/media/pixel-format.ts';

function flat(name: string, value: number, width = 17, height = 9): Frame {
  const format = pixelFormat(name);
  const made = frameFromBytes(format, width, height, new Uint8Array(frameBytes(format, width, height)), 0, 0);
  for (const { data } of made.planes) data.fill(value);
  return made;
}

const all = (value: number, width = 8, height = 4): Weights => ({
  width,
  height,
  data: new Uint8Array(width * height).fill(value),
});

test('real frames are laid over on every plane, at any depth: their mean where they agree, the nearer where they do not', () => {
  for (const name of ['yuv420p', 'yuv422p10le', 'yuv444p12le', 'gbrp16le', 'yuva420p', 'gray']) {
    const unit = 2 ** (pixelFormat(name).bits - 8);
    const [a, b, made] = [flat(name, 100 * unit), flat(name, 104 * unit), flat(name, 7 * unit)];
    for (const { data } of layReal(made, a, b, 0.25, [all(255)]).planes) {
      assert.ok(
        data.every((value: number) => value === 101 * unit),
        name,
      );
    }
    for (const { data } of layReal(made, a, b, 0.25, [all(128)]).planes) {
      const half = Math.round(7 * unit + (128 / 255) * 94 * unit);
      assert.ok(
        data.every((value: number) => value === half),
        name,
      );
    }
    const far = flat(name, 180 * unit);
    const nearer = (t: number): number => layReal(made, a, far, t, [all(255)]).planes[0]!.data[0]!;
    assert.deepEqual([nearer(0.25), nearer(0.75)], [100 * unit, 180 * unit], name);
  }
});

test('without weight nothing is touched; of several layers the greatest counts; each place has its own', () => {
  const [a, b, made] = [flat('yuv420p', 100), flat('yuv420p', 100), flat('yuv420p', 20)];
  assert.equal(layReal(made, a, b, 0.5, []), made);
  assert.equal(layReal(made, a, b, 0.5, [all(0)]), made);
  assert.equal(layReal(made, a, b, 0.5, [all(51), all(255), all(0)]).planes[0]!.data[40], 100);
  assert.equal(made.planes[0]!.data[40], 20, 'the engine’s own frame is left as it is');
  // Left half, of the picture's size: on the chroma planes too.
  const left = { width: 16, height: 8, data: Uint8Array.from({ length: 128 }, (_, i) => (i % 16 < 8 ? 255 : 0)) };
  const [p, q, r] = [flat('yuv420p', 100, 16, 8), flat('yuv420p', 100, 16, 8), flat('yuv420p', 20, 16, 8)];
  const [y, u] = layReal(r, p, q, 0.5, [left]).planes;
  assert.deepEqual([...y!.data.subarray(0, 16)], [...Array(8).fill(100), ...Array(8).fill(20)]);
  assert.deepEqual([...u!.data.subarray(0, 8)], [100, 100, 100, 100, 20, 20, 20, 20]);
});
