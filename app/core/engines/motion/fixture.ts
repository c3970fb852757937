/** Runs the reference cases of motion models. Vectors are scaled already, a batch of them [n, size] at a time. */
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { Array32, CaseRunner, FixtureCase, FixtureRun } from '../../fixtures/case.ts';
import { openCheckpoint } from '../../import/registry.ts';
import { takeWeights, type Weights } from '../weights.ts';
import { criticTensors, type MotionConfig } from './config.ts';
import type { Vector } from './gru.ts';
import { critic, distances, generate, rollouts, rowsOf, stitched, unscaled, type Stitch } from './run.ts';
import { BESIDES, readMotion, WRAPPER } from './weights.ts';

interface Opened {
  readonly config: MotionConfig;
  readonly weights: Weights;
  readonly critic?: Weights;
}

const configSchema = z.record(z.string(), z.unknown());

/** Throws what reading the weights throws. */
export async function openMotionCase(fixture: FixtureCase): Promise<CaseRunner> {
  const [model, judge] = fixture.weights;
  const said = configSchema.safeParse(fixture.config).data;
  if (!model || !said) throw new AppError('bad-fixture', `${fixture.id} names no weights.`);
  if (!fixture.weights.every(({ present }) => present))
    return { run: async () => 'weights-absent', [Symbol.asyncDispose]: async () => {} };
  await using checkpoint = await openCheckpoint(join(fixture.folder, model.file));
  const read = await readMotion(checkpoint, said);
  const opened: Opened = {
    ...read,
    ...(judge && { critic: await readCritic(join(fixture.folder, judge.file), read.config) }),
  };
  return { run: async (run) => runCase(opened, run), [Symbol.asyncDispose]: async () => {} };
}

async function readCritic(path: string, { points, hidden }: MotionConfig): Promise<Weights> {
  await using checkpoint = await openCheckpoint(path);
  const wants = criticTensors(points, hidden).map(({ name, dims }) => ({ value: name, from: [name], dims }));
  return await takeWeights(checkpoint, wants, { strip: WRAPPER, ignore: BESIDES });
}

function runCase(opened: Opened, run: FixtureRun): Readonly<Record<string, Array32>> {
  const [first, last] = [rowsIn(run, 'first'), rowsIn(run, 'last')];
  const { kind, frames } = opened.config;
  const noise = kind === 'adversarial' ? rowsIn(run, 'noise') : [];
  const batch = first.map((_, n) =>
    kind === 'adversarial'
      ? runAdversarial(opened, first[n]!, last[n]!, noise.slice(n * frames, (n + 1) * frames))
      : runAutoregressive(opened, first[n]!, last[n]!),
  );
  const roles = Object.keys(batch[0] ?? {});
  return Object.fromEntries(roles.map((role) => [role, together(batch.map((outputs) => outputs[role]!))]));
}

/** Of one of the batch. */
type Outputs = Readonly<Record<string, { readonly dims: readonly number[]; readonly data: readonly number[] }>>;

function runAdversarial(
  { config, weights, critic: judge }: Opened,
  first: Vector,
  last: Vector,
  noise: readonly Vector[],
): Outputs {
  const { frames, points } = config;
  const raw = generate(weights, first, last, noise);
  const assembled = [first, ...raw.slice(1, -1), last];
  const unpacked = assembled.map((vector) => unscaled(config, vector));
  return {
    raw: table(raw),
    assembled: table(assembled),
    values: { dims: [frames, points, 2], data: unpacked.flat().flatMap(({ x, y }) => [x, y]) },
    jacobians: { dims: [frames, points, 2, 2], data: unpacked.flat().flatMap(({ jacobian }) => jacobian) },
    ...(judge && { critic: { dims: [frames, 1], data: critic(judge, assembled) } }),
  };
}

function runAutoregressive({ config, weights }: Opened, first: Vector, last: Vector): Outputs {
  const both = rollouts(weights, first, last, config.frames);
  const apart = distances(both);
  const whole = (way: Stitch) => table([first, ...stitched(both, way).slice(1, -1), last]);
  return {
    forward: table(both.forward),
    backward: table(both.backward),
    distance: { dims: [apart.length], data: apart },
    idx: { dims: [1], data: [apart.indexOf(Math.min(...apart))] },
    stitched_source: whole('source'),
    stitched_rest: whole('rest'),
  };
}

function table(rows: readonly Vector[]): Outputs[string] {
  return { dims: [rows.length, rows[0]!.length], data: rows.flatMap((row) => Array.from(row)) };
}

/** The rows of an input, whatever axes it has before the last. */
function rowsIn({ name, inputs }: FixtureRun, role: string): Float32Array[] {
  const found = inputs[role];
  if (!found) throw new AppError('bad-fixture', `Run ${name} has no ${role}.`);
  return rowsOf(found.data, found.dims.at(-1)!);
}

function together(batch: readonly Outputs[string][]): Array32 {
  return { dims: [batch.length, ...batch[0]!.dims], data: Float32Array.from(batch.flatMap(({ data }) => data)) };
}
