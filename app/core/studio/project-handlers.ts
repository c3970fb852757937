/** Handlers of project.*. */
import { AppError } from '../../contract/errors.ts';
import type { ProjectUpdate } from '../../contract/project.ts';
import { editProject, readProject, redoProject, undoProject } from '../projects/edit.ts';
import { createProject, listProjects, removeProject, renameProject } from '../projects/list.ts';
import { placeClips } from '../projects/place.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

const notYet = (): never => {
  throw new AppError('internal', 'Not yet.');
};

export interface ProjectPart {
  readonly handlers: HandlersOf<'project'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openProjectPart({ db, topics, settings, signal: closing }: StudioContext): Promise<ProjectPart> {
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
      'project.export': notYet,
      'project.import': notYet,
      'project.importMarkers': notYet,
    },
    media: {},
    close: async () => {},
  };
}
