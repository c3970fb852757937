/** Handlers of queue.*. Not yet. */
import { AppError } from '../../contract/errors.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

const notYet = (): never => {
  throw new AppError('internal', 'Not yet.');
};

export interface QueuePart {
  readonly handlers: HandlersOf<'queue'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openQueuePart(_context: StudioContext): Promise<QueuePart> {
  return {
    handlers: {
      'queue.status': notYet,
      'queue.pause': notYet,
      'queue.resume': notYet,
      'queue.cancel': notYet,
      'queue.move': notYet,
      'queue.retry': notYet,
      'queue.clear': notYet,
      'queue.hold': notYet,
      'queue.continue': notYet,
      'queue.log': notYet,
    },
    media: {},
    close: async () => {},
  };
}
