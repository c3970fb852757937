/** Runs AdaConv's reference cases. */
import { join } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import type { Array32, CaseRunner, FixtureCase, FixtureRun } from '../../fixtures/case.ts';
import { openCheckpoint } from '../../import/registry.ts';
import type { Weights } from '../weights.ts';
import type { AdaconvConfig } from './config.ts';
import { AdaconvNetwork, type Taps } from './run.ts';
import { readAdaconv } from './weights.ts';

const THREADS = 1;

/** Throws what reading the weights throws. */
export async function openAdaconvCase(fixture: FixtureCase): Promise<CaseRunner> {
  const [file] = fixture.weights;
  if (!file) throw new AppError('bad-fixture', `${fixture.id} names no weights.`);
  if (!file.present) return { run: async () => 'weights-absent', [Symbol.asyncDispose]: async () => {} };
  await using checkpoint = await openCheckpoint(join(fixture.folder, file.file));
  const { config, weights } = await readAdaconv(checkpoint);
  // Frames come in the network's own order of planes.
  return {
    run: (run) => runImage({ ...config, channels: 'rgb' }, weights, run),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Frames [h, w, 3] of 0 to 255; the picture likewise, and the taps of two pixels, [K, 2 * K]. */
async function runImage(
  config: AdaconvConfig,
  weights: Weights,
  { name, inputs, wanted }: FixtureRun,
): Promise<Readonly<Record<string, Array32>>> {
  const [one, two] = [inputs['frame1'], inputs['frame2']];
  const [height, width, colours] = one?.dims ?? [];
  if (!one || !two || !height || !width || colours !== 3 || two.dims.join() !== one.dims.join())
    throw new AppError('bad-fixture', `Run ${name} does not have frame1 and frame2 [h, w, 3].`);
  await using network = await AdaconvNetwork.open(config, weights, { width, height, threads: THREADS });
  const [a, b] = [planar(one), planar(two)];
  const outputs: Record<string, Array32> = {};
  if (wanted.includes('out')) {
    const { picture } = await network.between(a, b, 0.5);
    const pixels = width * height;
    const data = Float32Array.from(one.data, (_, i) => 255 * picture[(i % 3) * pixels + Math.floor(i / 3)]!);
    outputs['out'] = { dims: one.dims, data };
  }
  const places = { kernel_pixel0: [0, 0], kernel_centre: [width >> 1, height >> 1] } as const;
  for await (const part of network.taps(a, b))
    for (const [role, [x, y]] of Object.entries(places)) {
      const [column, row] = [x - part.left, y - part.top];
      if (column < 0 || row < 0 || column >= part.width || row >= part.height) continue;
      outputs[role] = tapsAt(config, part, row * part.width + column);
    }
  return outputs;
}

/** [h, w, 3] of 0 to 255 as [3, h, w] of 0 to 1. */
function planar({ data }: Array32): Float32Array {
  const pixels = data.length / 3;
  return Float32Array.from(data, (_, i) => data[(i % pixels) * 3 + Math.floor(i / pixels)]! / 255);
}

/** Both kernels of a pixel side by side. */
function tapsAt({ kernel }: AdaconvConfig, { width, height, maps }: Taps, pixel: number): Array32 {
  const data = new Float32Array(2 * kernel ** 2);
  for (let i = 0; i < data.length; i++) {
    const [row, column] = [Math.floor(i / (2 * kernel)), i % (2 * kernel)];
    const tap = row * kernel + (column % kernel);
    data[i] = maps[column < kernel ? 0 : 1]![tap * width * height + pixel]!;
  }
  return { dims: [kernel, 2 * kernel], data };
}
