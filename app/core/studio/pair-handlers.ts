/** Handlers of pair.*. Not yet. */
import { AppError } from '../../contract/errors.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

const notYet = (): never => {
  throw new AppError('internal', 'Not yet.');
};

export interface PairPart {
  readonly handlers: HandlersOf<'pair'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openPairPart(_context: StudioContext): Promise<PairPart> {
  return {
    handlers: {
      'pair.start': notYet,
      'pair.list': notYet,
      'pair.cancel': notYet,
    },
    media: {},
    close: async () => {},
  };
}
