/** The memory a job is planned to take, and what becomes of it where there is less. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asMemoryError, isOutOfMemory, memoryLimit } from '../../../../app/core/base/memory.ts';
import { findEngine } from '../../../../app/core/engines/registry.ts';
import { footings, planMemory } from '../../../../app/core/jobs/tasks/memory.ts';
import { pixelFormat } from '../../../../app/core/media/pixel-format.ts';
import { AppError } from '../../../../app/contract/errors.ts';
import { FIGURE } from '../../../guarantees/promise.ts';
import { planFor } from '../../media/output-kit.ts';

const GB = 1e9;

async function plan(engine: string, [width, height]: readonly [number, number], limit: number) {
  const format = pixelFormat('yuv420p');
  const output = await planFor('yuv420p', { width, height });
  return await planMemory({
    engines: [await findEngine(engine)],
    format,
    width,
    height,
    output,
    frames: 100,
    threads: 2,
    limit,
  });
}

test('a plan says how much memory it takes, and cuts pictures smaller where the machine has less', async (t) => {
  const small = await plan('glide', [640, 360], 8 * GB);
  assert.deepEqual([small.shrink, small.notes], [1, []]);
  const roomy = await plan('film', [1920, 1080], 64 * GB);
  assert.equal(roomy.shrink, 1);
  assert.match(roomy.notes[0]!, /^This takes up to \d\.\d GB of memory\.$/);
  const tight = await plan('film', [1920, 1080], 3 * GB);
  assert.ok(tight.shrink > 1 && tight.bytes < roomy.bytes && tight.bytes < 3 * GB, JSON.stringify(tight));
  assert.match(tight.notes[0]!, /^Pictures are made in smaller tiles, .* at most: whole they would take .*, too much/);
  const never = await plan('blend', [3840, 2160], 0.4 * GB);
  assert.equal(never.shrink, 1);
  assert.match(never.notes[0]!, /more than the .* that there are: it may end early; what is made by then stays\.$/);
  const size = (bytes: number): string => `${(bytes / GB).toFixed(1)} GB`;
  t.diagnostic(`${FIGURE}film at 1920x1080: ${size(roomy.bytes)}, where there are 3 GB ${size(tight.bytes)}`);
});

test('the same machine gives the same plan: what is free at the moment does not count', async () => {
  const before = await plan('film', [1280, 720], memoryLimit());
  const taken = new Uint8Array(2 ** 28).fill(1);
  assert.deepEqual(await plan('film', [1280, 720], memoryLimit()), before);
  assert.equal(taken.length, 2 ** 28);
});

test('every footing above counts, the lowest comes first', () => {
  const planned = { devices: new Map([['film', 'webgpu' as const]]), shrink: 2 };
  const down = footings(planned, { shrink: 4, cpu: true }).map(({ devices, shrink }) => [devices.get('film'), shrink]);
  assert.deepEqual(down, [
    ['cpu', 8],
    ['webgpu', 8],
    ['webgpu', 4],
    ['webgpu', 2],
  ]);
  assert.deepEqual(footings(planned, { shrink: 1, cpu: false }), [planned]);
});

test('memory is told from other failures', () => {
  for (const [words, memory] of [
    [
      'ONNX Runtime refused the model or its inputs: Failed to allocate memory for requested buffer of size 4398046511104',
      true,
    ],
    ['std::bad_alloc', true],
    ['WebGPU device was lost', true],
    ['CUDA failure 2: out of memory', true],
    ['x264 [error]: malloc of size 1238123 failed', true],
    ['Conversion failed: Cannot allocate memory', true],
    ['The encoder stopped: it was ended by SIGKILL.', false],
    ['No space left on device', false],
    ['Invalid data found when processing input', false],
  ] as const) {
    const wrapped = new AppError('engine-failed', 'It failed.', { cause: new Error(words) });
    assert.equal(isOutOfMemory(wrapped), memory, words);
    const told = asMemoryError(wrapped, undefined);
    assert.equal(told instanceof AppError && told.code, memory ? 'out-of-memory' : 'engine-failed');
  }
});
