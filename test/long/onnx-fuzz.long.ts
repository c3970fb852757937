/** Fuzzes the ONNX reader: INBETWEEN_FUZZ_SECONDS (600 by default) of damaged files, each an AppError or a sound graph. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../app/contract/errors.ts';
import { GraphBuilder } from '../../app/core/onnx/builder.ts';
import { checkGraph } from '../../app/core/onnx/check.ts';
import { decodeInitialisers, decodeModel } from '../../app/core/onnx/decode.ts';
import { encodeModel } from '../../app/core/onnx/encode.ts';
import * as op from '../../app/core/onnx/ops.ts';

/** The longest one file may take. */
const LIMIT_MS = 1000;

function seeds(): Uint8Array[] {
  const g = new GraphBuilder('seed');
  const x = g.input('x', 'float32', ['n', 4, '4*h', '4*w']);
  const w = g.weight('w', { dtype: 'float32', dims: [4, 4, 3, 3], data: new Float32Array(144).fill(0.1) });
  const half = op.avgPool(g, op.prelu(g, op.conv(g, x, w, undefined, { pad: 1 }), g.floats([0.1])), 2);
  const shape = op.slice(g, op.shapeOf(g, half), 0, 2);
  const area = op.mul(g, op.gather(g, shape, 0, 0), g.ints(2));
  const parts = op.split(g, op.resizeLike(g, half, x, 'corners'), 1, [1, 3]);
  const flat = op.reshape(g, op.pad(g, parts[1]!, [0, 0, 1, 1], [0, 0, 1, 1], 'edge'), [0, -1, 0, 0]);
  const first = encodeModel(g.build({ flat, area, up: op.pixelShuffle(g, half, 2), sum: op.concat(g, parts, 1) }));
  const r = new GraphBuilder('gru');
  const floats = (dims: readonly number[], name: string) =>
    r.weight(name, { dtype: 'float32', dims, data: new Float32Array(dims.reduce((a, b) => a * b)) });
  const weights = { weight: floats([1, 6, 3], 'wx'), recurrent: floats([1, 6, 2], 'wh') };
  const { states, last } = op.gru(r, r.input('x', 'float32', ['t', 1, 3]), weights, 2);
  return [first, encodeModel(r.build({ s: op.softmax(r, states, -1), z: op.zeros(r, op.shapeOf(r, last)) }))];
}

test('the ONNX reader answers every damaged file with an AppError or a sound graph', () => {
  const seconds = Number(process.env.INBETWEEN_FUZZ_SECONDS ?? 600);
  const files = seeds();
  let seed = Number(process.env.INBETWEEN_FUZZ_SEED ?? 1);
  const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  const counts = { refused: 0, sound: 0, slowest: 0 };
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const before = seed;
    const file = damaged(files[random(files.length)]!, random);
    const start = performance.now();
    try {
      checkGraph(decodeModel(file));
      decodeInitialisers(file);
      counts.sound++;
    } catch (error) {
      assert.ok(
        error instanceof AppError && /^bad-(model|graph)$/.test(error.code),
        `seed ${before}: ${String(error)}`,
      );
      counts.refused++;
    }
    counts.slowest = Math.max(counts.slowest, performance.now() - start);
    assert.ok(counts.slowest < LIMIT_MS, `seed ${before} took ${counts.slowest} ms`);
  }
  console.log(JSON.stringify(counts));
  assert.ok(counts.refused > 0 && counts.sound > 0);
});

/** A copy with bytes changed, a piece repeated, removed or moved. */
function damaged(file: Uint8Array, random: (n: number) => number): Uint8Array {
  const bytes = [...file];
  for (let count = 1 + random(3); count > 0; count--) {
    const [at, length] = [random(bytes.length), 1 + random(24)];
    const kind = random(8);
    if (kind < 5) bytes[at] = kind < 2 ? random(256) : bytes[at]! ^ (1 << random(8));
    else if (kind === 5) bytes.splice(at, length);
    else if (kind === 6) bytes.splice(at, 0, ...bytes.slice(at, at + length));
    else bytes.splice(random(bytes.length), 0, ...bytes.splice(at, length));
  }
  return Uint8Array.from(bytes);
}
