/** How networks of each convention are run: small ones whose answers can be worked out. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rife } from '../../../../app/core/engines/rife/index.ts';
import { modelFile, readModel, type NcnnModel } from '../../../../app/core/engines/rife/ncnn/open.ts';
import { recipeOf } from '../../../../app/core/engines/rife/ncnn/recipe.ts';
import { GraphPictures } from '../../../../app/core/engines/rife/pictures.ts';
import { ncnnGraphOf } from '../../../../app/core/import/ncnn.ts';
import { conventionOf } from '../../../../app/core/engines/rife/ncnn/conventions.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { kernel, plain, writeNcnn } from './ncnn-support.ts';
import { largest, picture, scratch } from './support.ts';

const [WIDTH, HEIGHT] = [50, 40];
const [A, B] = [picture(WIDTH, HEIGHT, 0), picture(WIDTH, HEIGHT, 5)];
const SETUP = { width: WIDTH, height: HEIGHT, threads: 1 };
/** Channels are cut to a flow that is 0 everywhere: both pictures stay where they are. */
const STILL = ['BinaryOp none 1 1 in2 zero 0=2 1=1 2=0', 'Concat flow 2 1 zero zero still'];

async function modelOf(path: string): Promise<NcnnModel> {
  await using checkpoint = await openCheckpoint(path);
  const model = await readModel(path, checkpoint);
  assert.ok(model);
  return model;
}

async function between(path: string, t: number, half = false) {
  await using network = new GraphPictures(recipeOf(await modelOf(path), SETUP, half), SETUP);
  return await network.between(A, B, t);
}

async function recognised(path: string): Promise<unknown> {
  await using checkpoint = await openCheckpoint(path);
  return (await rife.recognise(checkpoint))?.['network'];
}

function mixed(of: (a: number, b: number, plane: number) => number): Float32Array {
  return A.map((value, i) => of(value, B[i]!, Math.floor(i / (WIDTH * HEIGHT))));
}

/** in0 * (1 - time) + in1 * time, both warped by nothing. */
const FADE = [
  ...STILL,
  'WARP warp0 2 1 in0 still w0',
  'WARP warp1 2 1 in1 still w1',
  'BinaryOp late 2 1 w1 time late 0=2',
  'BinaryOp rest 1 1 time rest 0=7 1=1 2=1',
  'BinaryOp early 2 1 w0 rest early 0=2',
  'BinaryOp sum 2 1 early late out0 0=0',
];
const INPUTS = ['Input in0 0 1 in0', 'Input in1 0 1 in1', 'Input in2 0 1 in2'];

test("RIFE 4.x: the time is a plane of the picture's size", async () => {
  const lines = [...INPUTS, ...FADE, 'UnaryOp copy 1 1 in2 time 0=0'].map((line) => line.replace('WARP', 'rife.Warp'));
  const ordered = [...lines.slice(0, 3), lines.at(-1)!, ...lines.slice(3, -1)];
  const path = writeNcnn('rife4', ordered);
  assert.equal(await recognised(path), 'rife 4.x');
  const { picture: made, confidence } = await between(path, 0.25);
  assert.ok(
    largest(
      made,
      mixed((a, b) => 0.75 * a + 0.25 * b),
    ) < 1e-5,
  );
  // Half of what differs by 4 of 255, less for more.
  const apart = A.reduce((sum, value, i) => sum + Math.abs(value - B[i]!), 0) / A.length;
  assert.ok(Math.abs(confidence - 4 / (4 + 255 * apart)) < 0.01);
});

test('a network that shrinks 64 times gets pictures of 64 times something', async () => {
  const shrink = Array.from(
    { length: 6 },
    (_, n) => `Interp s${n} 1 1 ${n === 0 ? 'in2' : `z${n}`} z${n + 1} 0=2 1=0.5 2=0.5`,
  );
  const lines = [...INPUTS, ...shrink, 'Interp up 1 1 z6 time 0=2 1=64 2=64', ...FADE].map((line) =>
    line.replace('WARP', 'rife.Warp'),
  );
  const path = writeNcnn('rife64', lines);
  await using checkpoint = await openCheckpoint(path);
  const convention = conventionOf(ncnnGraphOf(checkpoint)!);
  assert.ok(convention?.network === 'rife 4.x' && convention.multiple === 64);
  assert.ok(
    largest(
      (await between(path, 0.5)).picture,
      mixed((a, b) => (a + b) / 2),
    ) < 1e-5,
  );
});

test('RIFE 3.x in one network knows the middle only', async () => {
  const half = [
    'BinaryOp none 1 1 in0 nothing 0=2 1=1 2=0',
    'Crop one 1 1 nothing zero -23309=1,0 -23310=1,1 -23311=1,0',
  ];
  const time = ['Concat flow 2 1 zero zero still', 'BinaryOp half 1 1 zero time 0=0 1=1 2=0.5'];
  const lines = [...INPUTS.slice(0, 2), ...half, ...time, ...FADE.slice(2)].map((line) =>
    line.replace('WARP', 'rife.Warp'),
  );
  for (const [name, more] of [
    ['rife3', []],
    ['rife3-unused', [INPUTS[2]!]],
  ] as const) {
    const path = writeNcnn(name, [...more, ...lines]);
    assert.equal(await recognised(path), 'rife 3.x');
    assert.ok(
      largest(
        (await between(path, 0.5)).picture,
        mixed((a, b) => (a + b) / 2),
      ) < 1e-5,
    );
    assert.ok(
      largest(
        (await between(path, 0.25)).picture,
        mixed((a, b) => 0.75 * a + 0.25 * b),
      ) < 1e-5,
    );
  }
});

test('IFRNet: the time is a plane of a sixteenth, pictures are around zero', async () => {
  const time = 'Interp time 1 1 in2 time 0=1 1=16 2=16';
  const still = ['BinaryOp none 1 1 time zero 0=2 1=1 2=0', 'Concat flow 2 1 zero zero still'];
  const lines = [...INPUTS, time, ...still, ...FADE.slice(2)].map((line) => line.replace('WARP', 'ifrnet.Warp'));
  const doubled = lines.map((line) => line.replace('out0', 'sum')).concat('BinaryOp twice 1 1 sum out0 0=2 1=1 2=2');
  const path = writeNcnn('ifrnet', doubled);
  assert.equal(await recognised(path), 'ifrnet');
  const { picture: made } = await between(path, 0.25);
  assert.ok(
    largest(
      made,
      mixed((a, b) => 2 * (0.75 * a + 0.25 * b - 0.5) + 0.5),
    ) < 1e-5,
  );
});

test('CAIN: pictures less their means, with their border around; other moments by halving', async () => {
  const lines = ['Input x.1 0 1 x.1', 'Input x.3 0 1 x.3', 'Reorg down0 1 1 x.1 d0 0=8', 'Reorg down1 1 1 x.3 d1 0=8'];
  const rest = ['Eltwise mean 2 1 d0 d1 sum 0=1 -23301=2,1,1', 'PixelShuffle up 1 1 sum 4070 0=8'];
  const path = writeNcnn('cain', [...lines, ...rest]);
  assert.equal(await recognised(path), 'cain');
  const mean = (of: Float32Array, plane: number) => {
    const size = WIDTH * HEIGHT;
    return of.subarray(plane * size, (plane + 1) * size).reduce((sum, value) => sum + value, 0) / size;
  };
  const wanted = mixed((a, b, n) => a - mean(A, n) + b - mean(B, n) + (mean(A, n) + mean(B, n)) / 2);
  assert.ok(largest((await between(path, 0.5)).picture, wanted) < 1e-5);
  assert.ok(largest((await between(path, 0.25)).picture, wanted) > 1e-3);
});

/** Three networks whose picture tells which flow went where: img0 + dx for picture 0 + 10 * dx for picture 1 + 100 * dx of the whole. */
function threeNets(name: string, flow: readonly number[]): string {
  mkdirSync(scratch(name), { recursive: true });
  const size = `0=${flow.length} 1=1 3=2 5=1 6=${flow.length * 6}`;
  const flownet = [
    'Input input0 0 1 input0',
    'Input input1 0 1 input1',
    'Concat c 2 1 input0 input1 both',
    `Convolution f 1 1 both flow ${size}`,
  ];
  writeNcnn(
    `${name}/flownet`,
    [...flownet, ...extra('input0')],
    [kernel(Array<number>(flow.length * 6).fill(0)), plain(flow)],
  );
  const context = ['Input input.1 0 1 input.1', 'Input flow.1 0 1 flow.1', 'UnaryOp flow.0 1 1 flow.1 flow.0 0=1'];
  const own = flow.length === 2 ? context : [context[0]!, 'Input flow.0 0 1 flow.0'];
  const features = [1, 2, 3, 4].map((n) => `Interp f${n} 1 1 flow.0 f${n} 0=2 1=${0.5 ** n} 2=${0.5 ** n}`);
  writeNcnn(`${name}/contextnet`, [...own, ...features, ...extra('input.1')]);
  const ports = ['img0', 'img1', 'flow', '3', '4', '5', '6', '7', '8', '9', '10'].map(
    (port) => `Input p${port} 0 1 ${port}`,
  );
  const dx = (port: string, n: number) => [
    `Pooling m${n} 1 1 ${port} mean${n} 0=1 4=1`,
    `Crop c${n} 1 1 mean${n} dx${n} -23309=1,0 -23310=1,1 -23311=1,0`,
    `BinaryOp s${n} 1 1 dx${n} part${n} 0=2 1=1 2=${10 ** n}`,
  ];
  const sum = [
    'BinaryOp a0 2 1 img0 part0 sum0 0=0',
    'BinaryOp a1 2 1 sum0 part1 sum1 0=0',
    'BinaryOp a2 2 1 sum1 part2 output 0=0',
  ];
  writeNcnn(`${name}/fusionnet`, [...ports, ...dx('6', 0), ...dx('10', 1), ...dx('flow', 2), ...extra('img1'), ...sum]);
  return scratch(name);
}

/** A warp that nothing takes: it is there to be seen. */
function extra(blob: string): string[] {
  return [`Crop ex 1 1 ${blob} two -23309=1,0 -23310=1,2 -23311=1,0`, 'rife.Warp unused 2 1 two two moved'];
}

test('RIFE up to 3.x: three networks, one flow or two', async () => {
  const one = await modelFile(threeNets('v1', [1.5, 0]));
  assert.equal(one, join(scratch('v1'), 'flownet.param'));
  assert.equal(await recognised(one), 'rife 1 to 3');
  // The second picture follows the flow backwards.
  assert.ok(
    largest(
      (await between(one, 0.5)).picture,
      mixed((a) => a + 1.5 - 15 + 150),
    ) < 1e-3,
  );
  const two = await modelFile(threeNets('v2', [1.5, 0, 0.25, 0]));
  assert.ok(
    largest(
      (await between(two, 0.5)).picture,
      mixed((a) => a + 1.5 + 2.5 + 150),
    ) < 1e-3,
  );
  // Flow of half the size is enlarged, and so is what it says.
  assert.ok(
    largest(
      (await between(two, 0.5, true)).picture,
      mixed((a) => a + 3 + 5 + 300),
    ) < 1e-3,
  );
});

test('a part of the three that is another network, or missing', async () => {
  const folder = threeNets('odd', [1, 0]);
  writeNcnn('odd/contextnet', ['Input in0 0 1 in0', 'ReLU r 1 1 in0 out0']);
  await assert.rejects(modelOf(join(folder, 'flownet.param')), {
    code: 'weights-mismatch',
    message: /not the contextnet/,
  });
});
