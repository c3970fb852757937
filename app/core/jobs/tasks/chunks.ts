/** How a frame plan is divided into chunks, and what a chunk is keyed by. [Note: chunks] */
import { createHash } from 'node:crypto';
import type { FramePlan, PlannedFrame } from '../../time/plan.ts';

/** Output frames [start, start + frames.length). */
export interface Chunk {
  readonly start: number;
  readonly frames: readonly PlannedFrame[];
  /** Timestamps relative to the first frame in units of the plan's time base; one more than frames: the end. */
  readonly timestamps: readonly number[];
}

/** Output frames in a chunk: what a crash costs at most, and the distance of keyframes in the output. */
const CHUNK_FRAMES = 48;

function samePair(a: PlannedFrame, b: PlannedFrame): boolean {
  return a.kind === 'between' && b.kind === 'between' && a.a === b.a && a.b === b.b;
}

/**
 * Divides a plan. A chunk never spans a cut or a key of the curve, and does not part frames between the same two source
 * frames unless there are very many of them, so a pair is analysed once.
 */
export function* chunksOf(plan: FramePlan): Generator<Chunk> {
  let start = 0;
  let frames: PlannedFrame[] = [];
  let section = '';
  let before: readonly number[] = [];
  const close = (end: number): Chunk => {
    const origin = plan.timestamp(start);
    const timestamps = Array.from({ length: end - start + 1 }, (_, i) => plan.timestamp(start + i) - origin);
    // Those of all chunks are kept until the film is joined: at a constant rate they are one array.
    const same = timestamps.length === before.length && timestamps.every((time, i) => time === before[i]);
    if (!same) before = timestamps;
    return { start, frames, timestamps: before };
  };
  for (let k = 0; k < plan.count; k++) {
    const frame = plan.frame(k);
    const here = plan.section(k);
    const full = frames.length >= CHUNK_FRAMES && !samePair(frames.at(-1)!, frame);
    if (frames.length > 0 && (full || frames.length >= 4 * CHUNK_FRAMES || here !== section)) {
      yield close(k);
      start = k;
      frames = [];
    }
    section = here;
    frames.push(frame);
  }
  if (frames.length > 0) yield close(plan.count);
}

/** A planned frame by what determines its pixels: the times of the source frames it is made of, never their place in the output. */
export function frameIdentity(frame: PlannedFrame, times: readonly number[]): unknown {
  if (frame.kind === 'source') return times[frame.index];
  if (frame.kind === 'between') return [times[frame.a], times[frame.b], frame.num / frame.den];
  return frame.parts.map((part) => frameIdentity(part, times));
}

/**
 * The key of a chunk: SHA-256 of everything that determines its bytes. `context` is what all chunks of a job share:
 * the source's fingerprint, engine and its version, geometry, encoder and its arguments.
 */
export function chunkKey(context: unknown, chunk: Chunk, times: readonly number[]): string {
  const frames = chunk.frames.map((frame) => frameIdentity(frame, times));
  return createHash('sha256')
    .update(JSON.stringify([context, chunk.timestamps, frames]))
    .digest('hex');
}
