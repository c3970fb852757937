/** Handlers of library.*. Not yet. */
import { AppError } from '../../contract/errors.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

const notYet = (): never => {
  throw new AppError('internal', 'Not yet.');
};

export interface LibraryPart {
  readonly handlers: HandlersOf<'library'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openLibraryPart(_context: StudioContext): Promise<LibraryPart> {
  return {
    handlers: {
      'library.add': notYet,
      'library.query': notYet,
      'library.get': notYet,
      'library.remove': notYet,
      'library.tag': notYet,
      'library.tags': notYet,
      'library.relink': notYet,
      'library.relinkFolder': notYet,
      'library.check': notYet,
      'library.facts': notYet,
      'library.wantProxy': notYet,
    },
    media: {},
    close: async () => {},
  };
}
