/** Every published version: its size, that it is recognised, and that it computes what its authors' way of writing it computes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PUBLISHED, versionsOf, type RifeConfig, type RifeOptions } from '../../../../app/core/engines/rife/config.ts';
import { encoderGraph, flowGraph } from '../../../../app/core/engines/rife/graph.ts';
import { rife } from '../../../../app/core/engines/rife/index.ts';
import { recogniseRife, wantsOf } from '../../../../app/core/engines/rife/weights.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import type { Graph } from '../../../../app/core/onnx/graph.ts';
import { compare } from './compare.ts';
import { kind, narrow, product, stateDict, write, zeros } from './support.ts';
import { few } from '../../../support/few.ts';

/** spec/systems.md, section 6a-2: parameters of the PyTorch network. */
const PARAMETERS: Readonly<Record<string, number>> = {
  '4.0, 4.1': 5_160_980,
  '4.2 to 4.4': 5_156_420,
  '4.5': 5_275_520,
  '4.6': 5_306_256,
  '4.7 to 4.9': 5_325_012,
  '4.10 to 4.12': 5_364_312,
  '4.13 to 4.19, 4.24': 5_364_312,
  '4.12-lite, 4.13-lite': 2_631_804,
  '4.14-lite': 2_968_152,
  '4.15-lite to 4.17-lite': 2_616_476,
  '4.20': 15_376_512,
  '4.21 to 4.23': 9_322_416,
  '4.22-lite': 4_866_052,
  '4.25, 4.26': 5_664_776,
  '4.25-lite': 5_622_700,
  '4.25-heavy': 21_663_528,
  '4.26-heavy, 4.26-large': 5_723_156,
};

/** Tensors of the checkpoint that the graph holds, folded or not: all but beta. */
function held(graphs: readonly Graph[]): Set<string> {
  return new Set(
    graphs
      .flatMap(({ initialisers }) => initialisers.map(({ name }) => name.replace(/\/rest$/, '')))
      .filter((name) => /^(block|encode)/.test(name)),
  );
}

test('full-size graphs hold the published numbers of parameters', () => {
  assert.deepEqual(new Set(PUBLISHED.map(({ versions }) => versions)), new Set(Object.keys(PARAMETERS)));
  for (const { versions, config } of PUBLISHED) {
    const wants = wantsOf(config);
    const total = wants.reduce((sum, { dims }) => sum + product(dims), 0);
    assert.equal(total, PARAMETERS[versions], versions);
    const weights = zeros(config);
    const size = { width: 128, height: 128 };
    const graphs = [flowGraph(config, weights, size), ...(config.encoder ? [encoderGraph(config, weights, size)] : [])];
    const inGraph = wants.map(({ value }) => value).filter((value) => !value.endsWith('.beta'));
    assert.deepEqual(held(graphs), new Set(inGraph), versions);
  }
});

test('every version is recognised by names and shapes', async () => {
  for (const { versions, config } of PUBLISHED) {
    const small = narrow(config);
    const wrapped = [...stateDict(small)].map(([name, tensor]) => [`module.${name}`, tensor] as const);
    await using checkpoint = await openCheckpoint(write('small.safetensors', new Map(wrapped)));
    assert.deepEqual(recogniseRife(checkpoint), scaledAsFive(small), versions);
    // Shapes are all it looks at: those of the full size need no file.
    const shapes = new Map(wantsOf(config).map(({ from, dims }) => [from[0]!, dims]));
    const info = (name: string) => ({ dtype: 'f32' as const, shape: shapes.get(name)! });
    assert.deepEqual(recogniseRife({ ...checkpoint, names: () => [...shapes.keys()], info }), config, versions);
    assert.equal(versionsOf(config), versions);
  }
});

/** What tells 4.25-lite's scales is its widths: with others its narrow network is taken for one of 4.25's kind. */
function scaledAsFive(config: RifeConfig): RifeConfig {
  return config.scales.length === 5 ? { ...config, scales: [16, 8, 4, 2, 1] } : config;
}

test('a checkpoint may state its scales', async () => {
  const config = narrow(PUBLISHED.find(({ versions }) => versions === '4.25-lite')!.config);
  const path = write('stated.safetensors', stateDict(config), { config: JSON.stringify({ scales: config.scales }) });
  await using checkpoint = await openCheckpoint(path);
  assert.deepEqual(recogniseRife(checkpoint), config);
  const said = await rife.recognise(checkpoint);
  assert.equal(said?.['versions'], 'of its own widths');
  for (const scales of [[16, 8, 4, 2], [16, 8, 3, 2, 1], [1, 2, 4, 8, 16], 16]) {
    const wrong = { ...checkpoint, metadata: { config: JSON.stringify({ scales }) } };
    assert.equal(recogniseRife(wrong), null, JSON.stringify(scales));
  }
});

test('every version computes what it says', async () => {
  // Those that differ in width alone are one when narrow.
  const kinds = new Map(PUBLISHED.map(({ versions, config }) => [JSON.stringify(narrow(config)), versions]));
  assert.equal(kinds.size, 11);
  for (const versions of few([...kinds.values()], (_, at) => at % 3 === 0)) {
    const apart = await compare(kind(versions), {});
    assert.ok(apart < 1e-4, `${versions}: ${apart}`);
  }
});

test('ensemble and scale', async () => {
  // More of them in test/long/rife.long.ts.
  const cases: readonly [string, RifeOptions][] = [
    ['4.0, 4.1', { ensemble: true }],
    ['4.20', { ensemble: true }],
    ['4.25, 4.26', { scale: 0.5 }],
  ];
  for (const [versions, options] of cases) {
    const apart = await compare(kind(versions), options);
    assert.ok(apart < 1e-4, `${versions} ${JSON.stringify(options)}: ${apart}`);
  }
});
