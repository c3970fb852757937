import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { cvi } from '../../../../app/core/engines/cvi/index.ts';
import type { CviConfig } from '../../../../app/core/engines/cvi/config.ts';
import { recogniseCvi } from '../../../../app/core/engines/cvi/weights.ts';
import type { Between, EngineSetup } from '../../../../app/core/engines/engine.ts';
import type { FillOptions } from '../../../../app/core/engines/inbetween.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import type { Frame } from '../../../../app/core/media/frame.ts';
import { tempFolder } from '../../../support/command.ts';
import { collect, FORMATS, maxDifference, paint, psnr, texture } from '../frames.ts';
import { seeded, TINY, writeCvi } from './support.ts';

const OPTIONS: FillOptions = { seed: 7, motion: 'linear' };
const GREY: CviConfig = { ...TINY, channels: 1, decoder: [...TINY.decoder.slice(0, 6), 1], skips: false };
const setupOf = ({ width, height }: Frame): EngineSetup => ({ width, height, threads: 1 });
const times = (count: number): number[] => Array.from({ length: count }, (_, i) => (i + 1) / (count + 1));

/** A network that says the same of every pixel: the last layer is its bias. */
function saying(config: CviConfig, bias: readonly number[]): Weights {
  const weights = new Map(seeded(config, 1));
  const name = 'video_transconv3d7/conv3d_transpose';
  const zero = (part: string): void => {
    const { dims, data } = weights.get(`${name}/${part}`)!;
    weights.set(`${name}/${part}`, { dtype: 'float32', dims, data: new Float32Array(data.length) });
  };
  zero('kernel');
  weights.set(`${name}/bias`, { dtype: 'float32', dims: [bias.length], data: Float32Array.from(bias) });
  return weights;
}

async function fill(
  path: string,
  config: object,
  [first, last]: readonly [Frame, Frame],
  at: readonly number[],
  options = OPTIONS,
): Promise<Between[]> {
  await using engine = await cvi.open(path, setupOf(first), { ...config });
  return await collect(engine.fill({ first: { frame: first }, last: { frame: last } }, at, options));
}

const stills = (name: keyof typeof FORMATS, width: number, height: number): [Frame, Frame] => [
  paint(FORMATS[name], width, height, 1000, (x, y) => 0.2 + 0.6 * texture(x, y)),
  paint(FORMATS[name], width, height, 16_000, (x, y) => 0.2 + 0.6 * texture(x + 300, y)),
];

/** Times of so many pictures evenly spaced. */
const even = (count: number): number[] => Array.from({ length: count }, (_, k) => (k + 1) / (count + 1));

test('what the network says of the small picture is done to the large stills', async (t) => {
  const folder = tempFolder(t);
  // Found in the first still 4 pixels of the grid to the right, 2 up; nothing of the last, nothing painted.
  const path = writeCvi(join(folder, 'a.safetensors'), saying(TINY, [0, 0, 0, 4 / 16, -2 / 16, 0, 0, 40, 0, 0]), TINY);
  const pair = stills('yuv444p', 192, 128);
  const made = await fill(path, {}, pair, [5 / 15]);
  // The grid is 96 x 64: a pixel of it is 2 by 2.
  const wanted = paint(FORMATS.yuv444p, 192, 128, 0, (x, y) => 0.2 + 0.6 * texture(x + 8, y - 4));
  assert.ok(psnr(made[0]!.frame, wanted, 12) > 55, `${psnr(made[0]!.frame, wanted, 12)} dB`);
  assert.equal(made[0]!.frame.time, 6000);
  assert.ok(made[0]!.confidence > 0.99, 'nothing is guessed');
  // Naively enlarged it is a blur of the same.
  const naive = await fill(path, {}, pair, [5 / 15], { ...OPTIONS, guided: false });
  const blurred = psnr(naive[0]!.frame, wanted, 12);
  assert.ok(blurred > 18 && blurred < 45, `${blurred} dB`);
});

test('a grey network paints luma; the stills give the colour', async (t) => {
  // Painted alone: luma (0.2 + 1) / 2.
  const path = writeCvi(
    join(tempFolder(t), 'a.safetensors'),
    saying(GREY, [Math.atanh(0.2), 0, 0, 0, 0, 0, 0, 40]),
    GREY,
  );
  const red = (time: number) => paint(FORMATS.gbrp, 64, 64, time, (_x, _y, channel) => (channel === 'r' ? 0.6 : 0.4));
  const [made] = await fill(path, {}, [red(0), red(1)], [0.2]);
  const [green, blue, strong] = made!.frame.planes.map(({ data }) => data[2080]! / 255) as [number, number, number];
  assert.ok(Math.abs(0.299 * strong + 0.587 * green + 0.114 * blue - 0.6) < 0.01, 'its luma');
  assert.ok(Math.abs(strong - green - 0.2) < 0.01 && Math.abs(green - blue) < 0.01, 'their colour');
  assert.ok(made!.confidence < 0.01, 'all of it is guessed');
});

test('sixteen frames are the network’s; other counts lie between them and are never repeated', async (t) => {
  const path = writeCvi(join(tempFolder(t), 'a.safetensors'), seeded(TINY, 5), TINY);
  const pair = stills('yuv420p', 70, 66);
  await using engine = await cvi.open(path, setupOf(pair[0]), {});
  const gap = { first: { frame: pair[0] }, last: { frame: pair[1] } };
  const own = await collect(engine.fill(gap, times(14), OPTIONS));
  assert.equal(own.length, 14);
  const more = await collect(engine.fill(gap, times(44), OPTIONS));
  assert.equal(more.length, 44);
  // Every third of 44 is one of the fourteen.
  own.forEach(({ frame }, i) => assert.equal(maxDifference(frame, more[3 * i + 2]!.frame), 0, `picture ${i}`));
  const all = [pair[0], ...more.map(({ frame }) => frame), pair[1]];
  for (const [i, frame] of all.entries()) {
    assert.equal(frame.time, 1000 + Math.round((15_000 * i) / 45));
    if (i > 0) assert.ok(maxDifference(frame, all[i - 1]!) > 0, `${i} repeats the one before`);
  }
  for (const { confidence } of more) assert.ok(confidence > 0 && confidence < 1);
  assert.deepEqual(
    [0, 1, 2, 4, 14].map((count) => cvi.note!(even(count)) === undefined),
    [true, false, true, true, true],
  );
  assert.match(cvi.note!([0.1, 0.5])!, /the 2 asked for/, 'eased');
  assert.match(cvi.note!(even(30))!, /14 pictures; the 30 asked for are found between them with glide/);
});

test('a seed is a take: the same gives the same, another another', async (t) => {
  const path = writeCvi(join(tempFolder(t), 'a.safetensors'), seeded(TINY, 5), TINY);
  const pair = stills('gray', 64, 72);
  const take = async (seed: number): Promise<Frame> =>
    (await fill(path, {}, pair, [7 / 15], { ...OPTIONS, seed }))[0]!.frame;
  const [one, again, other] = [await take(1), await take(1), await take(2 ** 32 - 1)];
  assert.equal(maxDifference(one, again), 0);
  assert.ok(maxDifference(one, other) > 0);
});

test('alpha is faded, wrong stills are refused, an abort is heard', async (t) => {
  const path = writeCvi(join(tempFolder(t), 'a.safetensors'), seeded(TINY, 5), TINY);
  const clear = (alpha: number) =>
    paint(FORMATS.gbrap16, 64, 64, 0, (x, y, channel) => (channel === 'a' ? alpha : texture(x, y)));
  const [half] = await fill(path, {}, [clear(0), clear(1)], [0.4]);
  assert.equal(half!.frame.planes[3]!.data[100], Math.round(0.4 * 65535));
  const [a] = stills('gray', 64, 64);
  await assert.rejects(fill(path, {}, [a, stills('yuv420p', 64, 64)[1]], [0.5]), { code: 'size-mismatch' });
  await assert.rejects(
    async () => {
      await using engine = await cvi.open(path, setupOf(a), {});
      const [b] = stills('gray', 128, 64);
      await collect(engine.fill({ first: { frame: b }, last: { frame: b } }, [0.5], OPTIONS));
    },
    { code: 'size-mismatch' },
  );
  const aborted = { ...OPTIONS, signal: AbortSignal.abort(new Error('enough')) };
  await assert.rejects(fill(path, {}, [a, a], [0.5], aborted), /enough/);
});

test('a checkpoint without a word about itself is known by its shapes', async (t) => {
  const folder = tempFolder(t);
  const output = {
    warp: TINY,
    tanh: { ...TINY, output: 'tanh', skips: false },
    bn_lrelu: { ...GREY, output: 'bn_lrelu' },
  } as const;
  for (const [name, config] of Object.entries(output)) {
    const weights = new Map(seeded(config, 2));
    const path = writeCvi(join(folder, `${name}.safetensors`), weights);
    await using checkpoint = await openCheckpoint(path);
    assert.deepEqual(recogniseCvi(checkpoint), config);
    const found = await cvi.recognise(checkpoint);
    assert.equal(found!['output'], name);
    // A picture by tanh or by norm: the fields are found by matching it.
    const [made] = await fill(path, found!, stills('gray', 64, 64), [0.2]);
    assert.ok(made!.confidence > 0 && made!.confidence <= 1);
    weights.delete('latent_layer7/conv3d2/conv3d/bias');
    const less = writeCvi(join(folder, `${name}-less.safetensors`), weights);
    await assert.rejects(fill(less, found!, stills('gray', 64, 64), [0.2]), {
      code: 'weights-mismatch',
      message: /lacks latent_layer7\/conv3d2\/conv3d\/bias/,
    });
  }
});

test('a network that gives what is no number is told of', async (t) => {
  const path = writeCvi(join(tempFolder(t), 'a.safetensors'), saying(TINY, [NaN, 0, 0, 0, 0, 0, 0, 0, 0, 0]), TINY);
  await assert.rejects(fill(path, {}, stills('gray', 64, 64), [0.5]), { code: 'engine-failed' });
});
