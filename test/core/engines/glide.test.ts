import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Blend } from '../../../app/core/engines/blend.ts';
import { Glide } from '../../../app/core/engines/glide/index.ts';
import type { Between } from '../../../app/core/engines/engine.ts';
import { BEST, DRAFT, STANDARD } from '../../../app/core/engines/glide/settings.ts';
import type { Settings } from '../../../app/core/engines/glide/settings.ts';
import type { Frame, PixelFormat } from '../../../app/core/media/frame.ts';
import { FORMATS, collect, maxDifference, noise, paint, psnr, texture } from './frames.ts';

const PRESETS = { STANDARD, DRAFT, BEST };

async function between(
  a: Frame,
  b: Frame,
  ts: number[],
  settings: Settings = STANDARD,
  threads = 2,
): Promise<Between[]> {
  await using glide = new Glide({ width: a.width, height: a.height, threads }, settings);
  return await collect(glide.between(a, b, ts));
}

/** A frame of the texture moved by (u, v) pixels. */
function moved(format: PixelFormat, w: number, h: number, u: number, v: number): Frame {
  return paint(
    format,
    w,
    h,
    0,
    (x, y, channel) => (channel === 'u' || channel === 'v' ? 0.5 : 0) + texture(x - u, y - v) * 0.5,
  );
}

for (const [name, settings] of Object.entries(PRESETS))
  test(`a moving texture is found at its place at t (${name})`, async () => {
    const format = FORMATS.yuv420p;
    for (const [u, v] of [
      [1, 0],
      [-7.5, 3.25],
      [24, -10],
    ] as const) {
      const made = await between(
        moved(format, 320, 180, 0, 0),
        moved(format, 320, 180, u, v),
        [0.25, 0.5, 0.75],
        settings,
      );
      for (const [i, t] of [0.25, 0.5, 0.75].entries()) {
        const truth = moved(format, 320, 180, u * t, v * t);
        const frame = made[i]?.frame;
        assert.ok(frame);
        const db = psnr(frame, truth, 30);
        assert.ok(db > 42, `${u},${v} at ${t}: ${db.toFixed(1)} dB`);
        assert.ok((made[i]?.confidence ?? 0) > 0.8);
      }
    }
  });

test('every format and odd size: a still pair gives the still picture, exactly', async () => {
  await using glide = new Glide({ width: 64, height: 48, threads: 1 }, STANDARD);
  for (const format of Object.values(FORMATS))
    for (const [w, h] of [
      [64, 48],
      [37, 23],
      [129, 66],
    ] as const) {
      const still = moved(format, w, h, 0, 0);
      const copy = moved(format, w, h, 0, 0);
      const [made] = await collect(glide.between(still, copy, [0.3]));
      assert.ok(made);
      assert.equal(maxDifference(made.frame, still), 0, `${format.name} ${w}x${h}`);
      assert.ok(made.confidence > 0.99, `${made.confidence}`);
    }
});

test('every format moves all its planes', async () => {
  for (const format of Object.values(FORMATS)) {
    const [a, b, truth] = [0, 8, 4].map((u) => moved(format, 160, 96, u, 0));
    assert.ok(a && b && truth);
    const [made] = await between(a, b, [0.5]);
    assert.ok(made);
    made.frame.planes.forEach((plane, n) => {
      const wanted = truth.planes[n];
      assert.ok(wanted);
      let sum = 0;
      let count = 0;
      for (let y = 4; y < plane.height - 4; y++)
        for (let x = 12; x < plane.width - 12; x++, count++)
          sum += Math.abs((plane.data[y * plane.width + x] ?? 0) - (wanted.data[y * plane.width + x] ?? 0));
      const mean = (sum / count) * 2 ** (8 - format.bits);
      assert.ok(mean < 1.5, `${format.name} plane ${n} is off by ${mean}`);
    });
  }
});

test('the smallest pictures work', async () => {
  await using glide = new Glide({ width: 18, height: 16, threads: 1 }, STANDARD);
  for (const w of [1, 2, 3, 5, 7, 8, 9, 15, 16, 18])
    for (const h of [1, 2, 3, 7, 8, 9, 16]) {
      const [a, b] = [1, 2].map((seed) => paint(FORMATS.yuv420p, w, h, seed, noise(seed)));
      assert.ok(a && b);
      const [made] = await collect(glide.between(a, b, [0.5]));
      assert.equal(made?.frame.width, w);
      assert.ok(Number.isFinite(made?.confidence));
    }
});

test('hostile pictures stay finite: noise, black to white, a cut', async () => {
  const format = FORMATS.gray;
  const black = paint(format, 120, 80, 0, () => 0);
  const white = paint(format, 120, 80, 0, () => 1);
  const grain = [noise(3), noise(4)].map((painter) => paint(format, 120, 80, 0, painter));
  const step = paint(format, 120, 80, 0, (x) => (x < 60 ? 0 : 1));
  const pictures = [black, white, ...grain, step, moved(format, 120, 80, 0, 0)];
  for (const settings of Object.values(PRESETS)) {
    await using glide = new Glide({ width: 120, height: 80, threads: 2 }, settings);
    for (const a of pictures)
      for (const b of pictures)
        for await (const { frame, confidence } of glide.between(a, b, [0.5])) {
          assert.ok(confidence >= 0 && confidence <= 1, `confidence ${confidence}`);
          if (a === b) assert.equal(maxDifference(frame, a), 0);
        }
    for await (const { frame } of glide.between(black, white, [0.5])) {
      // What a non-finite flow would give is black; a fade is grey.
      assert.ok(frame.planes[0]?.data.every((value) => Math.abs(value - 127.5) <= 1));
    }
  }
});

test('a motion of one pixel is exact to a code value, one of 300 does no harm', async () => {
  const scene = (u: number): Frame => moved(FORMATS.gray, 640, 360, u, 0);
  await using glide = new Glide({ width: 640, height: 360, threads: 2 }, STANDARD);
  const [near] = await collect(glide.between(scene(0), scene(2), [0.5]));
  assert.ok(near && psnr(near.frame, scene(1), 8) > 50);
  const [far] = await collect(glide.between(scene(0), scene(300), [0.5]));
  assert.ok(far && far.confidence >= 0 && far.confidence <= 1);
});

test('the same bytes for any number of threads, order of timesteps and history', async () => {
  const format = FORMATS.yuv420p10;
  const frames = [0, 5, 11].map((u) => moved(format, 211, 133, u, u / 3));
  const [a, b, c] = frames;
  assert.ok(a && b && c);
  const first = await between(b, c, [0.25, 0.6], STANDARD, 1);
  for (const threads of [2, 3, 5]) {
    await using glide = new Glide({ width: 211, height: 133, threads }, STANDARD);
    await collect(glide.between(a, b, [0.5]));
    const again = await collect(glide.between(b, c, [0.6, 0.25]));
    const backwards = again.toReversed();
    first.forEach(({ frame, confidence }, i) => {
      const other = backwards[i];
      assert.ok(other);
      assert.equal(maxDifference(frame, other.frame), 0);
      assert.equal(confidence, other.confidence);
    });
  }
});

test('times lie between the pair, and the frame is no source frame', async () => {
  const a = paint(FORMATS.gray, 32, 32, 1000, noise(1));
  const b = paint(FORMATS.gray, 32, 32, 2000, noise(1));
  const made = await between(a, b, [0.25, 0.5]);
  assert.deepEqual(
    made.map(({ frame }) => [frame.time, frame.index]),
    [
      [1250, -1],
      [1500, -1],
    ],
  );
});

test('an object over a background: better than blending, and the uncovered background comes from the frame that sees it', async () => {
  const scene = (u: number): Frame =>
    paint(FORMATS.gray, 320, 200, 0, (x, y) => {
      const inside = Math.abs(x - 120 - u) < 40 && Math.abs(y - 100) < 40;
      return inside ? 0.2 + 0.8 * texture(2 * (x - u), 2 * y) : 0.7 * texture(x + 900, y + 500);
    });
  const [a, b, truth] = [scene(0), scene(16), scene(8)];
  await using blend = new Blend();
  const [[made], [faded]] = await Promise.all([between(a, b, [0.5]), collect(blend.between(a, b, [0.5]))]);
  assert.ok(made && faded);
  const [ours, theirs] = [psnr(made.frame, truth), psnr(faded.frame, truth)];
  assert.ok(ours > 30 && ours > theirs + 8, `${ours.toFixed(1)} dB, blend ${theirs.toFixed(1)} dB`);
});

test('a cancelled call ends with its reason and the engine goes on', async () => {
  const [a, b] = [moved(FORMATS.gray, 640, 360, 0, 0), moved(FORMATS.gray, 640, 360, 9, 0)];
  await using glide = new Glide({ width: 640, height: 360, threads: 2 }, STANDARD);
  const reason = new Error('enough');
  const controller = new AbortController();
  const running = collect(glide.between(a, b, [0.5], { signal: controller.signal }));
  setTimeout(() => controller.abort(reason), 5);
  await assert.rejects(running, reason);
  const [after] = await collect(glide.between(a, b, [0.5]));
  const [fresh] = await between(a, b, [0.5]);
  assert.ok(after && fresh);
  assert.equal(maxDifference(after.frame, fresh.frame), 0);
});

test('a pair that does not match is refused, and a closed engine says so', async () => {
  const glide = new Glide({ width: 32, height: 32, threads: 1 }, STANDARD);
  const a = moved(FORMATS.gray, 32, 32, 0, 0);
  await assert.rejects(collect(glide.between(a, moved(FORMATS.gray, 32, 30, 0, 0), [0.5])), {
    code: 'size-mismatch',
  });
  await glide[Symbol.asyncDispose]();
  await assert.rejects(collect(glide.between(a, a, [0.5])), { code: 'engine-failed' });
});
