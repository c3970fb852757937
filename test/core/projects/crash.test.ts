import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLibrary } from '../../../app/core/library/db.ts';
import { readProject, undoProject } from '../../../app/core/projects/edit.ts';
import { createProject } from '../../../app/core/projects/list.ts';
import { problemOf } from '../../../app/core/sequence/apply.ts';

test('kill -9 in the middle of editing: every answered edit is there, with its history', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-crash-'));
  const path = join(folder, 'library.db');
  const first = openLibrary({ database: path });
  const { id } = createProject(first, 'crash');
  first.close();
  let expected = 0;
  for (const edits of [7, 20, 31]) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'edit-stream.ts'), path, id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop()!;
      lines.push(...parts);
      if (lines.length >= edits) child.kill('SIGKILL');
    });
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
    const [version, clips, markers] = lines.at(-1)!.split(' ').map(Number);
    const db = openLibrary({ database: path });
    const doc = readProject(db, id);
    // The one after the last answered may have been finished without anybody hearing of it.
    assert.ok(doc.version === version || doc.version === version! + 1, `${doc.version} after ${version}`);
    assert.ok(doc.version >= expected + edits);
    assert.ok(Object.keys(doc.state.clips).length >= clips!);
    assert.ok(Object.keys(doc.state.markers).length >= markers!);
    assert.equal(problemOf(doc.state), null);
    assert.ok(doc.done.length >= lines.length);
    assert.equal(doc.done.at(-1)!.label, `v${doc.version}`);
    expected = undoProject(db, id, doc.version).version;
    assert.equal(readProject(db, id).undone[0]?.label, `v${doc.version}`);
    db.close();
  }
  await rm(folder, { recursive: true });
});
