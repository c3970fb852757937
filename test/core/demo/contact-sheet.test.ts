import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contactSheet, difference } from '../../../app/core/demo/contact-sheet.ts';
import { drawText, textWidth } from '../../../app/core/demo/font.ts';
import type { Rgb8 } from '../../../app/core/score/rgb.ts';

function picture(width: number, height: number, level: (i: number) => number): Rgb8 {
  const plane = () => Uint8Array.from({ length: width * height }, (_, i) => level(i));
  return { width, height, r: plane(), g: plane(), b: plane() };
}

test('letters are drawn as the font has them and clipped at the border', () => {
  const board = picture(12, 9, () => 0);
  drawText(board, 'l', 1, 1, 1);
  const rows = Array.from({ length: 9 }, (_, y) =>
    Array.from(board.g.subarray(y * 12, y * 12 + 7), (v) => (v ? '#' : '.')).join(''),
  );
  assert.deepEqual(rows, ['.......', ...Array.from({ length: 6 }, () => '.#.....'), '.#####.', '.......']);
  assert.equal(textWidth('ab', 2), 22);
  drawText(board, 'WWWW', 8, 5, 2);
  assert.equal(board.r.length, 108);
});

test('a sheet holds crops of the pictures, pixel for pixel, centred and kept inside', () => {
  const tall = picture(50, 40, (i) => i % 251);
  const sheet = contactSheet(
    [
      [
        { picture: tall, centre: [25, 20], label: '' },
        { picture: tall, centre: [0, 100], label: '' },
      ],
    ],
    20,
    30,
  );
  assert.deepEqual([sheet.width, sheet.height], [58, 42]);
  const at = (x: number, y: number) => sheet.b[y * sheet.width + x];
  assert.equal(at(6, 6), (5 * 50 + 15) % 251);
  assert.equal(at(32, 6), (10 * 50) % 251);
  assert.equal(at(0, 0), at(26, 6), 'the ground shows between tiles');
});

test('differences are four times as large and never wrap', () => {
  const [a, b] = [picture(2, 1, (i) => i * 100), picture(2, 1, () => 10)];
  assert.deepEqual([...difference(a, b).r], [40, 255]);
});
