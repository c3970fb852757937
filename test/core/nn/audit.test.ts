/** Every graph of ours against the published operators of the devices that cannot run here: DirectML, CUDA, TensorRT, CoreML. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAMILIES } from '../../../app/core/engines/families.ts';
import { AUDITED, auditGraph, summary } from '../../../app/core/nn/operator-audit.ts';
import { OPERATOR_TABLES } from '../../../app/core/nn/operator-tables.ts';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import * as op from '../../../app/core/onnx/ops.ts';
import { operators } from '../../../app/core/onnx/rules/index.ts';
import { graphs } from './graphs.ts';

/** What is known to run on the CPU beside the device, by its operators. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'coreml film': ['Abs', 'Gather', 'Min'],
  'coreml rife': ['Abs', 'Expand', 'Min'],
  'coreml adaconv': ['BatchNormalization', 'Gemm'],
  'coreml fomm': ['BatchNormalization'],
  'coreml cvi': ['Min'],
  'coreml movinet': ['Concat', 'ConstantOfShape', 'CumSum', 'Identity', 'Log', 'Min', 'Pad', 'Slice'],
};

const all = graphs();

test('every family is audited', () => {
  // Models of motion are plain TypeScript: [Note: no session for motion].
  for (const { id, kind } of FAMILIES) assert.ok(kind === 'motion' || all[id]?.length, id);
});

for (const device of AUDITED) {
  test(`${device} (unrun): which nodes its table leaves to the CPU`, () => {
    const { version } = OPERATOR_TABLES[device]!;
    for (const [family, made] of Object.entries(all)) {
      const left = made.map((graph) => auditGraph(graph, device));
      const nodes = made.reduce((sum, graph) => sum + graph.nodes.length, 0);
      const lines = summary(left.flat());
      console.log(
        `${device}, ${version}: ${family}, ${nodes - left.flat().length} of ${nodes} nodes. ${lines.join('; ')}`,
      );
      const names = [...new Set(left.flat().map((fallback) => fallback.op))].toSorted();
      assert.deepEqual(names, KNOWN[`${device} ${family}`] ?? [], `${device} ${family}`);
    }
  });
}

test('the tables know every operator of ours or say that it is missing', () => {
  for (const device of AUDITED) {
    const rows = OPERATOR_TABLES[device]!.rows.trim().split('\n');
    const names = rows.map((row) => row.trim().split(' ')[0]!);
    assert.equal(new Set(names).size, names.length, `${device} names an operator twice`);
    for (const name of names) assert.ok(operators().includes(name), `${device}: ${name} is no operator of ours`);
  }
});

test('versions, types and constants count', () => {
  const g = new GraphBuilder('few');
  const x = g.input('x', 'float32', [1, 4, 8, 8]);
  const n = g.input('n', 'int32', [1, 1, 8, 8]);
  const grid = g.input('grid', 'float32', [1, 8, 8, 2]);
  const sampled = op.gridSample(g, x, grid, { outside: 'zeros', alignCorners: false });
  const graph = g.build({ a: op.hardSwish(g, sampled), b: op.pad(g, n, [0, 0, 1, 1], [0, 0, 1, 1]) });
  assert.deepEqual(summary(auditGraph(graph, 'directml')), []);
  assert.deepEqual(summary(auditGraph(graph, 'cuda')), ['1 Pad: there is no Pad of int32']);
  assert.deepEqual(
    auditGraph({ ...graph, opset: 20 }, 'directml')[0]?.reason,
    'there is no GridSample of operator set 20',
  );
  assert.match(summary(auditGraph(graph, 'coreml')).join(), /no Pad/);
  assert.throws(() => auditGraph(graph, 'webgpu'), /no operator table/);
});
