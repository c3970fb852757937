/** Handlers of export.*. Not yet. */
import { AppError } from '../../contract/errors.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

const notYet = (): never => {
  throw new AppError('internal', 'Not yet.');
};

export interface ExportPart {
  readonly handlers: HandlersOf<'export'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openExportPart(_context: StudioContext): Promise<ExportPart> {
  return {
    handlers: {
      'export.presets': notYet,
      'export.plan': notYet,
      'export.start': notYet,
    },
    media: {},
    close: async () => {},
  };
}
