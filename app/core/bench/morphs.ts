/** What a morph of two stills and fourteen pictures between them costs, by engine and size. */
import { availableParallelism, cpus } from 'node:os';
import type { DeviceChoice } from '../../contract/jobs.ts';
import { ownModulePath } from '../base/own-files.ts';
import type { PixelFormat } from '../media/frame.ts';
import { windowEngine } from '../score/window-engines.ts';
import { askProcess } from './ask.ts';
import { bytesOf } from './engines.ts';
import { drawFrames } from './frames.ts';

const PROCESS = ownModulePath('./morph-process', import.meta.url);
/** Pictures between the two stills. */
const PICTURES = 14;
/** Sides of the pictures. */
export const MORPH_SIDES = [64, 256, 1024] as const;
/** Frames of the drawn clip from one still to the other: a second. */
const APART = 24;

export interface MorphRequest {
  readonly engine: string;
  readonly threads: number;
  readonly device?: DeviceChoice | undefined;
  readonly format: PixelFormat;
  readonly side: number;
  /** Both stills as rawvideo. */
  readonly stills: readonly Uint8Array[];
  readonly pictures: number;
}

export interface MorphCost {
  /** Reading and compiling the network, and the threads' start. */
  readonly openSeconds: number;
  /** Then all pictures, the first time. */
  readonly seconds: number;
  /** Peak resident memory of the process that did it, in units of 10^6 bytes. */
  readonly memoryMB: number;
  readonly device: string;
}

export interface MorphBench {
  readonly machine: { readonly cores: number; readonly cpu: string; readonly node: string };
  readonly pictures: number;
  /** By engine as it was asked for, then by side. */
  readonly engines: Readonly<Record<string, Readonly<Record<string, MorphCost>>>>;
}

export interface MorphBenchOptions {
  /** ID[:MOTION][:enlarged] each. */
  readonly engines: readonly string[];
  /** Of the pictures, each a multiple of two; MORPH_SIDES unless given. */
  readonly sides?: readonly number[] | undefined;
  readonly device?: DeviceChoice | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStage?: (sentence: string) => void;
}

/** Measures each engine at each side in a fresh process. Throws 'engine-unknown' before anything is drawn, what engines throw, the signal's reason. */
export async function benchMorphs(options: MorphBenchOptions): Promise<MorphBench> {
  const { engines, sides = MORPH_SIDES, device, signal, onStage } = options;
  for (const name of engines) await windowEngine(name);
  const threads = availableParallelism();
  const costs: Record<string, Record<string, MorphCost>> = Object.fromEntries(engines.map((name) => [name, {}]));
  for (const side of sides) {
    const stills = drawFrames(side, side, 2, signal, APART);
    for (const engine of engines) {
      onStage?.(`Measuring ${engine} at ${side}x${side}`);
      const { format } = stills[0]!;
      const request = { engine, threads, device, format, side, stills: stills.map(bytesOf), pictures: PICTURES };
      costs[engine]![side] = await askProcess<MorphCost>(PROCESS, request satisfies MorphRequest, engine, signal);
    }
  }
  const machine = { cores: threads, cpu: cpus()[0]?.model ?? 'unknown', node: process.versions.node };
  return { machine, pictures: PICTURES, engines: costs };
}

/** The result as a person reads it. */
export function morphBenchTable({ machine, pictures, engines }: MorphBench): string {
  const sides = Object.keys(Object.values(engines)[0] ?? {});
  const cell = (cost: MorphCost | undefined): string =>
    cost
      ? `${(cost.openSeconds + cost.seconds).toFixed(2).padStart(9)} ${cost.memoryMB.toFixed(0).padStart(6)}`
      : ''.padStart(16);
  const rows = Object.entries(engines).map(
    ([name, bySide]) => name.padEnd(22) + sides.map((side) => cell(bySide[side])).join('   '),
  );
  return [
    `Two stills and ${pictures} pictures between them, ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}`,
    '',
    `${''.padEnd(22)}${sides.map((side) => `${side}x${side}`.padStart(16)).join('   ')}`,
    `${'engine'.padEnd(22)}${sides.map(() => '  seconds     MB').join('   ')}`,
    ...rows,
    '',
    'Seconds: opening the engine and making all pictures. MB: peak memory of the process that did.',
  ].join('\n');
}
