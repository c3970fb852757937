/** Reference cases of RIFE (fixtures/case.ts): torch checkpoints, ncnn networks of 4.x, and the context networks of 3.x and before. */
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { Array32, CaseRunner, FixtureCase, FixtureRun } from '../../fixtures/case.ts';
import { ncnnGraphOf } from '../../import/ncnn.ts';
import { openCheckpoint } from '../../import/registry.ts';
import { openSession } from '../../nn/session.ts';
import type { Tensor } from '../../onnx/graph.ts';
import type { EngineSetup } from '../engine.ts';
import { convertNetwork, readNetwork } from './ncnn/convert.ts';
import { readModel } from './ncnn/open.ts';
import { recipeOf } from './ncnn/recipe.ts';
import { GraphPictures } from './pictures.ts';
import { RifeNetwork, type Diagnostics } from './run.ts';
import { recogniseRife, takeRife } from './weights.ts';

/** Pictures of fixtures are small. */
const THREADS = 1;

const BETWEEN = z.object({ timestep: z.number(), scale: z.number().default(1), ensemble: z.boolean().default(false) });
const CONTEXT = z.object({ model: z.string(), flow_port: z.enum(['flow.0', 'flow.1']) });

/** Opens a case of system `rife`. Throws `weights-mismatch` and what the readers throw. */
export async function openRifeCase(fixture: FixtureCase): Promise<CaseRunner> {
  if (fixture.weights.some(({ file }) => file.endsWith('contextnet.param'))) return contexts(fixture);
  const main = fixture.weights.find(({ file, present }) => present && !file.endsWith('.bin'));
  if (!main) return { run: async () => 'weights-absent', [Symbol.asyncDispose]: async () => {} };
  return await pictures(join(fixture.folder, main.file));
}

/** What two pictures and a time become, for pictures of one size. */
type Network = AsyncDisposable & {
  diagnose(a: Float32Array, b: Float32Array, t: number, blobs: readonly string[]): Promise<Diagnostics>;
};
type Open = (setup: EngineSetup, options: z.infer<typeof BETWEEN>) => Network;

async function pictures(path: string): Promise<CaseRunner> {
  const open = await networkOf(path);
  return {
    async run({ inputs, params, wanted }: FixtureRun) {
      const { img0, img1 } = inputs;
      if (!img0 || !img1) return {};
      const [height = 0, width = 0] = img0.dims.slice(2);
      const options = BETWEEN.parse(params);
      await using network = open({ width, height, threads: THREADS }, options);
      const blobs = wanted.flatMap((role) => (role.startsWith('blob_') ? [role.slice('blob_'.length)] : []));
      return arrays(await network.diagnose(img0.data, img1.data, options.timestep, blobs), wanted);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function networkOf(path: string): Promise<Open> {
  await using checkpoint = await openCheckpoint(path);
  const model = await readModel(path, checkpoint);
  if (model) return (setup) => new GraphPictures(recipeOf(model, setup, false), setup);
  const config = recogniseRife(checkpoint);
  if (!config) throw new AppError('weights-mismatch', `${path} holds no RIFE network.`);
  const weights = await takeRife(checkpoint, config);
  return (setup, { scale, ensemble }) => new RifeNetwork(config, weights, setup, { scale, ensemble });
}

function arrays(made: Readonly<Record<string, Tensor>>, wanted: readonly string[]): Record<string, Array32> {
  const found = wanted.flatMap((role): [string, Tensor][] => (made[role] ? [[role, made[role]]] : []));
  return Object.fromEntries(found.map(([role, { dims, data }]) => [role, { dims, data: data as Float32Array }]));
}

/** Features of one picture along a flow given by either of its blobs. */
function contexts({ folder, weights }: FixtureCase): CaseRunner {
  return {
    async run({ inputs, params, wanted }: FixtureRun) {
      const { model, flow_port: port } = CONTEXT.parse(params);
      const path = join(folder, model, 'contextnet.param');
      const files = weights.filter(({ file }) => join(folder, file).startsWith(join(folder, model, 'contextnet.')));
      if (files.length === 0 || files.some(({ present }) => !present)) return 'weights-absent';
      await using checkpoint = await openCheckpoint(path);
      const graph = ncnnGraphOf(checkpoint);
      if (!graph || !inputs['img'] || !inputs['flow']) return {};
      const network = await readNetwork(graph, checkpoint);
      const given = { 'input.1': inputs['img'], [port]: inputs['flow'] };
      const dims = Object.fromEntries(Object.entries(given).map(([blob, array]) => [blob, array.dims]));
      const outputs = Object.fromEntries(wanted.map((blob) => [blob, blob]));
      const session = await openSession(convertNetwork(network, dims, outputs), { threads: THREADS });
      try {
        const tensors = Object.entries(given).map(([blob, array]) => [blob, { dtype: 'float32' as const, ...array }]);
        return arrays(await session.run(Object.fromEntries(tensors) as Record<string, Tensor>), wanted);
      } finally {
        await session.close();
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
