/** Damaged and malicious files end in an AppError, fast, and never in another error or a graph that lies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import { decodeInitialisers, decodeModel } from '../../../app/core/onnx/decode.ts';
import { encodeModel } from '../../../app/core/onnx/encode.ts';
import * as op from '../../../app/core/onnx/ops.ts';
import { filled } from './support.ts';

function sampleFile(): Uint8Array {
  const g = new GraphBuilder('sample');
  const x = g.input('x', 'float32', ['n', 3, '2*h', '2*w']);
  const y = op.relu(g, op.conv(g, x, g.weight('w', filled([4, 3, 3, 3])), g.weight('b', filled([4])), { pad: 1 }));
  return encodeModel(g.build({ y: op.pixelShuffle(g, op.resize(g, y, 0.5, 'half-pixel'), 2) }));
}

/** Decodes; an AppError is an answer, anything else thrown is not. */
function attempt(file: Uint8Array): AppError | undefined {
  try {
    decodeModel(file);
    return undefined;
  } catch (error) {
    if (error instanceof AppError && (error.code === 'bad-model' || error.code === 'bad-graph')) return error;
    throw error;
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest > 127 ? (rest % 128) | 128 : rest);
    if (rest <= 127) return bytes;
  }
}

/** A length-delimited field; its length is written as `claimed` where that is given. */
function field(number: number, body: Uint8Array | readonly number[], claimed = body.length): number[] {
  return [...varint(number * 8 + 2), ...varint(claimed), ...body];
}

const text = (value: string) => [...Buffer.from(value)];
const model = (graph: readonly number[]) => Uint8Array.from([...field(8, [0x10, 16]), ...field(7, graph)]);

test('a file cut off anywhere is refused', () => {
  const file = sampleFile();
  assert.equal(attempt(file), undefined);
  for (let length = 0; length < file.length; length++) assert.ok(attempt(file.subarray(0, length)), `${length} bytes`);
});

test('ten thousand damaged files: refused or sound, never another error', () => {
  const file = sampleFile();
  let seed = 1;
  const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  let refused = 0;
  for (let round = 0; round < 10_000; round++) {
    const bad = file.slice();
    for (let count = 1 + random(4); count > 0; count--) bad[random(bad.length)] = random(256);
    if (attempt(bad)) refused++;
  }
  assert.ok(refused > 1000, `${refused} refused`);
});

const HOSTILE: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
  empty: [new Uint8Array(0), /no graph/],
  'a length of 4 GiB': [Uint8Array.from(field(7, [], 2 ** 32 - 1)), /premature EOF/],
  'a varint without end': [Uint8Array.from(Array.from({ length: 1000 }, () => 0xff)), /varint|tag/],
  'groups in groups': [Uint8Array.from(Array.from({ length: 100_000 }, () => 0x0b)), /depth/],
  'two graphs': [Uint8Array.from([...field(7, []), ...field(7, [])]), /two graphs/],
  'field 0': [Uint8Array.of(0), /illegal tag/],
  'the graph is a number': [Uint8Array.of(0x38, 1), /field 7 holds a varint/],
  'a tensor of 2^60 elements in 4 bytes': [
    model(
      field(5, [...Array.from({ length: 6 }, () => [0x08, 0x80, 0x08]).flat(), 0x10, 1, ...field(9, [0, 0, 0, 0])]),
    ),
    /holds 4 bytes for 1152921504606847000 elements/,
  ],
  'negative sizes': [
    model(field(5, [0x08, ...Array.from({ length: 9 }, () => 0xff), 1, 0x10, 1, ...field(9, [])])),
    /shape \[-1\]/,
  ],
  'nine axes': [model(field(5, Array.from({ length: 9 }, () => [0x08, 1]).flat())), /more than 8 numbers/],
  'data in another file': [
    model(field(5, [0x10, 1, ...field(8, text('w')), ...field(13, field(1, text('location')))])),
    /data of w is in another file/,
  ],
  'data said to be elsewhere': [model(field(5, [...field(8, text('w')), 0x70, 1])), /data of w is in another file/],
  'strings as weights': [model(field(5, [0x10, 8, ...field(6, text('a'))])), /type 8, which is not supported/],
  'a subgraph': [
    model(field(1, [...field(3, text('loop')), ...field(5, [...field(1, text('body')), ...field(6, []), 0xa0, 1, 5])])),
    /attribute body of node loop has type 5/,
  ],
  'an attribute named __proto__': [
    model(field(1, [...field(3, text('n')), ...field(5, [...field(1, text('__proto__')), 0xa0, 1, 2, 0x18, 1])])),
    /attribute named '__proto__'/,
  ],
  'an attribute of a million numbers': [
    model(field(1, field(5, [...field(1, text('pads')), ...field(8, new Uint8Array(1_000_000)), 0xa0, 1, 7]))),
    /more than 4096 numbers/,
  ],
  'an operator of another domain': [model(field(1, field(7, text('com.evil')))), /domain com\.evil/],
  functions: [Uint8Array.from(field(25, [])), /defines functions/],
  'an output without a shape': [
    model(field(12, [...field(1, text('y')), ...field(2, field(1, [0x08, 1]))])),
    /y has no shape/,
  ],
  'an operator that is not there': [
    model(field(1, [...field(3, text('n')), ...field(4, text('Loop'))])),
    /Node n \(Loop\): this operator is not supported/,
  ],
  'a node that reads what comes later': [
    model(
      field(1, [...field(1, text('later')), ...field(2, text('y')), ...field(3, text('n')), ...field(4, text('Relu'))]),
    ),
    /Node n \(Relu\): nothing before it makes later/,
  ],
};

for (const [name, [file, message]] of Object.entries(HOSTILE))
  test(`hostile: ${name}`, () => {
    const start = performance.now();
    assert.match(attempt(file)?.message ?? 'read without an error', message);
    assert.ok(performance.now() - start < 1000, 'within a second');
  });

test('a hundred thousand empty nodes are refused within a second', () => {
  const start = performance.now();
  const file = model(Array.from({ length: 150_000 }, () => [0x0a, 0]).flat());
  assert.match(attempt(file)?.message ?? '', /more than 100000 items/);
  assert.ok(performance.now() - start < 1000);
});

test('weights alone are read as carefully', () => {
  const file = sampleFile();
  for (let length = 0; length < file.length; length += 7)
    try {
      decodeInitialisers(file.subarray(0, length));
    } catch (error) {
      assert.ok(error instanceof AppError && error.code === 'bad-model', String(error));
    }
  assert.deepEqual(
    decodeInitialisers(file)
      .slice(0, 2)
      .map(({ name }) => name),
    ['w', 'b'],
  );
});
