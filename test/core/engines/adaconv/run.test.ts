import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { OFFICIAL, PAD, PATCH, type AdaconvConfig } from '../../../../app/core/engines/adaconv/config.ts';
import { headGraph, patchGraph, trunkGraph } from '../../../../app/core/engines/adaconv/graph.ts';
import { adaconv } from '../../../../app/core/engines/adaconv/index.ts';
import { AdaconvNetwork } from '../../../../app/core/engines/adaconv/run.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import { readCase } from '../../../../app/core/fixtures/read.ts';
import { runCase } from '../../../../app/core/fixtures/run.ts';
import { frameOfFloatRgb } from '../../../../app/core/media/float-rgb.ts';
import { frameFromBytes } from '../../../../app/core/media/frame.ts';
import { pixelFormat } from '../../../../app/core/media/pixel-format.ts';
import { openSession } from '../../../../app/core/nn/session.ts';
import { parameterCount } from '../../../../app/core/onnx/graph.ts';
import { shared, tempFolder } from '../../../support/command.ts';
import { writeWeights } from '../sepconv/support.ts';
import { noise, seeded, SMALL, weightsOf } from './support.ts';

const THREADS = 1;

async function middle(
  config: AdaconvConfig,
  weights: Weights,
  size: { width: number; height: number },
  pictures: readonly [Float32Array, Float32Array],
  tileSide?: number,
): Promise<Float32Array> {
  const setup = { ...size, threads: THREADS, ...(tileSide === undefined ? {} : { tileSide }) };
  await using network = await AdaconvNetwork.open(config, weights, setup);
  return (await network.between(...pictures, 0.5)).picture;
}

/** The picture as published: for every pixel the network on its own patch, its taps laid on the patch's middle. */
async function patchwise(
  config: AdaconvConfig,
  weights: Weights,
  { width, height }: { width: number; height: number },
  pictures: readonly [Float32Array, Float32Array],
): Promise<Float32Array> {
  const { kernel } = config;
  const pixels = width * height;
  const out = new Float32Array(3 * pixels);
  const session = await openSession(patchGraph(config, weights, width), { threads: THREADS });
  const at = (picture: number, channel: number, x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : pictures[picture]![channel * pixels + y * width + x]!;
  for (let y = 0; y < height; y++) {
    const data = new Float32Array(width * 6 * PATCH * PATCH);
    for (let i = 0; i < data.length; i++) {
      const [column, row, plane] = [i % PATCH, Math.floor(i / PATCH) % PATCH, Math.floor(i / PATCH ** 2) % 6];
      const channel = config.channels === 'bgr' ? 2 - (plane % 3) : plane % 3;
      const x = Math.floor(i / (6 * PATCH ** 2)) + column - PAD;
      data[i] = config.range * at(Math.floor(plane / 3), channel, x, y + row - PAD);
    }
    const taps = await session.run({ patches: { dtype: 'float32', dims: [width, 6, PATCH, PATCH], data } });
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let tap = 0; tap < kernel ** 2; tap++) {
          const [i, j] = [x + (tap % kernel) - (kernel >> 1), y + Math.floor(tap / kernel) - (kernel >> 1)];
          sum += Number(taps['first']!.data[tap * width + x]) * at(0, channel, i, j);
          sum += Number(taps['second']!.data[tap * width + x]) * at(1, channel, i, j);
        }
        out[channel * pixels + y * width + x] = sum;
      }
  }
  await session.close();
  return out;
}

function scale(weights: Weights, name: string, by: number): void {
  const data = weights.get(name)!.data as Float32Array;
  for (let i = 0; i < data.length; i++) data[i]! *= by;
}

function distance(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

test('the full-size graph has the published parameters', () => {
  const weights = weightsOf(OFFICIAL);
  assert.equal(parameterCount(patchGraph(OFFICIAL, weights, 1)), 15_928_354);
  const [trunk, head] = [trunkGraph, headGraph].map((make) => make(OFFICIAL, weights, { width: 64, height: 8 }));
  assert.equal(parameterCount(trunk!) + parameterCount(head!), 15_928_354);
});

test('dilated over the whole picture is the published network on every patch', async () => {
  const size = { width: 11, height: 9 };
  for (const [seed, config] of [SMALL, { ...SMALL, channels: 'bgr', range: 255 } as const].entries()) {
    const weights = seeded(config, 7 + seed);
    // As small activations as with pictures of 0..1.
    if (config.range === 255) scale(weights, 'conv0.weight', 1 / 255);
    const pictures = [noise(11, 9, 1), noise(11, 9, 2)] as const;
    const wanted = await patchwise(config, weights, size, pictures);
    const made = await middle(config, weights, size, pictures);
    assert.ok(distance(made, wanted) < 1e-5, `${distance(made, wanted)} of full range`);
    const blend = pictures[0].map((value, i) => (value + pictures[1][i]!) / 2);
    assert.ok(distance(made, blend) > 0.1, 'the taps are not all alike');
  }
});

test('tiles and bands of any size give the whole', async () => {
  const size = { width: 61, height: 45 };
  const weights = seeded(SMALL, 3);
  const pictures = [noise(61, 45, 4), noise(61, 45, 5)] as const;
  const whole = await middle(SMALL, weights, size, pictures);
  for (const side of [8, 17, 40]) {
    const tiled = await middle(SMALL, weights, size, pictures, side);
    assert.ok(distance(tiled, whole) < 1e-6, `tiles of ${side}: ${distance(tiled, whole)}`);
  }
});

test('other times come by recursion, and a call can be cancelled', async () => {
  const size = { width: 24, height: 20 };
  await using network = await AdaconvNetwork.open(SMALL, seeded(SMALL, 9), { ...size, threads: THREADS });
  const [a, b] = [noise(24, 20, 1), noise(24, 20, 2)];
  const half = await network.between(a, b, 0.5);
  const quarter = await network.between(a, b, 0.25);
  assert.ok(half.confidence > 0 && half.confidence < 1);
  assert.ok(quarter.confidence <= half.confidence, 'no surer than what it is made from');
  const again = await network.between(a, half.picture, 0.5);
  assert.equal(distance(again.picture, quarter.picture), 0);
  const same = await network.between(a, a.slice(), 0.5);
  assert.ok(same.confidence > half.confidence);
  const cancel = AbortSignal.abort(new Error('enough'));
  await assert.rejects(network.between(a.slice(), b, 0.5, cancel), /enough/);
});

test('the family opens a file and works on native planes', async (t) => {
  const weights = weightsOf(SMALL);
  // Only the middle tap of the second picture.
  const bias = weights.get('conv8.bias')!.data as Float32Array;
  bias.fill(-60);
  bias[(2 * (SMALL.kernel >> 1) + 1) * SMALL.kernel + (SMALL.kernel >> 1)] = 0;
  for (const norm of ['bn1', 'bn2', 'bn3', 'bn4']) (weights.get(`${norm}.running_var`)!.data as Float32Array).fill(1);
  const metadata = { config: JSON.stringify({ kernel: 9, bn_eps: 1e-3, range: 1, channels: 'rgb' }) };
  const path = writeWeights(join(tempFolder(t), 'weights.safetensors'), weights, { prefix: '', metadata });
  await using engine = await adaconv.open(path, { width: 30, height: 20, threads: THREADS });
  const like = frameFromBytes(pixelFormat('yuv420p'), 30, 20, new Uint8Array(30 * 20 * 1.5).fill(90), 0, 0);
  const frames = [1, 2].map((seed) => frameOfFloatRgb(noise(30, 20, seed), like, {}, seed * 1000));
  for await (const { frame, confidence } of engine.between(frames[0]!, frames[1]!, [0.5])) {
    assert.deepEqual(frame.planes, frames[1]!.planes);
    assert.equal(frame.time, 1500);
    assert.ok(confidence > 0.9);
  }
});

test('the reference case', { skip: shared ? false : 'INBETWEEN_SHARED is not set' }, async () => {
  const result = await runCase(await readCase(join(shared!, 'fixtures/adaconv-seed')));
  assert.equal(result.status, 'passed', JSON.stringify(result));
  assert.equal(result.compared, 3);
  // On 0 to 255: two hundred times nearer than asked.
  assert.ok(result.worst!.error < 1e-4, JSON.stringify(result.worst));
});
