/** Handlers of project.*. */
import type { AddReport } from '../../contract/library.ts';
import type { ProjectUpdate } from '../../contract/project.ts';
import { editProject, readProject, redoProject, undoProject } from '../projects/edit.ts';
import { exportProject } from '../projects/export.ts';
import { importMarkers, importProject } from '../projects/import.ts';
import { createProject, listProjects, removeProject, renameProject } from '../projects/list.ts';
import { placeClips } from '../projects/place.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

export interface ProjectPart {
  readonly handlers: HandlersOf<'project'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

/** `add` puts files into the library. */
export async function openProjectPart(
  { db, topics, settings, access, signal: closing }: StudioContext,
  add: (paths: string[], signal: AbortSignal) => Promise<AddReport>,
): Promise<ProjectPart> {
  const check = (path: string): Promise<string> => access.check(path);
  const told = (update: ProjectUpdate): ProjectUpdate => {
    if (update.changes.length > 0) topics.emit('project.changed', update);
    return update;
  };
  const listed = <T>(answer: T): T => {
    topics.emit('project.listChanged', {});
    return answer;
  };
  return {
    handlers: {
      'project.list': async () => listProjects(db),
      'project.create': async ({ name, settings: wanted }) => listed(createProject(db, name, wanted)),
      'project.open': async ({ id }) => readProject(db, id),
      'project.rename': async ({ id, name }) => {
        renameProject(db, id, name);
        return listed({});
      },
      'project.remove': async ({ id }) => {
        removeProject(db, id);
        return listed({});
      },
      'project.edit': async ({ id, version, edit }) => told(editProject(db, id, version, edit)),
      'project.undo': async ({ id, version }) => told(undoProject(db, id, version)),
      'project.redo': async ({ id, version }) => told(redoProject(db, id, version)),
      'project.place': async ({ id, ...place }, { signal }) =>
        told(
          await placeClips(db, id, {
            ...place,
            engine: settings().engine,
            signal: AbortSignal.any([signal, closing]),
          }),
        ),
      'project.export': async ({ id, path, force }) => exportProject(db, id, { path: await check(path), force }),
      'project.import': async ({ path }, { signal }) => {
        const options = { check, add: (paths: string[]) => add(paths, signal), engine: settings().engine };
        const both = AbortSignal.any([signal, closing]);
        const answer = await importProject(db, await check(path), { ...options, signal: both });
        // Missing clips were put in by it.
        topics.emit('library.changed', { ids: [] });
        return listed(answer);
      },
      'project.importMarkers': async ({ path, ...project }) => {
        const answer = await importMarkers(db, { ...project, path: await check(path) });
        told(answer.update);
        return answer;
      },
    },
    media: {},
    close: async () => {},
  };
}
