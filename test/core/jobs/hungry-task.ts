/**
 * A real task whose memory runs out at one chunk, until it takes little enough. Its input is a JSON file that says how it runs out; nothing of it is
 * played: each way really asks for more than there is.
 */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { RetimeResult, RetimeSpec } from '../../../app/contract/jobs.ts';
import type { Task, TaskContext, TaskTable } from '../../../app/core/jobs/task.ts';
import { KernelPool } from '../../../app/core/kernels/pool.ts';
import { openSession, sharedTensor } from '../../../app/core/nn/session.ts';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import * as op from '../../../app/core/onnx/ops.ts';

export const WAYS = ['kernels', 'network', 'array', 'thread', 'heap', 'killed', 'encoder killed'] as const;

const orderSchema = z.object({
  way: z.enum(WAYS),
  chunks: z.int().default(6),
  /** The chunk it runs out at. */
  at: z.int().default(3),
  /** Whether it fits with this relief. */
  fits: z.object({ shrink: z.number(), threads: z.number(), cpu: z.boolean() }),
  /** What the engine is said to run on. */
  device: z.string().default('cpu'),
  /** The file with the processes of a control group that allows little memory, for the ways in which the system kills. */
  group: z.string().optional(),
});
export type HungryOrder = z.input<typeof orderSchema>;

type Order = z.output<typeof orderSchema>;

const RUN_OUT: Readonly<Record<Order['way'], (order: Order) => Promise<unknown>>> = {
  // More than a WebAssembly memory can ever have.
  kernels: async () => {
    await using pool = new KernelPool(new URL('../../../app/core/kernels/local-worker.ts', import.meta.url), 1, 0);
    pool.reserve(2 ** 33);
  },
  // A sum of a column and a row: 4 TB.
  network: async () => {
    const g = new GraphBuilder('table');
    const [a, b] = [g.input('a', 'float32', ['n', 1]), g.input('b', 'float32', [1, 'm'])];
    const session = await openSession(g.build({ y: op.add(g, a, b) }), { threads: 1 });
    await session.run({ a: sharedTensor('float32', [2 ** 20, 1]), b: sharedTensor('float32', [1, 2 ** 20]) });
  },
  array: async () => Array.from({ length: 4000 }, () => new ArrayBuffer(2 ** 42)),
  thread: async () => {
    const worker = new Worker(EAT, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } });
    await new Promise((_, reject) => worker.on('error', reject));
  },
  // Where the test has allowed the process little.
  heap: async () => {
    const all: unknown[] = [];
    for (;;) all.push({ n: all.length, of: [1, 2, 3] });
  },
  killed: async ({ group }) => {
    await writeFile(group!, String(process.pid));
    const all: Uint8Array[] = [];
    for (;;) all.push(new Uint8Array(2 ** 24).fill(1));
  },
  'encoder killed': async ({ group }) => {
    const { spawnFfmpeg } = await import('../../../app/core/media/ffmpeg.ts');
    const noise = ['-f', 'lavfi', '-i', 'color=size=8192x8192:duration=100', '-vf', 'reverse', '-f', 'null', '-'];
    await writeFile(group!, String(process.pid));
    const ffmpeg = await spawnFfmpeg(noise);
    // It stays in the group in which it was born.
    await writeFile(join(dirname(group!), '..', 'cgroup.procs'), String(process.pid));
    await ffmpeg.done;
  },
};

const EAT = 'const all = []; for (;;) all.push({ n: all.length, of: [1, 2, 3] });';

const hungry: Task<RetimeSpec> = async (spec, context) => {
  const order = orderSchema.parse(JSON.parse(await readFile(spec.input, 'utf8')));
  const { shrink, cpu } = context.relief;
  const { fits } = order;
  const enough = shrink >= fits.shrink && context.threads <= fits.threads && (cpu || !fits.cpu);
  let reused = 0;
  const paths: string[] = [];
  for (let i = 0; i < order.chunks; i++) {
    const key = createHash('sha256').update(`${context.sources[0]!.fingerprint}:${i}`).digest('hex');
    const found = await context.chunks.find(key);
    if (found !== undefined) reused++;
    else if (i === order.at && !enough) await RUN_OUT[order.way](order);
    paths.push(found ?? (await makeChunk(context, key, i)));
    const progress = { type: 'progress', stage: 'rendering', fraction: i / order.chunks, done: i } as const;
    context.emit({ ...progress, total: order.chunks, unit: 'frames', device: order.device });
  }
  for (const path of paths) appendFileSync(context.part, await readFile(path));
  await context.publish([{ from: context.part, to: spec.output }]);
  return { ...RESULT, output: spec.output, frames: order.chunks, reusedFrames: reused };
};

async function makeChunk({ chunks }: TaskContext, key: string, index: number): Promise<string> {
  const pending = await chunks.begin(key);
  await writeFile(pending.path, `chunk ${index}\n`);
  return await pending.commit();
}

const RESULT: Omit<RetimeResult, 'output' | 'frames' | 'reusedFrames'> = {
  ...{ engine: 'hungry', device: 'cpu', synthesised: 0, passedThrough: 0, held: 0, cuts: [], fps: '25/1' },
  ...{ durationIn: 1, durationOut: 1, audio: 'none', avDriftMs: 0, seconds: 1, verified: true, engineMs: 0, notes: [] },
};

export const TASKS: Pick<TaskTable, 'retime'> = { retime: async () => hungry };
