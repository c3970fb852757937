/** Handlers of preview.*. Not yet. */
import { AppError } from '../../contract/errors.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

const notYet = (): never => {
  throw new AppError('internal', 'Not yet.');
};

export interface PreviewPart {
  readonly handlers: HandlersOf<'preview'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openPreviewPart(_context: StudioContext): Promise<PreviewPart> {
  return {
    handlers: {
      'preview.clip': notYet,
      'preview.render': notYet,
      'preview.stop': notYet,
      'preview.frame': notYet,
    },
    media: {},
    close: async () => {},
  };
}
