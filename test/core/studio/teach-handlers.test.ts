import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { SPAN_RULES } from '../../../app/contract/tags.ts';
import { editSpans } from '../../../app/core/library/span-history.ts';
import { finishRun } from '../../../app/core/library/span-rows.ts';
import { appendScores, beginRun } from '../../../app/core/library/tag-runs.ts';
import { teachHandlers } from '../../../app/core/studio/teach-handlers.ts';
import { tempFolder } from '../../support/command.ts';
import { openTestLibrary, seedClips } from '../../support/library.ts';

test('a label is taught, listed, written and removed by whoever looks at a window, and it is said to all', async (t) => {
  const folder = tempFolder(t);
  await using library = await openTestLibrary(join(folder, 'library'), { roots: [folder] });
  const { db } = library.context;
  seedClips(db, 1);
  db.run('UPDATE clips SET duration = 20');
  const run = beginRun(db, {
    ...{ clip: 'seed-0', engine: 'net', version: '1', content: 'c', labels: ['walk'], rules: SPAN_RULES, rate: 2 },
    embedding: 3,
  });
  const vectors = Array.from({ length: 40 }, (_, n) => (n >= 10 && n < 20 ? [1, 4, 1] : [3, 1, 1 + (n % 2)])).flat();
  appendScores(db, run, 0, new Float32Array(40), Float32Array.from(vectors), null);
  finishRun(db, run, []);
  editSpans(db, 'seed-0', 0, [{ type: 'mark', label: 'kick', start: 5, end: 7 }]);
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
