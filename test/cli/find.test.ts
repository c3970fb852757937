import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SPAN_RULES } from '../../app/contract/tags.ts';
import { openHome } from '../../app/core/base/home.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { editSpans } from '../../app/core/library/span-history.ts';
import { clipTags, finishRun } from '../../app/core/library/span-rows.ts';
import { beginRun } from '../../app/core/library/tag-runs.ts';
import { inbetween, tempFolder } from '../support/command.ts';
import { seedClips } from '../support/library.ts';

test('find: a list, a table, one line of JSON, and what is not understood', async (t) => {
  const home = join(tempFolder(t), 'library');
  {
    using db = openLibrary(await openHome({ library: home }));
    seedClips(db, 2);
    db.run(`UPDATE clips SET duration = 4000, name = 'a, "b".mp4', sort_name = 'a' WHERE id = 'seed-0'`);
    const labels = ['jump', 'jumping jack', 'walk'];
    const run = { engine: 'net', version: '1', content: 'c', labels, rules: SPAN_RULES, rate: 5, embedding: 0 };
    finishRun(db, beginRun(db, { clip: 'seed-0', ...run }), [
      { label: 'jump', start: 1, end: 2.5, score: 0.875 },
      { label: 'jumping jack', start: 3723.4, end: 3725, score: 0.5 },
    ]);
    finishRun(db, beginRun(db, { clip: 'seed-1', ...run }), [{ label: 'walk', start: 0, end: 2, score: 0.7 }]);
    const { version, spans } = clipTags(db, 'seed-1');
    editSpans(db, 'seed-1', version, [{ type: 'reject', id: spans[0]!.id }]);
  }
  const list = await inbetween(home, ['find', 'jump', 'not:label:jumping jack|label:hop', '--order', 'score']);
  assert.deepEqual(
    [list.status, list.stdout, list.stderr],
    [
      0,
      'a, "b".mp4  jump  00:00:01.000 - 00:00:02.500  0.88  found\n',
      "Spans about 'jump', not labelled 'jumping jack' or 'hop'; what was rejected is left out. 1 span in 1 clip.\n",
    ],
  );
  const table = await inbetween(home, ['find', '"jumping jack" longer:1s', '--csv']);
  assert.equal(
    table.stdout,
    'clip,path,label,start,end,score,state,engine\n"a, ""b"".mp4",/nowhere/0/clip walk 00000.mp4,jumping jack,3723.400,3725.000,0.500,found,net\n',
  );
  const json = await inbetween(home, ['find', 'is:rejected|found', '--limit', '2', '--json']);
  assert.equal(json.stdout.trimEnd().split('\n').length, 1);
  const { total, clips, spans } = JSON.parse(json.stdout) as { total: number; clips: number; spans: object[] };
  assert.deepEqual([total, clips, spans.length], [3, 2, 2]);
  const wrong = await inbetween(home, ['find', 'jump', 'colour:red']);
  assert.deepEqual([wrong.status, wrong.stdout], [3, '']);
  assert.match(wrong.stderr, /^bad-query: 'colour:red' is not understood: there is no colour:/);
});
