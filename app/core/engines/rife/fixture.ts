/** Reference cases of RIFE (fixtures/case.ts): torch checkpoints, ncnn networks of 4.x, and the context networks of 3.x and before. */
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { Array32, CaseRunner, FixtureCase, FixtureRun } from '../../fixtures/case.ts';
import { openCheckpoint } from '../../import/registry.ts';
import type { Tensor } from '../../onnx/graph.ts';
import type { EngineSetup } from '../engine.ts';
import { RifeNetwork, type Diagnostics } from './run.ts';
import { recogniseRife, takeRife } from './weights.ts';

/** A run of fixtures goes through them one after another: one thread is enough for their small pictures. */
const THREADS = 1;

/** Opens a case of system `rife`. Throws `weights-mismatch` and what the readers throw. */
export async function openRifeCase(fixture: FixtureCase): Promise<CaseRunner> {
  return await openTorch(fixture);
}

const BETWEEN = z.object({ timestep: z.number(), scale: z.number().default(1), ensemble: z.boolean().default(false) });

/** What two pictures and a time become, for pictures of one size. */
type Diagnose = (
  setup: EngineSetup,
  params: z.infer<typeof BETWEEN>,
) => Pick<RifeNetwork, 'diagnose' | typeof Symbol.asyncDispose>;

function between(open: Diagnose): CaseRunner {
  return {
    async run({ inputs, params, wanted }: FixtureRun) {
      const { img0, img1 } = inputs;
      if (!img0 || !img1) return {};
      const [height = 0, width = 0] = img0.dims.slice(2);
      const settings = BETWEEN.parse(params);
      await using network = open({ width, height, threads: THREADS }, settings);
      return arrays(await network.diagnose(img0.data, img1.data, settings.timestep), wanted);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

function arrays(made: Diagnostics, wanted: readonly string[]): Record<string, Array32> {
  const found = wanted.flatMap((role): [string, Tensor][] => (made[role] ? [[role, made[role]]] : []));
  return Object.fromEntries(found.map(([role, { dims, data }]) => [role, { dims, data: data as Float32Array }]));
}

async function openTorch({ folder, weights }: FixtureCase): Promise<CaseRunner> {
  const file = weights.find(({ present }) => present);
  if (!file) return { run: async () => 'weights-absent', [Symbol.asyncDispose]: async () => {} };
  await using checkpoint = await openCheckpoint(join(folder, file.file));
  const config = recogniseRife(checkpoint);
  if (!config) throw new AppError('weights-mismatch', `${file.file} holds no RIFE network.`);
  const taken = await takeRife(checkpoint, config);
  return between((setup, { scale, ensemble }) => new RifeNetwork(config, taken, setup, { scale, ensemble }));
}
