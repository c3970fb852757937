/** Reference cases of MoViNet: clips [frames, h, w, 3], logits after the clip or after each frame, states by their published names. */
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { Array32, CaseRunner, FixtureCase, FixtureRun } from '../../fixtures/case.ts';
import { openCheckpoint } from '../../import/registry.ts';
import { openSession } from '../../nn/session.ts';
import type { Tensor } from '../../onnx/graph.ts';
import { permute, type Weights } from '../weights.ts';
import { parseConfig, type MovinetConfig } from './config.ts';
import { movinetGraph } from './graph.ts';
import { statesOf } from './layers.ts';
import { readMovinet } from './weights.ts';

const paramsSchema = z.object({
  /** From and to. */
  frames: z.tuple([z.number().int().nonnegative(), z.number().int().positive()]).optional(),
  gate: z.enum(['relu6', 'keras']).optional(),
  frames_per_call: z.number().int().positive().optional(),
});

/** Every file of weights of the case is read, and has to give the same. Throws what reading the weights throws. */
export async function openMovinetCase(fixture: FixtureCase): Promise<CaseRunner> {
  const present = fixture.weights.filter((file) => file.present);
  const config = parseConfig(fixture.config);
  if (present.length > 0 && !config)
    throw new AppError('bad-fixture', `${fixture.id} does not say which network it is.`);
  const read: Weights[] = [];
  for (const { file } of present) {
    await using checkpoint = await openCheckpoint(join(fixture.folder, file));
    read.push((await readMovinet(checkpoint, config)).weights);
  }
  return {
    run: async (run) => (config && read.length > 0 ? await runCase(config, read, run) : 'weights-absent'),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function runCase(base: MovinetConfig, read: readonly Weights[], run: FixtureRun) {
  const { frames, gate, frames_per_call: perCall } = paramsSchema.parse(run.params);
  const clip = run.inputs['clip'];
  if (clip?.dims.length !== 4) throw new AppError('bad-fixture', `Run ${run.name} has no clip [frames, h, w, 3].`);
  const config: MovinetConfig = { ...base, gate: gate === 'relu6' ? 'relu6' : 'clip' };
  const [from, to] = frames ?? [0, clip.dims[0]!];
  const each = clip.data.length / clip.dims[0]!;
  const part = { dims: [to - from, ...clip.dims.slice(1)], data: clip.data.subarray(from * each, to * each) };
  let made: Record<string, Array32> = {};
  for (const [i, weights] of read.entries()) {
    const own = await runClip(config, weights, part, perCall ?? part.dims[0]!);
    if (i > 0) requireSame(run.name, made['logits']!, own['logits']!);
    made = own;
  }
  return made;
}

function requireSame(run: string, { data: a }: Array32, { data: b }: Array32): void {
  const off = Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
  if (!(off <= 1e-4))
    throw new AppError('engine-failed', `Run ${run}: its files of weights differ by ${off} in logits.`);
}

async function runClip(config: MovinetConfig, weights: Weights, clip: Array32, perCall: number) {
  const [frames, height, width] = clip.dims as [number, number, number];
  const graph = movinetGraph(config, weights, { width, height, all: true });
  const session = await openSession(graph, { threads: 1 });
  try {
    const states = statesOf(config, width, height);
    let now: Record<string, Tensor> = Object.fromEntries(
      states.map(({ name, dtype, dims }) => [name, zeros(dtype, dims)]),
    );
    const chunks: Record<string, Tensor>[] = [];
    const each = clip.data.length / frames;
    for (let at = 0; at < frames; at += perCall) {
      const count = Math.min(perCall, frames - at);
      const data = clip.data.subarray(at * each, (at + count) * each);
      const image: Tensor = { dtype: 'float32', dims: [count, height, width, 3], data };
      const made = await session.run({ image, ...now });
      now = Object.fromEntries(states.map(({ name }) => [name, made[`next_${name}`]!]));
      chunks.push(made);
    }
    const outputs: Record<string, Array32> = {};
    for (const name of Object.keys(chunks[0]!).filter((one) => !one.startsWith('next_')))
      outputs[name] = joined(chunks.map((chunk) => chunk[name]!));
    for (const [name, tensor] of Object.entries(now)) outputs[`final_${name}`] = published(tensor);
    return outputs;
  } finally {
    await session.close();
  }
}

function zeros(dtype: 'float32' | 'int32', dims: readonly number[]): Tensor {
  const length = dims.reduce((a, b) => a * b, 1);
  return { dtype, dims, data: dtype === 'int32' ? new Int32Array(length) : new Float32Array(length) };
}

function joined(parts: readonly Tensor[]): Array32 {
  const [, ...rest] = parts[0]!.dims;
  const rows = parts.map(({ data }) => Array.from(data as Float32Array));
  const frames = parts.reduce((sum, { dims }) => sum + dims[0]!, 0);
  return { dims: [frames, ...rest], data: Float32Array.from(rows.flat()) };
}

/** States as they are published: channels last. */
function published({ dims, data }: Tensor): Array32 {
  if (dims.length !== 4) return { dims, data: Float32Array.from(data as Float32Array) };
  const axes = [0, 2, 3, 1];
  return { dims: axes.map((axis) => dims[axis]!), data: permute(data as Float32Array, dims, axes) };
}
