/** [Note: unused masks] */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLibrary } from '../../../app/core/library/db.ts';
import { editProject, undoProject } from '../../../app/core/projects/edit.ts';
import { createProject, removeProject } from '../../../app/core/projects/list.ts';
import { sweepMasks } from '../../../app/core/projects/mask-sweep.ts';
import { insertClips } from '../../../app/core/sequence/edits.ts';
import { tempFolder } from '../../support/command.ts';
import { clip } from '../sequence/sequence-fixture.ts';

const DAY = 24 * 3600 * 1000;
const NAMES = ['shown', 'undone', 'job', 'batch', 'young', 'old'] as const;
type Name = (typeof NAMES)[number];
const idOf = (name: Name): string => String(NAMES.indexOf(name)).repeat(64);
const fileOf = (name: Name): string => `${idOf(name)}.png`;

test('a painted mask goes a month after anything last named it, and not before', async (t) => {
  const root = tempFolder(t);
  const folder = join(root, 'masks');
  mkdirSync(folder);
  const now = Date.now();
  const age = (name: Name, days: number): void =>
    utimesSync(join(folder, fileOf(name)), new Date(now), new Date(now - days * DAY));
  for (const name of NAMES) {
    writeFileSync(join(folder, fileOf(name)), name);
    age(name, name === 'young' ? 29 : 90);
  }
  // A crash between the two steps of deleting one.
  const half = `${'a'.repeat(64)}.png`;
  writeFileSync(join(folder, `${half}.old`), 'half');
  using db = openLibrary({ database: join(root, 'library.db') });
  const left = async (days = 0): Promise<string[]> => {
    await sweepMasks(db, { root }, { now: now + days * DAY });
    return readdirSync(folder).toSorted();
  };
  const files = (...names: Name[]): string[] => [...names.map(fileOf), half].toSorted();

  const masked = (name: Name) => ({ ...clip(name, 0, 10), mask: { auto: false, painted: idOf(name) } });
  const { id, state } = createProject(db, 'one');
  editProject(db, id, 0, { label: 'Fill', changes: insertClips(state, 0, [masked('shown')]) });
  const { version } = editProject(db, id, 1, { label: 'More', changes: insertClips(state, 50, [masked('undone')]) });
  undoProject(db, id, version);
  const spec = (name: Name): string => JSON.stringify({ mask: { auto: true, painted: idOf(name) } });
  const job =
    "INSERT INTO jobs (id, spec_hash, kind, spec, state, created_at, updated_at) VALUES ('j', 'h', 'retime', ?, 'waiting', 0, 0)";
  db.run(job, spec('job'));
  db.run('INSERT INTO batches (id, spec, started_at, watching) VALUES (?, ?, 0, 0)', 'b', spec('batch'));

  const aside = join(root, 'library.db.damaged-2026-01-01T00-00-00');
  writeFileSync(aside, '');
  assert.equal((await left()).length, NAMES.length + 1, 'a library that was set aside may name any');
  rmSync(aside);

  assert.deepEqual(await left(), files('shown', 'undone', 'job', 'batch', 'young'));
  assert.ok(Math.abs(statSync(join(folder, fileOf('undone'))).mtimeMs - now) < 2000, 'in use until now');
  removeProject(db, id);
  assert.deepEqual(await left(1.5), files('shown', 'undone', 'job', 'batch'));
  assert.deepEqual(await left(29), files('shown', 'undone', 'job', 'batch'));
  assert.deepEqual(
    (await left(31)).filter((name) => name !== half),
    files('job', 'batch').filter((name) => name !== half),
  );
});
