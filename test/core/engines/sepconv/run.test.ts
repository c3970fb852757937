import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { OFFICIAL, type SepconvConfig } from '../../../../app/core/engines/sepconv/config.ts';
import { openSepconvCase } from '../../../../app/core/engines/sepconv/fixture.ts';
import { openSepconv, sepconv, sepconvBytes } from '../../../../app/core/engines/sepconv/index.ts';
import { fillInput, SepconvNetwork } from '../../../../app/core/engines/sepconv/run.ts';
import type { Array32 } from '../../../../app/core/fixtures/case.ts';
import { findCases, readCase } from '../../../../app/core/fixtures/read.ts';
import { runCase } from '../../../../app/core/fixtures/run.ts';
import { shared, tempFolder } from '../../../support/command.ts';
import { FORMATS, paint } from '../frames.ts';
import { randoms, seeded, seededPlus, shifting, SMALL, SMALL_PLUS, writeWeights } from './support.ts';

const KERAS: SepconvConfig = { ...SMALL, variant: 'keras' };
const THREADS = 2;

function picture(width: number, height: number, value: (x: number, y: number, c: number) => number): Float32Array {
  return Float32Array.from({ length: 3 * width * height }, (_, i) =>
    value(i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))),
  );
}

test('the reference cases hold', { skip: shared ? false : 'INBETWEEN_SHARED is not set' }, async () => {
  const results: string[] = [];
  for (const path of await findCases(join(shared!, 'fixtures'))) {
    const file = await readCase(path);
    if (file.fixture.system !== 'sepconv') continue;
    const { id, status, message, worst } = await runCase(file);
    const there = file.fixture.weights.every(({ present }) => present);
    assert.equal(status, there ? 'passed' : 'weights-not-included', `${id}: ${message} ${JSON.stringify(worst)}`);
    results.push(id);
  }
  assert.ok(results.length >= 3, results.join());
});

test('a case whose file is not there says so', async () => {
  const missing = { file: 'kernels-l1.pytorch', included: false, present: false };
  await using runner = await openSepconvCase({
    id: 'x',
    system: 'sepconv',
    variant: 'official kernel heads (trained weights)',
    config: {},
    folder: '/nowhere',
    weights: [missing],
  });
  assert.equal(await runner.run({ name: 'heads', inputs: {}, wanted: [], params: {} }), 'weights-absent');
});

test('heads alone, as some publish them, give what PyTorch gives in double precision', async (t) => {
  const folder = tempFolder(t);
  const all = seeded({ ...OFFICIAL, widths: [2, 64] }, 21);
  const heads = new Map([...all].filter(([name]) => /^(Vertical|Horizontal)/.test(name)));
  writeWeights(join(folder, 'kernels.pytorch'), heads, { prefix: 'module' });
  const variant = 'official kernel heads (trained weights)';
  const weights = [{ file: 'kernels.pytorch', included: false, present: true }];
  await using runner = await openSepconvCase({ id: 'x', system: 'sepconv', variant, config: {}, folder, weights });
  const random = randoms(3);
  const x = { dims: [1, 64, 12, 16], data: Float32Array.from({ length: 64 * 12 * 16 }, random) };
  const taps = await runner.run({ name: 'heads', inputs: { x }, wanted: ['Vertical1', 'Horizontal2'], params: {} });
  assert.ok(taps !== 'weights-absent');
  for (const [head, wanted] of [
    ['Vertical1', [0.2009313, 0.1803396, -0.2589918]],
    ['Horizontal1', [0.3633188, -0.1310697, -0.0136185]],
    ['Vertical2', [-0.0003654, -0.3762224, -0.4212567]],
    ['Horizontal2', [0.1720605, -0.7512194, -0.0080912]],
  ] as const) {
    const made: Array32 = taps[head]!;
    const { data } = made;
    assert.deepEqual(made.dims, [1, 51, 24, 32]);
    [0, 5000, 39167].forEach((i, n) => assert.ok(Math.abs(data[i]! - wanted[n]!) < 1e-5, `${head} ${i}: ${data[i]}`));
  }
});

for (const config of [SMALL, KERAS, SMALL_PLUS])
  test(`a picture made in bands is the one made at once (${config.variant})`, async () => {
    const [width, height] = [37, 61];
    const random = randoms(5);
    const [a, b] = [0, 1].map(() => picture(width, height, () => random() / 2 + 0.5));
    const weights = config.variant === 'plus' ? seededPlus(config, 6) : seeded(config, 6);
    const make = async (bandBytes?: number): Promise<Float32Array> => {
      const setup = { width, height, threads: THREADS, ...(bandBytes !== undefined && { bandBytes }) };
      await using network = await SepconvNetwork.open(config, weights, setup);
      return (await network.between(a!, b!, 0.5)).picture;
    };
    const whole = await make();
    // Eight rows at a time, the least there is, and sixteen: neither divides the height.
    for (const bytes of [1, 16 * 4 * 4 * config.kernel * 40]) {
      const banded = await make(bytes);
      const off = banded.reduce((most, value, i) => Math.max(most, Math.abs(value - whole[i]!)), 0);
      assert.ok(off < 2e-5, `${off}`);
    }
    assert.ok(Math.max(...whole) > 0.05, 'there is something to compare');
  });

for (const config of [SMALL, { ...KERAS, channels: 'bgr' } as const])
  test(`a picture that moved is found halfway (${config.variant})`, async () => {
    const [width, height] = [45, 38];
    const texture = (x: number, y: number, c: number): number =>
      0.5 + 0.2 * Math.sin(x * 0.7 + c) + 0.2 * Math.cos(y * 0.5 - c);
    // To the right by 6 and up by 4; the one between, by 3 and 2.
    const moved = (part: number) => picture(width, height, (x, y, c) => texture(x - 6 * part, y + 4 * part, c));
    const weights = shifting(config, [
      [-3, 2],
      [3, -2],
    ]);
    await using network = await SepconvNetwork.open(config, weights, { width, height, threads: THREADS });
    const [a, b] = [moved(0), moved(1)];
    const { picture: made, confidence } = await network.between(a, b, 0.5);
    const wanted = moved(0.5);
    for (let c = 0; c < 3; c++)
      for (let y = 2; y < height - 2; y++)
        for (let x = 3; x < width - 3; x++) {
          const at = (c * height + y) * width + x;
          assert.ok(Math.abs(made[at]! - wanted[at]!) < 1e-6, `${x},${y},${c}: ${made[at]} ${wanted[at]}`);
        }
    assert.ok(confidence > 0.7, `${confidence}`);
    // Beyond the edge there is only one picture to read, and it is not the other.
    assert.ok(confidence < 1, `${confidence}`);
    const [other, straight] = [
      picture(width, height, (x) => (x % 2 ? 1 : 0)),
      shifting(config, [
        [0, 0],
        [0, 0],
      ]),
    ];
    await using blind = await SepconvNetwork.open(config, straight, { width, height, threads: THREADS });
    assert.ok((await blind.between(a, other, 0.5)).confidence < 0.3);
    assert.ok((await blind.between(a, a, 0.5)).confidence > 0.999);
  });

test('SepConv++ gives what PyTorch gives in double precision for the same numbers', async () => {
  // Sides that are odd at every scale, so that each crop and pad takes part.
  const [width, height] = [29, 22];
  const random = randoms(77);
  const [a, b] = [0, 1].map(() => picture(width, height, () => random() / 2 + 0.5));
  await using network = await SepconvNetwork.open(SMALL_PLUS, seededPlus(SMALL_PLUS, 42), {
    width,
    height,
    threads: 1,
  });
  const { picture: made } = await network.between(a!, b!, 0.5);
  const wanted = [
    [0, -7.1842682],
    [400, 0.2823382],
    [900, 0.2593045],
    [1500, -0.3825134],
    [1913, -0.1254963],
  ] as const;
  for (const [i, value] of wanted)
    assert.ok(Math.abs(made[i]! - value) < 5e-5 * Math.max(1, Math.abs(value)), `${made[i]} ${value}`);
});

test('the input is repeated at the right and below, in the order of channels the network has', () => {
  const input = new Float32Array(6 * 4 * 4).fill(-1);
  const [a, b] = [picture(3, 2, (x, y, c) => 100 * c + 10 * y + x), picture(3, 2, () => 7)];
  fillInput(input, { width: 4, height: 4 }, [a, b], { width: 3, height: 2 }, { ...SMALL, channels: 'bgr' });
  assert.deepEqual(
    [...input.subarray(0, 16)],
    [200, 201, 202, 202, ...Array.from({ length: 3 }, () => [210, 211, 212, 212]).flat()],
  );
  assert.deepEqual([...input.subarray(32, 36)], [0, 1, 2, 2]);
  assert.deepEqual([...input.subarray(48)], Array(48).fill(7));
});

test('frames of any size and kind, at any time', async (t) => {
  const config: SepconvConfig = { ...SMALL, widths: [4, 4] };
  const weights = shifting(config, [
    [0, 0],
    [0, 0],
  ]);
  const metadata = { config: JSON.stringify({ channels: 'rgb', pad: 4 }) };
  const path = writeWeights(join(tempFolder(t), 'weights.safetensors'), weights, { metadata });
  for (const [format, width, height] of [
    [FORMATS.yuv420p, 33, 18],
    [FORMATS.gbrap16, 20, 27],
  ] as const) {
    await using engine = await sepconv.open(path, { width, height, threads: 1 });
    const a = paint(format, width, height, 0, (x) => 0.3 + x / 100);
    const b = paint(format, width, height, 1, (x) => 0.5 + x / 100);
    const made: number[] = [];
    for await (const { frame, confidence } of engine.between(a, b, [0.25, 0.5, 0.9])) {
      const at = [...frame.planes[0]!.data].map((value, i) => value - Number(a.planes[0]!.data[i]));
      made.push(Math.round((at.reduce((sum, d) => sum + d, 0) / at.length / (2 ** format.bits - 1)) * 1000) / 1000);
      assert.ok(confidence > 0 && confidence <= 1);
    }
    // These taps fade the two; 0.9 is nearest to 14 sixteenths.
    assert.ok(
      [0.05, 0.1, 0.175].every((wanted, i) => Math.abs(made[i]! - wanted) < 0.003),
      made.join(),
    );
  }
});

test('a picture too large for memory goes through in tiles, and shows no seam', async (t) => {
  const config: SepconvConfig = { ...SMALL, widths: [4, 4], pad: 4 };
  const weights = shifting(config, [
    [-2, 1],
    [2, -1],
  ]);
  const metadata = { config: JSON.stringify({ channels: 'rgb', pad: 4 }) };
  const path = writeWeights(join(tempFolder(t), 'weights.safetensors'), weights, { metadata });
  const [width, height] = [160, 96];
  const moved = (time: number) =>
    paint(
      FORMATS.yuv444p,
      width,
      height,
      time,
      (x, y) => 0.5 + 0.4 * Math.sin((x - 4 * time) / 9 + (y + 2 * time) / 7),
    );
  const make = async (maxBytes: number): Promise<Uint8Array> => {
    await using engine = await openSepconv(path, { width, height, threads: 1 }, maxBytes);
    for await (const { frame } of engine.between(moved(0), moved(1), [0.5])) return frame.planes[0]!.data as Uint8Array;
    throw new Error('no frame came');
  };
  const whole = sepconvBytes(config, width, height);
  const [once, cut] = [await make(whole), await make(whole / 2)];
  // Taps that are the same everywhere make the same of every tile but at its edges, which do not count.
  assert.ok(once.every((value, i) => Math.abs(value - cut[i]!) <= 1));
});

test('an abort ends the work with its reason', async () => {
  const [width, height] = [64, 64];
  await using network = await SepconvNetwork.open(SMALL, seeded(SMALL, 8), { width, height, threads: 1 });
  const [a, b] = [picture(width, height, () => 0.5), picture(width, height, () => 0.6)];
  const reason = new Error('enough');
  await assert.rejects(network.between(a, b, 0.5, AbortSignal.abort(reason)), reason);
  assert.equal((await network.between(a, b, 0.5)).picture.length, a.length);
});
