/** What recognising costs: MoViNet's streams with seeded weights, on this machine and by count. */
import { availableParallelism, cpus } from 'node:os';
import type { DeviceChoice } from '../../contract/jobs.ts';
import { ownModulePath } from '../base/own-files.ts';
import { published, VARIANTS, type Variant } from '../engines/movinet/config.ts';
import { movinetGraph } from '../engines/movinet/graph.ts';
import { statesOf } from '../engines/movinet/layers.ts';
import { seededWeights } from '../engines/movinet/seeded.ts';
import { askProcess } from './ask.ts';
import { multiplyAdds } from './flops.ts';

const PROCESS = ownModulePath('./tag-process', import.meta.url);
/** What is measured where nobody says, and what the paper gives for a clip. */
export const TAG_VARIANTS: readonly Variant[] = ['a0', 'a2', 'a5'];
const PUBLISHED: Readonly<Record<Variant, number>> = { a0: 2.7, a1: 6, a2: 10, a3: 57, a4: 110, a5: 280 };
/** Frames one by one, and the first part of a clip in chunks; then memory is looked at again after twice and four times as many. */
const FRAMES: Readonly<Record<Variant, number>> = { a0: 64, a1: 48, a2: 32, a3: 32, a4: 16, a5: 16 };

export interface TagRequest {
  readonly variant: Variant;
  readonly threads: number;
  readonly device?: DeviceChoice | undefined;
  readonly frames: number;
}

export interface TagCost {
  readonly device: string;
  readonly openSeconds: number;
  /** Of a frame that is pushed alone; here and below the middle one of all. */
  readonly millisecondsAlone: number;
  /** Of frames pushed many at a time, as a file is. */
  readonly framesPerSecond: number;
  /** Of all threads for such a frame: what it takes whatever else the machine does. */
  readonly cpuMilliseconds: number;
  /** Peak resident memory of the process after so many frames, in units of 10^6 bytes. */
  readonly memoryMB: readonly { readonly frames: number; readonly memory: number }[];
}

export interface TagRow extends TagCost {
  readonly size: number;
  /** Frames a second of footage that the published networks see, and frames of their clips. */
  readonly rate: number;
  readonly clip: number;
  /** 10^9 multiplications with their additions, for a clip, of the base network and the stream; and what is published of the base network. */
  readonly gflopsBase: number;
  readonly gflopsStream: number;
  readonly gflopsPublished: number;
  /** Of what a stream carries from frame to frame, in units of 10^6 bytes. */
  readonly stateMB: number;
}

export interface TagBench {
  readonly machine: { readonly cores: number; readonly cpu: string; readonly node: string };
  readonly networks: Readonly<Partial<Record<Variant, TagRow>>>;
}

export interface TagBenchOptions {
  readonly variants?: readonly Variant[] | undefined;
  readonly device?: DeviceChoice | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStage?: (sentence: string) => void;
}

/** Measures each network in a fresh process. Throws what engines throw, the signal's reason. */
export async function benchTags(options: TagBenchOptions): Promise<TagBench> {
  const { variants = TAG_VARIANTS, device, threads = availableParallelism(), signal, onStage } = options;
  const networks: Partial<Record<Variant, TagRow>> = {};
  for (const variant of variants) {
    signal?.throwIfAborted();
    onStage?.(`Measuring MoViNet ${variant.toUpperCase()}, streaming`);
    const request: TagRequest = { variant, threads, device, frames: FRAMES[variant] };
    const cost = await askProcess<TagCost>(PROCESS, request, `movinet ${variant}`, signal);
    networks[variant] = { ...countsOf(variant), ...cost };
  }
  const machine = { cores: threads, cpu: cpus()[0]?.model ?? 'unknown', node: process.versions.node };
  return { machine, networks };
}

/** What needs no running. */
export function countsOf(variant: Variant): Omit<TagRow, keyof TagCost> {
  const gflops = (mode: 'base' | 'stream'): number => {
    const config = published(variant, mode);
    const { resolution: side, frames } = config;
    const graph = movinetGraph(config, seededWeights(config, 1), { width: side, height: side });
    return multiplyAdds(graph, { frames }) / 1e9;
  };
  const stream = published(variant, 'stream');
  const { resolution: size, rate, frames: clip } = stream;
  const bytes = statesOf(stream, size, size).map(({ dims }) => 4 * dims.reduce((a, b) => a * b, 1));
  return {
    size,
    rate,
    clip,
    gflopsBase: gflops('base'),
    gflopsStream: gflops('stream'),
    gflopsPublished: PUBLISHED[variant],
    stateMB: bytes.reduce((a, b) => a + b, 0) / 1e6,
  };
}

/** The variant of a word: 'a2'. Undefined where it is none. */
export function variantNamed(text: string): Variant | undefined {
  return VARIANTS.find((variant) => variant === text.toLowerCase());
}

/** The result as a person reads it. */
export function tagBenchTable({ machine, networks }: TagBench): string {
  const cells = (values: readonly (string | number)[]): string =>
    values.map((value, i) => String(value).padStart([10, 8, 9, 9, 10, 10, 9, 8][i]!)).join('');
  const rows = Object.entries(networks).map(([name, row]) => {
    const {
      framesPerSecond,
      cpuMilliseconds,
      millisecondsAlone,
      gflopsBase,
      gflopsStream,
      gflopsPublished,
      stateMB,
      memoryMB,
    } = row;
    const gflops = [gflopsBase.toFixed(1), gflopsStream.toFixed(1), gflopsPublished];
    const costs = [framesPerSecond, cpuMilliseconds, millisecondsAlone].map((figure) => figure.toFixed(1));
    const memory = memoryMB.map((at) => `${at.memory.toFixed(0)} (${at.frames})`).join('  ');
    return `${name.padEnd(4)}${cells([...costs, `${row.clip}x${row.size}`, ...gflops, stateMB.toFixed(1)])}   ${memory}`;
  });
  return [
    `MoViNet, streaming, seeded weights; ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}`,
    '',
    `${''.padEnd(4)}${cells(['frames/s', 'CPU ms', 'ms alone', 'clip', 'GF base', 'GF stream', 'GF paper', 'state'])}   MB (after frames)`,
    ...rows,
    '',
    'frames/s: pushed many at a time, CPU ms: of such a frame, all threads together; ms: of a frame pushed alone. GF: 10^9 multiplications with their additions for a clip. state: MB carried from frame to frame.',
    'MB: peak memory of the process after so many frames.',
  ].join('\n');
}
