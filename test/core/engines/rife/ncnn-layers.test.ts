/** Every kind of layer against arithmetic written out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convertNetwork } from '../../../../app/core/engines/rife/ncnn/convert.ts';
import { runGraph, tensor } from '../../onnx/support.ts';
import { kernel, numbers, plain, readNcnn, writeNcnn, type Piece } from './ncnn-support.ts';

type Values = readonly number[];
interface Blob {
  readonly dims: Values;
  readonly values: Values;
}

const [C, H, W] = [2, 4, 6] as const;
const X: Blob = { dims: [C, H, W], values: numbers(C * H * W, 3) };
const Y: Blob = { dims: [C, H, W], values: numbers(C * H * W, 4) };

function blob(dims: Values, value: (c: number, y: number, x: number) => number): Blob {
  const [c = 0, h = 0, w = 0] = dims;
  const all = Array.from({ length: c * h * w }, (_, i) => value(Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w));
  return { dims, values: all };
}

/** An element, or 0 outside. */
function at({ dims: [c = 0, h = 0, w = 0], values }: Blob, channel: number, y: number, x: number): number {
  const inside = channel >= 0 && channel < c && y >= 0 && y < h && x >= 0 && x < w;
  return inside ? values[(channel * h + y) * w + x]! : 0;
}

function close(made: Blob, wanted: Blob, which: string): void {
  assert.deepEqual(made.dims, wanted.dims, which);
  made.values.forEach((value, i) => {
    assert.ok(Math.abs(value - wanted.values[i]!) <= 1e-5, `${which}, ${i}: ${value}, ${wanted.values[i]}`);
  });
}

/** Layers of a test, each over blobs of its own or shared ones, run as one network. */
class Layers {
  readonly #blobs: Blob[] = [];
  readonly #lines: string[] = [];
  readonly #pieces: Piece[] = [];
  readonly #wanted: Blob[] = [];

  one(
    type: string,
    settings: string,
    wanted: Blob | readonly Blob[],
    inputs: readonly Blob[] = [X],
    pieces: readonly Piece[] = [],
  ) {
    const ins = inputs.map((input) => {
      if (!this.#blobs.includes(input)) this.#blobs.push(input);
      return `x${this.#blobs.indexOf(input)}`;
    });
    const all = 'dims' in wanted ? [wanted] : wanted;
    const outs = all.map((_, i) => `y${this.#wanted.length + i}`);
    const name = `layer${this.#lines.length}`;
    this.#lines.push(`${type} ${name} ${ins.length} ${outs.length} ${[...ins, ...outs].join(' ')} ${settings}`);
    this.#pieces.push(...pieces);
    this.#wanted.push(...all);
  }

  async check(): Promise<void> {
    const heads = this.#blobs.map((_, i) => `Input x${i} 0 1 x${i}`);
    const network = await readNcnn(writeNcnn('layers', [...heads, ...this.#lines], this.#pieces));
    const sizes = Object.fromEntries(this.#blobs.map(({ dims }, i) => [`x${i}`, [1, ...dims]]));
    const outputs = Object.fromEntries(this.#wanted.map((_, i) => [`y${i}`, `y${i}`]));
    const given = this.#blobs.map(({ dims, values }, i) => [`x${i}`, tensor([1, ...dims], values)] as const);
    const made = await runGraph(convertNetwork(network, sizes, outputs), Object.fromEntries(given));
    this.#wanted.forEach((wanted, i) => {
      const { dims, data } = made[`y${i}`]!;
      close({ dims: dims.slice(1), values: Array.from(data as Float32Array) }, wanted, `y${i}`);
    });
  }
}

const each = (of: (value: number) => number): Blob => ({ dims: X.dims, values: X.values.map(of) });
const both = (of: (a: number, b: number) => number): Blob => ({
  dims: X.dims,
  values: X.values.map((a, i) => of(a, Y.values[i]!)),
});

test('activations', async () => {
  const layers = new Layers();
  layers.one(
    'ReLU',
    '',
    each((v) => Math.max(0, v)),
  );
  layers.one(
    'ReLU',
    '0=2.000000e-01',
    each((v) => (v < 0 ? 0.2 * v : v)),
  );
  layers.one(
    'Sigmoid',
    '',
    each((v) => 1 / (1 + Math.exp(-v))),
  );
  layers.one(
    'Clip',
    '0=-0.25 1=0.5',
    each((v) => Math.min(0.5, Math.max(-0.25, v))),
  );
  layers.one(
    'PReLU',
    '0=1',
    each((v) => (v < 0 ? 0.3 * v : v)),
    [X],
    [plain([0.3])],
  );
  const slopes = [0.1, -0.4];
  const byChannel = blob(X.dims, (c, y, x) => at(X, c, y, x) * (at(X, c, y, x) < 0 ? slopes[c]! : 1));
  layers.one('PReLU', '0=2', byChannel, [X], [plain(slopes)]);
  await layers.check();
});

test('arithmetic', async () => {
  const layers = new Layers();
  const operations: readonly ((a: number, b: number) => number)[] = [
    ...[(a: number, b: number) => a + b, (a: number, b: number) => a - b, (a: number, b: number) => a * b],
    ...[(a: number, b: number) => a / b, Math.max, Math.min],
  ];
  for (const [kind, of] of operations.entries()) {
    if (kind !== 3) layers.one('BinaryOp', `0=${kind}`, both(of), [X, Y]);
    layers.one(
      'BinaryOp',
      `0=${kind} 1=1 2=0.5`,
      each((v) => of(v, 0.5)),
    );
  }
  layers.one(
    'BinaryOp',
    '0=7 1=1 2=1.000000e+00',
    each((v) => 1 - v),
  );
  layers.one(
    'BinaryOp',
    '0=7',
    both((a, b) => b - a),
    [X, Y],
  );
  const gate: Blob = { dims: [C, 1, 1], values: [2, -3] };
  layers.one(
    'BinaryOp',
    '0=2',
    blob(X.dims, (c, y, x) => at(X, c, y, x) * gate.values[c]!),
    [X, gate],
  );
  layers.one(
    'Eltwise',
    '0=1 -23301=2,1.000000e+00,2.000000e+00',
    both((a, b) => a + 2 * b),
    [X, Y],
  );
  layers.one(
    'Eltwise',
    '0=1',
    both((a, b) => a + b),
    [X, Y],
  );
  layers.one(
    'Eltwise',
    '0=0',
    both((a, b) => a * b),
    [X, Y],
  );
  layers.one('Eltwise', '0=2', both(Math.max), [X, Y]);
  const unary: readonly [number, (v: number) => number][] = [
    [0, Math.abs],
    [1, (v) => -v],
    [2, Math.floor],
    [3, Math.ceil],
  ];
  const more: readonly [number, (v: number) => number][] = [
    [4, (v) => v * v],
    [7, Math.exp],
    [9, Math.sin],
    [10, Math.cos],
  ];
  for (const [kind, of] of [...unary, ...more, [16, Math.tanh] as const]) layers.one('UnaryOp', `0=${kind}`, each(of));
  await layers.check();
});

test('joins and cuts', async () => {
  const layers = new Layers();
  layers.one('Concat', '', { dims: [2 * C, H, W], values: [...X.values, ...Y.values] }, [X, Y]);
  layers.one(
    'Concat',
    '0=1',
    blob([C, 2 * H, W], (c, y, x) => (y < H ? at(X, c, y, x) : at(Y, c, y - H, x))),
    [X, Y],
  );
  layers.one(
    'Concat',
    '0=-1',
    blob([C, H, 2 * W], (c, y, x) => (x < W ? at(X, c, y, x) : at(Y, c, y, x - W))),
    [X, Y],
  );
  layers.one(
    'Crop',
    '-23309=1,1 -23310=1,2 -23311=1,0',
    blob([1, H, W], (_, y, x) => at(X, 1, y, x)),
  );
  const corner = blob([C, 2, 4], (c, y, x) => at(X, c, y + 1, x + 2));
  layers.one('Crop', '-23309=2,1,2 -23310=2,3,2147483647 -23311=2,1,2', corner);
  layers.one(
    'Crop',
    '-23309=2,1,-4 -23310=2,-1,0 -23311=2,1,-1',
    blob([C, 3, 4], (c, y, x) => at(X, c, y + 1, x + 2)),
  );
  layers.one(
    'Crop',
    '-23309=2,-233,2 -23310=2,-2,-233 -23311=2,1,2',
    blob([C, 2, 4], (c, y, x) => at(X, c, y, x + 2)),
  );
  const widths = [1, 2, 3].map((width, n) => blob([C, H, width], (c, y, x) => at(X, c, y, x + [0, 1, 3][n]!)));
  layers.one('Slice', '-23300=3,1,2,-233 1=2', widths);
  const halves = [0, 1].map((n) => blob([1, H, W], (_, y, x) => at(X, n, y, x)));
  layers.one('Slice', '-23300=2,-233,-233', halves);
  await layers.check();
});

test('pixels to channels and back', async () => {
  const layers = new Layers();
  const packed: Blob = { dims: [8, 2, 3], values: numbers(48, 5) };
  const block = (y: number, x: number) => 2 * (y % 2) + (x % 2);
  const [half, shifted] = [(n: number) => Math.floor(n / 2), (c: number, n: number) => 4 * c + n];
  layers.one(
    'PixelShuffle',
    '0=2',
    blob([2, 4, 6], (c, y, x) => at(packed, shifted(c, block(y, x)), half(y), half(x))),
    [packed],
  );
  layers.one(
    'PixelShuffle',
    '0=2 1=1',
    blob([2, 4, 6], (c, y, x) => at(packed, 2 * block(y, x) + c, half(y), half(x))),
    [packed],
  );
  const row = (n: number) => Math.floor(n / 2);
  layers.one(
    'Reorg',
    '0=2',
    blob([8, 2, 3], (n, y, x) => at(X, Math.floor(n / 4), 2 * y + row(n % 4), 2 * x + (n % 2))),
  );
  layers.one(
    'Reorg',
    '0=2 1=1',
    blob([8, 2, 3], (n, y, x) => at(X, n % 2, 2 * y + row(Math.floor(n / 2)), 2 * x + (Math.floor(n / 2) % 2))),
  );
  await layers.check();
});

interface Kernel {
  readonly out: number;
  readonly size: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly dilation?: number;
  readonly pad: readonly [top: number, left: number, bottom: number, right: number];
  readonly group?: number;
}

function convolved(
  x: Blob,
  w: Values,
  b: Values,
  { out, size: [kh, kw], stride = [1, 1], dilation = 1, pad, group = 1 }: Kernel,
): Blob {
  const [c = 0, h = 0, wide = 0] = x.dims;
  const per = c / group;
  const sides = [h + pad[0] + pad[2] - dilation * (kh - 1) - 1, wide + pad[1] + pad[3] - dilation * (kw - 1) - 1];
  return blob([out, Math.floor(sides[0]! / stride[0]) + 1, Math.floor(sides[1]! / stride[1]) + 1], (o, y, x0) => {
    const first = Math.floor(o / (out / group)) * per;
    let sum = b[o] ?? 0;
    for (let i = 0; i < per; i++)
      for (let ky = 0; ky < kh; ky++)
        for (let kx = 0; kx < kw; kx++)
          sum +=
            w[((o * per + i) * kh + ky) * kw + kx]! *
            at(x, first + i, y * stride[0] + ky * dilation - pad[0], x0 * stride[1] + kx * dilation - pad[1]);
    return sum;
  });
}

test('convolutions', async () => {
  const layers = new Layers();
  const [w, b] = [numbers(3 * C * 9, 6), numbers(3, 7)];
  const three = { out: 3, size: [3, 3], pad: [1, 1, 1, 1] } as const;
  layers.one('Convolution', '0=3 1=3 4=1 5=1 6=54', convolved(X, w, b, three), [X], [kernel(w), plain(b)]);
  layers.one(
    'Convolution',
    '0=3 1=3 3=2 4=1 6=54',
    convolved(X, w, [], { ...three, stride: [2, 2] }),
    [X],
    [kernel(w)],
  );
  const full = '0=3 1=3 11=3 12=1 13=2 14=1 2=1 3=1 4=0 15=2 16=0 5=1 6=54';
  layers.one(
    'Convolution',
    full,
    convolved(X, w, b, { ...three, stride: [2, 1], pad: [1, 0, 0, 2] }),
    [X],
    [kernel(w), plain(b)],
  );
  const wide = numbers(2 * C * 3, 8);
  layers.one(
    'Convolution',
    '0=2 1=3 11=1 4=1 14=0 6=12',
    convolved(X, wide, [], { out: 2, size: [1, 3], pad: [0, 1, 0, 1] }),
    [X],
    [kernel(wide)],
  );
  layers.one(
    'Convolution',
    '0=3 1=3 2=2 4=2 6=54',
    convolved(X, w, [], { ...three, dilation: 2, pad: [2, 2, 2, 2] }),
    [X],
    [kernel(w)],
  );
  const grouped = numbers(4 * 9, 9);
  layers.one(
    'ConvolutionDepthWise',
    '0=4 1=3 4=1 6=36 7=2',
    convolved(X, grouped, [], { out: 4, size: [3, 3], pad: [1, 1, 1, 1], group: 2 }),
    [X],
    [kernel(grouped)],
  );
  await layers.check();
});

test('what ends a convolution', async () => {
  const layers = new Layers();
  const w = numbers(C * C, 10);
  const raw = convolved(X, w, [], { out: C, size: [1, 1], pad: [0, 0, 0, 0] });
  const ends: readonly [string, (v: number) => number][] = [
    ['9=1', (v) => Math.max(0, v)],
    ['9=2 -23310=1,2.000000e-01', (v) => (v < 0 ? 0.2 * v : v)],
    ['9=3 -23310=2,-0.1,0.3', (v) => Math.min(0.3, Math.max(-0.1, v))],
    ['9=4', (v) => 1 / (1 + Math.exp(-v))],
  ];
  for (const [settings, of] of ends)
    layers.one('Convolution', `0=2 1=1 6=4 ${settings}`, { ...raw, values: raw.values.map(of) }, [X], [kernel(w)]);
  await layers.check();
});

test('transposed convolutions', async () => {
  const layers = new Layers();
  const [w, b] = [numbers(3 * C * 16, 11), numbers(3, 12)];
  const spread = (pad: number, height: number, width: number): Blob =>
    blob([3, height, width], (o, y, x) => {
      let sum = b[o]!;
      for (let i = 0; i < C; i++)
        for (let ky = 0; ky < 4; ky++)
          for (let kx = 0; kx < 4; kx++) {
            const [from, left] = [(y + pad - ky) / 2, (x + pad - kx) / 2];
            if (Number.isInteger(from) && Number.isInteger(left))
              sum += w[((o * C + i) * 4 + ky) * 4 + kx]! * at(X, i, from, left);
          }
      return sum;
    });
  layers.one('Deconvolution', '0=3 1=4 3=2 4=1 5=1 6=96', spread(1, 8, 12), [X], [kernel(w), plain(b)]);
  layers.one(
    'Deconvolution',
    '0=3 1=4 11=4 12=1 13=2 14=1 18=1 19=0 2=1 3=2 4=1 5=1 6=96',
    spread(1, 8, 13),
    [X],
    [kernel(w), plain(b)],
  );
  await layers.check();
});

test('full connections and means', async () => {
  const layers = new Layers();
  const mean = blob([C, 1, 1], (c) => X.values.slice(c * H * W, (c + 1) * H * W).reduce((a, b) => a + b, 0) / (H * W));
  const most = blob([C, 1, 1], (c) => Math.max(...X.values.slice(c * H * W, (c + 1) * H * W)));
  layers.one('Pooling', '0=1 4=1', mean);
  layers.one('Pooling', '4=1', most);
  const w = numbers(3 * C * H * W, 13);
  const dot = blob([3, 1, 1], (o) =>
    X.values.reduce((sum, value, i) => sum + value * w[o * X.values.length + i]!, 0.5),
  );
  layers.one('InnerProduct', `0=3 1=1 2=${w.length}`, dot, [X], [kernel(w), plain([0.5, 0.5, 0.5])]);
  const leaky = { ...dot, values: dot.values.map((v) => (v < 0 ? 1.5 * v : v)) };
  layers.one('InnerProduct', `0=3 1=1 2=${w.length} 9=2 -23310=1,1.5`, leaky, [X], [kernel(w), plain([0.5, 0.5, 0.5])]);
  await layers.check();
});

/** Linear between the four neighbours, the border repeated. */
function sampled(of: Blob, c: number, y: number, x: number): number {
  const [, h = 0, w = 0] = of.dims;
  const [cy, cx] = [Math.min(h - 1, Math.max(0, y)), Math.min(w - 1, Math.max(0, x))];
  const [top, left] = [Math.floor(cy), Math.floor(cx)];
  const [fy, fx] = [cy - top, cx - left];
  const [down, right] = [Math.min(h - 1, top + 1), Math.min(w - 1, left + 1)];
  const upper = at(of, c, top, left) * (1 - fx) + at(of, c, top, right) * fx;
  return upper * (1 - fy) + fy * (at(of, c, down, left) * (1 - fx) + at(of, c, down, right) * fx);
}

test('resampling and warping', async () => {
  const layers = new Layers();
  const half = (by: number) => (c: number, y: number, x: number) =>
    sampled(X, c, (y + 0.5) / by - 0.5, (x + 0.5) / by - 0.5);
  layers.one('Interp', '0=2 1=2.000000e+00 2=2.000000e+00', blob([C, 8, 12], half(2)));
  layers.one('Interp', '0=2 1=5.000000e-01 2=5.000000e-01 6=0', blob([C, 2, 3], half(0.5)));
  layers.one('Interp', '0=2 3=8 4=12', blob([C, 8, 12], half(2)));
  layers.one(
    'Interp',
    '0=2 1=2 2=2 6=1',
    blob([C, 8, 12], (c, y, x) => sampled(X, c, (y * 3) / 7, (x * 5) / 11)),
  );
  layers.one(
    'Interp',
    '0=1 1=2 2=2',
    blob([C, 8, 12], (c, y, x) => at(X, c, Math.floor(y / 2), Math.floor(x / 2))),
  );
  const flow: Blob = { dims: [2, H, W], values: numbers(2 * H * W, 14).map((v) => 4 * v) };
  const moved = blob(X.dims, (c, y, x) => sampled(X, c, y + at(flow, 1, y, x), x + at(flow, 0, y, x)));
  layers.one('rife.Warp', '', moved, [X, flow]);
  layers.one('rife.Warp', '0=6', moved, [X, flow]);
  layers.one('ifrnet.Warp', '', moved, [X, flow]);
  await layers.check();
});

test('padding and numbers of the network', async () => {
  const layers = new Layers();
  layers.one(
    'Padding',
    '0=1 1=2 2=1 3=0',
    blob([C, H + 3, W + 1], (c, y, x) => at(X, c, y - 1, x - 1)),
  );
  const clamp = (v: number, size: number) => Math.min(size - 1, Math.max(0, v));
  layers.one(
    'Padding',
    '0=1 1=1 2=1 3=1 4=1',
    blob([C, H + 2, W + 2], (c, y, x) => at(X, c, clamp(y - 1, H), clamp(x - 1, W))),
  );
  const mirror = (v: number, size: number) => (v < 0 ? -v : v >= size ? 2 * size - 2 - v : v);
  layers.one(
    'Padding',
    '0=3 1=3 2=3 3=3 4=2',
    blob([C, H + 6, W + 6], (c, y, x) => at(X, c, mirror(y - 3, H), mirror(x - 3, W))),
  );
  const beta: Blob = { dims: [2, 1, 1], values: [2, -3] };
  layers.one('MemoryData', '0=1 1=1 2=2', beta, [], [plain(beta.values)]);
  layers.one('MemoryData', '0=2', beta, [], [plain(beta.values)]);
  await layers.check();
});
