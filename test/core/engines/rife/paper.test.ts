/** The network of the paper: its size, that it is recognised, and that it runs as its description says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRife, rife } from '../../../../app/core/engines/rife/index.ts';
import {
  PAPER,
  paperGraph,
  paperWants,
  recognisePaper,
  takePaper,
  type PaperConfig,
} from '../../../../app/core/engines/rife/paper.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { parameterCount, type Tensor } from '../../../../app/core/onnx/graph.ts';
import { collect, FORMATS, paint, texture } from '../frames.ts';
import { random } from '../../import/support.ts';
import { runGraph } from '../../onnx/support.ts';
import { largest, picture, product, write } from './support.ts';

const SMALL: PaperConfig = { widths: [12, 10, 8], context: 4, timed: false };

function dictOf(config: PaperConfig, seed = 3): Map<string, Tensor> {
  const next = random(seed);
  return new Map(
    paperWants(config).map(({ value, dims }) => {
      const spread = dims.length === 4 ? Math.sqrt(3 / product(dims.slice(1))) : 0.2;
      const data = Float32Array.from({ length: product(dims) }, () => (2 * next() - 1) * spread);
      return [value, { dtype: 'float32', dims, data }];
    }),
  );
}

test('10,071,550 parameters', () => {
  const wants = paperWants(PAPER);
  assert.equal(
    wants.reduce((sum, { dims }) => sum + product(dims), 0),
    10_071_550,
  );
  const weights = new Map(
    wants.map(({ value, dims }) => [value, { dtype: 'float32' as const, dims, data: new Float32Array(product(dims)) }]),
  );
  const { initialisers, ...graph } = paperGraph(PAPER, weights, { width: 64, height: 64 });
  const named = initialisers.filter(({ name }) => /^(block|contextnet|unet)/.test(name));
  assert.equal(parameterCount({ ...graph, initialisers: named }), 10_071_550);
});

test('both kinds are recognised, the teacher beside or not', async () => {
  for (const config of [SMALL, { ...SMALL, timed: true }]) {
    const dict = dictOf(config);
    dict.set('block_tea.conv0.0.0.weight', { dtype: 'float32', dims: [1], data: new Float32Array(1) });
    const path = write('paper.safetensors', new Map([...dict].map(([name, tensor]) => [`module.${name}`, tensor])));
    await using checkpoint = await openCheckpoint(path);
    assert.deepEqual(recognisePaper(checkpoint), config);
    assert.equal((await takePaper(checkpoint, config)).size, paperWants(config).length);
    const said = await rife.recognise(checkpoint);
    assert.equal(said?.['network'], config.timed ? 'rife of the paper, any moment' : 'rife of the paper');
  }
});

test('without flow the correction is added to the mean of both pictures', async () => {
  const dict = dictOf(SMALL);
  const fill = (name: string, value: (i: number) => number) => {
    const { data } = dict.get(name)!;
    for (let i = 0; i < data.length; i++) data[i] = value(i);
  };
  for (const n of [0, 1, 2]) {
    fill(`block${n}.lastconv.weight`, () => 0);
    fill(`block${n}.lastconv.bias`, () => 0);
  }
  fill('unet.conv.weight', () => 0);
  // Sigmoid of 0.1, 0 and -0.1, from -1 to 1.
  fill('unet.conv.bias', (i) => [0.1, 0, -0.1][i]!);
  const size = { width: 64, height: 64 };
  const [a, b] = [picture(64, 64, 0), picture(64, 64, 3)];
  const dims = [1, 3, 64, 64];
  const weights = new Map(paperWants(SMALL).map(({ value }) => [value, dict.get(value)!]));
  const made = await runGraph(paperGraph(SMALL, weights, size), {
    a: { dtype: 'float32', dims, data: a },
    b: { dtype: 'float32', dims, data: b },
  });
  const added = [0.1, 0, -0.1].map((x) => 2 / (1 + Math.exp(-x)) - 1);
  const wanted = a.map((value, i) => Math.min(1, Math.max(0, (value + b[i]!) / 2 + added[Math.floor(i / 4096)]!)));
  assert.ok(largest(made['picture']!.data as Float32Array, wanted) < 1e-5);
});

test('frames through the family', async () => {
  const path = write('paper-frames.safetensors', dictOf({ ...SMALL, timed: true }));
  const frame = (time: number, shift: number) =>
    paint(FORMATS['yuv420p'], 70, 50, time, (x, y) => 0.2 + 0.6 * texture(x - shift, y));
  await using interpolator = await openRife(path, { width: 70, height: 50, threads: 1 });
  const made = await collect(interpolator.between(frame(0, 0), frame(100, 2), [0.2, 0.8]));
  assert.deepEqual(
    made.map(({ frame: { time } }) => time),
    [20, 80],
  );
  assert.ok(made.every(({ confidence }) => confidence > 0 && confidence <= 1));
});
