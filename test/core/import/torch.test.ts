import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { toFloat32 } from '../../../app/core/import/tensor.ts';
import { tempFolder } from '../../support/command.ts';
import { digest, fixture, fuzz, refused, skip } from './support.ts';
import { SAMPLES } from './torch-samples.ts';
import { zipBytes, type Part } from './zip-bytes.ts';

function sample(name: keyof typeof SAMPLES): Buffer {
  return gunzipSync(Buffer.from(SAMPLES[name], 'base64'));
}

/** What samples.py put in. */
const VALUES: Record<string, [string, number[], number[]]> = {
  'state_dict.module.whole': ['f32', [3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  'state_dict.module.turned': ['f32', [4, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]],
  'state_dict.module.part': ['f32', [2], [5, 7]],
  'state_dict.module.repeated': ['f32', [2, 3], [7, 7, 7, 8, 8, 8]],
  'state_dict.module.half': ['f16', [2], [0.5, -2]],
  'state_dict.module.brain': ['bf16', [1], [1.5]],
  'state_dict.module.steps': ['i64', [], [2 ** 40]],
  'state_dict.module.flags': ['bool', [2], [1, 0]],
  'state_dict.module.none': ['f32', [0, 3], []],
  'state_dict.module.parameter': ['f32', [1, 1], [3]],
  'lists.0': ['i8', [1], [9]],
};

test('archives and files of before 1.6: views, shared storages, every type, wrappers as they are', async (t) => {
  const path = join(tempFolder(t), 'model.zip');
  for (const name of ['zip', 'legacy'] as const) {
    writeFileSync(path, sample(name));
    await using checkpoint = await openCheckpoint(path);
    assert.equal(checkpoint.format, `torch-${name}`);
    assert.deepEqual(checkpoint.metadata, { epoch: 3, best: 0.25, arch: 'tiny' });
    assert.deepEqual(checkpoint.names(), Object.keys(VALUES));
    for (const [key, [dtype, shape, values]] of Object.entries(VALUES)) {
      assert.deepEqual(checkpoint.info(key), { dtype, shape }, key);
      assert.deepEqual([...toFloat32(await checkpoint.tensor(key))], values, key);
    }
  }
});

test('types without a storage of their own, and TorchScript with its constants', async (t) => {
  const path = join(tempFolder(t), 'model');
  writeFileSync(path, sample('wide'));
  {
    await using checkpoint = await openCheckpoint(path);
    assert.deepEqual(await checkpoint.tensor('wide'), { dtype: 'u16', shape: [2], data: Uint16Array.of(1, 65_535) });
  }
  writeFileSync(path, sample('script'));
  await using checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, 'torchscript');
  const found = new Map<string, number[]>();
  for (const name of checkpoint.names()) found.set(name, [...toFloat32(await checkpoint.tensor(name))]);
  assert.deepEqual(Object.fromEntries(found), {
    scale: [2],
    'body.0.weight': [0.5, 0.5],
    'body.0.bias': [-1],
    'constants.0': [4],
  });
});

test('a whole saved object is refused by the name of its class', async (t) => {
  const path = join(tempFolder(t), 'model');
  writeFileSync(path, sample('object'));
  await refused(path, 'checkpoint-refused', /"__main__\.Tiny".*Nothing of it was run/);
});

const HEAD = '\x80\x02';
const REBUILD = 'ctorch._utils\n_rebuild_tensor_v2\n';

function text(word: string): string {
  return `X${String.fromCharCode(word.length)}\0\0\0${word}`;
}

function number(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return `J${bytes.toString('latin1')}`;
}

function tuple(items: readonly string[]): string {
  return `(${items.join('')}t`;
}

/** A tensor of storage 0, which has `count` values, in the words of a pickle. */
function tensor(
  count: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  key = '0',
): string {
  const storage = `${tuple([text('storage'), 'ctorch\nFloatStorage\n', text(key), text('cpu'), number(count)])}Q`;
  const parts = [storage, number(offset), tuple(shape.map(number)), tuple(strides.map(number)), '\x89', '}'];
  return `${REBUILD}${tuple(parts)}R`;
}

function archive(pickle: string, more: readonly Part[] = []): Buffer {
  const values = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  return zipBytes([
    { name: 'm/data.pkl', bytes: Buffer.from(`${HEAD}${pickle}.`, 'latin1') },
    { name: 'm/data/0', bytes: values },
    ...more,
  ]);
}

test('tensors that reach beyond their storage, or repeat it without end', async (t) => {
  const path = join(tempFolder(t), 'model');
  const cases: [string, 'checkpoint-damaged' | 'checkpoint-refused', RegExp][] = [
    [tensor(4, 1, [4], [1]), 'checkpoint-damaged', /beyond its storage/],
    [tensor(4, 0, [2, 2], [4, 1]), 'checkpoint-damaged', /beyond its storage/],
    [tensor(4, -1, [2], [1]), 'checkpoint-damaged', /no storage/],
    [tensor(4, 3, [2], [-1]), 'checkpoint-damaged', /no numbers/],
    [tensor(4, 0, [2], []), 'checkpoint-damaged', /number of strides/],
    [tensor(4, 0, [2 ** 30, 2 ** 30], [0, 0]), 'checkpoint-damaged', /impossible shape/],
    [tensor(4, 0, [2 ** 20, 2 ** 20], [0, 0]), 'checkpoint-refused', /repeats 4 values/],
    [tensor(5, 0, [5], [1]), 'checkpoint-damaged', /m\/data\/0 has 16 bytes instead of 20/],
    [tensor(4, 0, [4], [1], '1'), 'checkpoint-damaged', /m\/data\/1 is missing/],
    [tensor(4, 0, [4], [1], '../data.pkl'), 'checkpoint-damaged', /is missing/],
    [
      `}(${text('a.b')}${tensor(4, 0, [4], [1])}${text('a')}}${text('b')}${tensor(4, 0, [4], [1])}su`,
      'checkpoint-damaged',
      /two tensors/,
    ],
    [`${REBUILD})R`, 'checkpoint-damaged', /no storage/],
  ];
  for (const [pickle, code, said] of cases) {
    writeFileSync(path, archive(pickle));
    await refused(path, code, said);
  }
  writeFileSync(
    path,
    archive(`}${text('a')}${tensor(4, 1, [3, 2], [1, 0])}s`, [{ name: 'm/byteorder', bytes: Buffer.from('big') }]),
  );
  await using checkpoint = await openCheckpoint(path);
  const bytes = new Uint8Array(Float32Array.of(2, 2, 3, 3, 4, 4).buffer);
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
  assert.deepEqual((await checkpoint.tensor('a')).data, new Float32Array(bytes.buffer));
});

test('archives that are something else', async (t) => {
  const path = join(tempFolder(t), 'model');
  writeFileSync(path, zipBytes([{ name: 'word/document.xml', bytes: Buffer.from('<w/>') }]));
  await refused(path, 'checkpoint-unknown', /not one that PyTorch wrote/);
  writeFileSync(path, archive('}', [{ name: 'n/data.pkl', bytes: Buffer.from('}.') }]));
  await refused(path, 'checkpoint-damaged', /more than one/);
  writeFileSync(path, archive(`}${'N'.repeat(10)}`).subarray(0, 200));
  await refused(path, 'checkpoint-damaged', /end is missing/);
});

test('files of before 1.6 that are cut off anywhere', async (t) => {
  const path = join(tempFolder(t), 'model');
  const whole = sample('legacy');
  for (let length = 15; length < whole.length; length += 13) {
    writeFileSync(path, whole.subarray(0, length));
    await refused(path, 'checkpoint-damaged', /cut off|damaged/);
  }
});

test('200 mutations of each are read or refused, quickly and in little memory', async (t) => {
  const path = join(tempFolder(t), 'model');
  const spots = {
    zip: [40, 300, 600, 900, 3000, 3500, 3900],
    legacy: [64, 256, 512, 1024, 1400],
    script: [100, 500, 6000, 6800, 7200],
  };
  for (const [i, name] of (['zip', 'legacy', 'script'] as const).entries()) {
    const outcomes = await fuzz(path, sample(name), { seed: 10 + i, count: 200, spots: spots[name] });
    assert.ok((outcomes.get('checkpoint-damaged') ?? 0) > 20, `${name} ${JSON.stringify([...outcomes])}`);
    assert.ok((outcomes.get('read') ?? 0) > 0, `${name} ${JSON.stringify([...outcomes])}`);
  }
});

// PYTHON test/core/import/digest.py FILES, with torch 2.13.0.
const EXPECTED = {
  'rife-v4.25-torch/flownet.pkl': 'torch-zip 158 262168 f92088d726cd1158',
  'rife-v4.6-torch/flownet.pkl': 'torch-zip 120 190638 e9feec7e2cdc084a',
  'motion-ar/bigru.pth': 'torch-zip 10 25548 f000d9fed051e58f',
  'motion-wgan/netG.pth': 'torch-zip 12 46180 3b662256ebda33cc',
  'movinet-a0-base-narrow-torch/statedict': 'torch-zip 385 138650 4275e8ec576b23fa',
  'movinet-a0-stream-narrow/statedict': 'torch-zip 451 206725 93dd985c8c151e7b',
  'film-small/film_port_state_dict.pt': 'torch-zip 62 137323 a7cf929f7fc5401f',
  'movinet-a0-base-narrow-torch/statedict_legacy': 'torch-legacy 385 138650 4275e8ec576b23fa',
  'sepconv-official/network.pytorch': 'torch-legacy 94 274956 2f2896d16277e7fb',
  'fomm-kth-small/cpk.pth.tar': 'torch-legacy 159 68997 61564037b93ec71e',
  'fomm-vox-small/cpk.pth.tar': 'torch-legacy 271 242696 f68cd8bb1f012cf2',
  'film-official-topology/film_net_fp16.pt': 'torchscript 82 313421 1f42a4af4de9ece2',
  'film-official-topology/film_net_fp32.pt': 'torchscript 82 313421 c1ece6f677c75bd9',
  'film-small/film_net_fp32.pt': 'torchscript 62 137323 a7cf929f7fc5401f',
};

test('official containers: the same names, shapes and bytes as PyTorch reads', { skip }, async () => {
  for (const [name, expected] of Object.entries(EXPECTED)) assert.equal(await digest(fixture(name)), expected, name);
});
