/** Handlers of board.*. */
import { AppError } from '../../contract/errors.ts';
import type { Board, BoardDocument } from '../../contract/morph.ts';
import { createBoard, editBoard, EMPTY_BOARD, readBoard, redoBoard, removeBoard, undoBoard } from '../boards/edit.ts';
import { listedBoards } from '../boards/rows.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

export interface BoardPart {
  readonly handlers: HandlersOf<'board'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openBoardPart({ db, topics, access }: StudioContext): Promise<BoardPart> {
  const refuse = async (): Promise<never> => {
    throw new AppError('bad-request', 'The morph board is not built yet.');
  };
  const listed = <T>(answer: T): T => {
    topics.emit('board.listChanged', {});
    return answer;
  };
  /** Tells every window; `version` is the one before. */
  const told = (document: BoardDocument, version: number): BoardDocument => {
    if (document.version === version) return document;
    topics.emit('board.changed', document);
    return listed(document);
  };
  /** Files that were on the board already were put there when other folders were open, and are none of an edit's business. */
  const allowed = async (id: string, board: Board): Promise<Board> => {
    const known = new Set(readBoard(db, id).board.keyframes.map(({ path }) => path));
    const keyframes = board.keyframes.map(async (keyframe) =>
      known.has(keyframe.path) ? keyframe : { ...keyframe, path: await access.check(keyframe.path) },
    );
    return { ...board, keyframes: await Promise.all(keyframes) };
  };
  return {
    handlers: {
      'board.engines': refuse,
      'board.list': async () =>
        listedBoards(db).map(({ changedAt, ...row }) => ({
          ...row,
          changedAt: new Date(changedAt).toISOString(),
          thumb: null,
        })),
      'board.create': async ({ name }) => listed(createBoard(db, { ...EMPTY_BOARD, name })),
      'board.open': async ({ id }) => readBoard(db, id),
      'board.remove': async ({ id }) => {
        removeBoard(db, id);
        return listed({});
      },
      'board.edit': async ({ id, version, label, board }) =>
        told(editBoard(db, id, version, { label, board: await allowed(id, board) }), version),
      'board.undo': async ({ id, version }) => told(undoBoard(db, id, version), version),
      'board.redo': async ({ id, version }) => told(redoBoard(db, id, version), version),
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
