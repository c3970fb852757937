import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layersOf, OFFICIAL, parameterCount, parseConfig } from '../../../../app/core/engines/film/config.ts';
import { openFilmCase } from '../../../../app/core/engines/film/fixture.ts';
import { filmGraph, zeroWeights } from '../../../../app/core/engines/film/graph.ts';
import { readCase } from '../../../../app/core/fixtures/read.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { toFloat32 } from '../../../../app/core/import/tensor.ts';
import { fixture, skip } from '../../import/support.ts';

test('the published network has 34,436,667 parameters, all of them in the graph', () => {
  const layers = layersOf(OFFICIAL);
  assert.equal(parameterCount(OFFICIAL), 34_436_667);
  assert.equal(layers.length, 8 + 4 * 5 + 4 * 3 + 1);
  const graph = filmGraph(OFFICIAL, zeroWeights(OFFICIAL), { width: 100, height: 70 });
  const names = new Set(layers.flatMap(({ name }) => [`${name}.weight`, `${name}.bias`]));
  const weights = graph.initialisers.filter(({ name }) => names.has(name.replace(/\[\d+\]$/, '')));
  assert.equal(
    weights.reduce((sum, { data }) => sum + data.length, 0),
    34_436_667,
  );
  const shapes = Object.fromEntries([...graph.inputs, ...graph.outputs].map(({ name, shape }) => [name, shape]));
  assert.deepEqual(shapes, {
    x0: [1, 3, 70, 100],
    x1: [1, 3, 70, 100],
    t: [1],
    image: [1, 3, 70, 100],
    difference: [1],
  });
});

test('a configuration that is no network is none', () => {
  const json = { pyramid_levels: 5, fusion_pyramid_levels: 4, specialized_levels: 2, sub_levels: 3, filters: 8 };
  const whole = { ...json, flow_convs: [3, 3, 3, 3], flow_filters: [8, 12, 16, 20] };
  assert.deepEqual(parseConfig(whole)?.flowFilters, [8, 12, 16]);
  assert.equal(parseConfig({ ...whole, fusion_pyramid_levels: 6 }), undefined);
  assert.equal(parseConfig({ ...whole, sub_levels: 4 }), undefined);
  assert.equal(parseConfig({ ...whole, flow_filters: [8, 12] }), undefined);
  assert.equal(parseConfig({ ...whole, filters: -1 }), undefined);
});

for (const id of ['film-small', 'film-official-topology'])
  test(`${id}: every output of every weight file is the reference's`, { skip }, async () => {
    const { fixture: whole, runs, io } = await readCase(fixture(id));
    await using expected = await openCheckpoint(io);
    const read = async (name: string) => {
      const tensor = await expected.tensor(name);
      return { dims: tensor.shape, data: toFloat32(tensor) };
    };
    for (const weights of whole.weights) {
      assert.ok(weights.present, weights.file);
      await using runner = await openFilmCase({ ...whole, weights: [weights] });
      // Weights rounded to float16 have a run of their own; each run needs the file it was made with.
      const own = runs.filter(
        ({ params }) =>
          (params['weights'] ?? 'film_net_fp32.pt') ===
          weights.file.replace(/^(saved_model|film_port.*)$/, 'film_net_fp32.pt'),
      );
      assert.ok(own.length > 0, weights.file);
      for (const { name, inputs, outputs, params } of own) {
        const given = { x0: await read(inputs['x0']!), x1: await read(inputs['x1']!) };
        const made = await runner.run({ name, inputs: given, wanted: Object.keys(outputs), params });
        assert.notEqual(made, 'weights-absent', name);
        if (made === 'weights-absent') continue;
        for (const [role, stored] of Object.entries(outputs)) {
          const { dims, data } = await read(stored);
          assert.deepEqual(made[role]?.dims, dims, `${name} ${role}`);
          const error = data.reduce((most, value, i) => Math.max(most, Math.abs(value - made[role]!.data[i]!)), 0);
          // The case allows 2e-4, flows 2e-3.
          assert.ok(error < (/flow|residual/.test(role) ? 2e-4 : 2e-5), `${weights.file} ${name} ${role}: ${error}`);
        }
      }
    }
  });
