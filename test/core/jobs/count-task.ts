/**
 * A real task for tests of the job system: counts. Its input is a JSON file that says how; its chunks are runs of deterministic bytes written
 * slowly in small pieces, partly by a child process; its output is the chunks put together.
 */
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../../../app/contract/errors.ts';
import type { RetimeResult, RetimeSpec } from '../../../app/contract/jobs.ts';
import type { TagSpec } from '../../../app/contract/tags.ts';
import type { Task, TaskContext, TaskTable } from '../../../app/core/jobs/task.ts';

export const orderSchema = z.object({
  chunks: z.int().default(8),
  /** Pieces a chunk is written in, bytes of each, and the pause after each. */
  pieces: z.int().default(4),
  bytes: z.int().default(4000),
  pauseMs: z.number().default(5),
  /** Starts a child that would outlive us by minutes, and writes its pid to this file. */
  childPidFile: z.string().optional(),
  /** 'deaf': blocks its thread for ever at the first chunk; 'crash': throws outside any promise; 'refuse': an AppError. */
  mood: z.enum(['good', 'deaf', 'crash', 'refuse', 'mute']).default('good'),
});
export type CountOrder = z.input<typeof orderSchema>;

/** What the job must put out. */
export function countBytes(order: CountOrder, fingerprint: string): Buffer {
  const { chunks, pieces, bytes } = orderSchema.parse(order);
  const all: Buffer[] = [];
  for (let i = 0; i < chunks; i++) for (let j = 0; j < pieces; j++) all.push(piece(chunkKey(fingerprint, i), j, bytes));
  return Buffer.concat(all);
}

function chunkKey(fingerprint: string, index: number): string {
  return createHash('sha256').update(`${fingerprint}:${index}`).digest('hex');
}

function piece(key: string, index: number, bytes: number): Buffer {
  const seed = createHash('sha256').update(`${key}:${index}`).digest();
  return Buffer.alloc(bytes, seed);
}

async function makeChunk(context: TaskContext, key: string, order: z.output<typeof orderSchema>): Promise<string> {
  const pending = await context.chunks.begin(key);
  try {
    const file = await open(pending.path, 'w');
    try {
      for (let i = 0; i < order.pieces; i++) {
        context.signal.throwIfAborted();
        await file.write(piece(key, i, order.bytes));
        if (order.pauseMs > 0) await sleep(order.pauseMs, undefined, { signal: context.signal });
      }
    } finally {
      await file.close();
    }
    return await pending.commit();
  } catch (error) {
    await pending.abandon();
    throw error;
  }
}

async function misbehave(mood: z.output<typeof orderSchema>['mood']): Promise<void> {
  if (mood === 'deaf') for (;;);
  if (mood === 'refuse') throw new AppError('no-video', 'There is nothing to count.');
  if (mood === 'crash') {
    setImmediate(() => {
      throw new Error('the count went mad');
    });
    await sleep(60_000);
  }
}

async function startLongChild(pidFile: string): Promise<void> {
  // Ignores being asked, as a child that is busy writing may.
  const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setTimeout(() => {}, 300000)"], {
    stdio: 'ignore',
  });
  await writeFile(pidFile, String(child.pid));
}

const count: Task<RetimeSpec> = async (spec, context) => {
  const begun = performance.now();
  const order = orderSchema.parse(JSON.parse(await readFile(spec.input, 'utf8')));
  if (order.childPidFile !== undefined) await startLongChild(order.childPidFile);
  await writeFile(join(context.scratch, 'notes.txt'), 'scratch');
  context.emit({ type: 'note', message: `Counting to ${order.chunks}.` });
  let reused = 0;
  const paths: string[] = [];
  for (let i = 0; i < order.chunks; i++) {
    const key = chunkKey(context.sources[0]!.fingerprint, i);
    const found = await context.chunks.find(key);
    if (found !== undefined) reused++;
    paths.push(found ?? (await makeChunk(context, key, order)));
    const done = i + 1;
    context.emit({
      type: 'progress',
      stage: 'rendering',
      fraction: done / order.chunks,
      done,
      total: order.chunks,
      unit: 'frames',
    });
    if (i === 0) await misbehave(order.mood);
  }
  const out = await open(context.part, 'w');
  for (const path of paths) await out.write(await readFile(path));
  await out.close();
  const { size } = await stat(context.part);
  const verified = size === order.chunks * order.pieces * order.bytes;
  if (order.mood !== 'mute') await context.publish([{ from: context.part, to: spec.output }]);
  return resultOf(spec, order.chunks, reused, verified, (performance.now() - begun) / 1000);
};

function resultOf(spec: RetimeSpec, chunks: number, reused: number, verified: boolean, seconds: number): RetimeResult {
  return {
    output: spec.output,
    engine: 'count',
    device: 'cpu',
    frames: chunks,
    synthesised: chunks,
    passedThrough: 0,
    held: 0,
    cuts: [],
    fps: '25/1',
    durationIn: chunks,
    durationOut: chunks,
    audio: 'none',
    avDriftMs: 0,
    seconds,
    verified,
    engineMs: 0,
    reusedFrames: reused,
    notes: [],
  };
}

/** A job that tags counts as well: for the queue its kind matters. */
const countTagging: Task<TagSpec> = async (spec, context) =>
  await count({ input: spec.input, output: spec.output } as RetimeSpec, context);

export const TASKS: Pick<TaskTable, 'retime' | 'tag'> = { retime: async () => count, tag: async () => countTagging };
