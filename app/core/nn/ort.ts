/** The only import of onnxruntime-node: models loaded and run on the calling thread, which they block. */
import type { InferenceSession } from 'onnxruntime-node';
import { AppError } from '../../contract/errors.ts';
import { DTYPES, type Dtype, type TensorData } from '../onnx/dtype.ts';
import type { Tensor } from '../onnx/graph.ts';

export type Tensors = Readonly<Record<string, Tensor>>;

export interface LoadOptions {
  /** Execution provider by ONNX Runtime's name: 'cpu', 'webgpu', 'dml', ... What it cannot run goes to the CPU. */
  readonly provider: string;
  /** Threads of operators on the CPU. */
  readonly threads: number;
  /** Beginning of the path of a profile, which is written by endProfiling. */
  readonly profile?: string;
}

export interface LoadedModel {
  readonly inputs: readonly ModelInput[];
  /** Outputs by name. Those named in `into` are written there. Throws engine-failed. */
  run(inputs: Tensors, into?: Tensors): Promise<Tensors>;
  endProfiling(): void;
  release(): Promise<void>;
}

/** An input as the model declares it; a size that may vary is its symbol. */
export interface ModelInput {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly (number | string)[];
}

/** The version of ONNX Runtime. */
export async function runtimeVersion(): Promise<string> {
  const { env } = await import('onnxruntime-node');
  return env.versions.node ?? env.versions.common;
}

/** Names of the execution providers this build of ONNX Runtime was compiled with; they may still lack a library or a GPU. */
export async function compiledProviders(): Promise<string[]> {
  const { listSupportedBackends } = await import('onnxruntime-node');
  return listSupportedBackends().map(({ name }) => name);
}

/** Loads an ONNX file, given as its bytes (an ArrayBuffer's, not shared ones) or its path. Throws engine-failed with what ONNX Runtime says. */
export async function loadModel(model: Uint8Array | string, options: LoadOptions): Promise<LoadedModel> {
  const { provider, threads, profile } = options;
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(model as string, {
    executionProviders: providersOf(provider),
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    // A second plan of the memory beside the one that grew in the first run: half as much again, and no faster. DirectML knows none.
    enableMemPattern: false,
    // DirectML knows no other.
    ...(provider === 'dml' && { executionMode: 'sequential' as const }),
    // Threads that spin while they wait for the next frame cost a third of the CPU and gain nothing.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    logSeverityLevel: profile === undefined ? 3 : 4,
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
  }).catch(refused);
  const tensors = (from: Tensors) =>
    Object.entries(from).map(([name, { dtype, dims, data }]) => [name, new ort.Tensor(dtype, data, dims)] as const);
  return {
    inputs: session.inputMetadata.map((input) => ({
      name: input.name,
      dtype: input.isTensor ? input.type : 'other',
      dims: input.isTensor ? input.shape : [],
    })),
    run: async (inputs, into) => {
      const feeds = Object.fromEntries(tensors(inputs));
      const results = await (
        into === undefined
          ? session.run(feeds)
          : session.run(
              feeds,
              Object.fromEntries([...session.outputNames.map((name) => [name, null]), ...tensors(into)]),
            )
      ).catch(refused);
      const made = Object.entries(results).map(([name, { type, dims, data }]) => [name, asTensor(type, dims, data)]);
      return { ...Object.fromEntries(made), ...into };
    },
    endProfiling: () => session.endProfiling(),
    release: () => session.release(),
  };
}

/** COREML_FLAG_CREATE_MLPROGRAM of coreml_provider_factory.h: the format that has GridSample. */
const ML_PROGRAM = 0x10;

function providersOf(provider: string): InferenceSession.ExecutionProviderConfig[] {
  // What TensorRT cannot run, CUDA can.
  if (provider === 'tensorrt') return ['tensorrt', 'cuda'];
  return provider === 'coreml' ? [{ name: 'coreml', coreMlFlags: ML_PROGRAM }] : [provider];
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
