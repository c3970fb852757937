import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { HoldDetector } from '../../../app/core/media/holds.ts';
import { detectShots } from '../../../app/core/media/shot-score.ts';
import { openReel, REEL } from '../../../app/core/media/shot-reel.ts';
import { few, ONLY_LONG } from '../../support/few.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-holds-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A textured ground that moves by `pan` pixels, with a ball of `radius` at x. */
function picture(pan: number, x: number, radius = 14): Uint8Array {
  const out = new Uint8Array(REEL.width * REEL.height);
  for (let j = 0; j < REEL.height; j++) {
    for (let i = 0; i < REEL.width; i++) {
      const ground = 110 + 45 * Math.sin((i + pan) / 9) * Math.cos(j / 7) + 25 * Math.sin((i + pan + 2 * j) / 4);
      const edge = Math.max(0, Math.min(1, radius - Math.hypot(i - x, j - 90) + 0.5));
      out[j * REEL.width + i] = ground + (235 - ground) * edge;
    }
  }
  return out;
}

/** Encodes the pictures at CRF 23 and finds the holds of the file. */
async function holdsOf(frames: readonly Uint8Array[]): Promise<[number, number][]> {
  const to = join(folder, 'holds.mp4');
  const encoder = await openReel(to);
  for (const frame of frames) await encoder.write(frame);
  await encoder.end();
  return (await detectShots(to)).holds.map(({ first, last }) => [first, last]);
}

const range = <T>(n: number, f: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => f(i));
const at = (i: number): Uint8Array => picture(2 * i, 60 + 3 * i);

test('on twos, on threes, every fifth: the repeats, encoded, are found where they are', async () => {
  assert.deepEqual(
    await holdsOf(range(40, (i) => at(i >> 1))),
    range(20, (k) => [2 * k, 2 * k + 1]),
  );
  assert.deepEqual(
    await holdsOf(range(39, (i) => at(Math.floor(i / 3)))),
    range(13, (k) => [3 * k, 3 * k + 2]),
  );
  assert.deepEqual(
    await holdsOf(range(40, (i) => at(i - Math.floor(i / 5)))),
    range(7, (k) => [5 * k + 4, 5 * k + 5]),
  );
});

test('a freeze in the middle, short or long, is one hold', async () => {
  for (const length of few([4, 12, 40], (one) => one === 12)) {
    const frames = range(20, at).concat(
      range(length, () => at(19)),
      range(20, (i) => at(20 + i)),
    );
    assert.deepEqual(await holdsOf(frames), [[19, 19 + length]]);
  }
});

test('real motion is no hold: steady, small, slow, easing to a rest, or none at all', { skip: ONLY_LONG }, async () => {
  assert.deepEqual(await holdsOf(range(50, at)), [], 'steady');
  assert.deepEqual(
    await holdsOf(range(50, (i) => picture(0, 60 + 0.4 * i, 5))),
    [],
    'a small ball, slowly, on a still ground',
  );
  assert.deepEqual(await holdsOf(range(50, (i) => picture(0.3 * i, 60 + 0.3 * i))), [], 'slow motion');
  assert.deepEqual(
    await holdsOf(range(90, (i) => picture(45 * Math.cos((Math.PI * i) / 60), 100))),
    [],
    'a pan that turns',
  );
  assert.deepEqual(await holdsOf(range(30, () => picture(0, 80))), [], 'a still');
  const waits = range(40, (i) => picture(0, 80 + 5 * Math.max(0, i - 20)));
  assert.deepEqual(await holdsOf(waits), [], 'a still that begins to move');
});

test('thumbnails are counted and measured', () => {
  const detector = new HoldDetector({ width: 16, height: 16 });
  assert.throws(() => detector.push(1, new Uint8Array(256)), RangeError);
  assert.throws(() => detector.push(0, new Uint8Array(255)), RangeError);
  assert.deepEqual(detector.finish().holds, []);
});
