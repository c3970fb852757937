import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import type { ProjectDocument, ProjectUpdate } from '../../../app/contract/project.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { editProject, readProject, redoProject, undoProject } from '../../../app/core/projects/edit.ts';
import { createProject, listProjects, removeProject, renameProject } from '../../../app/core/projects/list.ts';
import { HISTORY_LIMITS } from '../../../app/core/projects/step-rows.ts';
import { projectsUsing } from '../../../app/core/projects/usage.ts';
import { applyChanges } from '../../../app/core/sequence/apply.ts';
import { addMarker, insertClips, lift, setSpeed, splitAt } from '../../../app/core/sequence/edits.ts';
import { clip, layout } from '../sequence/sequence-fixture.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-projects-'));
const path = join(folder, 'library.db');
let db = openLibrary({ database: path });
after(async () => {
  db.close();
  await rm(folder, { recursive: true });
});
const reopen = () => {
  db.close();
  db = openLibrary({ database: path });
};

/** A project with clips a, b, c in a row. */
function filled(name: string): ProjectDocument {
  const { id, state } = createProject(db, name);
  const clips = ['a', 'b', 'c'].map((one, i) => clip(one, i * 10, 10));
  editProject(db, id, 0, { label: 'Fill', changes: insertClips(state, 0, clips) });
  return readProject(db, id);
}
const follow = (doc: ProjectDocument, update: ProjectUpdate): ProjectDocument => ({
  ...doc,
  ...{
    version: update.version,
    state: applyChanges(doc.state, update.changes),
    done: update.done,
    undone: update.undone,
  },
});
const labels = ({ done, undone }: Pick<ProjectDocument, 'done' | 'undone'>) => [
  done.map(({ label }) => label).join(' '),
  undone.map(({ label }) => label).join(' '),
];

test('edits, undo and redo lead there and back exactly, across restarts', () => {
  let doc = filled('one');
  const states = [doc.state];
  doc = follow(doc, editProject(db, doc.id, doc.version, { label: 'Split', changes: splitAt(doc.state, 5) }));
  states.push(doc.state);
  doc = follow(doc, editProject(db, doc.id, doc.version, { label: 'Slow', changes: setSpeed(doc.state, 'b', 0.25) }));
  states.push(doc.state);
  assert.deepEqual(labels(doc), ['Fill Split Slow', '']);
  reopen();
  assert.deepEqual(readProject(db, doc.id), doc);
  for (const state of states.toReversed().slice(1)) {
    doc = follow(doc, undoProject(db, doc.id, doc.version));
    assert.deepEqual(doc.state, state);
    reopen();
    assert.deepEqual(readProject(db, doc.id), doc);
  }
  assert.deepEqual(labels(doc), ['Fill', 'Split Slow']);
  for (const state of states.slice(1)) {
    doc = follow(doc, redoProject(db, doc.id, doc.version));
    assert.deepEqual(doc.state, state);
  }
  assert.throws(() => redoProject(db, doc.id, doc.version), { code: 'nothing-to-undo' });
  doc = follow(doc, undoProject(db, doc.id, doc.version));
  const other = { label: 'Lift', changes: lift(doc.state, ['c']) };
  doc = follow(doc, editProject(db, doc.id, doc.version, other));
  assert.deepEqual(labels(doc), ['Fill Split Lift', '']);
  assert.deepEqual(readProject(db, doc.id), doc);
});

test('what is no sequence, or not what was there, or out of date, is refused and changes nothing', () => {
  const doc = filled('two');
  const { id, version, state } = doc;
  const a = state.clips['a']!;
  const edit = (changes: Parameters<typeof editProject>[3]['changes'], at = version) =>
    editProject(db, id, at, { label: 'x', changes });
  const refused = [
    [{ kind: 'clip', id: 'a', before: a, after: { ...a, start: 5 } }],
    [{ kind: 'clip', id: 'a', before: a, after: { ...a, frames: 99 } }],
    [{ kind: 'clip', id: 'a', before: a, after: { ...a, id: 'other' } }],
    [{ kind: 'clip', id: 'a', before: null, after: a }],
    [{ kind: 'clip', id: 'a', before: { ...a, name: 'was it?' }, after: null }],
    [{ kind: 'clip', id: 'toString', before: null, after: { ...a, id: 'toString' } }],
    [
      { kind: 'clip', id: 'a', before: a, after: null },
      { kind: 'clip', id: 'a', before: null, after: a },
    ],
    [{ kind: 'marker', id: 'm', before: null, after: { id: 'm', frame: -1, frames: 1, name: '', colour: 'red' } }],
  ] as const;
  for (const changes of refused) assert.throws(() => edit([...changes]), { code: 'bad-edit' }, JSON.stringify(changes));
  assert.throws(() => edit(lift(state, ['a']), version - 1), { code: 'project-changed' });
  assert.throws(() => undoProject(db, id, version + 1), { code: 'project-changed' });
  assert.throws(() => editProject(db, 'nobody', 0, { label: 'x', changes: [] }), { code: 'project-unknown' });
  assert.deepEqual(edit([]).changes, []);
  assert.deepEqual(readProject(db, id), doc);
});

test('two processes: the second edit on the same version is told that the project has changed', () => {
  const doc = filled('shared');
  const other = openLibrary({ database: path });
  readProject(other, doc.id);
  editProject(db, doc.id, doc.version, { label: 'Lift', changes: lift(doc.state, ['a']) });
  const late = { label: 'Lift', changes: lift(doc.state, ['b']) };
  assert.throws(() => editProject(other, doc.id, doc.version, late), { code: 'project-changed' });
  const now = readProject(other, doc.id);
  assert.equal(layout(now.state), 'b 10+10@0, c 20+10@0');
  editProject(other, doc.id, now.version, { label: 'Lift', changes: lift(now.state, ['b']) });
  assert.equal(layout(readProject(db, doc.id).state), 'c 20+10@0');
  other.close();
});

test('the list, renaming, and who uses a clip', () => {
  const doc = filled('third');
  renameProject(db, doc.id, 'Third');
  const listed = listProjects(db).find(({ id }) => id === doc.id)!;
  assert.deepEqual([listed.name, listed.clips, listed.duration], ['Third', 3, 30 / 25]);
  assert.ok(projectsUsing(db, ['media-b', 'x']).some(({ id, name }) => id === doc.id && name === 'Third'));
  assert.deepEqual(projectsUsing(db, 'media-z'), []);
  editProject(db, doc.id, doc.version, { label: 'Lift', changes: lift(doc.state, ['b']) });
  assert.ok(!projectsUsing(db, 'media-b').some(({ id }) => id === doc.id));
  removeProject(db, doc.id);
  assert.throws(() => readProject(db, doc.id), { code: 'project-unknown' });
  assert.throws(() => removeProject(db, doc.id), { code: 'project-unknown' });
});

test('a record that is not what was written is told, not shown', () => {
  const { id } = filled('damaged');
  db.run(
    `UPDATE project_records SET data = '{"id":"a"}' WHERE id = 'a' AND project = (SELECT number FROM projects WHERE id = ?)`,
    id,
  );
  reopen();
  assert.throws(() => readProject(db, id), { code: 'database' });
});

test('the history is bounded, oldest steps go first', () => {
  const { id, state } = createProject(db, 'long');
  const first = editProject(db, id, 0, { label: 'm1', changes: addMarker(state, { frame: 1 }) });
  // As if it had been done so often.
  db.run(
    `INSERT INTO project_steps (project, step, label, changes, at)
     WITH RECURSIVE more (n) AS (VALUES (2) UNION ALL SELECT n + 1 FROM more WHERE n < ?)
     SELECT project, n, 'm' || n, changes, at FROM project_steps, more
     WHERE project = (SELECT number FROM projects WHERE id = ?) AND step = 1`,
    ...[HISTORY_LIMITS.steps + 4, id],
  );
  db.run('UPDATE projects SET version = ? WHERE id = ?', HISTORY_LIMITS.steps + 4, id);
  const now = applyChanges(state, first.changes);
  const last = { label: 'last', changes: addMarker(now, { frame: 2 }) };
  editProject(db, id, HISTORY_LIMITS.steps + 4, last);
  const count = db.get(
    z.object({ steps: z.number(), first: z.number() }),
    `SELECT count(*) AS steps, min(step) AS first FROM project_steps
     WHERE project = (SELECT number FROM projects WHERE id = ?)`,
    id,
  );
  assert.deepEqual(count, { steps: HISTORY_LIMITS.steps, first: 6 });
  const doc = readProject(db, id);
  assert.equal(doc.done.at(-1)!.label, 'last');
  assert.equal(doc.done.length, 500);
  assert.deepEqual(doc.state, applyChanges(now, last.changes));
});
