/** Runs SepConv's reference cases. */
import { join } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import type { Array32, CaseRunner, FixtureCase, FixtureRun } from '../../fixtures/case.ts';
import { openCheckpoint } from '../../import/registry.ts';
import { openSession } from '../../nn/session.ts';
import { HEADS, OFFICIAL, type SepconvConfig } from './config.ts';
import { bandsOf, headsGraph } from './graph.ts';
import { fillInput, paddedSize, SepconvNetwork } from './run.ts';
import { readHeads, readSepconv } from './weights.ts';
import type { Weights } from '../weights.ts';

const THREADS = 1;

type Outputs = Readonly<Record<string, Array32>>;

/** Throws what reading the weights throws. A case whose file is not there gives 'weights-absent'. */
export async function openSepconvCase(fixture: FixtureCase): Promise<CaseRunner> {
  const [file] = fixture.weights;
  if (!file) throw new AppError('bad-fixture', `${fixture.id} names no weights.`);
  if (!file.present) return runner(async () => 'weights-absent');
  await using checkpoint = await openCheckpoint(join(fixture.folder, file.file));
  if (fixture.variant.includes('heads')) {
    const weights = await readHeads(checkpoint, OFFICIAL);
    return runner((run) => runHeads(weights, run));
  }
  const { config, weights } = await readSepconv(checkpoint);
  return runner((run) => (config.variant === 'keras' ? runKeras : runOfficial)(config, weights, run));
}

function runner(run: (run: FixtureRun) => Promise<Outputs | 'weights-absent'>): CaseRunner {
  return { run, [Symbol.asyncDispose]: async () => {} };
}

function input(run: FixtureRun, role: string): Array32 {
  const found = run.inputs[role];
  if (!found) throw new AppError('bad-fixture', `Run ${run.name} has no input ${role}.`);
  return found;
}

/** Pictures [1, 3, h, w] in the network's order of channels; 'Vertical1_every8' is a map of the padded picture, each 8th row and column. */
async function runOfficial(config: SepconvConfig, weights: Weights, run: FixtureRun): Promise<Outputs> {
  const [one, two] = [input(run, 'one'), input(run, 'two')];
  const [height, width] = one.dims.slice(2) as [number, number];
  const asStored: SepconvConfig = { ...config, channels: 'rgb' };
  const outputs: Record<string, Array32> = {};
  if (run.wanted.includes('out')) {
    const data = await middle(asStored, weights, { width, height }, [one.data, two.data]);
    outputs['out'] = { dims: one.dims, data };
  }
  if (run.wanted.some((role) => role.endsWith('_every8'))) {
    const size = paddedSize(config, width, height);
    const planes = new Float32Array(6 * size.width * size.height);
    fillInput(planes, size, [one.data, two.data], { width, height }, asStored);
    const taps = await wholeTaps(asStored, weights, size, planes);
    HEADS.forEach((head, n) => (outputs[`${head}_every8`] = every8(taps[n]!, config.kernel, size)));
  }
  return outputs;
}

/** Both pictures in one tensor [1, h, w, 6]; maps and picture come with their channels last, too. */
async function runKeras(config: SepconvConfig, weights: Weights, run: FixtureRun): Promise<Outputs> {
  const { dims, data } = input(run, 'input');
  const [height, width] = dims.slice(1) as [number, number];
  const size = { width, height };
  if (width % config.pad !== 0 || height % config.pad !== 0)
    throw new AppError('bad-fixture', `Run ${run.name} is ${width}x${height}, not multiples of ${config.pad}.`);
  const asStored: SepconvConfig = { ...config, channels: 'rgb' };
  const planes = Float32Array.from(
    data,
    (_, i) => data[(i % (width * height)) * 6 + Math.floor(i / (width * height))]!,
  );
  const pictures = [planes.subarray(0, planes.length / 2), planes.subarray(planes.length / 2)];
  const out = await middle(asStored, weights, size, pictures);
  const outputs: Record<string, Array32> = { out: channelsLast({ dims: [1, 3, height, width], data: out }) };
  const taps = await wholeTaps(asStored, weights, size, planes);
  const names = { Vertical1: 'k1v', Horizontal1: 'k1h', Vertical2: 'k2v', Horizontal2: 'k2h' };
  HEADS.forEach((head, n) => {
    outputs[`${names[head]}_every8`] = channelsLast(every8(taps[n]!, config.kernel, size));
  });
  return outputs;
}

/** Features x [1, c, h, w] through the heads alone. */
async function runHeads(weights: Weights, run: FixtureRun): Promise<Outputs> {
  const x = input(run, 'x');
  const [rows, width] = x.dims.slice(2) as [number, number];
  const { seen, bands } = bandsOf(OFFICIAL, rows, 2 * rows, 2 * rows);
  const shape = { width, seen, made: 2 * rows };
  const session = await openSession(headsGraph(OFFICIAL, weights, shape), { threads: THREADS });
  try {
    const taps = await session.run({ features: { dtype: 'float32', ...x }, ...bands[0]!.inputs });
    return Object.fromEntries(
      Object.entries(taps).map(([head, { dims, data }]) => [head, { dims, data: data as Float32Array }]),
    );
  } finally {
    await session.close();
  }
}

interface Size {
  readonly width: number;
  readonly height: number;
}

async function middle(
  config: SepconvConfig,
  weights: Weights,
  size: Size,
  [a, b]: readonly Float32Array[],
): Promise<Float32Array> {
  await using network = await SepconvNetwork.open(config, weights, { ...size, threads: THREADS });
  return (await network.between(a!, b!, 0.5)).picture;
}

/** The maps of HEADS for both pictures' `planes` [6, h, w], of a size that needs no padding. */
async function wholeTaps(
  config: SepconvConfig,
  weights: Weights,
  size: Size,
  planes: Float32Array,
): Promise<readonly Float32Array[]> {
  const { width, height } = size;
  await using network = await SepconvNetwork.open(config, weights, { ...size, threads: THREADS });
  const whole = HEADS.map(() => new Float32Array(config.kernel * height * width));
  const half = planes.length / 2;
  for await (const { top, rows, maps } of network.taps(planes.subarray(0, half), planes.subarray(half)))
    maps.forEach((map, n) => {
      for (let tap = 0; tap < config.kernel; tap++) {
        const from = tap * rows * width;
        whole[n]!.set(map.subarray(from, from + rows * width), (tap * height + top) * width);
      }
    });
  return whole;
}

function every8(map: Float32Array, channels: number, { width, height }: Size): Array32 {
  const [w, h] = [Math.ceil(width / 8), Math.ceil(height / 8)];
  const data = Float32Array.from({ length: channels * h * w }, (_, i) => {
    const [c, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
    return map[(c * height + 8 * y) * width + 8 * x]!;
  });
  return { dims: [1, channels, h, w], data };
}

/** [1, c, h, w] to [1, h, w, c]. */
function channelsLast({ dims, data }: Array32): Array32 {
  const [, c, h, w] = dims as [number, number, number, number];
  const pixels = h * w;
  return {
    dims: [1, h, w, c],
    data: Float32Array.from({ length: data.length }, (_, i) => data[(i % c) * pixels + Math.floor(i / c)]!),
  };
}
