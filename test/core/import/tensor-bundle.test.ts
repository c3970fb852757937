import assert from 'node:assert/strict';
import { readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { crc32c, maskCrc } from '../../../app/core/import/crc32c.ts';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { unsnappy } from '../../../app/core/import/snappy.ts';
import { sliceKey } from '../../../app/core/import/tensor-bundle-entry.ts';
import { toFloat32 } from '../../../app/core/import/tensor.ts';
import { tempFolder } from '../../support/command.ts';
import { fixture, fuzz, readAll, refused, skip } from './support.ts';
import {
  floats,
  graphVariable,
  message,
  objectGraphOf,
  resealed,
  stringTensor,
  varint,
  writeBundle,
  type TableOptions,
  type Variable,
  variable,
} from './tensor-bundle-writer.ts';

const SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE';

function prefixIn(t: TestContext): string {
  return join(tempFolder(t), 'ckpt-1');
}

async function valuesOf(path: string): Promise<Record<string, number[]>> {
  await using checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, 'tensor-bundle');
  const found: Record<string, number[]> = {};
  for (const name of checkpoint.names()) found[name] = [...toFloat32(await checkpoint.tensor(name))];
  return found;
}

test('CRC-32C of RFC 3720 B.4, masked as LevelDB does', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(Buffer.from('6789'), crc32c(Buffer.from('12345'))), 0xe3069283);
  assert.equal(maskCrc(0xe3069283), (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0);
});

test('snappy: literals, the three kinds of copies, and what is refused', () => {
  const plain = (...bytes: (number | string)[]): string =>
    Buffer.from(
      unsnappy(Buffer.concat(bytes.map((part) => Buffer.from(typeof part === 'string' ? part : [part]))), 1000),
    ).toString();
  assert.equal(plain(10, 4, 'ab', 17, 2), 'ababababab');
  assert.equal(plain(6, 8, 'abc', (2 << 2) | 2, 3, 0), 'abcabc');
  assert.equal(plain(6, 8, 'abc', (2 << 2) | 3, 3, 0, 0, 0), 'abcabc');
  assert.equal(plain(3, 60 << 2, 2, 'abc'), 'abc');
  assert.equal(plain(0), '');
  for (const bytes of [
    [],
    [5, 0],
    [1],
    [4, 0, 97, 17, 0],
    [4, 0, 97, 17, 2],
    [2, 8, 97, 98, 99],
    [200, 200, 200, 200, 200, 1],
  ]) {
    assert.throws(() => unsnappy(Uint8Array.from(bytes), 1000), { code: 'checkpoint-damaged' }, String(bytes));
  }
  assert.throws(() => unsnappy(varint(2 ** 31), 1000), { code: 'checkpoint-refused' });
});

for (const options of [
  {},
  { packed: true },
  { perBlock: 2 },
  { perBlock: 1, packed: true, shards: 3 },
] as (TableOptions & { shards?: number })[]) {
  test(`names, types, shapes and values: ${JSON.stringify(options)}`, async (t) => {
    const prefix = prefixIn(t);
    const shards = options.shards ?? 1;
    const half: Variable = {
      key: 'h',
      type: 19,
      shape: [2],
      bytes: new Uint8Array(Uint16Array.of(0x3c00, 0xc100).buffer),
    };
    const list: Variable[] = [
      { ...variable('generator/conv/kernel', 1, -2, 3, 4), shape: [2, 2] },
      { ...variable('generator/conv/bias', 0.5), shard: shards - 1 },
      half,
      { key: 'step', type: 9, shape: [], bytes: new Uint8Array(BigInt64Array.of(-5n).buffer), shard: shards - 1 },
      { key: 'brain', type: 14, shape: [1], bytes: Uint8Array.of(0xc0, 0x3f) },
      { key: 'words', type: 7, shape: [], ...stringTensor(Buffer.from('hello')) },
      { key: 'empty', type: 1, shape: [0, 3], bytes: new Uint8Array() },
      variable('gewürz', 7),
    ].map((entry) => ({ ...entry, key: Buffer.from(entry.key).toString('latin1') }));
    writeBundle(prefix, list, options);
    const expected = {
      brain: [1.5],
      empty: [],
      'generator/conv/bias': [0.5],
      'generator/conv/kernel': [1, -2, 3, 4],
      gewürz: [7],
      h: [1, -2.5],
      step: [-5],
    };
    assert.deepEqual(await valuesOf(`${prefix}.index`), expected);
    await using checkpoint = await openCheckpoint(`${prefix}.index`);
    assert.deepEqual(checkpoint.info('generator/conv/kernel'), { dtype: 'f32', shape: [2, 2] });
    assert.deepEqual(checkpoint.info('step'), { dtype: 'i64', shape: [] });
    assert.deepEqual((await checkpoint.tensor('step')).data, BigInt64Array.of(-5n));
    // Found from the folder and from a data file as well.
    assert.deepEqual(await valuesOf(join(prefix, '..')), expected);
    assert.deepEqual(await valuesOf(`${prefix}.data-00000-of-0000${shards}`), expected);
  });
}

test('big endian values are turned', async (t) => {
  const prefix = prefixIn(t);
  writeBundle(prefix, [{ ...variable('a', 0, 0), bytes: Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0) }], {
    bigEndian: true,
  });
  assert.deepEqual(await valuesOf(`${prefix}.index`), { a: [1, -2] });
});

test('full names in the order of the objects; a path where there is none or two claim one', async (t) => {
  const prefix = prefixIn(t);
  const key = (path: string): string => `${path}${SUFFIX}`;
  writeBundle(prefix, [
    variable(key('variables/0'), 10),
    variable(key('variables/1'), 11),
    variable(key('variables/10'), 12),
    variable(key('a/same'), 13),
    variable(key('b/same'), 14),
    variable(key('x.Sy/z..w/..S'), 15),
    variable('plain', 16),
    graphVariable([
      { children: { variables: 1, self: 0 } },
      { children: { '10': 4, '1': 3, '0': 2 } },
      { key: key('variables/10'), name: 'first/kernel' },
      { key: key('variables/1'), name: 'second/kernel' },
      { key: key('variables/0'), name: 'third/kernel' },
      { key: key('a/same'), name: 'twice' },
      { key: key('b/same'), name: 'twice' },
    ]),
  ]);
  const found = await valuesOf(`${prefix}.index`);
  assert.deepEqual(Object.entries(found), [
    ['first/kernel', [12]],
    ['second/kernel', [11]],
    ['third/kernel', [10]],
    ['a/same', [13]],
    ['b/same', [14]],
    ['plain', [16]],
    ['x/y/z.w/.S', [15]],
  ]);
});

test('a partitioned variable is put together', async (t) => {
  const prefix = prefixIn(t);
  const slice = (...extents: [number, number][]): Buffer =>
    message(
      ...extents.map(([start, length]) => [1, length < 0 ? message() : message([1, start], [2, length])] as const),
    );
  const part = (extents: [number, number][], sizes: number[], shard: number, ...values: number[]): Variable => {
    const key = sliceKey(
      'table',
      extents.map(([start, length]) => ({ start, length })),
    );
    return { key, type: 1, shape: sizes, bytes: floats(...values), shard };
  };
  const whole = { key: 'table', type: 1, shape: [3, 2], bytes: new Uint8Array() };
  const two = [slice([0, 2], [0, -1]), slice([2, 1], [0, -1])];
  const parts = [
    part(
      [
        [0, 2],
        [0, -1],
      ],
      [2, 2],
      0,
      1,
      2,
      3,
      4,
    ),
    part(
      [
        [2, 1],
        [0, -1],
      ],
      [1, 2],
      1,
      5,
      6,
    ),
  ];
  writeBundle(prefix, [{ ...whole, slices: two }, ...parts], { shards: 2 });
  assert.deepEqual(await valuesOf(`${prefix}.index`), { table: [1, 2, 3, 4, 5, 6] });
  // Columns: every row of the whole comes from two parts.
  const columns = [
    part(
      [
        [0, -1],
        [0, 1],
      ],
      [3, 1],
      0,
      1,
      3,
      5,
    ),
    part(
      [
        [0, -1],
        [1, 1],
      ],
      [3, 1],
      1,
      2,
      4,
      6,
    ),
  ];
  writeBundle(prefix, [{ ...whole, slices: [slice([0, -1], [0, 1]), slice([0, -1], [1, 1])] }, ...columns], {
    shards: 2,
  });
  assert.deepEqual(await valuesOf(`${prefix}.index`), { table: [1, 2, 3, 4, 5, 6] });
  for (const slices of [
    two.slice(1),
    [two[0]!, two[0]!],
    [two[0]!, slice([2, 1])],
    [two[0]!, slice([1, 2], [0, -1])],
  ]) {
    writeBundle(prefix, [{ ...whole, slices }, ...parts], { shards: 2 });
    await refused(`${prefix}.index`, 'checkpoint-damaged', /do not make a whole/);
  }
});

test("slice keys are TensorFlow's OrderedCode", () => {
  // From tensorflow/core/lib/strings/ordered_code.cc: the header bits of each length, worked out by hand.
  const hex = (start: number): string =>
    Buffer.from(sliceKey('a\0', [{ start, length: -1 }]), 'latin1').toString('hex');
  const around = '006100ff00010101';
  assert.equal(hex(0), `${around}807f`);
  assert.equal(hex(63), `${around}bf7f`);
  assert.equal(hex(64), `${around}c0407f`);
  assert.equal(hex(8191), `${around}dfff7f`);
  assert.equal(hex(8192), `${around}e020007f`);
  assert.equal(hex(-65), `${around}3fbf7f`);
});

test('what contradicts itself is refused with a reason', async (t) => {
  const prefix = prefixIn(t);
  const path = `${prefix}.index`;
  const cases: [Variable[], RegExp][] = [
    [[variable('a', 1, 2), { ...variable('b', 3, 4), entry: { offset: 4 } }], /overlaps/],
    [[{ ...variable('a', 1), entry: { offset: 4 } }], /beyond the end/],
    [[{ ...variable('a', 1), entry: { size: 2 ** 40 } }], /has 1099511627776 bytes/],
    [[{ ...variable('a', 1), shape: [2 ** 30, 2 ** 30] }], /impossible shape/],
    [[{ ...variable('a', 1), shape: [-1] }], /impossible size -1/],
    [[{ ...variable('a', 1), entry: { offset: -4 } }], /impossible place/],
    [[{ ...variable('a', 1), entry: { shard: 7 } }], /data-00007-of-00001 is missing/],
    [[{ ...variable('a', 1), entry: { crc: 5 } }], /checksum/],
    [[variable('a', 1), objectGraphOf(message([1, message([1, message([1, 9])])]))], /not there/],
    [[variable('a', 1), objectGraphOf(Buffer.from([0x0a, 0x7f]))], /ends early/],
    [[variable('a', 1), { ...graphVariable([]), entry: { crc: 1 } }], /graph of objects/],
  ];
  for (const [list, said] of cases) {
    writeBundle(prefix, list);
    await refused(path, 'checkpoint-damaged', said);
  }
  writeBundle(prefix, [variable('a', 1)], { header: 2 ** 40 });
  await refused(path, 'checkpoint-damaged', /data files/);
  writeBundle(prefix, [variable('b', 1), variable('a', 1)], { unsorted: true });
  await refused(path, 'checkpoint-damaged', /in order/);
  writeBundle(prefix, [variable('a', 1)], { tamper: (block) => Buffer.concat([varint(900), block]) });
  await refused(path, 'checkpoint-damaged', /shares more/);
  writeBundle(prefix, [variable('a', 1)], {
    tamper: (block) => Buffer.concat([block.subarray(0, -4), Buffer.from('ffffff7f', 'hex')]),
  });
  await refused(path, 'checkpoint-damaged', /restart/);
});

test('a data file that is cut off or missing, and an index that is', async (t) => {
  const prefix = prefixIn(t);
  writeBundle(prefix, [variable('a', 1, 2), variable('b', 3, 4)]);
  truncateSync(`${prefix}.data-00000-of-00001`, 12);
  await refused(`${prefix}.index`, 'checkpoint-damaged', /"b" lies beyond.*cut off/);
  unlinkSync(`${prefix}.data-00000-of-00001`);
  await refused(`${prefix}.index`, 'checkpoint-damaged', /data-00000-of-00001 is missing/);
  truncateSync(`${prefix}.index`, 100);
  await refused(`${prefix}.index`, 'checkpoint-unknown', /not a checkpoint/);
});

test('the checkpoint file chooses, and cannot lead out of its folder', async (t) => {
  const folder = tempFolder(t);
  writeBundle(join(folder, 'in', 'ckpt-1'), [variable('a', 1)]);
  writeBundle(join(folder, 'in', 'ckpt-2'), [variable('a', 2)]);
  writeBundle(join(folder, 'ckpt-3'), [variable('secret', 3)]);
  const state = join(folder, 'in', 'checkpoint');
  const say = (prefix: string): void => writeFileSync(state, `model_checkpoint_path: "${prefix}"\n`);
  for (const prefix of ['ckpt-2', '/home/somebody/train/ckpt-2']) {
    say(prefix);
    assert.deepEqual(await valuesOf(join(folder, 'in')), { a: [2] });
    assert.deepEqual(await valuesOf(state), { a: [2] });
  }
  for (const prefix of ['../ckpt-3', 'x/../../ckpt-3']) {
    say(prefix);
    await refused(join(folder, 'in'), 'checkpoint-refused', /outside its folder/);
  }
  say('none');
  await refused(join(folder, 'in'), 'checkpoint-unknown', /not a checkpoint/);
});

test('bombs: keys and blocks that expand, more objects than bytes should make', async (t) => {
  const prefix = prefixIn(t);
  writeBundle(prefix, [variable('a', 1), objectGraphOf(Buffer.alloc(1_000_000, Buffer.from([0x0a, 0])))]);
  await refused(`${prefix}.index`, 'checkpoint-refused', /more objects/);
  // A long key and then a hundred thousand entries that share it.
  const key = Buffer.from('k'.repeat(5000));
  const first = Buffer.concat([varint(0), varint(key.length), varint(0), key]);
  const next = Buffer.concat([varint(5000), varint(1), varint(0), Buffer.from('x')]);
  let once = false;
  const bomb = (block: Buffer): Buffer => {
    if (once) return block;
    once = true;
    return Buffer.concat([first, Buffer.alloc(100_000 * next.length, next), block.subarray(-8)]);
  };
  writeBundle(prefix, [variable('a', 1)], { tamper: bomb });
  await refused(`${prefix}.index`, 'checkpoint-refused', /more entries/);
  const { bytes, blocks } = writeBundle(prefix, [variable('a', 1)], { packed: true });
  varint(2 ** 31).copy(bytes, blocks[0]!.offset);
  writeFileSync(`${prefix}.index`, resealed(bytes, blocks));
  await refused(`${prefix}.index`, 'checkpoint-refused', /declares 2147483648 bytes/);
});

test('200 mutations under right checksums are read or refused, quickly and in little memory', async (t) => {
  const prefix = prefixIn(t);
  const list = [
    variable('a/kernel', 1, 2),
    variable('a/bias', 3),
    graphVariable([{ children: { a: 1 } }, { key: 'a/kernel', name: 'n' }]),
  ];
  const counted = new Map<string, number>();
  for (const [seed, packed] of [false, true].entries()) {
    const { bytes, blocks } = writeBundle(prefix, list, { packed });
    const spots = [...blocks.flatMap(({ offset, size }) => [offset, offset + size]), bytes.length - 48];
    const seal = (changed: Uint8Array): Uint8Array => resealed(changed, blocks);
    const outcomes = await fuzz(`${prefix}.index`, bytes, { seed, count: 100, spots, seal });
    for (const [outcome, count] of outcomes) counted.set(outcome, (counted.get(outcome) ?? 0) + count);
    writeFileSync(`${prefix}.index`, bytes);
    assert.equal(await readAll(`${prefix}.index`), 12);
  }
  assert.ok((counted.get('checkpoint-damaged') ?? 0) > 50, JSON.stringify([...counted]));
  assert.ok((counted.get('read') ?? 0) > 0, JSON.stringify([...counted]));
});

interface Case {
  weights: { variables?: { name: string; shape: number[]; key: string }[] }[];
}

// Sums over the same weights in the torch files of the same cases (float64, torch 2.13.0, num_batches_tracked left out).
const OFFICIAL: Record<string, number | undefined> = {
  'movinet-a0-stream-narrow': 6225.24365087,
  'movinet-a0-base-narrow-torch': 5019.82036427,
  'movinet-a3-stream-narrow': undefined,
  'adaconv-seed': undefined,
};

for (const [name, sum] of Object.entries(OFFICIAL)) {
  test(`official container ${name}: names, shapes and keys as published, every checksum right`, { skip }, async () => {
    const text: Case = JSON.parse(readFileSync(fixture(`${name}/case.json`), 'utf8'));
    const published = text.weights.flatMap(({ variables = [] }) => variables);
    await using checkpoint = await openCheckpoint(fixture(`${name}/checkpoint`));
    assert.equal(checkpoint.format, 'tensor-bundle');
    assert.deepEqual(checkpoint.names().toSorted(), published.map((one) => one.name).toSorted());
    let total = 0;
    for (const { name: one, shape } of published) {
      assert.deepEqual(checkpoint.info(one).shape, shape, one);
      for (const value of toFloat32(await checkpoint.tensor(one))) total += value;
    }
    assert.deepEqual(
      checkpoint.metadata['keys'],
      Object.fromEntries(checkpoint.names().map((one) => [one, published.find((p) => p.name === one)!.key])),
    );
    if (sum !== undefined) assert.ok(Math.abs(total - sum) < 1e-6, String(total));
  });
}
