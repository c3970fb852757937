import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockFacts, choosePlaces, judge, randomOf } from '../../../app/core/dataset/choose.ts';
import { BLOCK, blockTexture, lumaPyramid, matchBlocks } from '../../../app/core/dataset/motion.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';

const SIZE = { width: 320, height: 240 };

/** A smooth random picture, the same everywhere in the plane, seen from (dx, dy). */
function picture(dx: number, dy: number, contrast = 40): Frame {
  const { width, height } = SIZE;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = [x - dx, y - dy];
      const wave =
        Math.sin(u / 5 + Math.sin(v / 17) * 2) + Math.sin(v / 7 + Math.cos(u / 23) * 3) + Math.sin((u + v) / 31);
      data[y * width + x] = Math.round(128 + contrast * wave);
    }
  return { format: pixelFormat('gray'), ...SIZE, planes: [{ ...SIZE, data }], index: 0, time: 0 };
}

function facts(before: Frame, middle: Frame, after: Frame) {
  const [a, b, c] = [lumaPyramid(before), lumaPyramid(middle), lumaPyramid(after)];
  return blockFacts(matchBlocks(b, a), matchBlocks(b, c), blockTexture(b));
}

test('displacements are found to a fraction of a pixel, up to the reach', () => {
  const still = lumaPyramid(picture(0, 0));
  for (const [dx, dy] of [
    [0, 0],
    [1, 0],
    [3, -2],
    [-7, 5],
    [18, 12],
    [-20, -16],
  ] as const) {
    const field = matchBlocks(still, lumaPyramid(picture(dx, dy)));
    assert.equal(field.columns, SIZE.width / BLOCK);
    const errors: number[] = [];
    // Blocks whose content is not outside.
    for (let row = 3; row < field.rows - 3; row++)
      for (let column = 3; column < field.columns - 3; column++) {
        const at = row * field.columns + column;
        errors.push(Math.hypot(field.dx[at]! - dx, field.dy[at]! - dy));
      }
    const worst = errors.toSorted((p, q) => p - q)[Math.floor(0.85 * errors.length)]!;
    assert.ok(worst < 0.7, `(${dx}, ${dy}) is found to ${worst} pixels`);
  }
});

test('patches are told apart', () => {
  const bounds = { minMotion: 1, maxMotion: 36 };
  const at = (a: Frame, b: Frame, c: Frame) => judge(facts(a, b, c), 84, 44, bounds);
  const motion = at(picture(-4, 0), picture(0, 0), picture(4, 0));
  assert.ok(typeof motion === 'number' && Math.abs(motion - 8) < 0.5, String(motion));
  assert.equal(at(picture(0, 0), picture(0, 0), picture(0, 0)), 'still');
  assert.equal(at(picture(-20, 0), picture(0, 0), picture(20, 0)), 'fast');
  // The picture rests and then jumps: a repeat that nobody noticed.
  assert.equal(at(picture(0, 0), picture(0, 0), picture(8, 0)), 'uneven');
  assert.equal(at(picture(-4, 0, 0.4), picture(0, 0, 0.4), picture(4, 0, 0.4)), 'flat');
  assert.equal(at(picture(300, 900), picture(0, 0), picture(4, 0)), 'unmatched');
});

test('places lie inside, apart, on whole samples of every chroma, and are the same for one seed', () => {
  const moving = facts(picture(-3, 1), picture(0, 0), picture(3, -1));
  const bounds = { minMotion: 1, maxMotion: 36 };
  const choose = (seed: string) => choosePlaces(moving, SIZE, bounds, randomOf(seed), 2);
  const choice = choose('1');
  assert.equal(choice.places.length, 2);
  assert.ok(choice.sound > 0 && choice.sound <= choice.tried);
  assert.deepEqual(choice, choose('1'));
  assert.notDeepEqual(choice.places, choose('2').places);
  for (const { x, y } of choice.places) {
    assert.ok(x >= 0 && y >= 0 && x + 150 <= SIZE.width && y + 150 <= SIZE.height);
    assert.equal((x % 4) + (y % 4), 0);
  }
  const [p, q] = choice.places;
  assert.ok(Math.abs(p!.x - q!.x) >= 75 || Math.abs(p!.y - q!.y) >= 75);
});
