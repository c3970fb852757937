import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { teachHandlers } from '../../../app/core/studio/teach-handlers.ts';
import { tempFolder } from '../../support/command.ts';
import { openTestLibrary } from '../../support/library.ts';
import { seedMarked } from '../../support/marked.ts';

test('a label is taught, listed, written and removed by whoever looks at a window, and it is said to all', async (t) => {
  const folder = tempFolder(t);
  await using library = await openTestLibrary(join(folder, 'library'), { roots: [folder] });
  const { db } = library.context;
  seedMarked(db, 'kick');
  const call = { signal: new AbortController().signal };
  const teach = teachHandlers(library.context);
  await assert.rejects(teach['teach.make']({ label: 'spin', engine: 'net', method: 'mean' }, call), {
    code: 'teach-too-few',
  });
  library.heard.length = 0;
  const [one, two] = await Promise.all([
    teach['teach.make']({ label: ' kick ', engine: 'net', method: 'mean' }, call),
    teach['teach.make']({ label: 'Kick', engine: 'net', method: 'logistic' }, call),
  ]);
  assert.equal(one.id, two.id);
  assert.deepEqual(await teach['teach.list']({}, call), [two]);
  assert.deepEqual(
    library.heard.map(({ topic }) => topic),
    ['teach.changed', 'tags.changed', 'teach.changed', 'tags.changed'],
  );
  const path = join(folder, 'kick.json');
  await teach['teach.export']({ id: one.id, path, force: false }, call);
  assert.match(await readFile(path, 'utf8'), /"format": "inbetween-taught"/);
  const elsewhere = { id: one.id, path: '/etc/kick.json', force: true };
  await assert.rejects(teach['teach.export'](elsewhere, call), { code: 'path-refused' });
  await assert.rejects(teach['teach.import']({ path }, call), { code: 'bad-taught' });
  await teach['teach.remove']({ id: one.id }, call);
  assert.deepEqual(await teach['teach.list']({}, call), []);
});
