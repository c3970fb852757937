import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalConvolution } from '../../../app/core/kernels/local.ts';
import type { LocalShape } from '../../../app/core/kernels/local.ts';
import { localAdaptive, localJoin, localSeparable } from '../../../app/core/kernels/twin-local.ts';
import type { Source, Taps } from '../../../app/core/kernels/twin-local.ts';

let state = 7;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

/** A picture with its padding, pixel by pixel. */
function padded(picture: Float32Array, { width: w, height: h, kernel, padding }: LocalShape): Source {
  const [margin, stride, rows] = [kernel >> 1, w + kernel - 1, h + kernel - 1];
  const data = new Float32Array(3 * stride * rows);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < stride; x++) {
        const [px, py] = [x - margin, y - margin];
        const [cx, cy] = [Math.min(w - 1, Math.max(0, px)), Math.min(h - 1, Math.max(0, py))];
        const outside = padding === 'zero' && (cx !== px || cy !== py);
        data[(c * rows + y) * stride + x] = outside ? 0 : picture[(c * h + cy) * w + cx]!;
      }
  return { data, at: 0, plane: rows * stride, stride };
}

/** What the kernels in `maps` make of both pictures, by the twins: the whole picture and its mean trust. */
function byTwins(shape: LocalShape, pictures: readonly Float32Array[], maps: readonly Float32Array[]) {
  const { kernel: k, width: w, height: h } = shape;
  const taps = maps.map((data): Taps => ({ data, plane: w * h, stride: w }));
  const [a, b] = pictures.map((picture, n) => {
    const source = padded(picture, shape);
    if (shape.kind === 'adaptive') return localAdaptive(source, taps[n]!, k, w, h);
    return localSeparable(source, taps[2 * n]!, taps[2 * n + 1]!, k, w, h);
  });
  return localJoin(a!, b!, w * h, shape.normalise === true);
}

/** Taps that sum to about 1/2 a pixel and picture, some of them negative. */
function fill(map: Float32Array, kind: LocalShape['kind'], kernel: number): void {
  const mean = kind === 'separable' ? Math.SQRT1_2 / kernel : 0.5 / kernel ** 2;
  for (let i = 0; i < map.length; i++) map[i] = mean * (0.5 + random() * 2 - 0.5);
}

function farthest(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Number.isFinite(value) ? Math.abs(value - b[i]!) : Infinity), 0);
}

for (const [kind, kernel, width, height] of [
  ['separable', 1, 37, 9],
  ['separable', 3, 5, 4],
  ['separable', 25, 67, 21],
  ['separable', 51, 83, 19],
  ['adaptive', 1, 3, 5],
  ['adaptive', 3, 37, 11],
  ['adaptive', 25, 29, 10],
  ['adaptive', 41, 22, 9],
] as const)
  for (const padding of ['replicate', 'zero'] as const)
    test(`${kind} convolution of ${kernel} taps agrees with its twin at ${width}x${height}, ${padding}`, async () => {
      const normalise = padding === 'replicate' && kernel === 25;
      const shape: LocalShape = { kind, kernel, padding, normalise, width, height, region: { width, height } };
      await using local = new LocalConvolution(shape, 2);
      const pictures = [0, 1].map(() => Float32Array.from({ length: 3 * width * height }, random));
      pictures.forEach((picture, n) => local.load(n === 0 ? 0 : 1, picture));
      for (const map of local.maps) fill(map, kind, kernel);
      const out = new Float32Array(3 * width * height);
      const trust = await local.run({ left: 0, top: 0, width, height }, out);
      const wanted = byTwins(shape, pictures, local.maps);
      assert.ok(farthest(out, wanted.picture) < 3e-6, `${farthest(out, wanted.picture)}`);
      assert.ok(
        Math.abs(trust / (width * height) - wanted.trust) < 1e-4,
        `${trust / (width * height)} ${wanted.trust}`,
      );
      assert.ok(wanted.trust > 0.01 && wanted.trust < 0.99, `${wanted.trust}`);
    });

test('regions and threads make no difference, to the bit', async () => {
  const [kernel, width, height] = [7, 53, 38];
  const pictures = [0, 1].map(() => Float32Array.from({ length: 3 * width * height }, random));
  const maps = Array.from({ length: 4 }, () => Float32Array.from({ length: kernel * width * height }, random));
  const make = async (threads: number, region: LocalShape['region']): Promise<Float32Array> => {
    const shape = { kind: 'separable', kernel, padding: 'replicate', width, height, region } as const;
    await using local = new LocalConvolution(shape, threads);
    local.load(0, pictures[0]!);
    local.load(1, pictures[1]!);
    const out = new Float32Array(3 * width * height);
    for (let top = 0; top < height; top += region.height)
      for (let left = 0; left < width; left += region.width) {
        const place = {
          left,
          top,
          width: Math.min(region.width, width - left),
          height: Math.min(region.height, height - top),
        };
        maps.forEach((map, n) => {
          for (let t = 0; t < kernel; t++)
            for (let y = 0; y < place.height; y++) {
              const from = (t * height + top + y) * width + left;
              local.maps[n]!.set(map.subarray(from, from + place.width), (t * region.height + y) * region.width);
            }
        });
        await local.run(place, out);
      }
    return out;
  };
  const whole = await make(1, { width, height });
  assert.deepEqual(await make(3, { width, height }), whole);
  assert.deepEqual(await make(2, { width: 21, height: 13 }), whole);
});

test('a kernel of one tap moves the picture', async () => {
  const [kernel, width, height] = [9, 40, 30];
  const shape = { kind: 'separable', kernel, padding: 'replicate', width, height, region: { width, height } } as const;
  await using local = new LocalConvolution(shape, 1);
  const picture = Float32Array.from({ length: 3 * width * height }, random);
  local.load(0, picture);
  local.load(
    1,
    picture.map(() => 0),
  );
  // The sample 3 rows below and 2 columns to the left, of the first picture alone.
  local.maps[0]!.fill(1, (4 + 3) * width * height, (4 + 4) * width * height);
  local.maps[1]!.fill(1, (4 - 2) * width * height, (4 - 1) * width * height);
  const out = new Float32Array(3 * width * height);
  const trust = await local.run({ left: 0, top: 0, width, height }, out);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const from = (c * height + Math.min(height - 1, y + 3)) * width + Math.max(0, x - 2);
        assert.equal(out[(c * height + y) * width + x], picture[from]);
      }
  assert.equal(trust, width * height);
});

test('a kernel without a centre is refused', () => {
  const shape = {
    kind: 'separable',
    kernel: 8,
    padding: 'zero',
    width: 8,
    height: 8,
    region: { width: 8, height: 8 },
  } as const;
  assert.throws(() => new LocalConvolution(shape, 1), { code: 'internal' });
});
