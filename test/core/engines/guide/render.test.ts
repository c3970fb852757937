import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enlarge } from '../../../../app/core/engines/guide/enlarge.ts';
import { reduce } from '../../../../app/core/engines/guide/reduce.ts';
import { renderGuided } from '../../../../app/core/engines/guide/render.ts';
import { evenFields, picture, psnrOf, texture } from './pictures.ts';

const [WIDTH, HEIGHT] = [150, 102];

test('what does not move is the still, within float rounding', () => {
  const still = texture(WIDTH, HEIGHT);
  for (const t of [0.1, 0.5, 0.77]) {
    const made = renderGuided(still, still, evenFields(16, 16, { weights: [1 - t, t, 0] }));
    made.forEach((value, i) => assert.ok(Math.abs(value - still.data[i]!) < 2e-7, `${i}: ${value}`));
  }
});

test('without motion the weights fade one still into the other and into what is painted', () => {
  const [dark, light] = [picture(WIDTH, HEIGHT, () => 0.2), picture(WIDTH, HEIGHT, () => 0.6)];
  const made = renderGuided(dark, light, evenFields(16, 16, { weights: [0.5, 0.25, 0.25], painted: 1 }));
  for (const value of made) assert.ok(Math.abs(value - 0.5) < 1e-6, String(value));
});

test('displacements are in pixels of the grid: a still is read that much further on, its border repeated', () => {
  // 3 grid pixels of 16 are 3/16 of the width and of the height.
  const still = texture(WIDTH, HEIGHT);
  const moved = texture(WIDTH, HEIGHT, -3 / 16, -2 / 16);
  const fields = evenFields(16, 16, { first: [3, 2], weights: [1, 0, 0] });
  const made = renderGuided(
    still,
    picture(WIDTH, HEIGHT, () => 9),
    fields,
  );
  const inner = { width: 110, height: 80 };
  const cut = (data: Float32Array) =>
    picture(inner.width, inner.height, (x, y, n) => {
      const [px, py] = [Math.floor(x * inner.width), Math.floor(y * inner.height)];
      return data[(n * HEIGHT + py) * WIDTH + px]!;
    }).data;
  assert.ok(psnrOf(cut(made), cut(moved.data), inner.width, inner.height) > 50);
  const corner = (n: number) => (n + 1) * WIDTH * HEIGHT - 1;
  for (const n of [0, 1, 2]) assert.ok(Math.abs(made[corner(n)]! - still.data[corner(n)]!) < 1e-6);
});

test('fields whose weights change within the picture still sum to 1, and its size need be no multiple of theirs', () => {
  const still = picture(67, 45, () => 0.7);
  const fields = evenFields(8, 9, { weights: [1, 0, 0], painted: 0.7 });
  for (let i = 0; i < 72; i++) {
    fields.weights[i] = i % 3 === 0 ? 1 : 0;
    fields.weights[72 + i] = i % 3 === 1 ? 1 : 0;
    fields.weights[144 + i] = i % 3 === 2 ? 1 : 0;
  }
  for (const value of renderGuided(still, still, fields)) assert.ok(Math.abs(value - 0.7) < 1e-6, String(value));
});

test('stills of two sizes are refused', () => {
  const [a, b] = [texture(32, 32), texture(32, 33)];
  assert.throws(() => renderGuided(a, b, evenFields(8, 8, { weights: [1, 0, 0] })), RangeError);
});

test('a reduced picture is the means of what its pixels cover', () => {
  const four = picture(4, 4, (x, y, n) => Math.floor(4 * x) + 10 * Math.floor(4 * y) + 100 * n);
  assert.deepEqual([...reduce(four, 2, 2).data.slice(0, 4)], [5.5, 7.5, 25.5, 27.5]);
  // 3 into 2: the middle one is shared.
  const three = picture(3, 3, (x) => Math.floor(3 * x));
  const values = reduce(three, 2, 3).data.slice(0, 2);
  assert.ok(Math.abs(values[0]! - 1 / 3) < 1e-6 && Math.abs(values[1]! - 5 / 3) < 1e-6, String(values));
  const mean = (data: Float32Array) => data.reduce((sum, value) => sum + value, 0) / data.length;
  const large = texture(211, 97);
  assert.ok(Math.abs(mean(reduce(large, 64, 64).data) - mean(large.data)) < 1e-4);
});

test('enlarging keeps what is smooth, and everything where the size is the same', () => {
  const small = texture(33, 21);
  assert.deepEqual(enlarge(small, 33, 21), small.data);
  const smooth = (width: number, height: number) => picture(width, height, (x, y) => Math.sin(4 * x) * Math.cos(3 * y));
  const large = enlarge(smooth(40, 40), 320, 240);
  assert.ok(psnrOf(large, smooth(320, 240).data, 320, 240, 16) > 60);
});
