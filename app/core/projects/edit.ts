/**
 * A project and what is done to it.
 *
 * [Note: edits last] Each edit, undo and redo is one transaction that is on the disk before it is answered ([Note: durability] in library/db.ts):
 * the records as they are now, the step of the history, and the version. There is nothing to save and nothing to recover: after a crash the
 * project is as the last answered edit left it.
 */
import { AppError } from '../../contract/errors.ts';
import type { Change, Edit, ProjectDocument, ProjectState, ProjectUpdate } from '../../contract/project.ts';
import type { Library } from '../library/db.ts';
import { applyChanges, invert, problemOf, staleChange } from '../sequence/apply.ts';
import { projectRow, stateOf, storeChanges, type ProjectRow } from './rows.ts';
import { addStep, historyOf, nextStep, setUndone } from './step-rows.ts';

/** Clips and markers a project may have. */
const MOST_RECORDS = 50_000;

/** States as last read or written, so that an edit does not read all of a project; of another version they are worth nothing. */
const states = new WeakMap<Library, Map<string, { version: number; state: ProjectState }>>();
const KEPT = 4;

function currentState(db: Library, row: ProjectRow): ProjectState {
  const known = states.get(db)?.get(row.id);
  if (known?.version === row.version) return known.state;
  const state = stateOf(db, row);
  remember(db, row.id, row.version, state);
  return state;
}

function remember(db: Library, id: string, version: number, state: ProjectState): void {
  let kept = states.get(db);
  if (!kept) states.set(db, (kept = new Map()));
  kept.delete(id);
  kept.set(id, { version, state });
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
}

/** The whole of a project. Throws project-unknown. */
export function readProject(db: Library, id: string): ProjectDocument {
  return db.write(() => {
    const row = projectRow(db, id);
    const { name, version } = row;
    return { id, name, version, state: currentState(db, row), ...historyOf(db, row.number) };
  });
}

/** What a project's sequence is now, without its history. Throws project-unknown. */
export function projectState(db: Library, id: string): { name: string; version: number; state: ProjectState } {
  return db.write(() => {
    const row = projectRow(db, id);
    return { name: row.name, version: row.version, state: currentState(db, row) };
  });
}

/**
 * Does an edit. Throws project-unknown, project-changed when `version` is not the newest, bad-edit when `before` is not what is there or the result
 * would be no sequence. An edit without changes does nothing.
 */
export function editProject(db: Library, id: string, version: number, edit: Edit): ProjectUpdate {
  return step(db, id, version, (row, state) => {
    const { label, changes } = edit;
    const problem = editProblem(state, changes);
    if (problem !== null) throw new AppError('bad-edit', problem);
    if (changes.length > 0) addStep(db, row.number, { step: row.version + 1, label, changes, now: Date.now() });
    return changes;
  });
}

/** Throws project-unknown, project-changed, nothing-to-undo. */
export function undoProject(db: Library, id: string, version: number): ProjectUpdate {
  return step(db, id, version, (row) => {
    const last = nextStep(db, row.number, 'done');
    if (!last) throw new AppError('nothing-to-undo', 'There is nothing to undo.');
    setUndone(db, row.number, last.step, true);
    return invert(last.changes);
  });
}

/** Throws project-unknown, project-changed, nothing-to-undo when nothing was undone. */
export function redoProject(db: Library, id: string, version: number): ProjectUpdate {
  return step(db, id, version, (row) => {
    const next = nextStep(db, row.number, 'undone');
    if (!next) throw new AppError('nothing-to-undo', 'There is nothing to redo.');
    setUndone(db, row.number, next.step, false);
    return next.changes;
  });
}

/** One transaction: `decide` gives the changes, which become the project's next version. */
function step(
  db: Library,
  id: string,
  version: number,
  decide: (row: ProjectRow, state: ProjectState) => Change[],
): ProjectUpdate {
  const done = db.write(() => {
    const row = projectRow(db, id);
    if (row.version !== version) {
      throw new AppError(
        'project-changed',
        `The project '${row.name}' was changed elsewhere; what is shown is out of date.`,
      );
    }
    const before = currentState(db, row);
    const changes = decide(row, before);
    if (changes.length === 0) return { state: before, update: { id, version, changes, ...historyOf(db, row.number) } };
    const state = applyChanges(before, changes);
    storeChanges(db, row, changes, { state, version: version + 1, now: Date.now() });
    return { state, update: { id, version: version + 1, changes, ...historyOf(db, row.number) } };
  });
  remember(db, id, done.update.version, done.state);
  return done.update;
}

function editProblem(state: ProjectState, changes: readonly Change[]): string | null {
  const stale = staleChange(state, changes);
  if (stale) {
    const what = stale.kind === 'settings' ? 'the settings were' : `the ${stale.kind} '${stale.id}' was`;
    return `What the edit says ${what} before it is not what is there.`;
  }
  const next = applyChanges(state, changes);
  if (Object.keys(next.clips).length + Object.keys(next.markers).length > MOST_RECORDS) {
    return `A project holds at most ${MOST_RECORDS} clips and markers.`;
  }
  return problemOf(next);
}
