/** Graphs of TensorFlow 1: what is read of them, and what is refused. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { tfGraphOf, type TfGraph } from '../../../app/core/import/tf-graph.ts';
import { tempFolder } from '../../support/command.ts';
import { message, shape, variable, writeBundle } from './tensor-bundle-writer.ts';

/** A folder whose graph has these nodes. */
function saved(folder: string, ...nodes: Buffer[]): string {
  mkdirSync(join(folder, 'variables'), { recursive: true });
  const graph = message(...nodes.map((node) => [1, node] as const));
  writeFileSync(join(folder, 'saved_model.pb'), message([1, 1], [2, message([1, message()], [2, graph])]));
  writeBundle(join(folder, 'variables', 'variables'), [variable('w', 1, 2)]);
  return folder;
}

async function graphOf(path: string): Promise<TfGraph | undefined> {
  await using checkpoint = await openCheckpoint(path);
  return await tfGraphOf(checkpoint);
}

function constant(tensor: Buffer): Buffer {
  return message([1, 'c'], [2, 'Const'], [5, message([1, 'value'], [2, message([8, tensor])])]);
}

test('constants in every way they are kept', async (t) => {
  const folder = tempFolder(t);
  const values = async (name: string, tensor: Buffer): Promise<unknown> => {
    const graph = await graphOf(saved(join(folder, name), constant(tensor)));
    const { type, shape: dims, values: data } = graph!.nodes.get('c')!.attributes.get('value')!.tensor!;
    return [type, dims, [...data]];
  };
  const bytes = (array: Float32Array | BigInt64Array): Buffer => Buffer.from(array.buffer);
  const raw = message([1, 1], [2, shape([2])], [4, bytes(Float32Array.of(0.5, -2))]);
  assert.deepEqual(await values('raw', raw), ['float', [2], [0.5, -2]]);
  const packed = message([1, 1], [2, shape([2])], [5, bytes(Float32Array.of(0.5, -2))]);
  assert.deepEqual(await values('packed', packed), ['float', [2], [0.5, -2]]);
  // The last value stands for all that follow.
  const filled = message([1, 3], [2, shape([2, 2])], [7, 4], [7, 7]);
  assert.deepEqual(await values('filled', filled), ['int32', [2, 2], [4, 7, 7, 7]]);
  const long = message([1, 9], [2, shape([2])], [4, bytes(BigInt64Array.of(-1n, 2n))]);
  assert.deepEqual(await values('long', long), ['int64', [2], [-1, 2]]);
  assert.deepEqual(await values('flag', message([1, 10], [2, shape([])], [11, 1])), ['bool', [], [1]]);
  assert.deepEqual(await values('text', message([1, 7], [2, shape([])], [8, 'x'])), [undefined, [], []]);
});

test('nodes, what orders them left out; no graph where there is none', async (t) => {
  const folder = tempFolder(t);
  const node = message(
    [1, 'a'],
    [2, 'Add'],
    [3, 'b'],
    [3, 'c:1'],
    [3, '^d'],
    [5, message([1, 'T'], [2, message([6, 1])])],
  );
  const graph = await graphOf(saved(join(folder, 'one'), node));
  const { name, op, inputs, attributes } = graph!.nodes.get('a')!;
  assert.deepEqual([name, op, inputs, [...attributes]], ['a', 'Add', ['b', 'c:1'], [['T', { type: 'float' }]]]);
  writeBundle(join(folder, 'bundle'), [variable('w', 1)]);
  assert.equal(await graphOf(join(folder, 'bundle.index')), undefined);
});

test('a few bytes do not become gigabytes; damage is told', async (t) => {
  const folder = tempFolder(t);
  const huge = message([1, 1], [2, shape([2 ** 14, 2 ** 11])], [5, Buffer.from(Float32Array.of(1).buffer)]);
  await assert.rejects(graphOf(saved(join(folder, 'huge'), constant(huge))), { code: 'checkpoint-damaged' });
  const half = message([1, 1], [2, shape([2 ** 12, 2 ** 11])], [5, Buffer.from(Float32Array.of(1).buffer)]);
  const many = Array.from({ length: 3 }, () => constant(half));
  await assert.rejects(graphOf(saved(join(folder, 'many'), ...many)), { code: 'checkpoint-damaged' });
  const negative = message([1, 1], [2, shape([-4])]);
  await assert.rejects(graphOf(saved(join(folder, 'negative'), constant(negative))), { code: 'checkpoint-damaged' });
  await assert.rejects(graphOf(saved(join(folder, 'cut'), Buffer.from([10, 200]))), { code: 'checkpoint-damaged' });
});
