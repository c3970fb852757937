/** Networks that are wrong, or meant to do harm: refused at once, by the layer's name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type ErrorCode } from '../../../../app/contract/errors.ts';
import { rife, openRife } from '../../../../app/core/engines/rife/index.ts';
import { convertNetwork } from '../../../../app/core/engines/rife/ncnn/convert.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { kernel, numbers, readNcnn, writeNcnn, type Piece } from './ncnn-support.ts';
import { kind, stateDict, write } from './support.ts';

async function refused(work: () => Promise<unknown>, code: ErrorCode, said: RegExp): Promise<void> {
  const before = performance.now();
  await assert.rejects(work(), (error: unknown) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, said);
    return true;
  });
  assert.ok(performance.now() - before < 1000, `took ${performance.now() - before} ms`);
}

const SETUP = { width: 64, height: 64, threads: 1 };

async function converted(lines: readonly string[], pieces: readonly Piece[] = []): Promise<unknown> {
  const network = await readNcnn(writeNcnn('hostile', ['Input x 0 1 x', ...lines], pieces));
  const last = lines.at(-1)!.split(/\s+/);
  return convertNetwork(network, { x: [1, 4, 32, 32] }, { y: last[4 + Number(last[2])]! });
}

test('layers and settings that are not known', async () => {
  await refused(
    () => converted(['Softmax odd 1 1 x y']),
    'checkpoint-refused',
    /"odd" \(Softmax\).*kind of layer is not known/,
  );
  await refused(() => converted(['Evil odd 1 1 x y']), 'checkpoint-refused', /"odd"/);
  await refused(
    () => converted(['ReLU odd 1 1 x y 7=1']),
    'checkpoint-refused',
    /"odd" \(ReLU\).*setting 7 is not known/,
  );
  const w = kernel(numbers(16));
  await refused(
    () => converted(['Convolution odd 1 1 x y 0=4 1=1 6=16 9=77'], [w]),
    'checkpoint-refused',
    /"odd".*activation 77/,
  );
  await refused(
    () => converted(['Convolution odd 1 1 x y 0=4 1=1 6=16 19=1'], [w]),
    'checkpoint-refused',
    /setting 19/,
  );
  await refused(() => converted(['Pooling odd 1 1 x y 0=1 1=2']), 'checkpoint-refused', /setting 1 is not known/);
  await refused(() => converted(['Pooling odd 1 1 x y 0=1']), 'checkpoint-refused', /pools by windows/);
  await refused(() => converted(['BinaryOp odd 1 1 x y 0=0']), 'checkpoint-refused', /"odd" \(BinaryOp\)/);
  await refused(() => converted(['Interp odd 1 1 x y 0=3 1=2 2=2']), 'checkpoint-refused', /kind 3/);
});

test('blobs that are not there, go in circles or come twice', async () => {
  await refused(() => converted(['ReLU odd 1 1 nothing y']), 'checkpoint-damaged', /"nothing", which nothing gave/);
  await refused(() => converted(['ReLU a 1 1 z y', 'ReLU b 1 1 y z']), 'checkpoint-damaged', /nothing gave/);
  await refused(() => converted(['ReLU a 1 1 x y', 'ReLU b 1 1 x y']), 'checkpoint-damaged', /two layers give "y"/);
  await refused(() => converted(['Concat odd 0 1 y']), 'checkpoint-refused', /"odd".*0 inputs/);
  await refused(() => converted(['rife.Warp odd 1 1 x y']), 'checkpoint-refused', /"odd".*1 inputs/);
});

test('sizes that fit nothing', async () => {
  const lines: readonly [string, RegExp][] = [
    ['Interp odd 1 1 x y 0=2 1=1e9 2=1e9', /scales by/],
    ['Interp odd 1 1 x y 0=2 1=0 2=-1', /scales by/],
    ['Interp odd 1 1 x y 0=2 3=1000000 4=1000000', /scales by/],
    ['PixelShuffle odd 1 1 x y 0=1000', /"odd"/],
    ['PixelShuffle odd 1 1 x y 0=0', /setting 0 is 0/],
    ['Reorg odd 1 1 x y 0=7', /multiple of 7/],
    ['Padding odd 1 1 x y 0=9000000 1=9000000 2=9000000 3=9000000', /gives \[4/],
    ['Padding odd 1 1 x y 0=40 4=2', /mirrors more/],
    ['Crop odd 1 1 x y -23309=1,3 -23310=1,3 -23311=1,0', /takes 3 to 3/],
    ['Crop odd 1 1 x y -23309=1,-9 -23310=1,2 -23311=1,0', /takes -5/],
    ['Crop odd 1 1 x y -23309=1,0 -23310=1,2 -23311=1,9', /axis is 9/],
    ['Slice odd 1 1 x y -23300=1,9', /do not fit/],
    ['Slice odd 1 1 x y -23300=1,1', /leave 3/],
    ['Concat odd 1 1 x y 0=5', /axis is 5/],
    ['Clip odd 1 1 x y 0=-1,2', /setting 0|line/],
    ['rife.Warp odd 2 1 x x y', /its flow is/],
  ];
  for (const [line, said] of lines) {
    const code = line.startsWith('Clip') ? 'checkpoint-damaged' : 'checkpoint-refused';
    await refused(() => converted([line]), code, said);
  }
  const w = kernel(numbers(16));
  await refused(
    () => converted(['Convolution odd 1 1 x y 0=4 1=1 3=0 6=16'], [w]),
    'checkpoint-refused',
    /setting 3 is 0/,
  );
  await refused(() => converted(['Convolution odd 1 1 x y 0=8 1=1 6=16'], [w]), 'checkpoint-refused', /"odd"/);
  await refused(
    () => converted(['Deconvolution odd 1 1 x y 0=4 1=1 3=9000000 6=16'], [w]),
    'checkpoint-refused',
    /gives/,
  );
  await refused(
    () => converted(['Convolution odd 1 1 x y 0=4 1=1 6=99999999999999'], [w]),
    'checkpoint-damaged',
    /cut off|fits no kernel/,
  );
  // Each doubles the channels.
  const doubling = Array.from({ length: 60 }, (_, n) => `Concat c${n} 2 1 b${n} b${n} b${n + 1}`);
  await refused(() => converted(['Split s 1 1 x b0', ...doubling]), 'checkpoint-refused', /"c\d+" \(Concat\).*gives/);
  const long = Array.from({ length: 6000 }, (_, n) => `ReLU r${n} 1 1 ${n === 0 ? 'x' : `b${n}`} b${n + 1}`);
  await refused(() => converted(long), 'checkpoint-refused', /6001 layers/);
});

test('checkpoints that do not fit', async () => {
  const config = kind('4.6');
  const dict = stateDict(config);
  const changed = (change: (copy: Map<string, Tensor>) => void) => {
    const copy = new Map(dict);
    change(copy);
    return write('changed.safetensors', copy);
  };
  const zeros = { dtype: 'float32' as const, dims: [3], data: new Float32Array(3) };
  const lacking = changed((copy) => copy.delete('block2.convblock.5.conv.bias'));
  await refused(() => openRife(lacking, SETUP), 'weights-mismatch', /lacks block2\.convblock\.5\.conv\.bias/);
  const more = changed((copy) => copy.set('block9.surprise', zeros));
  await refused(() => openRife(more, SETUP), 'weights-mismatch', /has besides block9\.surprise/);
  const misshapen = changed((copy) => copy.set('block3.lastconv.0.bias', zeros));
  await refused(() => openRife(misshapen, SETUP), 'weights-mismatch', /block3\.lastconv\.0\.bias is \[3\]/);
  const trained = changed((copy) => copy.set('teacher.conv0.weight', zeros));
  await (await openRife(trained, SETUP))[Symbol.asyncDispose]();
  await refused(() => openRife(trained, SETUP, { scale: 0.3 }), 'usage', /scales 1\/4 to 4, not 0.3/);
  const carrying = write('carrying.safetensors', stateDict(kind('4.25, 4.26')));
  await refused(() => openRife(carrying, SETUP, { ensemble: true }), 'usage', /no ensemble/);
  const other = write('other.safetensors', new Map([['netConv1.0.weight', zeros]]));
  await refused(() => openRife(other, SETUP), 'weights-mismatch', /no network of the RIFE family/);
  await using checkpoint = await openCheckpoint(other);
  assert.equal(await rife.recognise(checkpoint), null);
});
