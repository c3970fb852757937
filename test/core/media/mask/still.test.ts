import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameFromBytes, type Frame } from '../../../../app/core/media/frame.ts';
import { stillOf } from '../../../../app/core/media/mask/source.ts';
import { pixelFormat } from '../../../../app/core/media/pixel-format.ts';
import { drawOverlay, composed } from '../../../../app/core/score/overlay-kinds.ts';
import { FIGURE } from '../../../guarantees/promise.ts';

const SIZE = { width: 240, height: 136 };

/** Ground with detail of every size that no shift repeats, moved by x. */
function ground(x: number): Uint8Array {
  const out = new Uint8Array(SIZE.width * SIZE.height);
  for (let j = 0; j < SIZE.height; j++)
    for (let i = 0; i < SIZE.width; i++) {
      const [u, v] = [i + x, j + x / 4];
      const waves = 45 * Math.sin(u / 7 + 3 * Math.sin(v / 19)) + 35 * Math.sin(v / 5 + 2 * Math.sin(u / 23));
      out[j * SIZE.width + i] = 120 + waves + 25 * Math.sin(u * 0.61 + v * 0.37);
    }
  return out;
}

function frame(luma: Uint8Array, index: number): Frame {
  return frameFromBytes(pixelFormat('gray'), SIZE.width, SIZE.height, luma, index, index);
}

/** Noise of a codec or a sensor. */
function grainy(luma: Uint8Array, seed: number): Uint8Array {
  let state = seed * 7919 + 1;
  return luma.map((value) => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return Math.max(0, Math.min(255, value + ((state >>> 16) % 5) - 2));
  });
}

async function weights(shown: (i: number) => Uint8Array, a = 10, frames = 24): Promise<Uint8Array> {
  const found = await stillOf({ a, b: a + 1 }, frames, async (i) => frame(grainy(shown(i), i), i));
  return found?.data ?? new Uint8Array(SIZE.width * SIZE.height);
}

const share = (of: Uint8Array, where: (i: number) => boolean): number => {
  let [sum, count] = [0, 0];
  of.forEach((value, i) => {
    if (!where(i)) return;
    sum += value / 255;
    count++;
  });
  return sum / count;
};

test('a title, thin lines and a display over a moving ground are found, and next to nothing of the ground', async (context) => {
  for (const kind of ['title', 'display', 'small text'] as const) {
    const over = drawOverlay(kind, SIZE, 0, 24)!;
    const found = await weights((i) => composed(ground(5 * i), over));
    // Inside a wide, flat box nothing can be carried away: only what is near its edges counts.
    const solid = share(found, (i) => over.alpha[i]! > 0.99 && Math.abs(over.value[i]! - 34) > 1);
    const rest = share(found, (i) => over.alpha[i] === 0);
    context.diagnostic(
      `${FIGURE}${kind}: ${(100 * solid).toFixed(1)} % of it found, ${(100 * rest).toFixed(2)} % of the ground`,
    );
    assert.ok(solid > 0.9, `${kind}: ${solid}`);
    assert.ok(rest < 0.02, `${kind}, ground: ${rest}`);
  }
});

test('a subtitle is found from its first frame to its last, and not beside', async () => {
  const over = drawOverlay('title', SIZE, 0, 24)!;
  const shown = (i: number) => (i >= 20 && i < 36 ? composed(ground(5 * i), over) : ground(5 * i));
  const inked = (i: number) => over.alpha[i]! > 0.99;
  for (const a of [20, 27, 34]) assert.ok(share(await weights(shown, a, 60), inked) > 0.85, `frame ${a}`);
  for (const a of [8, 19, 35, 44]) assert.ok(share(await weights(shown, a, 60), inked) < 0.05, `frame ${a}`);
});

test('nothing is found where nothing moves, where all moves, where a camera stands, or where there is too little to tell from', async () => {
  assert.equal(
    share(await weights(() => ground(0)), () => true),
    0,
  );
  assert.ok(share(await weights((i) => ground(5 * i)), () => true) < 0.01);
  // A ball that crosses a standing picture: at the middle of a pair it is where neither frame has it.
  const ball = (i: number) => {
    const out = ground(0);
    for (let y = 60; y < 74; y++)
      for (let x = 12 * i - 100; x < 12 * i - 86; x++) if (x >= 0) out[y * SIZE.width + x] = 250;
    return out;
  };
  assert.equal(
    share(await weights(ball, 14, 40), () => true),
    0,
  );
  const over = drawOverlay('title', SIZE, 0, 24)!;
  assert.equal(
    share(await weights((i) => composed(ground(5 * i), over), 1, 3), () => true),
    0,
  );
});
