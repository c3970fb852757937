/** ncnn networks of 4.x: converted as they are written, and recognised as what they were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RifeConfig } from '../../../../app/core/engines/rife/config.ts';
import { modelGraph } from '../../../../app/core/engines/rife/ncnn/graphs.ts';
import { knownNetwork } from '../../../../app/core/engines/rife/ncnn/known.ts';
import { readModel, type NcnnModel } from '../../../../app/core/engines/rife/ncnn/open.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { runGraph } from '../../onnx/support.ts';
import { asNcnn } from './as-ncnn.ts';
import { literal } from './literal.ts';
import { writeNcnn } from './ncnn-support.ts';
import { kind, largest, picture, stateDict } from './support.ts';

const SIDE = 64;
const DIMS = [1, 3, SIDE, SIDE];

async function modelOf(config: RifeConfig, change = (line: string): string => line): Promise<NcnnModel> {
  const { lines, pieces } = asNcnn(config, stateDict(config, 9));
  const path = writeNcnn(
    'known',
    lines.flatMap((line) => change(line).split('\n')),
    pieces,
  );
  await using checkpoint = await openCheckpoint(path);
  return (await readModel(path, checkpoint))!;
}

/** What the checkpoint's layers are named does not survive: an encoder is taken for one of 4.13's. */
function unnamed(config: RifeConfig): RifeConfig {
  return config.encoder ? { ...config, encoder: { ...config.encoder, naming: 'head' } } : config;
}

for (const versions of ['4.0, 4.1', '4.7 to 4.9', '4.14-lite', '4.25, 4.26'])
  test(versions, async () => {
    const config = kind(versions);
    const model = await modelOf(config);
    const [a, b] = [picture(SIDE, SIDE, 0), picture(SIDE, SIDE, 3)].map((data) => ({
      dtype: 'float32' as const,
      dims: DIMS,
      data,
    }));
    const t = { dtype: 'float32' as const, dims: [1, 1, 1, 1], data: Float32Array.of(0.3) };
    const size = { width: SIDE, height: SIDE };
    const made = await runGraph(modelGraph(model, size), { a: a!, b: b!, t });
    const wanted = await runGraph(literal(config, stateDict(config, 9), size), { img0: a!, img1: b!, t });
    assert.ok(largest(made['picture']!.data as Float32Array, wanted['out']!.data as Float32Array) < 1e-4);
    const known = await knownNetwork(model);
    assert.deepEqual(known?.config, unnamed(config));
  });

test('a network that computes something else is run as it is written', async () => {
  const config = kind('4.6');
  assert.ok(await knownNetwork(await modelOf(config)));
  // Flow of the first block counts half, the mask twice, the time backwards.
  for (const [from, to] of [
    ['1=1 2=8', '1=1 2=4'],
    ['Sigmoid ', 'UnaryOp '],
    ['0=7 1=1', '0=1 1=1'],
  ] as const) {
    let changed = 0;
    const model = await modelOf(config, (line) => {
      const next = changed === 0 ? line.replace(from, to) : line;
      if (next !== line) changed++;
      return next;
    });
    assert.equal(changed, 1);
    assert.equal(await knownNetwork(model), null);
  }
  // A layer more.
  const more = await modelOf(config, (line) =>
    line.endsWith('out0 0=0') ? `${line.replace('out0', 'sum')}\nSigmoid end 1 1 sum out0` : line,
  );
  assert.equal(await knownNetwork(more), null);
});
