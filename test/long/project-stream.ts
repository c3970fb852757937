/** Edits, undoes and redoes a project at random without end, and says after each what the project is now. Killed by projects.long.ts. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../app/core/base/json.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { editProject, readProject, redoProject, undoProject } from '../../app/core/projects/edit.ts';
import { applyChanges } from '../../app/core/sequence/apply.ts';
import { PLACING, randomEdit, RETIMING } from '../core/sequence/random-edit.ts';
import { randomFrom } from '../core/sequence/sequence-fixture.ts';

const [path = '', id = '', seed = '1'] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const db = openLibrary({ database: path });
let doc = readProject(db, id);
for (;;) {
  const kind = random(10);
  const [label, changes] = randomEdit(doc.state, random, [...PLACING, ...RETIMING]);
  const update =
    kind === 0 && doc.done.length > 0
      ? undoProject(db, id, doc.version)
      : kind === 1 && doc.undone.length > 0
        ? redoProject(db, id, doc.version)
        : editProject(db, id, doc.version, { label, changes });
  doc = { ...doc, ...update, state: applyChanges(doc.state, update.changes) };
  const hash = createHash('sha256').update(canonicalJson(doc.state)).digest('hex').slice(0, 16);
  process.stdout.write(`${doc.version} ${hash} ${doc.done.length} ${doc.undone.length}\n`);
}
