import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Arena, gridOf, takeField } from '../../../app/core/kernels/arena.ts';
import { buildKernels, findTools } from '../../../app/core/kernels/build.ts';
import { RESERVED, STACK, compileKernels, createMemory, instantiate } from '../../../app/core/kernels/module.ts';
import type { Kernels } from '../../../app/core/kernels/module.ts';
import * as twin from '../../../app/core/kernels/twin.ts';
import type { Field } from '../../../app/core/kernels/twin.ts';

const KERNELS = compileKernels();

/** An instance with a memory of its own, and fields in it. */
class Bench {
  readonly memory = createMemory(RESERVED + STACK + (4 << 20));
  readonly kernels: Kernels = instantiate(KERNELS, this.memory, RESERVED + STACK);
  readonly #arena = new Arena(RESERVED + STACK);
  #state = 12345;

  bytes(count: number): number {
    return this.#arena.take(count);
  }
  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, count);
  }
  random(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }
  /** A new field in the memory: its address, and a view of it for the twin. */
  field(
    w: number,
    h: number,
    fill: (x: number, y: number) => number = () => 0,
  ): { at: number; view: Field; copy(): Field } {
    const grid = gridOf(w, h);
    const at = takeField(this.#arena, grid);
    const before = 16 * grid.stride + 16;
    const data = new Float32Array(this.memory.buffer, at - before * 4, (h + 32) * grid.stride);
    const view = { data, at: before, ...grid };
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) data[before + y * grid.stride + x] = fill(x, y);
    return { at, view, copy: () => ({ ...view, data: data.slice() }) };
  }
}

/** Largest difference of two fields over their picture and `border` around it. */
function farthest(a: Field, b: Field, border = 0): number {
  let max = 0;
  for (let y = -border; y < a.h + border; y++)
    for (let x = -border; x < a.w + border; x++) {
      const d = (a.data[a.at + y * a.stride + x] ?? NaN) - (b.data[b.at + y * b.stride + x] ?? NaN);
      max = Number.isNaN(d) ? Infinity : Math.max(max, Math.abs(d));
    }
  return max;
}

const hills = (x: number, y: number): number =>
  128 + 60 * Math.sin(x * 0.37 + y * 0.11) + 50 * Math.cos(y * 0.29 - x * 0.05);

test('luma and its pyramid agree with the twin', () => {
  for (const [sw, sh, factor, depth] of [
    [61, 47, 1, 1],
    [61, 47, 2, 1],
    [64, 33, 4, 2],
    [37, 70, 8, 2],
  ] as const) {
    const bench = new Bench();
    const { kernels: k } = bench;
    const src = bench.bytes(sw * sh * depth);
    const pixels =
      depth === 1
        ? new Uint8Array(bench.memory.buffer, src, sw * sh)
        : new Uint16Array(bench.memory.buffer, src, sw * sh);
    for (let i = 0; i < pixels.length; i++) pixels[i] = Math.floor(bench.random() * (depth === 1 ? 256 : 65536));
    const w = Math.ceil(sw / factor);
    const h = Math.ceil(sh / factor);
    const made = bench.field(w, h);
    const wanted = made.copy();
    const kernel = depth === 1 ? k.luma8 : k.luma16;
    for (const [weight, add] of [
      [0.6, 0],
      [0.3, 1],
    ] as const) {
      for (const [y0, y1] of [
        [0, 3],
        [3, h],
      ] as const)
        kernel(src, sw, sh, factor, weight, add, made.at, w, made.view.stride, y0, y1);
      twin.luma(pixels, sw, sh, factor, weight, add === 1, wanted);
    }
    assert.ok(farthest(made.view, wanted) < 0.01);
    k.pad(made.at, w, h, made.view.stride, 0, h);
    twin.pad(wanted);
    assert.ok(farthest(made.view, wanted, 16) < 0.01);
    const small = bench.field((w + 1) >> 1, (h + 1) >> 1);
    const less = small.copy();
    k.down2(made.at, made.view.stride, small.at, less.w, less.stride, 0, less.h);
    twin.down2(wanted, less);
    assert.ok(farthest(small.view, less) < 0.01);
  }
});

test('gradients and Gauss-Newton steps of a patch agree with the twin and find the displacement', () => {
  const bench = new Bench();
  const { kernels: k } = bench;
  const [w, h] = [70, 50];
  const ref = bench.field(w, h, hills);
  const other = bench.field(w, h, (x, y) => hills(x - 2.3, y + 1.4));
  const [gx, gy] = [bench.field(w, h), bench.field(w, h)];
  const [wx, wy] = [gx.copy(), gy.copy()];
  for (const { at, view } of [ref, other]) k.pad(at, w, h, view.stride, 0, h);
  const { stride } = ref.view;
  k.gradient(ref.at, gx.at, gy.at, w, stride, 0, h);
  twin.gradient(ref.view, wx, wy);
  assert.ok(farthest(gx.view, wx) < 1e-3 && farthest(gy.view, wy) < 1e-3);
  const at = bench.bytes(12);
  for (const [x, y, u, v] of [
    [20, 20, 0, 0],
    [0, 0, 1, -1],
    [62, 42, 0.5, 0.5],
    [30, 11, -40, 200],
  ] as const) {
    const io = bench.floats(at, 3);
    io.set([u, v, 0]);
    k.search_one(ref.at, gx.at, gy.at, other.at, w, h, stride, x, y, at, 12);
    const look = { ref: ref.view, gx: wx, gy: wy, other: other.view, x, y };
    const wanted = twin.searchOne(look, u, v, 12);
    assert.ok(
      Math.abs((io[0] ?? NaN) - wanted.u) < 0.02 && Math.abs((io[1] ?? NaN) - wanted.v) < 0.02,
      `${io} ${JSON.stringify(wanted)}`,
    );
    if (x === 20) assert.ok(Math.abs(wanted.u - 2.3) < 0.05 && Math.abs(wanted.v + 1.4) < 0.05);
  }
});

test('splatting agrees with the twin, whatever the bands', () => {
  const bench = new Bench();
  const { kernels: k } = bench;
  const [w, h] = [53, 41];
  const u = bench.field(w, h, () => bench.random() * 30 - 15);
  const v = bench.field(w, h, () => bench.random() * 30 - 15);
  const weight = bench.field(w, h, () => bench.random());
  const rows = [bench.bytes(h * 4), bench.bytes(h * 4)] as const;
  const [vmin, vmax] = rows.map((at) => bench.floats(at, h));
  for (let y = 0; y < h; y++) {
    const row = v.view.data.subarray(v.view.at + y * v.view.stride, v.view.at + y * v.view.stride + w);
    if (vmin && vmax) [vmin[y], vmax[y]] = [Math.min(...row), Math.max(...row)];
  }
  const cells = bench.bytes(w * h * 16);
  const results = [h, 7].map((grain) => {
    for (let y = 0; y < h; y += grain)
      k.splat(u.at, v.at, weight.at, ...rows, w, h, u.view.stride, 0.4, -1, cells, y, Math.min(h, y + grain));
    return bench.floats(cells, w * h * 4).slice();
  });
  assert.deepEqual(results[0], results[1]);
  const wanted = twin.splat(u.view, v.view, weight.view, 0.4, -1);
  wanted.forEach((value, i) => assert.ok(Math.abs(value - (results[0]?.[i] ?? NaN)) < 1e-3));
});

test('the warp of 8 and 16 bit planes agrees with the twin to half a code value', () => {
  for (const [depth, top, ratioX, ratioY] of [
    [1, 255, 1, 1],
    [1, 255, 2, 2],
    [2, 1023, 0.5, 1],
    [2, 65535, 4, 2],
  ] as const) {
    const bench = new Bench();
    const [w, h] = [67, 45];
    const [fw, fh] = [Math.ceil(w / ratioX), Math.ceil(h / ratioY)];
    const planes = [0, 1, 2].map(() => bench.bytes(w * h * depth + 64));
    const [first, second, out] = planes.map((at) =>
      depth === 1 ? new Uint8Array(bench.memory.buffer, at, w * h) : new Uint16Array(bench.memory.buffer, at, w * h),
    );
    assert.ok(first && second && out);
    for (const plane of [first, second]) plane.forEach((_, i) => (plane[i] = Math.floor(bench.random() * (top + 1))));
    const motion = (): ReturnType<Bench['field']> => bench.field(fw, fh, () => bench.random() * 20 - 10);
    const [u, v, u2, v2] = [motion(), motion(), motion(), motion()];
    const share = bench.field(fw, fh, () => bench.random());
    // Steps across the threshold below which the second flow is left out would hide in rounding.
    const weight2 = bench.field(fw, fh, (x) => (x < fw / 3 ? 0 : 0.1 + 0.4 * bench.random()));
    const [t, scratch] = [0.3, bench.bytes((fw + 6 * w + 96) * 4)];
    const kernel = depth === 1 ? bench.kernels.warp8 : bench.kernels.warp16;
    const [a = 0, b = 0, c = 0] = planes;
    const flows = [u.at, v.at, share.at, u2.at, v2.at, weight2.at] as const;
    for (const [y0, y1] of [
      [0, 20],
      [20, h],
    ] as const)
      kernel(a, b, c, w, h, t, top, ...flows, fw, fh, u.view.stride, ratioX, ratioY, scratch, y0, y1);
    const fields = { u: u.view, v: v.view, share: share.view, u2: u2.view, v2: v2.view, weight2: weight2.view };
    const wanted = twin.warp({ first, second, w, h, t, top, ...fields, ratioX, ratioY });
    const slack = 0.5 + top * 1e-4;
    wanted.forEach((value, i) =>
      assert.ok(Math.abs(value - (out[i] ?? NaN)) < slack, `${depth} ${i}: ${value} ${out[i]}`),
    );
  }
});

test('the committed kernels.wasm is what its sources build', (t) => {
  const tools = findTools();
  if (!tools) return t.skip('clang 19 and wasm-ld 19 are not installed: kernels.wasm was not rebuilt and compared');
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-test-'));
  try {
    buildKernels(tools, join(folder, 'kernels.wasm'));
    const committed = readFileSync(new URL('../../../app/core/kernels/kernels.wasm', import.meta.url));
    assert.ok(
      readFileSync(join(folder, 'kernels.wasm')).equals(committed),
      'run npm run kernels and commit kernels.wasm',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
