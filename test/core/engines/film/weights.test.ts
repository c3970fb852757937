import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../app/contract/errors.ts';
import {
  layersOf,
  OFFICIAL,
  parseConfig,
  tensorflowName,
  type Layer,
} from '../../../../app/core/engines/film/config.ts';
import { film } from '../../../../app/core/engines/film/index.ts';
import { readFilm, recogniseFilm } from '../../../../app/core/engines/film/weights.ts';
import type { Checkpoint } from '../../../../app/core/import/checkpoint.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import type { TensorInfo } from '../../../../app/core/import/tensor.ts';
import { tempFolder } from '../../../support/command.ts';
import { fixture, skip } from '../../import/support.ts';
import { fadingWeights, TINY, writeFilm } from './support.ts';

/** A checkpoint with the tensors of another under other names, in the order given. */
function renamed(of: Checkpoint, names: ReadonlyMap<string, string>): Checkpoint {
  const old = (name: string): string => names.get(name) ?? assert.fail(name);
  return {
    format: of.format,
    metadata: of.metadata,
    names: () => [...names.keys()],
    info: (name) => of.info(old(name)),
    tensor: (name) => of.tensor(old(name)),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** A checkpoint of shapes alone. */
function shapes(of: Readonly<Record<string, readonly number[]>>, format = 'saved-model'): Checkpoint {
  const info = (name: string): TensorInfo => ({ dtype: 'f32', shape: of[name] ?? assert.fail(name) });
  return {
    format,
    metadata: {},
    names: () => Object.keys(of),
    info,
    tensor: async (name) => {
      const { dtype, shape } = info(name);
      return { dtype, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

function mismatch(said: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === 'weights-mismatch' && said.test(error.message);
}

const SMALL = parseConfig({
  pyramid_levels: 5,
  fusion_pyramid_levels: 4,
  specialized_levels: 2,
  sub_levels: 3,
  filters: 8,
  flow_convs: [3, 3, 3],
  flow_filters: [8, 12, 16],
})!;

test('the network is known from names, shapes and metadata, in every published layout', { skip }, async () => {
  const of = async (file: string) => {
    await using checkpoint = await openCheckpoint(fixture(file));
    return recogniseFilm(checkpoint);
  };
  const topology = { ...OFFICIAL, filters: 6, flowFilters: [8, 12, 16, 20] };
  assert.deepEqual(await of('film-small/film_net_fp32.pt'), { layout: 'port', config: SMALL });
  assert.deepEqual(await of('film-official-topology/film_net_fp16.pt'), { layout: 'port', config: topology });
  assert.deepEqual(await of('film-official-topology/saved_model'), { layout: 'tensorflow', config: topology });
  // Neither a SavedModel nor a state dictionary says how deep the pyramid is: the published depth is taken.
  assert.deepEqual(await of('film-small/saved_model'), {
    layout: 'tensorflow',
    config: { ...SMALL, pyramidLevels: 7 },
  });
  assert.deepEqual((await of('film-small/film_port_state_dict.pt'))?.config.pyramidLevels, 7);
  assert.equal(await of('rife-v4.6-torch/flownet.pkl'), null);
  assert.equal(await of('movinet-a0-base-tf/saved_model'), null);
});

test('the published shapes, under TensorFlow’s names or none, are the published network', async () => {
  const named: Record<string, number[]> = {};
  const numbered: Record<string, number[]> = {};
  layersOf(OFFICIAL).forEach(({ place, dims: [o, i, h, w] }, n) => {
    named[`${tensorflowName(place, OFFICIAL)}/kernel`] = [h, w, i, o];
    named[`${tensorflowName(place, OFFICIAL)}/bias`] = [o];
    numbered[`variables/${2 * n}`] = [h, w, i, o];
    numbered[`variables/${2 * n + 1}`] = [o];
  });
  assert.deepEqual(recogniseFilm(shapes(named)), { layout: 'tensorflow', config: OFFICIAL });
  const backwards = Object.fromEntries(Object.entries(numbered).toReversed());
  assert.deepEqual(recogniseFilm(shapes(backwards)), { layout: 'unnamed', config: OFFICIAL });
  assert.equal(recogniseFilm(shapes(numbered, 'safetensors')), null);
  // As Keras lists the layers: predictors and fusion from fine to coarse, below some other name.
  const listed: Record<string, number[]> = {};
  const rank = ({ place }: Layer): number => {
    if (place.part === 'extract') return 0;
    return place.part === 'flow' ? 1 + (place.level ?? 9) : place.part === 'fuse' ? 20 + place.level : 40;
  };
  layersOf(OFFICIAL)
    .toSorted((a, b) => rank(a) - rank(b))
    .forEach(({ dims: [o, i, h, w] }, n) => {
      listed[`model/layer-${n}/kernel`] = [h, w, i, o];
      listed[`model/layer-${n}/bias`] = [o];
    });
  assert.deepEqual(recogniseFilm(shapes(listed)), { layout: 'unnamed', config: OFFICIAL });
  const prefixed = Object.fromEntries(Object.entries(named).map(([name, shape]) => [`film_net/${name}`, shape]));
  assert.deepEqual(recogniseFilm(shapes(prefixed)), { layout: 'tensorflow', config: OFFICIAL });
  assert.equal((await readFilm(shapes(prefixed))).weights.size, 2 * layersOf(OFFICIAL).length);
  const other = { ...numbered, 'variables/999': [3] };
  await assert.rejects(readFilm(shapes(other)), mismatch(/has besides variables\/999/));
  const { 'variables/0': _first, ...fewer } = numbered;
  await assert.rejects(readFilm(shapes(fewer)), mismatch(/does not have the layers/));
});

test('every layout gives the same weights', { skip }, async () => {
  await using port = await openCheckpoint(fixture('film-small/film_port_state_dict.pt'));
  const wanted = (await readFilm(port, SMALL)).weights;
  const same = async (checkpoint: Checkpoint, layout: string): Promise<void> => {
    const found = await readFilm(checkpoint, SMALL);
    assert.equal(found.layout, layout);
    assert.deepEqual(found.weights, wanted);
  };
  await using script = await openCheckpoint(fixture('film-small/film_net_fp32.pt'));
  await same(script, 'port');
  await using bundle = await openCheckpoint(fixture('film-small/saved_model'));
  await same(bundle, 'tensorflow');
  // The same file as the object graph numbers it, had it no names.
  const keys = Object.entries(bundle.metadata['keys'] as Record<string, string>);
  assert.equal(keys.length, 62);
  await same(renamed(bundle, new Map(keys.map(([name, key]) => [key, name]))), 'unnamed');
  await same(renamed(bundle, new Map(keys.toReversed().map(([name, key]) => [key, name]))), 'unnamed');
  await same(renamed(port, new Map(port.names().map((name) => [`module.${name}`, name]))), 'port');
});

test('TFLite: convolutions in their order say which constant is which layer', async (t) => {
  const path = `${tempFolder(t)}/tiny.safetensors`;
  const weights = fadingWeights(TINY, 1);
  writeFilm(path, TINY, weights);
  await using own = await openCheckpoint(path);
  const layers = layersOf(TINY);
  const stored: Record<string, { shape: number[]; from: string }> = {};
  const operators: { code: number; inputs: string[]; outputs: string[] }[] = [];
  const dequantised: Record<string, string> = {};
  layers.forEach(({ name, dims: [o, i, h, w] }, n) => {
    // Constants in an order of their own; kernels widened from float16, biases not.
    stored[`arith.constant${layers.length - n}`] = { shape: [o, h, w, i], from: `${name}.weight` };
    stored[`film_net/${n}/BiasAdd`] = { shape: [o], from: `${name}.bias` };
    dequantised[`wide${n}`] = `arith.constant${layers.length - n}`;
    operators.push({ code: 3, inputs: ['image', `wide${n}`, `film_net/${n}/BiasAdd`], outputs: ['image'] });
  });
  // Both pictures go through the extractor, so its constants are used again.
  operators.splice(2, 0, operators[0]!);
  const lite: Checkpoint = {
    format: 'tflite',
    metadata: { operators, dequantised },
    names: () => Object.keys(stored).toReversed(),
    info: (name) => ({ dtype: 'f32', shape: stored[name]!.shape }),
    tensor: async (name) => {
      const { shape, from } = stored[name]!;
      const { data } = await own.tensor(from);
      const [o, h, w, i] = shape as [number, number, number, number];
      const moved = new Float32Array(data.length);
      if (shape.length === 1) moved.set(data as Float32Array);
      else
        for (let at = 0; at < data.length; at++) {
          const [x, y] = [at % w, Math.floor(at / w) % h];
          const [inner, outer] = [Math.floor(at / (w * h)) % i, Math.floor(at / (w * h * i))];
          moved[((outer * h + y) * w + x) * i + inner] = Number(data[at]);
        }
      assert.equal(o * h * w * i || o, data.length);
      return { dtype: 'f32', shape, data: moved };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const found = await readFilm(lite, TINY);
  assert.equal(found.layout, 'tflite');
  assert.deepEqual(found.weights, weights);
  assert.equal(recogniseFilm({ ...lite, metadata: { operators: operators.slice(1), dequantised } }), null);
});

test('our files say their pyramid; what is missing, left over or misshapen is named', async (t) => {
  const path = `${tempFolder(t)}/tiny.safetensors`;
  const weights = new Map(fadingWeights(TINY, 1));
  const refused = async (said: RegExp): Promise<void> => {
    writeFilm(path, TINY, weights);
    await assert.rejects(film.open(path, { width: 16, height: 16, threads: 1 }), mismatch(said));
  };
  writeFilm(path, TINY, weights);
  {
    await using checkpoint = await openCheckpoint(path);
    assert.deepEqual(recogniseFilm(checkpoint), { layout: 'port', config: TINY });
    assert.deepEqual((await readFilm(checkpoint)).weights, weights);
    const told = await film.recognise(checkpoint);
    assert.equal(told?.['pyramid_levels'], 4);
    assert.equal(told?.['family'], 'film');
  }
  const bias = 'fuse.convs.1.2.0.bias';
  const taken = weights.get(bias)!;
  weights.delete(bias);
  await refused(/lacks fuse\.convs\.1\.2\.0\.bias/);
  weights.set(bias, { ...taken, dims: [2, 4] });
  await refused(/fuse\.convs\.1\.2\.0\.bias is \[2, 4\]/);
  weights.set(bias, taken);
  weights.set('fuse.other', { ...taken, dims: [8] });
  await refused(/has besides fuse\.other/);
  weights.delete('fuse.other');
  for (const name of weights.keys()) if (name.startsWith('predict_flow._predictor.')) weights.delete(name);
  await refused(/do not make up a network/);
});
