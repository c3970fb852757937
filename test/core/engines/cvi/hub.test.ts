/** Hub modules: a graph of TensorFlow's operators gives what ours gives. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CviConfig } from '../../../../app/core/engines/cvi/config.ts';
import { HubNetwork, recogniseHub } from '../../../../app/core/engines/cvi/hub/run.ts';
import { cvi } from '../../../../app/core/engines/cvi/index.ts';
import { CviNetwork } from '../../../../app/core/engines/cvi/run.ts';
import type { SmallFilmNetwork } from '../../../../app/core/engines/cvi/small.ts';
import type { Picture } from '../../../../app/core/engines/guide/fields.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { tempFolder } from '../../../support/command.ts';
import { collect, FORMATS, paint, texture } from '../frames.ts';
import { writeHub } from './hub-writer.ts';
import { seeded, TINY } from './support.ts';

const CONFIG: CviConfig = { ...TINY, output: 'tanh', skips: false, frame: [16, 16] };
const SIZE = { batch: 3, width: 16, height: 16 };

function picture(seed: number): Picture {
  const data = Float32Array.from({ length: 3 * 16 * 16 }, (_, i) => 0.2 + 0.6 * texture(5 * (i % 16) + seed, i >> 4));
  return { width: 16, height: 16, data };
}

async function filmOf(network: SmallFilmNetwork): Promise<Float32Array[]> {
  const film = await network.film(picture(0), picture(300), 9);
  return Array.from({ length: 14 }, (_, i) => film.picture(i + 1).data);
}

test('a module of the network’s operators gives the film of our graph', async (t) => {
  const weights = seeded(CONFIG, 4);
  const folder = writeHub(tempFolder(t), CONFIG, weights, SIZE);
  await using checkpoint = await openCheckpoint(folder);
  const found = await recogniseHub(checkpoint);
  assert.deepEqual(found, { input: 'pictures:0', output: found!.output, ...SIZE });
  const setup = { width: 16, height: 16, threads: 1 };
  await using hub = await HubNetwork.open(found!, checkpoint, setup);
  await using own = await CviNetwork.open(CONFIG, weights, setup);
  const [theirs, ours] = [await filmOf(hub), await filmOf(own)];
  const apart = theirs.map((frame, n) => Math.max(...frame.map((value, i) => Math.abs(value - ours[n]![i]!))));
  assert.ok(Math.max(...apart) < 1e-5, `${Math.max(...apart)}`);
  const spread = Math.max(...ours[7]!) - Math.min(...ours[7]!);
  assert.ok(spread > 0.05, 'there is a picture');
});

test('it is an engine: other sizes, takes, and what it is is told', async (t) => {
  const folder = writeHub(tempFolder(t), CONFIG, seeded(CONFIG, 4), SIZE);
  await using checkpoint = await openCheckpoint(folder);
  const config = await cvi.recognise(checkpoint);
  assert.deepEqual(config, { layout: 'tf-hub', batch: 3, frame: [16, 16], channels: 3, T: 16, verified: false });
  const [a, b] = [0, 300].map((n) => paint(FORMATS.yuv420p, 48, 32, n, (x, y) => texture(x + n, y)));
  await using engine = await cvi.open(folder, { width: 48, height: 32, threads: 1 }, config!);
  const gap = { first: { frame: a! }, last: { frame: b! } };
  const take = async (seed: number) =>
    (await collect(engine.fill(gap, [0.2, 0.5], { seed, motion: 'linear', guided: false })))[0]!;
  const [one, again, other] = [await take(1), await take(1), await take(2)];
  assert.deepEqual(one.frame.planes, again.frame.planes);
  assert.notDeepEqual(one.frame.planes, other.frame.planes);
});

test('what cannot be converted is refused by its name', async (t) => {
  const folder = tempFolder(t);
  const setup = { width: 16, height: 16, threads: 1 };
  const refuse = async (path: string, message: RegExp) => {
    await assert.rejects(cvi.open(path, setup, {}), { code: 'weights-mismatch', message });
  };
  const strange = writeHub(join(folder, 'a'), CONFIG, seeded(CONFIG, 4), { ...SIZE, spoil: 'Roll' });
  await refuse(strange, /operators that are not converted: Roll \(1\).*models import --map/);
  const less = writeHub(join(folder, 'b'), CONFIG, seeded(CONFIG, 4), { ...SIZE, spoil: 'Sum' });
  await refuse(less, /Sum 'n\d+\/Sum' cannot be converted: it has no input 1/);
});
