/** Sessions in their threads: the caller's thread goes on, tensors cross whole, and an end at any moment harms nobody. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { openSession, sharedTensor } from '../../../app/core/nn/session.ts';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import { encodeModel } from '../../../app/core/onnx/encode.ts';
import type { Graph, Tensor } from '../../../app/core/onnx/graph.ts';
import * as op from '../../../app/core/onnx/ops.ts';

/** y = max(a, 0) - b, at any length. */
function difference(): Graph {
  const g = new GraphBuilder('difference');
  return g.build({ y: op.sub(g, op.relu(g, g.input('a', 'float32', ['n'])), g.input('b', 'float32', ['n'])) });
}

/** `layers` convolutions of 32 channels at 256x256: about 1.2 GFLOP each. */
function slow(layers: number): Graph {
  const g = new GraphBuilder('slow');
  const weight = g.weight('w', { dtype: 'float32', dims: [32, 32, 3, 3], data: new Float32Array(9216).fill(1 / 288) });
  let x = g.input('x', 'float32', [1, 32, 256, 256]);
  for (let i = 0; i < layers; i++) x = op.conv(g, x, weight, undefined, { pad: 1 });
  return g.build({ y: x });
}

const picture = (): Tensor => ({
  dtype: 'float32',
  dims: [1, 32, 256, 256],
  data: new Float32Array(32 * 65536).fill(1),
});

const floats = (data: Float32Array): Tensor => ({ dtype: 'float32', dims: [data.length], data });

test('small, large and shared tensors cross, and the caller keeps its own', async () => {
  const session = await openSession(difference(), { threads: 1 });
  assert.equal(session.device, 'cpu');
  for (const n of [3, 100_000, 100_000, 50_000]) {
    const a = floats(Float32Array.from({ length: n }, (_, i) => (i % 2 === 0 ? i : -i)));
    const b = sharedTensor('float32', [n]);
    (b.data as Float32Array).fill(1);
    // Two at a time: the memory lent to one run is not the other's.
    const [one, two] = await Promise.all([session.run({ a, b }), session.run({ a: b, b: a })]);
    assert.deepEqual(Array.from(one.y!.data.slice(0, 3) as Float32Array), [-1, -1, 1]);
    assert.deepEqual(Array.from(two.y!.data.slice(0, 3) as Float32Array), [1, 2, -1]);
    assert.equal(one.y!.data.length, n);
    assert.equal(a.data.length, n);
    assert.equal((one.y!.data as Float32Array)[n - 1], n % 2 === 0 ? -1 : n - 2);
  }
  await session.close();
});

test('outputs are written where they are asked for', async () => {
  const session = await openSession(difference(), { threads: 1 });
  const y = sharedTensor('float32', [2000]);
  const a = floats(new Float32Array(2000).fill(5));
  const outputs = await session.run({ a, b: floats(new Float32Array(2000).fill(2)) }, { into: { y } });
  assert.ok(outputs.y!.data === y.data);
  assert.ok((y.data as Float32Array).every((value) => value === 3));
  await assert.rejects(session.run({ a, b: a }, { into: { y: a } }), { code: 'internal', message: /not shared/ });
  await session.close();
});

test('a run leaves the thread that asked for it alone', async () => {
  const session = await openSession(slow(8), { threads: 1 });
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const started = performance.now();
  await session.run({ x: picture() });
  const took = performance.now() - started;
  clearInterval(timer);
  assert.ok(longest < took / 2, `the thread stood still for ${longest.toFixed(0)} of ${took.toFixed(0)} ms`);
  await session.close();
});

test('an abort is heard at once, and the session still runs', async () => {
  const session = await openSession(slow(16), { threads: 1 });
  const whole = performance.now();
  const first = await session.run({ x: picture() });
  const took = performance.now() - whole;
  const reason = new Error('enough');
  const started = performance.now();
  await assert.rejects(session.run({ x: picture() }, { signal: abortAfter(10, reason) }), reason);
  assert.ok(performance.now() - started < took / 2, 'it did not wait for the run');
  await assert.rejects(session.run({ x: picture() }, { signal: AbortSignal.abort(reason) }), reason);
  const second = await session.run({ x: picture() });
  assert.ok((second.y!.data as Float32Array).every((value, i) => value === first.y!.data[i]));
  const closing = session.run({ x: picture() });
  const refused = assert.rejects(closing, { code: 'engine-failed', message: /closed/ });
  const closed = performance.now();
  await session.close();
  assert.ok(performance.now() - closed < took / 2, 'closing did not wait either');
  await refused;
  await assert.rejects(session.run({ x: picture() }), { code: 'engine-failed', message: /closed/ });
  await session.close();
});

function abortAfter(ms: number, reason: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), ms);
  return controller.signal;
}

test('what ONNX Runtime says comes over as an error of ours', async () => {
  await assert.rejects(openSession(new Uint8Array(9), { threads: 1 }), { code: 'engine-failed', message: /ONNX/ });
  await assert.rejects(openSession(slow(1), { threads: 1, signal: AbortSignal.abort(new Error('no')) }), /no/);
  const bytes = encodeModel(difference());
  const session = await openSession(bytes, { threads: 1 });
  assert.ok(bytes.length > 0, "the caller's bytes are still there");
  await assert.rejects(session.run({ a: floats(new Float32Array(2)) }), { code: 'engine-failed', message: /b/ });
  const { y } = await session.run({ a: floats(Float32Array.of(-1)), b: floats(Float32Array.of(2)) });
  assert.deepEqual(Array.from(y!.data as Float32Array), [-2]);
  await session.close();
});

/** A process that opens a session, begins a run, and then does `then`. */
function processWith(then: string): { status: number | null; stderr: string; stdout: string } {
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const code = `
    const { openSession } = await import(${url('../../../app/core/nn/session.ts')});
    const { GraphBuilder } = await import(${url('../../../app/core/onnx/builder.ts')});
    const op = await import(${url('../../../app/core/onnx/ops.ts')});
    ${slow.toString().replaceAll(/: [A-Z]\w*|: number/g, '')}
    const session = await openSession(slow(24), { threads: 1 });
    const x = { dtype: 'float32', dims: [1, 32, 256, 256], data: new Float32Array(32 * 65536) };
    const running = session.run({ x }).catch((error) => console.log(error.message));
    await new Promise((resolve) => setTimeout(resolve, 20));
    ${then}`;
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  return { status, stderr, stdout };
}

test('a process may end in the middle of a run', () => {
  for (const [then, status] of [
    ['process.exit(7);', 7],
    ['await session.close(); console.log("closed"); process.exitCode = 8;', 8],
    ['await running; process.exitCode = 9;', 9],
  ] as const) {
    const end = processWith(then);
    assert.equal(end.stderr, '');
    assert.equal(end.status, status, end.stdout);
    if (status === 8) assert.match(end.stdout, /closed/);
  }
});
