/**
 * What a local convolution costs a megapixel, both pictures of a pair: by the kernels, by their twin in plain TypeScript, and written out in
 * a graph of ONNX operators.
 */
import { availableParallelism, cpus } from 'node:os';
import { LocalConvolution, type LocalShape } from '../kernels/local.ts';
import { localSeparable } from '../kernels/twin-local.ts';
import { openSession, sharedTensor } from '../nn/session.ts';
import { unrolledSeparable } from './unrolled.ts';

export interface KernelCost {
  /** 'separable 51x51', ... */
  readonly what: string;
  readonly how: 'kernel' | 'TypeScript' | 'ONNX graph';
  readonly threads: number;
  /** The least of several runs. */
  readonly msPerMegapixel: number;
}

export interface KernelResult {
  readonly machine: { readonly cores: number; readonly cpu: string; readonly node: string };
  readonly costs: readonly KernelCost[];
}

const RUNS = 5;
/** Taps, and a region that engines would give at a time. */
const CASES = [
  { kind: 'separable', kernel: 51, width: 1024, height: 64 },
  { kind: 'separable', kernel: 25, width: 1024, height: 64 },
  { kind: 'adaptive', kernel: 41, width: 256, height: 32 },
  { kind: 'adaptive', kernel: 21, width: 256, height: 64 },
] as const;
/** Of the published network; what the kernel is compared with. */
const PUBLISHED = 51;

export interface KernelBenchOptions {
  readonly signal?: AbortSignal;
  readonly onStage?: (sentence: string) => void;
}

/** Measures on one thread and on all. Takes about ten seconds. Throws the signal's reason. */
export async function benchKernels({ signal, onStage }: KernelBenchOptions = {}): Promise<KernelResult> {
  const counts = [...new Set([1, availableParallelism()])];
  const costs: KernelCost[] = [];
  for (const { kind, kernel, width, height } of CASES)
    for (const threads of counts) {
      onStage?.(`Measuring ${kind} convolution of ${kernel}x${kernel} taps`);
      const shape = { kind, kernel, padding: 'replicate', width, height, region: { width, height } } as const;
      const msPerMegapixel = await kernelCost(shape, threads, signal);
      costs.push({ what: `${kind} ${kernel}x${kernel}`, how: 'kernel', threads, msPerMegapixel });
    }
  const what = `separable ${PUBLISHED}x${PUBLISHED}`;
  onStage?.(`Measuring ${what} in TypeScript`);
  costs.push({ what, how: 'TypeScript', threads: 1, msPerMegapixel: await twinCost(signal) });
  for (const threads of counts) {
    onStage?.(`Measuring ${what} in a graph`);
    costs.push({ what, how: 'ONNX graph', threads, msPerMegapixel: await graphCost(threads, signal) });
  }
  const machine = { cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown', node: process.versions.node };
  return { machine, costs };
}

/** The least milliseconds of `runs` runs, after one to warm up, for a megapixel where one run makes `pixels`. */
async function least(pixels: number, runs: number, work: () => unknown, signal?: AbortSignal): Promise<number> {
  let best = Infinity;
  for (let n = 0; n <= runs; n++) {
    signal?.throwIfAborted();
    const clock = performance.now();
    await work();
    if (n > 0) best = Math.min(best, performance.now() - clock);
  }
  return (best / pixels) * 1e6;
}

async function kernelCost(shape: LocalShape, threads: number, signal?: AbortSignal): Promise<number> {
  const { kind, kernel, width, height } = shape;
  await using local = new LocalConvolution(shape, threads);
  const picture = Float32Array.from({ length: 3 * width * height }, (_, i) => (i % 251) / 250);
  local.load(0, picture);
  local.load(1, picture);
  for (const map of local.maps) map.fill(kind === 'separable' ? Math.SQRT1_2 / kernel : 0.5 / kernel ** 2);
  const out = new Float32Array(picture.length);
  return await least(width * height, RUNS, () => local.run({ left: 0, top: 0, width, height }, out, signal), signal);
}

async function twinCost(signal?: AbortSignal): Promise<number> {
  const [width, height, k] = [128, 16, PUBLISHED];
  const [stride, plane] = [width + k - 1, (width + k - 1) * (height + k - 1)];
  const source = { data: new Float32Array(3 * plane).fill(0.5), at: 0, plane, stride };
  const taps = { data: new Float32Array(k * width * height).fill(1 / k), plane: width * height, stride: width };
  const both = (): void => {
    for (let n = 0; n < 2; n++) localSeparable(source, taps, taps, k, width, height);
  };
  return await least(width * height, 2, both, signal);
}

async function graphCost(threads: number, signal?: AbortSignal): Promise<number> {
  const [width, height, k] = [128, 128, PUBLISHED];
  const session = await openSession(unrolledSeparable(k, width, height), { threads, signal });
  try {
    const input = (dims: readonly number[]) => {
      const tensor = sharedTensor('float32', dims);
      (tensor.data as Float32Array).fill(1 / k);
      return tensor;
    };
    const picture = input([1, 3, height + k - 1, width + k - 1]);
    const taps = input([k, 1, height, width]);
    const both = async (): Promise<void> => {
      for (let n = 0; n < 2; n++) await session.run({ picture, v: taps, h: taps }, signal ? { signal } : {});
    };
    return await least(width * height, 2, both, signal);
  } finally {
    await session.close();
  }
}

/** The result as a person reads it. */
export function kernelTable({ machine, costs }: KernelResult): string {
  const rows = costs.map(
    ({ what, how, threads, msPerMegapixel }) =>
      `${what.padEnd(16)} ${how.padEnd(11)} ${String(threads).padStart(7)} ${msPerMegapixel.toFixed(0).padStart(14)}`,
  );
  return [
    `Local convolution of a pair, ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}`,
    '',
    `${'taps'.padEnd(16)} ${'by'.padEnd(11)} threads ms a megapixel`,
    ...rows,
  ].join('\n');
}
