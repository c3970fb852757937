/**
 * The memory a job is planned to take, and what that means for how it runs.
 *
 * [Note: memory bound] Before a job runs its plan says how much memory it takes at most: the engine for pictures of this size (each engine knows), the
 * frames that are on their way, the decoder and two encoders (one chunk's ends while the next begins). Where the machine, or the container, has not
 * that much, pictures are cut into smaller tiles from the start. It is the memory there is that decides, not what is free at the moment: the
 * same job on the same machine gives the same bytes. Where others have taken it, [Note: the memory ladder] is what helps.
 */
import type { Device } from '../../../contract/jobs.ts';
import { memoryLimit } from '../../base/memory.ts';
import type { EngineEntry } from '../../engines/engine.ts';
import { decodedFormat } from '../../media/decode.ts';
import { frameBytes, type PixelFormat } from '../../media/frame.ts';
import type { OutputPlan } from '../../media/output-format.ts';
import { rawInputBytes } from '../../media/raw-layout.ts';
import type { Relief } from '../relief.ts';
import type { ClipPlan } from './clip-plan.ts';
import { keptFrames } from './render.ts';

const MB = 2 ** 20;
/** The command or the app, the job's process, three ffmpeg. Measured: test/long/sizes.long.ts. */
const PROCESSES = 560 * MB;
/** Of a source's frames: times, cuts, holds, what is planned for them. Measured on two hours: test/long/long-run.long.ts. */
const BYTES_A_FRAME = 1200;
/** Part of the memory there is that a job may plan with: the rest is the system's and other programs'. */
const SHARE = 0.85;
/** Smaller tiles than an eighth lose more at their edges than they are worth. */
const MOST_SHRINK = 8;

export interface MemoryPlan {
  /** Most bytes that all processes of the job take together. */
  readonly bytes: number;
  /** As of EngineSetup. */
  readonly shrink: number;
  readonly notes: readonly string[];
}

export interface MemoryRequest {
  /** Those that may work at the same time. */
  readonly engines: readonly EngineEntry[];
  /** As decoded. */
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly output: OutputPlan;
  /** Of the source. */
  readonly frames: number;
  readonly threads: number;
  /** Bytes there are; the machine's unless given. */
  readonly limit?: number;
}

/** [Note: memory bound]. Throws what opening an engine throws. */
export async function planMemory(request: MemoryRequest): Promise<MemoryPlan> {
  const { engines, format, width, height, threads, limit = memoryLimit() } = request;
  const rest = PROCESSES + request.frames * BYTES_A_FRAME + pipelineBytes(request);
  const bytesAt = async (shrink: number): Promise<number> => {
    const each = engines.map((engine) => engine.memory?.({ width, height, threads, shrink }, format) ?? 0);
    return rest + (await Promise.all(each)).reduce((sum, bytes) => sum + bytes, 0);
  };
  const whole = await bytesAt(1);
  let [bytes, shrink] = [whole, 1];
  while (bytes > SHARE * limit && shrink < MOST_SHRINK) {
    const smaller = await bytesAt(shrink * 2);
    // Nothing is cut any smaller.
    if (smaller >= bytes) break;
    [bytes, shrink] = [smaller, shrink * 2];
  }
  return { bytes, shrink, notes: notesOf({ whole, bytes, shrink, limit }) };
}

/** Of the clip that takes most, and of a sequence in which one must be cut smaller, all are. */
export async function sequenceMemory(
  clips: readonly ClipPlan[],
  { threads }: { readonly threads: number },
): Promise<MemoryPlan> {
  let most: MemoryPlan = { bytes: PROCESSES, shrink: 1, notes: [] };
  for (const { engines, work, output, source } of clips) {
    const { width, height } = work.video;
    const frames = source.facts.index.times.length;
    const plan = await planMemory({ engines, format: decodedFormat(work), width, height, output, frames, threads });
    if (plan.shrink > most.shrink || (plan.shrink === most.shrink && plan.bytes > most.bytes)) most = plan;
  }
  return most;
}

function notesOf({ whole, bytes, shrink, limit }: { whole: number; bytes: number; shrink: number; limit: number }) {
  const there = `${said(limit)} of memory that there are`;
  if (bytes > limit)
    return [`This takes up to ${said(bytes)}, more than the ${there}: it may end early; what is made by then stays.`];
  if (shrink > 1) {
    return [
      `Pictures are made in smaller tiles, ${said(bytes)} at most: whole they would take ${said(whole)}, too much for the ${there}.`,
    ];
  }
  return bytes >= 2 ** 30 ? [`This takes up to ${said(bytes)} of memory.`] : [];
}

function said(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(Math.ceil(bytes / 1e8) / 10).toFixed(1)} GB`;
}

/** Frames between decoder and encoder, and what these two hold themselves. */
function pipelineBytes({ format, width, height, output }: MemoryRequest): number {
  const decoded = frameBytes(format, width, height);
  const encoded = rawInputBytes(output.input);
  // Kept, read ahead, being made, on their way to the encoder; then the decoder's own.
  const frames = keptFrames(decoded) + READ_AHEAD + DECODER_FRAMES;
  return frames * decoded + 2 * ENCODER_FRAMES[output.codec] * encoded;
}

const READ_AHEAD = 12;
/** 16 that others refer to, and as many as are decoded at once. */
const DECODER_FRAMES = 24;
/** Frames an encoder holds, in frames as it is given them. */
const ENCODER_FRAMES: Readonly<Record<OutputPlan['codec'], number>> = {
  h264: 40,
  hevc: 60,
  av1: 80,
  vp9: 60,
  prores: 20,
  ffv1: 20,
  png: 20,
  exr: 20,
};

/** How frames are made: on what, in how small tiles. Both show in their bytes. */
export interface Footing {
  /** Of each engine by its id. */
  readonly devices: ReadonlyMap<string, Device | undefined>;
  readonly shrink: number;
}

/**
 * Every footing the job has had on its way down [Note: the memory ladder], the one it has now first: chunks made on the others count as well. `planned`
 * is the plan's.
 */
export function footings(planned: Footing, { shrink, cpu }: Omit<Relief, 'threads'>): readonly [Footing, ...Footing[]] {
  const list: [Footing, ...Footing[]] = [planned];
  for (let more = 2; more <= shrink; more *= 2) list.unshift({ ...planned, shrink: planned.shrink * more });
  if (!cpu) return list;
  const devices = new Map([...planned.devices].map(([id, device]) => [id, device && ('cpu' as const)]));
  return [{ devices, shrink: planned.shrink * shrink }, ...list];
}
