import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permute, takeWeights, type Want } from '../../../app/core/engines/weights.ts';
import type { Checkpoint } from '../../../app/core/import/checkpoint.ts';
import type { Tensor } from '../../../app/core/import/tensor.ts';

function checkpointOf(tensors: Record<string, Tensor>): Checkpoint {
  return {
    format: 'test',
    metadata: {},
    names: () => Object.keys(tensors),
    info: (name) => tensors[name]!,
    tensor: async (name) => tensors[name]!,
    [Symbol.asyncDispose]: async () => {},
  };
}

const f32 = (shape: number[], values: number[]): Tensor => ({ dtype: 'f32', shape, data: Float32Array.from(values) });
const KERNEL = f32([1, 2, 1, 3], [1, 2, 3, 4, 5, 6]);
const WANTS: readonly Want[] = [
  { value: 'w', from: ['conv.weight', 'conv/kernel'], dims: [3, 1, 1, 2], axes: [3, 2, 0, 1] },
  { value: 'b', from: ['conv.bias', 'conv/bias'], dims: [3], map: (data) => data.map((x) => 2 * x) },
];

test('names, layouts and maps', async () => {
  const checkpoint = checkpointOf({ 'module.conv/kernel': KERNEL, 'module.conv/bias': f32([3], [1, 2, 3]) });
  const weights = await takeWeights(checkpoint, WANTS, { strip: /^module\./ });
  assert.deepEqual([...(weights.get('w')!.data as Float32Array)], [1, 4, 2, 5, 3, 6]);
  assert.deepEqual(weights.get('w')!.dims, [3, 1, 1, 2]);
  assert.deepEqual([...(weights.get('b')!.data as Float32Array)], [2, 4, 6]);
});

test('what is missing, left over or of another shape is named', async () => {
  const checkpoint = checkpointOf({ 'conv/kernel': f32([1, 2, 1, 2], [1, 2, 3, 4]), extra: KERNEL, step: KERNEL });
  await assert.rejects(takeWeights(checkpoint, WANTS, { ignore: [/^step$/] }), {
    code: 'weights-mismatch',
    message:
      'The checkpoint does not fit the network: it lacks conv.bias; it has besides extra; ' +
      'it disagrees: conv/kernel is [1, 2, 1, 2] and would have to be [1, 2, 1, 3].',
  });
});

test('permute agrees with indexing', () => {
  const shape = [2, 3, 4];
  const data = Float32Array.from({ length: 24 }, (_, i) => i);
  const out = permute(data, shape, [2, 0, 1]);
  for (let a = 0; a < 4; a++)
    for (let b = 0; b < 2; b++) for (let c = 0; c < 3; c++) assert.equal(out[(a * 2 + b) * 3 + c], (b * 3 + c) * 4 + a);
});
