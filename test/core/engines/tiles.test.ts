import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Blend } from '../../../app/core/engines/blend.ts';
import type { Between, EngineSetup, Interpolator } from '../../../app/core/engines/engine.ts';
import { Glide } from '../../../app/core/engines/glide/index.ts';
import { WHOLE_BYTES, glideBytes, openGlide } from '../../../app/core/engines/glide/open.ts';
import { BEST, DRAFT, STANDARD } from '../../../app/core/engines/glide/settings.ts';
import { ALIGN, cutAxis, spanOf } from '../../../app/core/engines/tile-plan.ts';
import { planTiles, tiled } from '../../../app/core/engines/tiles.ts';
import type { Tiling } from '../../../app/core/engines/tiles.ts';
import { frameBytes } from '../../../app/core/media/frame.ts';
import type { Frame, PixelFormat, Plane } from '../../../app/core/media/frame.ts';
import { PIXEL_FORMATS, pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { FORMATS, collect, maxDifference, noise, paint, psnr, texture } from './frames.ts';
import { few } from '../../support/few.ts';

/** Tiles of at most `pixels` pixels. */
const byPixels = (pixels: number, overlap: number): Tiling => ({
  bytes: (_, width, height) => width * height,
  maxBytes: pixels,
  overlap,
});

async function glideInTiles(a: Frame, b: Frame, ts: number[], tiling: Tiling, threads = 2): Promise<Between[]> {
  const { width, height } = a;
  await using engine = await tiled(async (setup) => new Glide(setup, STANDARD), { width, height, threads }, tiling);
  return await collect(engine.between(a, b, ts));
}

async function whole(a: Frame, b: Frame, ts: number[]): Promise<Between[]> {
  await using glide = new Glide({ width: a.width, height: a.height, threads: 2 }, STANDARD);
  return await collect(glide.between(a, b, ts));
}

/** The texture moved by (u, v) pixels; alpha and chroma are textures of their own. */
function moved(format: PixelFormat, w: number, h: number, u: number, v: number): Frame {
  const shift = { y: 0, u: 300, v: 600, g: 0, b: 300, r: 600, a: 900 };
  return paint(
    format,
    w,
    h,
    0,
    (x, y, channel) => 0.25 + 0.5 * texture(x - u + shift[channel], y - v + shift[channel]),
  );
}

test('tiles cover the side, begin on every plane’s grid, overlap as asked, and never more than two meet', () => {
  let cuts = 0;
  for (const side of [256, 333, 1000, 1001, 4096, 20_000, 32_767])
    for (const overlap of [32, 128, 500])
      for (const count of [1, 2, 3, 5, 9, 20]) {
        const axis = cutAxis(side, count, overlap);
        if (!axis) continue;
        cuts++;
        const { size, starts } = axis;
        const what = `${side} in ${count} tiles of ${size}`;
        assert.equal(starts.length, count);
        assert.equal((starts.at(-1) ?? 0) + size, side, what);
        const room = Math.min(overlap, Math.floor(side / (count + 1)));
        starts.forEach((start, i) => {
          assert.equal(start % ALIGN, 0, what);
          const next = starts[i + 1];
          if (next === undefined) return;
          // Small sides give up some of it to alignment.
          assert.ok(start + size - next >= (side > 80 * count ? room - 4 * ALIGN : ALIGN), what);
          assert.ok((starts[i + 2] ?? side) >= start + size, what);
        });
      }
  assert.ok(cuts > 90, `${cuts}`);
  assert.equal(cutAxis(40, 8, 128), null);
});

test('the weights of the tiles add up to 1 in every sample of every plane', () => {
  for (const [side, count, overlap] of [
    [333, 3, 64],
    [1001, 5, 128],
    [257, 2, 16],
    [4096, 7, 256],
  ] as const) {
    const axis = cutAxis(side, count, overlap);
    assert.ok(axis);
    for (const shift of [0, 1, 2]) {
      const sums = new Float64Array(Math.ceil(side / 2 ** shift));
      for (let i = 0; i < count; i++) {
        const { start, rise, fall } = spanOf(axis, i, shift);
        rise.forEach((value, k) => {
          const at = start + k;
          assert.ok(at < sums.length);
          sums[at] = (sums[at] ?? 0) + value * (fall[k] ?? 0);
        });
      }
      for (const sum of sums) assert.ok(Math.abs(sum - 1) < 1e-12, `${side} shift ${shift}: ${sum}`);
    }
  }
});

test('glide: 8K of every format and preset is done whole, the largest pictures in tiles within the bound', () => {
  for (const settings of [DRAFT, STANDARD, BEST]) {
    const bytes: Tiling['bytes'] = (format, w, h) => glideBytes(format, w, h, settings);
    const plan = (format: PixelFormat, w: number, h: number) =>
      planTiles(format, w, h, { bytes, maxBytes: WHOLE_BYTES });
    for (const format of PIXEL_FORMATS.values()) {
      const { x, y } = plan(format, 7680, 4320);
      assert.equal(x.starts.length * y.starts.length, 1, format.name);
    }
    // 256 megapixels, the most that probing lets through: wide, and square.
    for (const [w, h] of [
      [32_768, 8192],
      [16_384, 16_384],
    ] as const) {
      const format = pixelFormat('gbrap16le');
      const { x, y } = plan(format, w, h);
      assert.ok(bytes(format, x.size, y.size) <= WHOLE_BYTES);
      assert.ok(bytes(format, w, h) > 2 ** 32);
      assert.ok(x.starts.length * y.starts.length <= 16, `${x.starts.length} x ${y.starts.length}`);
      for (const { side, size, starts } of [x, y])
        // An eighth, less what alignment takes where there are many.
        starts.slice(1).forEach((start, i) => assert.ok((starts[i] ?? 0) + size - start >= side / 10));
    }
  }
});

/** Chroma at half size with transparency, and 12 bits whole. */
const isOne = ({ name }: PixelFormat): boolean => /^(yuva420p|yuv444p12)/.test(name);

test('every format, odd sizes: a still pair gives the still picture, exactly, in tiles', async () => {
  for (const format of few(Object.values(FORMATS), isOne)) {
    const [still, copy] = [moved(format, 211, 133, 0, 0), moved(format, 211, 133, 0, 0)];
    const [made] = await glideInTiles(still, copy, [0.3], byPixels(9000, 32), 1);
    assert.ok(made);
    assert.equal(maxDifference(made.frame, still), 0, format.name);
    assert.ok(made.confidence > 0.99 && made.confidence <= 1, `${made.confidence}`);
  }
});

/** Mean step from each column to the next, or row to the next, in 8-bit code values. */
function steps({ width, height, data }: Plane, across: boolean, bits: number): number[] {
  const [count, next] = across ? [height, 1] : [width, width];
  return Array.from({ length: (across ? width : height) - 1 }, (_, n) => {
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const at = across ? k * width + n : n * width + k;
      sum += Math.abs((data[at + next] ?? 0) - (data[at] ?? 0));
    }
    return (sum / count) * 2 ** (8 - bits);
  });
}

/** Mean difference of two planes in 8-bit code values, of the samples `counts` picks. */
function meanDifference(a: Plane, b: Plane, bits: number, counts: (x: number, y: number) => boolean): number {
  let [sum, count] = [0, 0];
  a.data.forEach((value, i) => {
    if (!counts(i % a.width, Math.floor(i / a.width))) return;
    sum += Math.abs(value - (b.data[i] ?? 0));
    count++;
  });
  assert.ok(count > 0);
  return (sum / count) * 2 ** (8 - bits);
}

for (const format of few(Object.values(FORMATS), isOne))
  test(`a pan in tiles has no seams (${format.name})`, async () => {
    const [w, h, u, v] = [371, 259, 9, -5];
    const [a, b] = [moved(format, w, h, 0, 0), moved(format, w, h, u, v)];
    const truth = moved(format, w, h, u / 2, v / 2);
    const tiling = byPixels(30_000, 48);
    const { x, y } = planTiles(format, w, h, tiling);
    assert.deepEqual([x.starts.length, y.starts.length], [3, 2]);
    const [[one], [tiles]] = [await whole(a, b, [0.5]), await glideInTiles(a, b, [0.5], tiling)];
    assert.ok(one && tiles);
    assert.ok(Math.abs(one.confidence - tiles.confidence) < 0.05, `${one.confidence} and ${tiles.confidence}`);
    assert.ok(psnr(tiles.frame, truth, 24) > psnr(one.frame, truth, 24) - 0.5);
    format.planes.forEach((layout, n) => {
      const [p, q] = [one.frame.planes[n], tiles.frame.planes[n]];
      assert.ok(p && q);
      // Samples two tiles have in common.
      const shared = (axis: typeof x, shift: number) => (at: number) =>
        axis.starts.filter((start) => at << shift >= start && at << shift < start + axis.size).length > 1;
      const [sharedX, sharedY] = [shared(x, layout.shiftX), shared(y, layout.shiftY)];
      const off = meanDifference(p, q, format.bits, (i, j) => sharedX(i) || sharedY(j));
      assert.ok(off < 1, `plane ${n}: ${off.toFixed(2)} off at the seams`);
      for (const across of [true, false]) {
        const [before, after] = [steps(p, across, format.bits), steps(q, across, format.bits)];
        const excess = Math.max(...after.map((step, i) => step - (before[i] ?? 0)));
        assert.ok(excess < 0.5, `plane ${n}: a step of ${excess.toFixed(2)}`);
      }
    });
  });

test('the measures above see a seam of three code values', async () => {
  const plane = moved(FORMATS.gray, 200, 100, 0, 0).planes[0];
  assert.ok(plane);
  const cut: Plane = { ...plane, data: plane.data.map((value, i) => (i % 200 < 77 ? value : value + 3)) };
  const [before, after] = [steps(plane, true, 8), steps(cut, true, 8)];
  assert.ok(Math.max(...after.map((step, i) => step - (before[i] ?? 0))) > 0.5);
  assert.ok(meanDifference(plane, cut, 8, (i) => i > 60) > 1);
});

test('tiles: the same bytes for any number of threads and size of group, in the order asked for', async () => {
  const format = FORMATS.yuv420p10;
  const [a, b] = [moved(format, 211, 133, 0, 0), moved(format, 211, 133, 7, 3)];
  const ts = [0.25, 0.75, 0.5];
  const tiling = byPixels(12_000, 32);
  const first = await glideInTiles({ ...a, time: 0 }, { ...b, time: 1000 }, ts, tiling, 1);
  assert.deepEqual(
    first.map(({ frame }) => frame.time),
    [250, 750, 500],
  );
  for (const threads of [2, 3]) {
    // Room for all three frames, then for one at a time.
    const scale = threads === 2 ? 100 : 1;
    const other = await glideInTiles(
      a,
      b,
      ts,
      { ...tiling, bytes: (_, w, h) => w * h * scale, maxBytes: 12_000 * scale },
      threads,
    );
    assert.equal(other.length, 3);
    first.forEach(({ frame, confidence }, i) => {
      assert.equal(maxDifference(frame, other[i]?.frame ?? a), 0);
      assert.equal(confidence, other[i]?.confidence);
    });
  }
});

/** Blend that says what it is asked for and hears no signal. */
class Watched extends Blend {
  readonly asked: { readonly frames: readonly [Frame, Frame]; readonly timesteps: readonly number[] }[] = [];
  closed = false;
  onCall = (): void => {};

  override between(a: Frame, b: Frame, timesteps: readonly number[]): AsyncGenerator<Between> {
    this.asked.push({ frames: [a, b], timesteps });
    this.onCall();
    return super.between(a, b, timesteps);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

test('an engine is opened for the tiles alone, and told the matrix of the whole picture', async () => {
  const opened: unknown[] = [];
  const open = async ({ width, height, colour }: EngineSetup): Promise<Interpolator> => {
    opened.push([width, height, colour]);
    return new Watched();
  };
  const tiling: Tiling = { bytes: (_, w, h) => w * h, maxBytes: 600_000, overlap: 64 };
  const engine = await tiled(open, { width: 1280, height: 720, threads: 1, colour: { range: 'full' } }, tiling);
  const plan = planTiles(FORMATS.yuv420p, 1280, 720, tiling);
  const expected = [[plan.x.size, plan.y.size, { range: 'full', matrix: 'bt709' }]];
  assert.deepEqual(opened, expected);
  const [a, b] = [1, 2].map((seed) => paint(FORMATS.yuv420p, 1280, 720, seed * 100, () => 50 * seed));
  await collect(engine.between(a!, b!, [0.5]));
  assert.deepEqual(opened, expected);
  await engine[Symbol.asyncDispose]();
});

test('one tile at a time, each in frames of its own, as many timesteps together as there is room for', async () => {
  const [a, b] = [1, 2].map((seed) => paint(FORMATS.yuva420p, 150, 100, seed * 100, noise(seed)));
  assert.ok(a && b);
  const bytes = frameBytes(a.format, 150, 100);
  const opened: { setup: string; engine: Watched }[] = [];
  const open = async ({ width, height }: { width: number; height: number }): Promise<Interpolator> => {
    const engine = new Watched();
    opened.push({ setup: `${width}x${height}`, engine });
    return engine;
  };
  // Room for two frames.
  const tiling: Tiling = { bytes: (f, w, h) => 4 * frameBytes(f, w, h), maxBytes: 2.5 * bytes, overlap: 32 };
  const engine = await tiled(open, { width: 150, height: 100, threads: 1 }, tiling);
  const ts = [0.1, 0.2, 0.3, 0.4, 0.5];
  const made = await collect(engine.between(a, b, ts));
  const plan = planTiles(a.format, 150, 100, tiling);
  assert.deepEqual(
    opened.map(({ setup }) => setup),
    ['150x100', `${plan.x.size}x${plan.y.size}`],
  );
  const [before, inner] = opened.map((one) => one.engine);
  assert.ok(before?.closed && inner && !inner.closed && before.asked.length === 0);
  const tiles = plan.x.starts.length * plan.y.starts.length;
  assert.ok(tiles > 1);
  assert.deepEqual(
    inner.asked.map((call) => call.timesteps.length),
    [2, 2, 1].flatMap((count) => Array.from({ length: tiles }, () => count)),
  );
  const frames = inner.asked.flatMap((call) => call.frames);
  assert.equal(new Set(frames).size, frames.length);
  for (const frame of frames) assert.deepEqual([frame.width, frame.height], [plan.x.size, plan.y.size]);
  // A blend does not care where it is cut.
  const expected = await collect(new Blend().between(a, b, ts));
  made.forEach(({ frame }, i) => assert.equal(maxDifference(frame, expected[i]?.frame ?? a), 0));
  assert.ok(engine.spent.synthesisMs > 0);
  await engine[Symbol.asyncDispose]();
  assert.ok(inner.closed);
});

test('confidence is averaged by area', async () => {
  const scene = (bright: number) => paint(FORMATS.gray, 320, 64, 0, (x) => (x < 224 ? 0.2 : bright));
  const [a, b] = [scene(0.2), scene(0.8)];
  const tiling = byPixels(12_000, 32);
  const { x } = planTiles(a.format, 320, 64, tiling);
  // The second tile begins inside the part that does not change.
  assert.deepEqual(x, { side: 320, size: 176, starts: [0, 144] });
  await using engine = await tiled(async () => new Blend(), { width: 320, height: 64, threads: 1 }, tiling);
  const [made] = await collect(engine.between(a, b, [0.5]));
  const right = (bright: number) => paint(FORMATS.gray, 176, 64, 0, (i) => (i < 80 ? 0.2 : bright));
  const [alone] = await collect(new Blend().between(right(0.2), right(0.8), [0.5]));
  assert.ok(made && alone && alone.confidence < 0.2);
  assert.ok(Math.abs(made.confidence - (1 + alone.confidence) / 2) < 1e-9);
});

test('an abort ends between tiles with its reason, and the engine goes on', async () => {
  const [a, b] = [1, 2].map((seed) => paint(FORMATS.gray, 150, 100, 0, noise(seed)));
  assert.ok(a && b);
  const inner = new Watched();
  const engine = await tiled(async () => inner, { width: 150, height: 100, threads: 1 }, byPixels(8000, 32));
  const whyNot = new Error('enough');
  const controller = new AbortController();
  // The engine is not told: it finishes its second tile.
  inner.onCall = () => {
    if (inner.asked.length === 2) controller.abort(whyNot);
  };
  await assert.rejects(async () => {
    for await (const _ of engine.between(a, b, [0.5], { signal: controller.signal })) assert.fail('a frame');
  }, whyNot);
  assert.equal(inner.asked.length, 2);
  inner.onCall = () => {};
  const [after] = await collect(engine.between(a, b, [0.5]));
  const [expected] = await collect(new Blend().between(a, b, [0.5]));
  assert.ok(after && expected);
  assert.equal(maxDifference(after.frame, expected.frame), 0);
});

test('glide cancelled inside a tile ends, and goes on', async () => {
  const [a, b] = [moved(FORMATS.gray, 640, 360, 0, 0), moved(FORMATS.gray, 640, 360, 9, 0)];
  await using engine = await tiled(
    async (setup) => new Glide(setup, STANDARD),
    { width: 640, height: 360, threads: 2 },
    byPixels(100_000, 64),
  );
  const reason = new Error('enough');
  const controller = new AbortController();
  const running = collect(engine.between(a, b, [0.5], { signal: controller.signal }));
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(running, reason);
  const [after] = await collect(engine.between(a, b, [0.5]));
  const [fresh] = await glideInTiles(a, b, [0.5], byPixels(100_000, 64));
  assert.ok(after && fresh);
  assert.equal(maxDifference(after.frame, fresh.frame), 0);
});

test('glide: what does not fit is refused by the engine alone and done in tiles', async () => {
  const format = FORMATS.gbrap16;
  const limit = 16e6;
  const [a, b, truth] = [0, 8, 4].map((u) => moved(format, 400, 300, u, 0));
  assert.ok(a && b && truth);
  const setup = { width: 400, height: 300, threads: 1 };
  await using alone = new Glide(setup, STANDARD, limit);
  await assert.rejects(collect(alone.between(a, b, [0.5])), { code: 'too-large' });
  // The same limit holds for every tile.
  const tiling: Tiling = { bytes: (f, w, h) => glideBytes(f, w, h, STANDARD), maxBytes: limit, overlap: 64 };
  await using engine = await tiled(async (inner) => new Glide(inner, STANDARD, limit), setup, tiling);
  const [made] = await collect(engine.between(a, b, [0.5]));
  assert.ok(made && psnr(made.frame, truth, 12) > 40);
  await using product = await openGlide(setup, STANDARD, limit);
  const [same] = await collect(product.between(a, b, [0.5]));
  assert.ok(same && psnr(same.frame, truth, 12) > 40);
});

test('what fits is the engine’s own picture, byte for byte', async () => {
  const [a, b] = [moved(FORMATS.yuv420p, 211, 133, 0, 0), moved(FORMATS.yuv420p, 211, 133, 7, 3)];
  const [expected] = await whole(a, b, [0.4]);
  await using engine = await openGlide({ width: 211, height: 133, threads: 2 }, STANDARD);
  const [made] = await collect(engine.between(a, b, [0.4]));
  assert.ok(made && expected);
  assert.equal(maxDifference(made.frame, expected.frame), 0);
  assert.equal(made.confidence, expected.confidence);
});

test('a pair that does not match, and tiles that cannot be small enough, are refused', async () => {
  await using engine = await openGlide({ width: 64, height: 64, threads: 1 }, STANDARD, 100);
  const a = moved(FORMATS.gray, 64, 64, 0, 0);
  await assert.rejects(collect(engine.between(a, moved(FORMATS.gray, 64, 62, 0, 0), [0.5])), { code: 'size-mismatch' });
  await assert.rejects(collect(engine.between(a, a, [0.5])), { code: 'too-large' });
  assert.deepEqual(await collect(engine.between(a, a, [])), []);
});
