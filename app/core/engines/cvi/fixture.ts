/** Reference cases of CVI: stills [n, h, w, c] and noise [n, noise] as TensorFlow has them, outputs by the graph's names. */
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { Array32, CaseRunner, FixtureCase, FixtureRun, OpenCase } from '../../fixtures/case.ts';
import { openCheckpoint } from '../../import/registry.ts';
import { openSession } from '../../nn/session.ts';
import type { Tensor } from '../../onnx/graph.ts';
import { permute } from '../weights.ts';
import { FRAMES, OUTPUTS, parseConfig, type CviConfig } from './config.ts';
import { cviGraph } from './graph.ts';
import { readCvi } from './weights.ts';

const paramsSchema = z.object({ batch_norm: z.enum(['moving', 'batch']), output: z.enum(OUTPUTS) });

/** The frames of a film of which only three are kept. */
const KEPT = [0, 5, 15];

export const openCviCase: OpenCase = async (fixture: FixtureCase): Promise<CaseRunner> => {
  const config = parseConfig(fixture.config);
  const file = fixture.weights[0];
  if (!config || !file) throw new AppError('bad-fixture', `${fixture.id} does not say which CVI it is.`);
  return {
    run: async (run) => (file.present ? await runCase(config, join(fixture.folder, file.file), run) : 'weights-absent'),
    [Symbol.asyncDispose]: async () => {},
  };
};

async function runCase(base: CviConfig, path: string, { name, inputs, wanted, shapes, params }: FixtureRun) {
  const { batch_norm: batchNorm, output } = paramsSchema.parse(params);
  const config = { ...base, batchNorm, output };
  const [first, last, noise] = [inputs['first'], inputs['last'], inputs['noise']];
  if (!isStill(first, config) || !isStill(last, config) || noise?.dims.length !== 2)
    throw new AppError('bad-fixture', `Run ${name} has no stills and noise that fit the network.`);
  const [batch, height, width] = first.dims as [number, number, number];
  await using checkpoint = await openCheckpoint(path);
  const graph = cviGraph(config, await readCvi(checkpoint, config), { width, height, batch, all: true });
  const session = await openSession(graph, { threads: 1 });
  try {
    const stills = { first: toPlanes(first), last: toPlanes(last) };
    const made = await session.run({ ...stills, noise: { dtype: 'float32', ...noise } });
    return Object.fromEntries(
      wanted.flatMap((role) => (made[role] ? [[role, toPixels(made[role], shapes?.[role])]] : [])),
    );
  } finally {
    await session.close();
  }
}

function isStill(array: Array32 | undefined, { channels }: CviConfig): array is Array32 {
  return array?.dims.length === 4 && array.dims[3] === channels;
}

function toPlanes({ dims, data }: Array32): Tensor {
  const [n, height, width, channels] = dims as [number, number, number, number];
  return { dtype: 'float32', dims: [n, channels, height, width], data: permute(data, dims, [0, 3, 1, 2]) };
}

/** Channels last; of a film of 16 frames those of KEPT where the case has three. */
function toPixels({ dims, data }: Tensor, shape: readonly number[] | undefined): Array32 {
  const last = dims.length - 3;
  const axes = [...dims.keys()].filter((axis) => axis !== last).concat(last);
  const made = { dims: axes.map((axis) => dims[axis]!), data: permute(data as Float32Array, dims, axes) };
  if (shape?.[1] !== KEPT.length || dims[1] !== FRAMES) return made;
  const [n, , ...rest] = made.dims as [number, number, ...number[]];
  const size = rest.reduce((product, each) => product * each, 1);
  const kept = new Float32Array(n * KEPT.length * size);
  for (let sample = 0; sample < n; sample++)
    for (const [to, frame] of KEPT.entries()) {
      const from = (sample * FRAMES + frame) * size;
      kept.set(made.data.subarray(from, from + size), (sample * KEPT.length + to) * size);
    }
  return { dims: [n, KEPT.length, ...rest], data: kept };
}
