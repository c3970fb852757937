/** Handlers of models.*, engines.*, devices.*, cache.*. Not yet. */
import { AppError } from '../../contract/errors.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

const notYet = (): never => {
  throw new AppError('internal', 'Not yet.');
};

export interface ModelsPart {
  readonly handlers: HandlersOf<'models'> & HandlersOf<'engines'> & HandlersOf<'devices'> & HandlersOf<'cache'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openModelsPart(_context: StudioContext): Promise<ModelsPart> {
  return {
    handlers: {
      'models.list': notYet,
      'models.show': notYet,
      'models.install': notYet,
      'models.import': notYet,
      'models.remove': notYet,
      'models.verify': notYet,
      'models.cancel': notYet,
      'engines.list': notYet,
      'engines.measure': notYet,
      'devices.list': notYet,
      'devices.test': notYet,
      'cache.status': notYet,
      'cache.clear': notYet,
    },
    media: {},
    close: async () => {},
  };
}
