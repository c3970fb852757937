/** The only import of onnxruntime-node. Which execution providers really load and run here, and sessions on the CPU. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { startChild } from '../base/child-process.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import { DTYPES, type Dtype, type TensorData } from '../onnx/dtype.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { Tensor } from '../onnx/graph.ts';
import { neg } from '../onnx/ops.ts';

/** Whether an execution provider of ONNX Runtime runs a model here, and if not, why. */
export interface ProviderReport {
  readonly name: string;
  readonly loads: boolean;
  readonly reason?: string;
}

/** How long one provider may take to start: a GPU's first start compiles its shaders. */
const TRIAL_MS = 60_000;

/** The version of ONNX Runtime. */
export async function runtimeVersion(): Promise<string> {
  const { env } = await import('onnxruntime-node');
  return env.versions.node ?? env.versions.common;
}

/**
 * Tries every execution provider this build of ONNX Runtime has, each on a model of one node in a process of its own (a broken GPU
 * driver takes its process down). A provider that hands the node to the CPU counts as not loading.
 */
export async function executionProviders(signal?: AbortSignal): Promise<ProviderReport[]> {
  const { listSupportedBackends } = await import('onnxruntime-node');
  const reports: ProviderReport[] = [];
  for (const { name } of listSupportedBackends()) reports.push(await tryInChild(name, signal));
  return reports;
}

async function tryInChild(name: string, signal?: AbortSignal): Promise<ProviderReport> {
  const limit = AbortSignal.timeout(TRIAL_MS);
  const code = `const { tryProvider } = await import(${JSON.stringify(import.meta.url)});
    process.stdout.write('\\n@' + JSON.stringify(await tryProvider(${JSON.stringify(name)})) + '\\n');`;
  const child = startChild(process.execPath, ['--input-type=module', '-e', code], {
    signal: signal ? AbortSignal.any([limit, signal]) : limit,
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const exit = await child.exited;
  signal?.throwIfAborted();
  const answer = /^@(.*)$/m.exec(text)?.[1];
  if (answer !== undefined) {
    const { reason } = JSON.parse(answer) as { reason?: string };
    return reason === undefined ? { name, loads: true } : { name, loads: false, reason };
  }
  const how = limit.aborted
    ? `did not start within ${TRIAL_MS / 1000} s`
    : `ended its process (${exit.signal ?? exit.code})`;
  return { name, loads: false, reason: `${how}${child.tail().length > 0 ? `: ${child.tail().at(-1)}` : ''}` };
}

/** Runs the identity on `name`. `reason` says why it did not work; absent when it did. Called in a process of its own. */
export async function tryProvider(name: string): Promise<{ reason?: string }> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-provider-'));
  try {
    const session = await InferenceSession.create(identityModel(), {
      executionProviders: [name],
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
      logSeverityLevel: 4,
    });
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
    session.endProfiling();
    await session.release();
    const values = y?.data;
    if (!(values instanceof Float32Array) || values.join() !== '1,2,3,4')
      return { reason: 'it computes wrong results' };
    const profile = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('');
    const placed = [...profile.matchAll(/"provider"\s*:\s*"(\w+)ExecutionProvider"/g)].map((match) =>
      match[1]?.toLowerCase(),
    );
    if (placed.length > 0 && !placed.includes(name.toLowerCase()))
      return { reason: `it hands its work to ${placed[0] ?? 'another'}` };
    return {};
  } catch (error) {
    const said = (error instanceof Error ? error.message : String(error)).trim().split('\n')[0] ?? '';
    // ONNX Runtime's messages begin with the source line they come from.
    return { reason: said.replace(/^\/\S+:\d+ .* was false\. /, '') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** y = -(-x) of four floats, as an ONNX file: a node a provider cannot optimise away. */
export function identityModel(): Uint8Array {
  const g = new GraphBuilder('identity');
  return encodeModel(g.build({ y: neg(g, neg(g, g.input('x', 'float32', [4]))) }));
}

/** A model loaded on the CPU. */
export interface OpenSession {
  /**
   * Outputs by name for inputs by name. Blocks its thread for the whole inference. Throws engine-failed with what ONNX
   * Runtime says of inputs that are missing, of another type or another shape.
   */
  readonly run: (inputs: Readonly<Record<string, Tensor>>) => Promise<Readonly<Record<string, Tensor>>>;
  readonly close: () => Promise<void>;
}

/** Loads an ONNX file on the CPU with `threads` threads. Throws engine-failed with what ONNX Runtime says against it. */
export async function openSession(model: Uint8Array, { threads }: { readonly threads: number }): Promise<OpenSession> {
  const ort = await import('onnxruntime-node');
  const options = { executionProviders: ['cpu'], intraOpNumThreads: threads, logSeverityLevel: 3 } as const;
  const session = await ort.InferenceSession.create(model, options).catch(refused);
  return {
    run: async (inputs) => {
      const feeds = Object.entries(inputs).map(([name, { dtype, dims, data }]) => {
        return [name, new ort.Tensor(dtype, data, dims)] as const;
      });
      const results = await session.run(Object.fromEntries(feeds)).catch(refused);
      return Object.fromEntries(
        Object.entries(results).map(([name, { type, dims, data }]) => [name, asTensor(type, dims, data)]),
      );
    },
    close: () => session.release(),
  };
}

function refused(error: unknown): never {
  const said = error instanceof Error ? error.message : String(error);
  throw new AppError('engine-failed', `ONNX Runtime refused the model or its inputs: ${said}`, { cause: error });
}

function asTensor(type: string, dims: readonly number[], data: unknown): Tensor {
  const dtype = (Object.keys(DTYPES) as Dtype[]).find((name) => name === type);
  if (!dtype || !ArrayBuffer.isView(data)) throw new AppError('engine-failed', `An output of the model holds ${type}.`);
  return { dtype, dims, data: data as TensorData };
}
