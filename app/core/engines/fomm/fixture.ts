/** Runs FOMM's reference cases: key points of two pictures, and the first one driven by the second. */
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { KeyPoint } from '../../../contract/morph.ts';
import type { Array32, CaseRunner, FixtureCase, FixtureRun } from '../../fixtures/case.ts';
import { openCheckpoint } from '../../import/registry.ts';
import { parseConfig } from './config.ts';
import { FommNetwork } from './network.ts';
import { drivenBy, spreadRatio } from './points.ts';
import { readFomm, type FommCheckpoint } from './weights.ts';

const paramsSchema = z.object({ align_corners: z.boolean(), mode: z.string() });

/** Throws what reading the weights throws. */
export async function openFommCase(fixture: FixtureCase): Promise<CaseRunner> {
  const [file] = fixture.weights;
  const config = parseConfig(fixture.config);
  if (!file || !config) throw new AppError('bad-fixture', `${fixture.id} does not say which network it is.`);
  if (!file.present) return { run: async () => 'weights-absent', [Symbol.asyncDispose]: async () => {} };
  await using checkpoint = await openCheckpoint(join(fixture.folder, file.file));
  const read = await readFomm(checkpoint, config);
  return { run: (run) => runCase(read, run), [Symbol.asyncDispose]: async () => {} };
}

async function runCase(
  { config, weights }: FommCheckpoint,
  run: FixtureRun,
): Promise<Readonly<Record<string, Array32>>> {
  const { align_corners: alignCorners, mode } = paramsSchema.parse(run.params);
  const source = pictureOf(run, 'source');
  const [height, width] = source.dims.slice(2) as [number, number];
  const options = { width, height, threads: 1, all: true };
  await using network = await FommNetwork.open({ ...config, alignCorners }, weights, options);
  const from = await network.detect(source.data);
  const driving = await network.detect(pictureOf(run, 'driving').data);
  const relative = mode.startsWith('relative');
  const initial = relative ? await network.detect(pictureOf(run, 'driving_initial').data) : driving;
  const scale = relative ? spreadRatio(from, initial) : 1;
  const to = drivenBy(from, driving, { initial, relative, scale });
  const { occlusion, ...made } = await network.generate(source.data, from, to);
  const outputs: Record<string, Array32> = {
    ...pointsAs('kp_source', from),
    ...pointsAs('kp_driving', driving),
    ...pointsAs('kp_norm', to),
    movement_scale: { dims: [1], data: Float32Array.of(scale) },
  };
  for (const [name, { dims, data }] of Object.entries({ ...made, ...(occlusion && { occlusion_map: occlusion }) }))
    outputs[name] = { dims, data: data as Float32Array };
  return outputs;
}

function pictureOf({ name, inputs }: FixtureRun, role: string): Array32 {
  const found = inputs[role];
  if (found?.dims.length !== 4) throw new AppError('bad-fixture', `Run ${name} has no picture ${role} [1, c, h, w].`);
  return found;
}

function pointsAs(role: string, points: readonly KeyPoint[]): Record<string, Array32> {
  const value = Float32Array.from(points.flatMap(({ x, y }) => [x, y]));
  const jacobian = Float32Array.from(points.flatMap((point) => point.jacobian));
  return {
    [`${role}_value`]: { dims: [1, points.length, 2], data: value },
    [`${role}_jacobian`]: { dims: [1, points.length, 2, 2], data: jacobian },
  };
}
