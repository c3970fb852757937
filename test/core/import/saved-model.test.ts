import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openReader } from '../../../app/core/import/file-reader.ts';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { savedGraph, savedNames } from '../../../app/core/import/saved-model-graph.ts';
import { openBundle } from '../../../app/core/import/tensor-bundle.ts';
import { toFloat32 } from '../../../app/core/import/tensor.ts';
import { tempFolder } from '../../support/command.ts';
import { fixture, fuzz, readAll, refused, skip } from './support.ts';
import {
  graphVariable,
  message,
  shape,
  writeBundle,
  type Thing,
  type Variable,
  variable,
} from './tensor-bundle-writer.ts';

const SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE';

interface SavedThing {
  readonly children?: Readonly<Record<string, number>>;
  readonly variable?: { readonly name: string; readonly shape: readonly number[] };
}

/** A SavedModel message with a graph_def to skip, a signature, and the objects. */
function savedBytes(things: readonly SavedThing[], graphDef: Uint8Array = Buffer.alloc(300, 'x')): Buffer {
  const nodes = things.map(({ children = {}, variable: saved }) => {
    const edges = Object.entries(children).map(([edge, to]) => [1, message([1, to], [2, Buffer.from(edge)])] as const);
    const kind = saved && message([1, 1], [2, shape(saved.shape)], [6, Buffer.from(saved.name)]);
    return [1, message(...edges, ...(kind ? [[7, kind] as const] : []))] as const;
  });
  const objects = nodes.length === 0 ? [] : [[7, message(...nodes)] as const];
  const meta = message(
    [1, message([5, Buffer.from('serve')])],
    [2, graphDef],
    [5, message([1, Buffer.from('s')])],
    ...objects,
  );
  return message([1, 1], [2, meta]);
}

function write(folder: string, saved: Uint8Array, variables: readonly Variable[]): void {
  writeBundle(join(folder, 'variables', 'variables'), variables);
  writeFileSync(join(folder, 'saved_model.pb'), saved);
}

async function valuesOf(path: string): Promise<Record<string, number[]>> {
  await using checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, 'saved-model');
  const found: Record<string, number[]> = {};
  for (const name of checkpoint.names()) found[name] = [...toFloat32(await checkpoint.tensor(name))];
  return found;
}

test('the folder and its saved_model.pb; full names of the bundle come first', async (t) => {
  const folder = tempFolder(t);
  const graph: Thing[] = [
    { children: { variables: 1 } },
    { children: { '0': 2 } },
    { key: `variables/0${SUFFIX}`, name: 'conv/kernel' },
  ];
  write(
    folder,
    savedBytes([{ children: { variables: 1 } }, { children: { '0': 2 } }, { variable: { name: 'other', shape: [2] } }]),
    [variable(`variables/0${SUFFIX}`, 1, 2), graphVariable(graph)],
  );
  for (const path of [folder, join(folder, 'saved_model.pb')])
    assert.deepEqual(await valuesOf(path), { 'conv/kernel': [1, 2] });
});

test('names the bundle leaves out come from the same place in the SavedModel, or from the only one of that shape', async (t) => {
  const folder = tempFolder(t);
  const key = (n: number): string => `variables/${n}${SUFFIX}`;
  const list = [
    variable(key(0), 1),
    variable(key(1), 2),
    variable('lost', 3, 4),
    variable('p', 5, 6, 7),
    variable('q', 7, 8, 9),
  ];
  // The root is its own child and an object has two parents: neither graph is a tree.
  write(
    folder,
    savedBytes([
      { children: { list: 1, me: 0 } },
      { children: { '1': 3, '0': 2, up: 0 } },
      { variable: { name: 'zero', shape: [1] } },
      { variable: { name: 'one', shape: [1] } },
      { variable: { name: 'pair', shape: [2] } },
      { variable: { name: 'triple/a', shape: [3] } },
      { variable: { name: 'triple/b', shape: [3] } },
    ]),
    [
      ...list,
      graphVariable([
        { children: { list: 1, me: 0 } },
        { children: { '0': 2, '1': 3, up: 0 } },
        { key: key(0) },
        { key: key(1) },
      ]),
    ],
  );
  assert.deepEqual(await valuesOf(folder), { zero: [1], one: [2], pair: [3, 4], p: [5, 6, 7], q: [7, 8, 9] });
});

test('a TensorFlow 1 SavedModel keeps its keys', async (t) => {
  const folder = tempFolder(t);
  write(folder, savedBytes([]), [variable('generator/conv/kernel', 1), variable('generator/conv/bias', 2)]);
  assert.deepEqual(await valuesOf(folder), { 'generator/conv/bias': [2], 'generator/conv/kernel': [1] });
});

test('what contradicts itself or is cut off is refused', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'saved_model.pb');
  const good = savedBytes([{ children: { a: 1 } }, { variable: { name: 'a', shape: [1] } }]);
  write(folder, good, [variable('a', 1)]);
  assert.equal(await readAll(folder), 4);
  truncateSync(path, good.length - 5);
  await refused(folder, 'checkpoint-damaged', /saved_model.pb is damaged or cut off/);
  writeFileSync(path, savedBytes([{ children: { a: 9 } }]));
  await refused(folder, 'checkpoint-damaged', /not there/);
  writeFileSync(path, message([1, 1], [2, Buffer.alloc(40_000, Buffer.from([0x08, 1]))]));
  await refused(folder, 'checkpoint-damaged', /damaged/);
  writeFileSync(path, message([1, 1], [2, message([7, Buffer.alloc(1_000_000, Buffer.from([0x0a, 0]))])]));
  await refused(folder, 'checkpoint-refused', /more objects/);
  writeFileSync(path, message([1, 1], [2, message([7, Buffer.alloc(33 * 2 ** 20)])]));
  await refused(folder, 'checkpoint-refused', /more objects/);
  writeBundle(join(folder, 'variables', 'variables'), [{ ...variable('a', 1), entry: { crc: 1 } }]);
  writeFileSync(path, good);
  await refused(folder, 'checkpoint-damaged', /checksum/);
});

test('200 mutations of saved_model.pb are read or refused, quickly and in little memory', async (t) => {
  const folder = tempFolder(t);
  const bytes = savedBytes([{ children: { a: 1, b: 0 } }, { variable: { name: 'a', shape: [1] } }], Buffer.alloc(8));
  write(folder, bytes, [variable('a', 1), graphVariable([{ children: { a: 1 } }, { key: 'a' }])]);
  const outcomes = await fuzz(join(folder, 'saved_model.pb'), bytes, {
    seed: 5,
    count: 200,
    spots: [16, bytes.length - 20],
  });
  assert.ok((outcomes.get('checkpoint-damaged') ?? 0) > 30, JSON.stringify([...outcomes]));
  assert.ok((outcomes.get('read') ?? 0) > 0, JSON.stringify([...outcomes]));
});

interface Case {
  weights: { variables?: { name: string; shape: number[]; key: string }[] }[];
}

// Sum over the same weights in film-small/film_port_state_dict.pt (float64, torch 2.13.0).
const OFFICIAL: Record<string, number | undefined> = {
  'film-small': 11.096244678859819,
  'film-official-topology': undefined,
  'movinet-a0-base-tf': undefined,
};

for (const [name, sum] of Object.entries(OFFICIAL)) {
  test(`official container ${name}: names and shapes as published, every checksum right`, { skip }, async () => {
    const text: Case = JSON.parse(readFileSync(fixture(`${name}/case.json`), 'utf8'));
    const published = text.weights.flatMap(({ variables = [] }) => variables);
    const folder = fixture(`${name}/saved_model`);
    await using checkpoint = await openCheckpoint(folder);
    assert.equal(checkpoint.format, 'saved-model');
    // Also in the published order, which is the order the layers were built in.
    assert.deepEqual(
      checkpoint.names(),
      published.map((one) => one.name),
    );
    let total = 0;
    for (const { name: one, shape: sizes } of published) {
      assert.deepEqual(checkpoint.info(one).shape, sizes, one);
      for (const value of toFloat32(await checkpoint.tensor(one))) total += value;
    }
    if (sum !== undefined) assert.ok(Math.abs(total - sum) < 1e-6, String(total));
    // With the bundle's own names taken away, the SavedModel's graph gives the same ones.
    await using file = await openReader(folder);
    const bundle = await openBundle(file, 'variables/variables.index');
    const nameless = { ...bundle, graph: bundle.graph.map((node) => ({ ...node, name: '' })) };
    const names = savedNames(nameless, await savedGraph((await file.open('saved_model.pb'))!));
    assert.deepEqual(Object.fromEntries(names), Object.fromEntries(published.map((one) => [one.key, one.name])));
  });
}
