import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ClipDetails } from '../../../app/contract/library.ts';
import { makeClip } from '../../support/clips.ts';
import { openTestLibrary, type TestLibrary } from '../../support/library.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-missing-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const original = join(folder, 'original.mp4');
const other = join(folder, 'other.mp4');
before(() => {
  makeClip(original, { seconds: 1, size: '160x90' });
  makeClip(other, { seconds: 1, size: '64x36', sound: false });
});

async function lost(library: TestLibrary, name: string): Promise<{ path: string; id: string; away: string }> {
  const path = join(folder, name, 'clip.mp4');
  const away = join(folder, name, 'elsewhere', 'deep', 'renamed.mp4');
  mkdirSync(join(away, '..'), { recursive: true });
  copyFileSync(original, path);
  const { ids } = await library.call('library.add', { paths: [path] });
  await library.part.whenIdle();
  renameSync(path, away);
  assert.deepEqual(await library.call('library.check', {}), { missing: 1 });
  return { path, id: ids[0]!, away };
}

const details = async (library: TestLibrary, id: string): Promise<ClipDetails> =>
  (await library.call('library.get', { ids: [id] }))[0]!;

test('a file that comes back is as it was', async () => {
  await using library = await openTestLibrary(join(folder, 'home-back'));
  const { path, id, away } = await lost(library, 'back');
  assert.equal((await details(library, id)).state, 'missing');
  await assert.rejects(library.call('library.facts', { id }), { code: 'clip-missing' });
  renameSync(away, path);
  assert.deepEqual(await library.call('library.check', {}), { missing: 0 });
  const clip = await details(library, id);
  assert.deepEqual([clip.state, clip.thumbs > 0], ['ready', true]);
});

test('relinking takes the same content only, unless forced', async () => {
  await using library = await openTestLibrary(join(folder, 'home-relink'));
  const { id, away } = await lost(library, 'relink');
  await library.call('library.tag', { ids: [id], add: ['keep'], remove: [] });
  for (const [path, code] of [
    [other, 'relink-mismatch'],
    [join(folder, 'nothing.mp4'), 'not-found'],
    [folder, 'not-a-file'],
  ] as const) {
    await assert.rejects(library.call('library.relink', { id, path, force: false }), { code });
  }
  const { thumbs } = await details(library, id);
  await library.call('library.relink', { id, path: away, force: false });
  await library.part.whenIdle();
  const clip = await details(library, id);
  assert.deepEqual([clip.state, clip.path, clip.name, clip.thumbs], ['ready', away, 'renamed.mp4', thumbs]);
  assert.equal(clip.info?.path, away);
  assert.equal(
    (await library.call('library.query', { query: { text: 'renamed keep' }, offset: 0, limit: 1 })).total,
    1,
  );
  await library.call('library.relink', { id, path: other, force: true });
  await library.part.whenIdle();
  const forced = await details(library, id);
  assert.deepEqual([forced.state, forced.width, forced.hasAudio], ['ready', 64, false]);
});

test('relinking to a file that is here already joins the two', async () => {
  const used = new Set<string>();
  await using library = await openTestLibrary(join(folder, 'home-join'), {
    usedBy: (id) => (used.has(id) ? ['Film'] : []),
  });
  const { id, away } = await lost(library, 'join');
  const { ids } = await library.call('library.add', { paths: [away] });
  await library.call('library.tag', { ids, add: ['new'], remove: [] });
  used.add(ids[0]!);
  await assert.rejects(library.call('library.relink', { id, path: away, force: false }), { code: 'clip-in-use' });
  used.clear();
  await library.call('library.relink', { id, path: away, force: false });
  assert.deepEqual(await library.call('library.get', { ids }), []);
  assert.deepEqual((await details(library, id)).tags, ['new']);
});

test('a folder is searched for all missing files, by content', async () => {
  await using library = await openTestLibrary(join(folder, 'home-folder'));
  const { id, away } = await lost(library, 'folder');
  // Of the same size, but another content.
  const { size } = await import('node:fs').then(({ statSync }) => statSync(away));
  writeFileSync(join(folder, 'folder', 'elsewhere', 'clip.mp4'), Buffer.alloc(size));
  const answer = await library.call('library.relinkFolder', { folder: join(folder, 'folder') });
  assert.deepEqual(answer, { found: [id], missing: 0 });
  await library.part.whenIdle();
  const clip = await details(library, id);
  assert.deepEqual([clip.state, clip.path], ['ready', away]);
  assert.deepEqual(await library.call('library.relinkFolder', { folder }), { found: [], missing: 0 });
});
