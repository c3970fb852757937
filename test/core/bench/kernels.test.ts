import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelTable } from '../../../app/core/bench/kernels.ts';
import { unrolledSeparable } from '../../../app/core/bench/unrolled.ts';
import { localSeparable } from '../../../app/core/kernels/twin-local.ts';
import { openSession } from '../../../app/core/nn/session.ts';
import type { Tensor } from '../../../app/core/onnx/graph.ts';

test('the graph that the kernel is compared with computes the same', async () => {
  const [k, width, height] = [5, 17, 6];
  const [stride, rows] = [width + k - 1, height + k - 1];
  const input = (dims: readonly number[], seed: number): Tensor & { data: Float32Array } => {
    const length = dims.reduce((a, b) => a * b, 1);
    return { dtype: 'float32', dims, data: Float32Array.from({ length }, (_, i) => Math.sin(i * seed)) };
  };
  const picture = input([1, 3, rows, stride], 0.7);
  const v = input([k, 1, height, width], 1.3);
  const h = input([k, 1, height, width], 2.1);
  const session = await openSession(unrolledSeparable(k, width, height), { threads: 1 });
  const { out } = await session.run({ picture, v, h });
  await session.close();
  const taps = ({ data }: { data: Float32Array }) => ({ data, plane: width * height, stride: width });
  const source = { data: picture.data, at: 0, plane: rows * stride, stride };
  const wanted = localSeparable(source, taps(v), taps(h), k, width, height);
  const made = out!.data as Float32Array;
  assert.deepEqual(out!.dims, [1, 3, height, width]);
  for (const [i, value] of made.entries()) assert.ok(Math.abs(value - wanted[i]!) < 1e-5);
});

test('the table has a row a measurement', () => {
  const table = kernelTable({
    machine: { cores: 2, cpu: 'x', node: '24' },
    costs: [{ what: 'separable 51x51', how: 'kernel', threads: 2, msPerMegapixel: 366.6 }],
  });
  assert.match(table, /^separable 51x51 +kernel +2 +367$/m);
});
