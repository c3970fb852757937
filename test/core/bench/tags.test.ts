import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multiplyAdds } from '../../../app/core/bench/flops.ts';
import { countsOf, tagBenchTable, variantNamed } from '../../../app/core/bench/tags.ts';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import * as op from '../../../app/core/onnx/ops.ts';

test('operations are counted from the graph', () => {
  const g = new GraphBuilder('few');
  const constant = (name: string, dims: readonly number[]) =>
    g.weight(name, { dtype: 'float32', dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) });
  const x = g.input('x', 'float32', ['frames', 4, 8, 8]);
  // 4x4 pixels of 6 channels, each of 4 inputs and 9 taps; then each for itself.
  const y = op.conv(g, x, constant('w', [6, 4, 3, 3]), undefined, { stride: 2, pad: 1 });
  const z = op.conv(g, y, constant('v', [6, 1, 3, 3]), undefined, { group: 6, pad: 1 });
  const means = op.reduceMean(g, op.mul(g, z, 2), [2, 3], false);
  const graph = g.build({ out: op.linear(g, op.mul(g, means, constant('s', [1, 6])), constant('u', [5, 6])) });
  assert.equal(multiplyAdds(graph, { frames: 3 }), 3 * (16 * 6 * 4 * 9 + 16 * 6 * 9 + 6 + 30));
});

test("A0's operations and state are near the published ones, and the table has them", () => {
  const counts = countsOf('a0');
  assert.ok(Math.abs(counts.gflopsBase / counts.gflopsPublished - 1) < 0.05, `${counts.gflopsBase}`);
  assert.ok(counts.gflopsStream < counts.gflopsBase);
  assert.equal(counts.stateMB.toFixed(2), '2.70');
  const memoryMB = [64, 128, 256].map((frames) => ({ frames, memory: 300 }));
  const measured = {
    device: 'cpu',
    openSeconds: 1,
    millisecondsAlone: 7,
    framesPerSecond: 200,
    cpuMilliseconds: 9,
    memoryMB,
  };
  const machine = { cores: 2, cpu: 'a CPU', node: '24' };
  assert.match(
    tagBenchTable({ machine, networks: { a0: { ...counts, ...measured } } }),
    /a0 +200\.0 +9\.0 +7\.0 +50x172 +2\.6/,
  );
  assert.deepEqual([variantNamed('A5'), variantNamed('a6')], ['a5', undefined]);
});
