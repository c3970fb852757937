/** Projects as a whole: which there are, a new one, another name, none any more. */
import type { ProjectDocument, ProjectState, ProjectSummary, SequenceSettings } from '../../contract/project.ts';
import type { Library } from '../library/db.ts';
import { changesBetween } from '../sequence/edits.ts';
import { readProject } from './edit.ts';
import { deleteRow, insertProject, projectRow, projectRows, renameRow, storeChanges, summaryOf } from './rows.ts';
import { EMPTY_SETTINGS } from './settings.ts';

/** Last changed first. */
export function listProjects(db: Library): ProjectSummary[] {
  return projectRows(db).map(summaryOf);
}

/** A project without clips. Without `settings` the first clip that is put in decides them. */
export function createProject(db: Library, name: string, settings?: SequenceSettings): ProjectDocument {
  return db.write(() => {
    const fromClip = settings === undefined;
    return readProject(db, insertProject(db, { name, settings: settings ?? EMPTY_SETTINGS, fromClip }));
  });
}

/** A project that begins with `state`, which is a sequence; there is nothing to undo. */
export function createFilled(db: Library, name: string, state: ProjectState): ProjectDocument {
  return db.write(() => {
    const id = insertProject(db, { name, settings: state.settings, fromClip: false });
    const changes = changesBetween({ settings: state.settings, clips: {}, markers: {} }, state);
    storeChanges(db, projectRow(db, id), changes, { state, version: 1, now: Date.now() });
    return readProject(db, id);
  });
}

/** Throws project-unknown. */
export function renameProject(db: Library, id: string, name: string): void {
  db.write(() => {
    projectRow(db, id);
    renameRow(db, id, name);
  });
}

/** Takes a project away, with its history. Throws project-unknown. */
export function removeProject(db: Library, id: string): void {
  db.write(() => {
    projectRow(db, id);
    deleteRow(db, id);
  });
}
