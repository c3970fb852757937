/** Editing that is killed again and again at any moment, and how long an edit takes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonicalJson } from '../../app/core/base/json.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { editProject, readProject } from '../../app/core/projects/edit.ts';
import { createProject } from '../../app/core/projects/list.ts';
import { applyChanges, problemOf } from '../../app/core/sequence/apply.ts';
import { insertClips, moveClips, setSpeed, trimEnd } from '../../app/core/sequence/edits.ts';
import { tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { clip, linear, randomFrom } from '../core/sequence/sequence-fixture.ts';

const KILLS = 40;
const CLIPS = 200;

test('killed at any moment: the project is as the last answered edit left it, or the one after it', async (context) => {
  const path = join(tempFolder(context), 'library.db');
  const first = openLibrary({ database: path });
  const { id } = createProject(first, 'crash');
  first.close();
  const random = randomFrom(Date.now());
  const figures = { kills: 0, answered: 0, oneMore: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    const script = join(import.meta.dirname, 'project-stream.ts');
    const child = spawn(process.execPath, [script, path, id, String(random(1e9))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      if (text === '') setTimeout(() => child.kill('SIGKILL'), random(700));
      text += piece;
    });
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
    const lines = text.split('\n').slice(0, -1);
    const [version, hash, done, undone] = lines.at(-1)!.split(' ');
    const db = openLibrary({ database: path });
    const doc = readProject(db, id);
    db.close();
    assert.equal(problemOf(doc.state), null);
    const now = createHash('sha256').update(canonicalJson(doc.state)).digest('hex').slice(0, 16);
    if (doc.version === Number(version)) {
      assert.deepEqual([now, doc.done.length, doc.undone.length], [hash, Number(done), Number(undone)]);
    } else {
      assert.equal(doc.version, Number(version) + 1, 'at most the edit nobody heard of');
      figures.oneMore++;
    }
    figures.kills++;
    figures.answered += lines.length;
  }
  const edit = await editTimes(join(tempFolder(context), 'library.db'));
  writeEvidence('projects', { ...figures, lost: 0, clips: CLIPS, ...edit });
});

/** Milliseconds of edits of a project with many clips: computing them, and until they are on the disk. */
async function editTimes(path: string) {
  using db = openLibrary({ database: path });
  const { id } = createProject(db, 'large');
  const keys = linear(8);
  let { state, version } = readProject(db, id);
  const clips = Array.from({ length: CLIPS }, (_, i) => clip(`c${i}`, i * 100, 100, { keys, first: 50 }));
  const edit = (changes: ReturnType<typeof insertClips>) => {
    const update = editProject(db, id, version, { label: 'x', changes });
    state = applyChanges(state, update.changes);
    version = update.version;
  };
  edit(insertClips(state, 0, clips));
  const [computing, storing]: number[][] = [[], []];
  for (let i = 0; i < 200; i++) {
    const started = performance.now();
    // Each moves all that follows.
    const changes = [
      () => trimEnd(state, `c${i % 20}`, i % 2 ? 3 : -4, { ripple: true }),
      () => moveClips(state, [`c${(i % 50) + 20}`], 250, { how: 'insert' }),
      () => setSpeed(state, `c${i % 20}`, 0.3 + (i % 7) / 10),
    ][i % 3]!();
    const computed = performance.now();
    assert.ok(changes.length > 0);
    edit(changes);
    computing!.push(computed - started);
    storing!.push(performance.now() - computed);
  }
  const at = (values: readonly number[], share: number) =>
    Number(values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!.toFixed(2));
  return {
    computeMsMedian: at(computing!, 0.5),
    computeMsP95: at(computing!, 0.95),
    storeMsMedian: at(storing!, 0.5),
    storeMsP95: at(storing!, 0.95),
  };
}
