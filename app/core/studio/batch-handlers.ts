/** Handlers of batch.*. Not yet. */
import { AppError } from '../../contract/errors.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

const notYet = (): never => {
  throw new AppError('internal', 'Not yet.');
};

export interface BatchPart {
  readonly handlers: HandlersOf<'batch'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openBatchPart(_context: StudioContext): Promise<BatchPart> {
  return {
    handlers: {
      'batch.plan': notYet,
      'batch.start': notYet,
      'batch.list': notYet,
      'batch.stop': notYet,
    },
    media: {},
    close: async () => {},
  };
}
