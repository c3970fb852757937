/**
 * What a session's thread costs: a 1080p RGB float pair (50 MB) in and a picture (25 MB) out of a network that does next to nothing, on the
 * thread itself, through a session, and through a session with tensors in shared memory. Prints the milliseconds of the fastest of ten runs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel } from '../../app/core/nn/ort.ts';
import { openSession, sharedTensor } from '../../app/core/nn/session.ts';
import { GraphBuilder } from '../../app/core/onnx/builder.ts';
import { encodeModel } from '../../app/core/onnx/encode.ts';
import * as op from '../../app/core/onnx/ops.ts';
import type { Tensor } from '../../app/core/onnx/graph.ts';

const DIMS = [1, 3, 1080, 1920];

function mean() {
  const g = new GraphBuilder('mean');
  const sum = op.add(g, g.input('a', 'float32', DIMS), g.input('b', 'float32', DIMS));
  return g.build({ y: op.mul(g, sum, g.floats(0.5)) });
}

function plain(value: number): Tensor {
  return { dtype: 'float32', dims: DIMS, data: new Float32Array(3 * 1080 * 1920).fill(value) };
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    const started = performance.now();
    await work();
    if (i > 1) times.push(performance.now() - started);
  }
  return Math.min(...times);
}

test('what a run costs beyond ONNX Runtime', async () => {
  const [a, b] = [plain(0.25), plain(0.75)];
  const [sharedA, sharedB, y] = [1, 2, 3].map(() => sharedTensor('float32', DIMS)) as [Tensor, Tensor, Tensor];
  const inside = await loadModel(encodeModel(mean()), { provider: 'cpu', threads: 1 });
  await using session = await opened();
  const rows = {
    'on the thread itself': await time(() => inside.run({ a, b })),
    'session, plain arrays': await time(() => session.run({ a, b })),
    'session, shared inputs': await time(() => session.run({ a: sharedA, b: sharedB })),
    'session, shared inputs and output': await time(() => session.run({ a: sharedA, b: sharedB }, { into: { y } })),
  };
  for (const [name, ms] of Object.entries(rows)) console.log(`${name.padEnd(36)} ${ms.toFixed(1).padStart(6)} ms`);
  assert.ok(rows['session, plain arrays'] < rows['on the thread itself'] + 60);
  await inside.release();
});

async function opened() {
  const session = await openSession(mean(), { threads: 1 });
  return { ...session, [Symbol.asyncDispose]: session.close };
}

test('a model of 140 MB: memory and time to open it', async () => {
  const g = new GraphBuilder('large');
  const data = new Float32Array(35e6).map((_, i) => i % 7);
  const weight = g.weight('w', { dtype: 'float32', dims: [1, 35e6], data });
  const graph = g.build({ y: op.reduceSum(g, op.mul(g, g.input('x', 'float32', [1]), weight), [1]) });
  const built = process.memoryUsage().rss;
  const started = performance.now();
  const session = await openSession(graph, { threads: 1 });
  const ms = performance.now() - started;
  const peak = process.resourceUsage().maxRSS * 1024;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = process.memoryUsage().rss;
  const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  console.log(
    `opening it took ${ms.toFixed(0)} ms and at most ${mb(peak - built)} beside the graph's own 140 MB; ${mb(after - built)} stay`,
  );
  const { y } = await session.run({ x: { dtype: 'float32', dims: [1], data: Float32Array.of(1) } });
  assert.ok(Math.abs((y!.data as Float32Array)[0]! - 105e6) < 1e4);
  await session.close();
});

test('a hundred sessions one after another leave nothing behind', async () => {
  const x: Tensor = { dtype: 'float32', dims: DIMS, data: new Float32Array(3 * 1080 * 1920) };
  let early = 0;
  for (let i = 0; i < 100; i++) {
    const session = await openSession(mean(), { threads: 1 });
    await session.run({ a: x, b: x });
    await session.close();
    if (i === 20) early = process.memoryUsage().rss;
  }
  const late = process.memoryUsage().rss;
  console.log(`resident after 20: ${Math.round(early / 1e6)} MB, after 100: ${Math.round(late / 1e6)} MB`);
  assert.ok(late < early + 200e6);
});
