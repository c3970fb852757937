/** Every graph of ours against the published operators of the devices that cannot run here: DirectML, CUDA, TensorRT, CoreML. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as adaconv from '../../../app/core/engines/adaconv/graph.ts';
import { FAMILIES } from '../../../app/core/engines/families.ts';
import { filmGraph, zeroWeights } from '../../../app/core/engines/film/graph.ts';
import { PUBLISHED } from '../../../app/core/engines/rife/config.ts';
import * as rife from '../../../app/core/engines/rife/graph.ts';
import * as sepconv from '../../../app/core/engines/sepconv/graph.ts';
import { AUDITED, auditGraph, summary } from '../../../app/core/nn/operator-audit.ts';
import { OPERATOR_TABLES } from '../../../app/core/nn/operator-tables.ts';
import { trialModel } from '../../../app/core/nn/trial-model.ts';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import type { Graph } from '../../../app/core/onnx/graph.ts';
import * as op from '../../../app/core/onnx/ops.ts';
import { operators } from '../../../app/core/onnx/rules/index.ts';
import * as adaconvSupport from '../engines/adaconv/support.ts';
import { TINY } from '../engines/film/support.ts';
import { zeros } from '../engines/rife/support.ts';
import * as sepconvSupport from '../engines/sepconv/support.ts';

/** The networks of each family; small where width does not change which operators there are. */
function graphs(): Record<string, readonly Graph[]> {
  const size = { width: 64, height: 64 };
  const { SMALL } = sepconvSupport;
  const kernels = adaconvSupport.weightsOf(adaconvSupport.SMALL);
  const separable = sepconvSupport.weightsOf(SMALL);
  return {
    trial: [trialModel()],
    film: [filmGraph(TINY, zeroWeights(TINY), { ...size, all: true })],
    rife: PUBLISHED.flatMap(({ config }) => {
      const narrow = { ...config, widths: config.widths.map(() => 8) };
      const weights = zeros(narrow);
      const encoder = narrow.encoder ? [rife.encoderGraph(narrow, weights, { width: 128, height: 128 })] : [];
      return [...encoder, rife.flowGraph(narrow, weights, { width: 128, height: 128 }, { reach: true })];
    }),
    sepconv: [
      sepconv.trunkGraph(SMALL, separable, 128, 128),
      sepconv.headsGraph(SMALL, separable, { width: 64, seen: 40, made: 64 }),
    ],
    adaconv: [
      adaconv.trunkGraph(adaconvSupport.SMALL, kernels, { width: 160, height: 160 }),
      adaconv.headGraph(adaconvSupport.SMALL, kernels, { width: 160, height: 160 }),
      adaconv.patchGraph(adaconvSupport.SMALL, kernels, 2),
    ],
  };
}

/** What is known to run on the CPU beside the device, by its operators. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'coreml film': ['Abs', 'Gather', 'Min'],
  'coreml rife': ['Abs', 'Expand', 'Min'],
  'coreml adaconv': ['BatchNormalization', 'Gemm'],
};

const all = graphs();

test('every family is audited', () => {
  for (const { id } of FAMILIES) assert.ok(all[id]?.length, id);
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
