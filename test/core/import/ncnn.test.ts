import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openReader } from '../../../app/core/import/file-reader.ts';
import { readNcnnGraph } from '../../../app/core/import/ncnn.ts';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { toFloat32 } from '../../../app/core/import/tensor.ts';
import { tempFolder } from '../../support/command.ts';
import { digest, fixture, fuzz, refused, skip } from './support.ts';

const PARAM = `7767517
7 8
Input            in0        0 1 in0
Convolution      conv       1 1 in0 a 0=2 1=1 5=1 6=6 9=2 -23310=1,2.000000e-01
ConvolutionDepthWise grouped 1 1 a b 0=2 1=1 11=3 6=6 7=2
PReLU            prelu      1 1 b c 0=2
MemoryData       beta       0 1 d 0=1 1=1 2=3
InnerProduct     fc         1 1 c e 0=2 1=1 2=4 8=1
Split            split      1 2 e out0 out1
`;

function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function halves(...bits: number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(bits).buffer);
}

const TAG16 = Uint8Array.of(0x47, 0x6b, 0x30, 0x01);
const TAG8 = Uint8Array.of(0x38, 0x4b, 0x0d, 0x00);
const BIN = Buffer.concat([
  ...[TAG16, halves(0x3c00, 0x4000, 0x4200, 0xbc00, 0, 0x3800), floats(10, 20)],
  ...[new Uint8Array(4), floats(1, 2, 3, 4, 5, 6)],
  ...[floats(0.25, 0.5), floats(7, 8, 9)],
  ...[TAG8, Uint8Array.of(2, 254, 4, 127), floats(1, 2), floats(2, 4), floats(100)],
]);

function write(folder: string, param: string | Uint8Array = PARAM, bin: Uint8Array = BIN): string {
  writeFileSync(join(folder, 'net.bin'), bin);
  writeFileSync(join(folder, 'net.param'), param);
  return join(folder, 'net.param');
}

test('weights by layer: float16, float32, int8 with its scales; by either file', async (t) => {
  const folder = tempFolder(t);
  write(folder);
  for (const name of ['net.param', 'net.bin']) {
    await using checkpoint = await openCheckpoint(join(folder, name));
    assert.equal(checkpoint.format, 'ncnn');
    const found: Record<string, [readonly number[], number[]]> = {};
    for (const key of checkpoint.names()) {
      found[key] = [checkpoint.info(key).shape, [...toFloat32(await checkpoint.tensor(key))]];
    }
    assert.deepEqual(found, {
      'conv.weight': [
        [2, 3, 1, 1],
        [1, 2, 3, -1, 0, 0.5],
      ],
      'conv.bias': [[2], [10, 20]],
      'grouped.weight': [
        [2, 1, 3, 1],
        [1, 2, 3, 4, 5, 6],
      ],
      'prelu.slope': [[2], [0.25, 0.5]],
      'beta.data': [
        [3, 1, 1],
        [7, 8, 9],
      ],
      'fc.weight': [
        [2, 2],
        [1, -1, 1, 31.75],
      ],
      'fc.bias': [[2], [1, 2]],
      'fc.weight_scales': [[2], [2, 4]],
      'fc.input_scale': [[1], [100]],
    });
  }
});

test('the graph, for whoever builds the network from it', async (t) => {
  write(tempFolder(t));
  const folder = tempFolder(t);
  await using file = await openReader(write(folder));
  const { layers } = await readNcnnGraph(file);
  assert.equal(layers.length, 7);
  const params = new Map<number, unknown>([
    ...[0, 1, 5, 6, 9].map((id, i): [number, unknown] => [id, [2, 1, 1, 6, 2][i]]),
    [10, [0.2]],
  ]);
  assert.deepEqual(layers[1], { type: 'Convolution', name: 'conv', inputs: ['in0'], outputs: ['a'], params });
});

test('graphs and weights that do not fit each other', async (t) => {
  const folder = tempFolder(t);
  const cases: [string, Uint8Array, RegExp][] = [
    [PARAM, BIN.subarray(0, -4), /cut off within "fc.input_scale"/],
    [PARAM, Buffer.concat([BIN, floats(1)]), /needs \d+ bytes and it has \d+/],
    [PARAM, BIN.subarray(0, 2), /cut off/],
    [PARAM.replace('7 8', '8 8'), BIN, /has 7 layers and announces 8/],
    [PARAM.replace('7 8', 'a b'), BIN, /first two lines/],
    [PARAM.replace('6=6 9', '6=7 9'), BIN, /fits no kernel/],
    [PARAM.replace('0=2 1=1 5', '0=0 1=1 5'), BIN, /fits no kernel/],
    [PARAM.replace('0=2 1=1 5', '0=-2 1=1 5'), BIN, /bad setting 0/],
    [PARAM.replace('6=6 9', '6=6e15 9'), BIN, /cut off/],
    [PARAM.replace('1,2.0', '2,2.0'), BIN, /line 4 has the setting/],
    [PARAM.replace('1 1 in0 a', '1 900000000 in0 a'), BIN, /line 4 is no layer/],
    [PARAM.replace('prelu ', 'conv '), BIN, /two layers have the name "conv"/],
    [PARAM.replace('a b 0', 'x b 0'), BIN, /"x", which nothing gave/],
    [PARAM.replace('a b 0', 'a a 0'), BIN, /two layers give "a"/],
  ];
  for (const [param, bin, said] of cases) await refused(write(folder, param, bin), 'checkpoint-damaged', said);
  const unknown = write(folder, PARAM.replace('PReLU ', 'LSTM  '));
  await refused(unknown, 'checkpoint-refused', /what a "LSTM" keeps is not known/);
  await refused(write(folder, PARAM, Buffer.from([1, 2, 3, 4])), 'checkpoint-refused', /stored in the way 0x4030201/);
  await refused(
    write(folder, Uint8Array.of(0xdd, 0x85, 0x76, 0, 1, 0, 0, 0)),
    'checkpoint-refused',
    /binary ncnn graph/,
  );
  const lonely = join(folder, 'lonely.param');
  writeFileSync(lonely, PARAM);
  await refused(lonely, 'not-found', /lonely\.bin/);
  await refused(write(folder, 'text'), 'checkpoint-unknown', /not a checkpoint/);
});

test('150 mutations of the graph and as many of the weights', async (t) => {
  const folder = tempFolder(t);
  const param = write(folder);
  const ofGraph = await fuzz(param, Buffer.from(PARAM), { seed: 20, count: 150, spots: [10, 100, 200, 300] });
  assert.ok((ofGraph.get('checkpoint-damaged') ?? 0) > 20, JSON.stringify([...ofGraph]));
  write(folder);
  const ofWeights = await fuzz(join(folder, 'net.bin'), BIN, { seed: 21, count: 150, spots: [0, 40, 90] });
  assert.ok((ofWeights.get('read') ?? 0) > 20, JSON.stringify([...ofWeights]));
});

// PYTHON test/core/import/digest.py PARAMS: numpy along the layers.
const EXPECTED = {
  'rife-v4.6-ncnn/flownet.param': '88 5302416 fa75e0030f093550',
  'real-rife-contextnet/rife/contextnet.param': '36 398880 f6ee2e8a03ec3fce',
};

test('official graphs: the same names, shapes and bytes as numpy reads', { skip }, async () => {
  for (const [name, expected] of Object.entries(EXPECTED))
    assert.equal(await digest(fixture(name)), `ncnn ${expected}`);
  for (const name of ['rife-HD', 'rife-v2', 'rife-v3.0']) {
    await using file = await openReader(fixture(`real-rife-contextnet/${name}/contextnet.param`));
    const announced = Number(/^\d+\n(\d+)/.exec(readFileSync(file.path, 'utf8'))?.[1]);
    assert.equal((await readNcnnGraph(file)).layers.length, announced);
  }
});
