/** Handlers of project.*. Not yet. */
import { AppError } from '../../contract/errors.ts';
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

export async function openProjectPart(_context: StudioContext): Promise<ProjectPart> {
  return {
    handlers: {
      'project.list': notYet,
      'project.create': notYet,
      'project.open': notYet,
      'project.rename': notYet,
      'project.remove': notYet,
      'project.edit': notYet,
      'project.undo': notYet,
      'project.redo': notYet,
      'project.place': notYet,
      'project.export': notYet,
      'project.import': notYet,
      'project.importMarkers': notYet,
    },
    media: {},
    close: async () => {},
  };
}
