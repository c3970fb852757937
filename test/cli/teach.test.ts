import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHome } from '../../app/core/base/home.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { inbetween, tempFolder } from '../support/command.ts';
import { seedMarked } from '../support/marked.ts';

test('teach: a label from a marked span, listed, written and refused', async (t) => {
  const home = join(tempFolder(t), 'library');
  {
    using db = openLibrary(await openHome({ library: home }));
    seedMarked(db, 'high kick');
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
