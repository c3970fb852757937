/** Proxies in a library: made in the background, served, shared, cleared, gone on with. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Method, Params, Result } from '../../../app/contract/api.ts';
import type { ClipDetails } from '../../../app/contract/library.ts';
import { openStudio, type Studio } from '../../../app/core/studio/open.ts';
import { makeClip } from '../../support/clips.ts';

let folder = '';
let prores = '';
let plain = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbetween-proxies-'));
  [prores, plain] = [join(folder, 'prores.mov'), join(folder, 'plain.mp4')];
  makeClip(prores, { seconds: 1, codec: ['-c:v', 'prores_ks', '-pix_fmt', 'yuv422p10le'] });
  makeClip(plain, { seconds: 1 });
});
after(async () => await rm(folder, { recursive: true, force: true }));

async function call<M extends Method>(studio: Studio, method: M, params: Params<M>): Promise<Result<M>> {
  const answer = await studio.invoke(method, params);
  if (answer.ok) return answer.result as Result<M>;
  throw new Error(`${answer.error.code}: ${answer.error.message}`);
}

async function until(studio: Studio, id: string, is: (clip: ClipDetails) => boolean): Promise<ClipDetails> {
  for (let tries = 0; tries < 400; tries++) {
    const [clip] = await call(studio, 'library.get', { ids: [id] });
    if (clip && is(clip)) return clip;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not become so within 10 s');
}

const open = (library: string): Promise<Studio> => openStudio({ library, media: '/media/', roots: null });
const fetched = async (studio: Studio, id: string): Promise<Response> =>
  await studio.media(`clip/${id}/proxy`, new Request('http://studio/', { headers: { range: 'bytes=4-7' } }));

test('what Chromium cannot play gets a proxy by itself, anything else when it is asked for', async () => {
  const library = join(folder, 'library');
  let id = '';
  {
    await using studio = await open(library);
    const { ids } = await call(studio, 'library.add', { paths: [prores, plain] });
    id = ids[0]!;
    await until(studio, id, ({ proxy }) => proxy === 'ready');
    const response = await fetched(studio, id);
    assert.deepEqual([response.status, response.headers.get('content-type')], [206, 'video/mp4']);
    assert.equal(await response.text(), 'ftyp');
    await until(studio, ids[1]!, ({ state }) => state === 'ready');
    assert.equal((await fetched(studio, ids[1]!)).status, 404);
    await call(studio, 'library.wantProxy', { id: ids[1]! });
    await until(studio, ids[1]!, ({ proxy }) => proxy === 'ready');
    const again = join(folder, 'same.mov');
    await copyFile(prores, again);
    const copy = (await call(studio, 'library.add', { paths: [again] })).ids[0]!;
    await until(studio, copy, ({ proxy }) => proxy === 'ready');
    const files = await readdir(join(library, 'proxies'));
    assert.equal(files.filter((name) => name.endsWith('.mp4')).length, 2, 'copies share one proxy');
    assert.equal(files.length, 2, 'nothing half written is left');
  }
  const proxies = join(library, 'proxies');
  const [mine] = await readdir(proxies);
  const days = new Date(Date.now() - 3 * 24 * 3600e3);
  for (const name of ['of no clip.mp4', 'new.mp4', '.half.mp4.1.part']) await writeFile(join(proxies, name), '');
  for (const name of [mine!, 'of no clip.mp4', '.half.mp4.1.part']) await utimes(join(proxies, name), days, days);
  {
    await using _ = await open(library);
  }
  const left = await readdir(proxies);
  assert.ok(left.includes(mine!) && left.includes('new.mp4'));
  assert.equal(left.length, 3, 'what no clip has goes after a day');
  await rm(proxies, { recursive: true });
  await using studio = await open(library);
  assert.equal((await fetched(studio, id)).status, 404, 'it was deleted');
  await until(studio, id, ({ proxy }) => proxy === 'ready');
  assert.equal((await fetched(studio, id)).status, 206, 'and was made again');
});

test('closing in the middle leaves nothing half done, and the next run goes on', async () => {
  const library = join(folder, 'closed');
  const long = join(folder, 'long.mov');
  makeClip(long, { seconds: 8, size: '640x360', sound: false, codec: ['-c:v', 'mpeg4', '-q:v', '4'] });
  let id = '';
  {
    await using studio = await open(library);
    id = (await call(studio, 'library.add', { paths: [long] })).ids[0]!;
    await until(studio, id, ({ proxy }) => proxy === 'making');
  }
  assert.deepEqual(await readdir(join(library, 'proxies')), []);
  await using studio = await open(library);
  await until(studio, id, ({ proxy }) => proxy === 'ready');
});
