/**
 * The bench: what each engine costs a frame, and what everything around it costs, on a moving textured picture of a
 * given size.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { DeviceChoice, RetimeSpec } from '../../contract/jobs.ts';
import { writeClip } from '../demo/clip.ts';
import type { Slowmo } from '../demo/run.ts';
import { findEngine } from '../engines/registry.ts';
import { locateFfmpeg } from '../media/ffmpeg.ts';
import type { Frame } from '../media/frame.ts';
import { engineCost } from './engines.ts';
import { drawFrames } from './frames.ts';
import { FRAMES_NEEDED, type EngineCost } from './measure.ts';

export interface PipelineCost {
  readonly engine: string;
  /** Output frames. */
  readonly frames: number;
  readonly wallSeconds: number;
  readonly engineSeconds: number;
  /** Everything that is not the engine: (wall - engine) / output frames. */
  readonly overheadMsPerFrame: number;
}

export interface BenchResult {
  /** 'WxH'. */
  readonly size: string;
  readonly threads: number;
  readonly machine: { readonly cores: number; readonly cpu: string; readonly node: string; readonly ffmpeg: string };
  readonly engines: Readonly<Record<string, EngineCost>>;
  readonly pipeline: PipelineCost;
}

export interface BenchOptions {
  readonly width: number;
  readonly height: number;
  readonly engines: readonly string[];
  readonly device?: DeviceChoice;
  /** Engine of the whole job. */
  readonly pipelineEngine: string;
  /** Runs a job in a library that knows no earlier one, or nothing would be measured. */
  readonly slowmo: Slowmo;
  readonly signal?: AbortSignal;
  readonly onStage?: (sentence: string) => void;
}

/** Source frames of the whole job; at a quarter of the speed it makes four times as many. */
const JOB_FRAMES = 24;
const SLOWER = 4;

/** Measures. Throws 'engine-unknown' before anything is drawn, and what engines and the job throw. */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const { width, height, engines, signal, onStage } = options;
  for (const id of [...engines, options.pipelineEngine]) await findEngine(id);
  const threads = availableParallelism();
  const ffmpeg = (await locateFfmpeg()).version;
  onStage?.(`Drawing ${JOB_FRAMES} frames of ${width}x${height}`);
  const frames = drawFrames(width, height, JOB_FRAMES, signal);
  const costs: [string, EngineCost][] = [];
  for (const id of engines) {
    onStage?.(`Measuring ${id}`);
    costs.push([id, await engineCost(id, frames.slice(0, FRAMES_NEEDED), { threads, device: options.device, signal })]);
  }
  onStage?.(`Running a whole job with ${options.pipelineEngine}`);
  const pipeline = await measureJob(frames, options);
  const machine = { cores: threads, cpu: cpus()[0]?.model ?? 'unknown', node: process.versions.node, ffmpeg };
  return { size: `${width}x${height}`, threads, machine, engines: Object.fromEntries(costs), pipeline };
}

async function measureJob(
  frames: readonly Frame[],
  { slowmo, signal, pipelineEngine, device }: BenchOptions,
): Promise<PipelineCost> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-bench-'));
  try {
    const input = join(folder, 'source.mkv');
    await writeClip(input, stream(frames), signal);
    const result = await slowmo(
      { ...jobSpec(input, join(folder, 'slow.mp4'), pipelineEngine), ...(device && { device }) },
      signal ? { signal } : {},
    );
    if (result.reusedFrames > 0) {
      throw new AppError(
        'internal',
        `${result.reusedFrames} frames came from an earlier run: there is nothing to measure.`,
      );
    }
    const engineSeconds = result.engineMs / 1000;
    const overhead = (1000 * (result.seconds - engineSeconds)) / result.frames;
    return {
      engine: pipelineEngine,
      frames: result.frames,
      wallSeconds: result.seconds,
      engineSeconds,
      overheadMsPerFrame: overhead,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* stream(frames: readonly Frame[]): AsyncGenerator<Frame> {
  yield* frames;
}

function jobSpec(input: string, output: string, engine: string): RetimeSpec {
  return {
    kind: 'retime',
    input,
    output,
    speed: { num: 1, den: SLOWER },
    factor: 1,
    engine,
    cuts: 'auto',
    holds: 'off',
    maxHold: 6,
    shutter: 0,
    codec: 'h264',
    force: true,
  };
}

/** The result as one JSON object, its numbers rounded to what they are worth. */
export function benchJson(result: object): string {
  return JSON.stringify(result, (_key, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(5)) : value,
  );
}

/** The result as a person reads it. */
export function benchTable({ size, threads, machine, engines, pipeline }: BenchResult): string {
  const seconds = (value: number | undefined) => (value ?? Number.NaN).toFixed(4).padStart(8);
  const rows = Object.entries(engines).map(
    ([id, { secondsPerFrame: s, analysisMs, synthesisMs, memoryMB, device }]) =>
      `${id.padEnd(14)} ${seconds(s['2'])} ${seconds(s['4'])} ${seconds(s['8'])} ${analysisMs.toFixed(1).padStart(10)} ` +
      `${synthesisMs.toFixed(1).padStart(10)} ${memoryMB.toFixed(0).padStart(8)}  ${device}`,
  );
  const { engine, frames, wallSeconds, engineSeconds, overheadMsPerFrame } = pipeline;
  return [
    `${size}, ${threads} threads on ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, ffmpeg ${machine.ffmpeg}`,
    '',
    `${''.padEnd(14)}      seconds a new frame`,
    `${'engine'.padEnd(14)}       2x       4x       8x analysis ms   frame ms       MB`,
    ...rows,
    '',
    `A whole job (4x with ${engine}, x264 veryfast): ${frames} frames in ${wallSeconds.toFixed(1)} s, ${engineSeconds.toFixed(1)} s of it the engine; ` +
      `everything else takes ${overheadMsPerFrame.toFixed(1)} ms a frame.`,
  ].join('\n');
}
