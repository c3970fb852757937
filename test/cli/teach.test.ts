import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SPAN_RULES } from '../../app/contract/tags.ts';
import { openHome } from '../../app/core/base/home.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { editSpans } from '../../app/core/library/span-history.ts';
import { finishRun } from '../../app/core/library/span-rows.ts';
import { appendScores, beginRun } from '../../app/core/library/tag-runs.ts';
import { inbetween, tempFolder } from '../support/command.ts';
import { seedClips } from '../support/library.ts';

test('teach: a label from a marked span, listed, written and refused', async (t) => {
  const home = join(tempFolder(t), 'library');
  {
    using db = openLibrary(await openHome({ library: home }));
    seedClips(db, 1);
    db.run('UPDATE clips SET duration = 20');
    const run = beginRun(db, {
      ...{ clip: 'seed-0', engine: 'net', version: '1', content: 'c', labels: ['walk'], rules: SPAN_RULES, rate: 2 },
      embedding: 3,
    });
    const vectors = Array.from({ length: 40 }, (_, n) => (n >= 10 && n < 20 ? [1, 4, 1] : [3, 1, 1 + (n % 2)])).flat();
    appendScores(db, run, 0, new Float32Array(40), Float32Array.from(vectors), null);
    finishRun(db, run, []);
    editSpans(db, 'seed-0', 0, [{ type: 'mark', label: 'high kick', start: 5, end: 7 }]);
  }
  const made = await inbetween(home, ['teach', 'high kick', '--json']);
  const { label, engine, method, positive, accuracy } = JSON.parse(made.stdout) as Record<string, unknown>;
  assert.deepEqual([label, engine, method, positive, accuracy], ['high kick', 'net', 'mean', 1, null]);
  const listed = await inbetween(home, ['teach', '--list']);
  assert.match(listed.stdout, /^high kick {2}with so few examples .*\(mean, net, 1 example against \d+, made in/);
  const path = join(home, '..', 'kick.json');
  assert.deepEqual(JSON.parse((await inbetween(home, ['teach', 'high kick', '--export', path, '--json'])).stdout), {
    path,
  });
  const refused = await inbetween(home, ['teach', '--import', path]);
  assert.equal(refused.status, 3);
  assert.match(refused.stderr, /bad-taught: 'high kick' reads the embeddings of net 1, which is not here/);
  const twice = await inbetween(home, ['teach', 'a', '--remove', '--export', path]);
  assert.equal(twice.status, 2);
});
