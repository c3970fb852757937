/** Edits a project without end and says of each on standard output that it was answered. Killed by crash.test.ts. */
import { openLibrary } from '../../../app/core/library/db.ts';
import { editProject, readProject } from '../../../app/core/projects/edit.ts';
import { applyChanges } from '../../../app/core/sequence/apply.ts';
import { addMarker, insertClips, splitAt } from '../../../app/core/sequence/edits.ts';
import { clip } from '../sequence/sequence-fixture.ts';

const [path = '', id = ''] = process.argv.slice(2);
const db = openLibrary({ database: path });
let { version, state } = readProject(db, id);
for (let i = 0; ; i++) {
  const edits = [
    () => insertClips(state, 0, [clip(`c${version}`, 0, 40)]),
    () => splitAt(state, 17),
    () => addMarker(state, { frame: version, name: `v${version + 1}` }),
  ];
  const changes = edits[i % edits.length]!();
  const update = editProject(db, id, version, { label: `v${version + 1}`, changes });
  state = applyChanges(state, update.changes);
  version = update.version;
  process.stdout.write(`${version} ${Object.keys(state.clips).length} ${Object.keys(state.markers).length}\n`);
}
