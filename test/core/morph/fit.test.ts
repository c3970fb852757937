import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VideoInfo } from '../../../app/contract/media.ts';
import type { MorphFit } from '../../../app/contract/morph.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import type { Still } from '../../../app/core/media/stills.ts';
import { fitStill, placing } from '../../../app/core/morph/fit.ts';
import { resample } from '../../../app/core/morph/resample.ts';

const info = { video: { sampleAspect: { num: 1, den: 1 }, colour: {} } } as VideoInfo;

/** Planar RGB; `paint` gives a channel (g, b, r, a: 0 to 3) of a place. */
function still(width: number, height: number, name: string, paint: (x: number, y: number, c: number) => number): Still {
  const format = pixelFormat(name);
  const planes = format.planes.map((_, c) => {
    const data = format.bits > 8 ? new Uint16Array(width * height) : new Uint8Array(width * height);
    for (let i = 0; i < data.length; i++) data[i] = paint(i % width, Math.floor(i / width), c);
    return { width, height, data };
  });
  const frame: Frame = { format, width, height, planes, index: 0, time: 0 };
  return { frame, info };
}

const at = ({ frame }: Still, x: number, y: number): number[] =>
  frame.planes.map(({ data }) => data[y * frame.width + x]!);

test('resampling keeps what is flat and what is straight, and reduces to the mean', () => {
  const ramp = Float32Array.from({ length: 40 * 10 }, (_, i) => (i % 40) / 40);
  const larger = resample(
    ramp,
    { width: 40, height: 10 },
    { x: 0, y: 0, width: 40, height: 10 },
    { width: 100, height: 25 },
  );
  // A straight line stays one but for the border, where the picture is repeated outwards.
  for (let x = 10; x < 90; x++) assert.ok(Math.abs(larger[12 * 100 + x]! - ((x + 0.5) * 0.4 - 0.5) / 40) < 1e-5);
  const noise = Float32Array.from({ length: 64 * 64 }, (_, i) => ((i * 7919) % 101) / 101);
  const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
  const small = resample(
    noise,
    { width: 64, height: 64 },
    { x: 0, y: 0, width: 64, height: 64 },
    { width: 4, height: 4 },
  );
  for (const value of small) assert.ok(Math.abs(value - mean) < 0.1);
  const one = resample(
    Float32Array.of(0.3),
    { width: 1, height: 1 },
    { x: 0, y: 0, width: 1, height: 1 },
    { width: 5, height: 3 },
  );
  for (const value of one) assert.ok(Math.abs(value - 0.3) < 1e-6);
});

test('crop cuts the longer sides, pad frames in black, stretch distorts', () => {
  const size = { width: 40, height: 20 };
  const to = (fit: MorphFit, aspect = 1) => placing(size, aspect, { width: 20, height: 20, fit });
  assert.deepEqual(to('crop').part, { x: 10, y: 0, width: 20, height: 20 });
  assert.deepEqual(to('pad').to, { x: 0, y: 5, width: 20, height: 10 });
  assert.deepEqual(to('stretch'), { part: { x: 0, y: 0, ...size }, to: { x: 0, y: 0, width: 20, height: 20 } });
  // Pixels half as wide as high: the picture is a square.
  assert.deepEqual(to('crop', 0.5).part, { x: 0, y: 0, ...size });

  const halves = still(40, 20, 'gbrp', (x) => (x < 20 ? 200 : 40));
  const cropped = fitStill(halves, { width: 20, height: 20, fit: 'crop' });
  assert.deepEqual([at(cropped, 2, 10)[0], at(cropped, 17, 10)[0]], [200, 40]);
  const padded = fitStill(halves, { width: 20, height: 20, fit: 'pad' });
  assert.deepEqual([at(padded, 5, 1)[0], at(padded, 5, 10)[0], at(padded, 15, 10)[0]], [0, 200, 40]);
  assert.equal(fitStill(halves, { width: 40, height: 20, fit: 'crop' }), halves, 'what fits is left alone');
});

test('opaque stays opaque, bars of what has alpha are transparent, and what is invisible leaves no fringe', () => {
  // An orange disc; under what is transparent lies glaring green.
  const disc = still(48, 48, 'gbrap', (x, y, c) => {
    const inside = (x - 24) ** 2 + (y - 24) ** 2 < 14 ** 2;
    return inside ? [120, 20, 220, 255][c]! : [255, 0, 0, 0][c]!;
  });
  const small = fitStill(disc, { width: 31, height: 17, fit: 'pad' });
  assert.equal(at(small, 0, 8)[3], 0);
  let edges = 0;
  for (let y = 0; y < 17; y++)
    for (let x = 0; x < 31; x++) {
      const [g, b, r, a] = at(small, x, y) as [number, number, number, number];
      if (a < 8) continue;
      if (a < 248) edges++;
      assert.ok(
        Math.abs(g - 120) < 12 && Math.abs(b - 20) < 12 && Math.abs(r - 220) < 12,
        `${x},${y}: ${g},${b},${r},${a}`,
      );
    }
  assert.ok(edges > 5, 'there are half transparent pixels to look at');
  const shown = fitStill(disc, { width: 48, height: 48, fit: 'crop', alpha: false });
  assert.deepEqual(at(shown, 2, 2), [0, 0, 0], 'on black where alpha is dropped');
  assert.deepEqual(at(shown, 24, 24), [120, 20, 220]);
  const opaque = fitStill(
    still(20, 10, 'gbrp', () => 77),
    { width: 10, height: 10, fit: 'crop', alpha: true },
  );
  assert.ok(opaque.frame.planes[3]!.data.every((value: number) => value === 255));
});

test('16 bits keep their depth, 8 are widened where asked', () => {
  const deep = fitStill(
    still(20, 10, 'gbrp16le', () => 30001),
    { width: 10, height: 5, fit: 'crop' },
  );
  assert.equal(deep.frame.format.name, 'gbrp16le');
  assert.equal(at(deep, 4, 2)[0], 30001);
  const widened = fitStill(
    still(20, 10, 'gbrp', () => 255),
    { width: 20, height: 10, fit: 'crop', bits: 16 },
  );
  assert.equal(at(widened, 0, 0)[0], 65535);
});
