/** Reference cases of FILM: pictures [1, h, w, 3] as TensorFlow has them, outputs by the names of its serving signature. */
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { Array32, CaseRunner, FixtureCase, FixtureRun, OpenCase } from '../../fixtures/case.ts';
import { openCheckpoint } from '../../import/registry.ts';
import { openSession } from '../../nn/session.ts';
import type { Tensor } from '../../onnx/graph.ts';
import { permute, type Weights } from '../weights.ts';
import { parseConfig, type FilmConfig } from './config.ts';
import { filmGraph } from './graph.ts';
import { readFilm } from './weights.ts';

const paramsSchema = z.object({
  time: z.number(),
  align: z.number().int().positive().optional(),
  /** The file this run was made with, where it is not the float32 one. */
  weights: z.string().optional(),
});

/** Outputs by the graph's names, which are the case's; flows are full, before they are scaled by the time. */
const OUTPUTS = ['image', 'x0_warped', 'x1_warped', /^(forward|backward)_(residual|flow)_\d$/];

export const openFilmCase: OpenCase = async (fixture: FixtureCase): Promise<CaseRunner> => {
  const config = parseConfig(fixture.config);
  if (!config) throw new AppError('bad-fixture', `${fixture.id} does not say which FILM it is.`);
  const files = new Map<string, Promise<File>>();
  const open = (file: string): Promise<File> => {
    const opened = files.get(file) ?? readFile(join(fixture.folder, file), config);
    files.set(file, opened);
    return opened;
  };
  /** The file a run names, else the first with float32 weights; rounded ones only where the case has no others. */
  const weightsFor = async (own?: string): Promise<Weights | undefined> => {
    const there = fixture.weights.filter(({ file, present }) => present && (own === undefined || file === own));
    const opened = await Promise.all(there.map(({ file }) => open(file)));
    const exact = own === undefined ? opened.find(({ rounded }) => !rounded) : undefined;
    const all = own !== undefined || fixture.weights.every(({ present }) => present);
    return (exact ?? (all ? opened[0] : undefined))?.weights;
  };
  return {
    async run({ name, inputs, wanted, params }: FixtureRun) {
      const { time, align, weights: own } = paramsSchema.parse(params);
      const weights = await weightsFor(own);
      if (!weights) return 'weights-absent';
      const pictures = [inputs['x0'], inputs['x1']];
      if (!pictures.every(isPicture)) throw new AppError('bad-fixture', `Run ${name} has no two pictures x0 and x1.`);
      const [x0, x1] = pictures.map(toPlanes) as [Tensor, Tensor];
      const [height, width] = x0.dims.slice(2) as [number, number];
      const all = wanted.some((role) => role !== 'image');
      const size = { width, height, all, ...(align !== undefined && { align }) };
      const session = await openSession(filmGraph(config, weights, size), { threads: 1 });
      try {
        const t: Tensor = { dtype: 'float32', dims: [1], data: Float32Array.of(time) };
        const made = await session.run({ x0, x1, t });
        const given = wanted.filter((role) => OUTPUTS.some((pattern) => role.match(pattern)?.[0] === role));
        return Object.fromEntries(given.map((role) => [role, toPixels(made[role]!)]));
      } finally {
        await session.close();
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
};

interface File {
  readonly weights: Weights;
  /** Stored with 16 bits. */
  readonly rounded: boolean;
}

async function readFile(path: string, config: FilmConfig): Promise<File> {
  await using checkpoint = await openCheckpoint(path);
  const { weights } = await readFilm(checkpoint, config);
  return { weights, rounded: checkpoint.names().some((name) => /^b?f16$/.test(checkpoint.info(name).dtype)) };
}

function isPicture(array: Array32 | undefined): array is Array32 {
  return array?.dims.length === 4 && array.dims[0] === 1 && array.dims[3] === 3;
}

function toPlanes({ dims, data }: Array32): Tensor {
  const [n, height, width, channels] = dims as [number, number, number, number];
  return { dtype: 'float32', dims: [n, channels, height, width], data: permute(data, dims, [0, 3, 1, 2]) };
}

function toPixels({ dims, data }: Tensor): Array32 {
  const [n, channels, height, width] = dims as [number, number, number, number];
  return { dims: [n, height, width, channels], data: permute(data as Float32Array, dims, [0, 2, 3, 1]) };
}
