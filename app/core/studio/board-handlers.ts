/** Handlers of board.*: being built (issue "4 of 7"). */
import { AppError } from '../../contract/errors.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

export interface BoardPart {
  readonly handlers: HandlersOf<'board'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openBoardPart({ signal }: StudioContext): Promise<BoardPart> {
  const refuse = async (): Promise<never> => {
    signal.throwIfAborted();
    throw new AppError('bad-request', 'The morph board is not built yet.');
  };
  return {
    handlers: {
      'board.engines': refuse,
      'board.list': refuse,
      'board.create': refuse,
      'board.open': refuse,
      'board.remove': refuse,
      'board.edit': refuse,
      'board.undo': refuse,
      'board.redo': refuse,
      'board.plan': refuse,
      'board.pictures': refuse,
      'board.render': refuse,
      'board.stop': refuse,
      'board.points': refuse,
      'board.export': refuse,
      'board.fromTimeline': refuse,
      'board.toTimeline': refuse,
    },
    media: {},
    close: async () => {},
  };
}
