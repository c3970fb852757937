import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Result, Method, Params } from '../../../app/contract/api.ts';
import { openStudio, type Studio } from '../../../app/core/studio/open.ts';
import { tempFolder } from '../../support/command.ts';

async function call<M extends Method>(studio: Studio, method: M, params: Params<M>): Promise<Result<M>> {
  const answer = await studio.invoke(method, params);
  if (answer.ok) return answer.result as Result<M>;
  throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
}

const open = (home: string): Promise<Studio> => openStudio({ library: home, media: './media/', roots: null });

test('engines are listed with scores, size and licence; a speed is measured once and kept', async (t) => {
  const home = tempFolder(t);
  {
    await using studio = await open(home);
    const engines = await call(studio, 'engines.list', {});
    const by = new Map(engines.map((engine) => [engine.id, engine]));
    assert.deepEqual(
      ['hold', 'blend', 'glide', 'film'].map((id) => by.get(id)?.speed),
      [null, null, null, null],
    );
    assert.ok(by.get('film')!.bytes > 1e6 && by.get('film')!.network);
    assert.ok(by.get('glide')!.scores!.psnr > by.get('film')!.scores!.psnr);
    assert.ok(by.get('film')!.scores!.psnr > by.get('blend')!.scores!.psnr);
    const { speed } = await call(studio, 'engines.measure', { id: 'blend' });
    assert.ok(speed && speed.milliseconds > 0 && speed.milliseconds < 5000, JSON.stringify(speed));
    assert.deepEqual([speed.width, speed.height], [1280, 720]);
    await assert.rejects(call(studio, 'engines.measure', { id: 'magic' }), { code: 'engine-unknown' });
  }
  await using again = await open(home);
  const engines = await call(again, 'engines.list', {});
  assert.ok(engines.find(({ id }) => id === 'blend')!.speed);
  assert.equal(engines.find(({ id }) => id === 'glide')!.speed, null);
});

test('a licence that is not open is asked for, an import that is no model leaves nothing', async (t) => {
  await using studio = await open(tempFolder(t));
  const models = await call(studio, 'models.list', {});
  const closed = models.find(({ origin, terms, problem }) => origin === 'catalogue' && terms !== 'open' && !problem);
  assert.ok(closed, 'the catalogue has a model whose licence asks for something');
  const ask = call(studio, 'models.install', { id: closed.id, accept: false });
  await assert.rejects(ask, { code: 'licence-not-accepted' });
  const path = join(tempFolder(t), 'nothing.pth');
  writeFileSync(path, 'no checkpoint');
  await assert.rejects(call(studio, 'models.import', { path }), { code: /^checkpoint-/ });
  assert.deepEqual(await call(studio, 'models.list', {}), models);
  await assert.rejects(call(studio, 'models.remove', { id: 'film' }), { code: 'model-embedded' });
  assert.equal((await call(studio, 'models.verify', { id: 'sepconv' })).good, true);
});

test('what the cache holds is told, and clearing an empty one is no error', async (t) => {
  await using studio = await open(tempFolder(t));
  const before = await call(studio, 'cache.status', {});
  assert.deepEqual([before.chunks, before.proxies, before.limit], [0, 0, 20e9]);
  assert.ok(before.free > 0);
  assert.equal((await call(studio, 'cache.clear', { what: 'chunks' })).chunks, 0);
});
