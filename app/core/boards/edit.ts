/**
 * A board and what is done to it.
 *
 * As of projects ([Note: edits last] in projects/edit.ts): each edit, undo and redo is one transaction that is on the disk before it is answered. A board is
 * small, so an edit is the whole board as it is to be, and a step of its history the board before and after.
 */
import { AppError } from '../../contract/errors.ts';
import type { Board, BoardDocument } from '../../contract/morph.ts';
import type { Library } from '../library/db.ts';
import { sameValue } from '../sequence/apply.ts';
import { problemOf } from './problem.ts';
import { boardOf, boardRow, deleteBoard, insertBoard, storeBoard, type BoardRow } from './rows.ts';
import { addStep, nextLabel, nextStep, setUndone } from './step-rows.ts';

/** A board with nothing on it. */
export const EMPTY_BOARD: Board = {
  name: '',
  keyframes: [],
  gaps: [],
  loop: false,
  fps: { num: 25, den: 1 },
  fit: 'crop',
  size: null,
  origin: null,
};

/** A new board; there is nothing to undo. Throws 'bad-edit'. */
export function createBoard(db: Library, board: Board): BoardDocument {
  refuse(board);
  return db.write(() => readBoard(db, insertBoard(db, board)));
}

/** Throws 'board-unknown', 'database' for one that Inbetween did not write. */
export function readBoard(db: Library, id: string): BoardDocument {
  return db.write(() => {
    const row = boardRow(db, id);
    return documentOf(db, row, boardOf(row));
  });
}

/** Throws 'board-unknown'. */
export function removeBoard(db: Library, id: string): void {
  db.write(() => {
    boardRow(db, id);
    deleteBoard(db, id);
  });
}

/**
 * Puts `board` in place of what is there. One that is the same changes nothing. Throws 'board-unknown', 'board-changed' when `version` is not the
 * newest, 'bad-edit' for a board that is none.
 */
export function editBoard(
  db: Library,
  id: string,
  version: number,
  { label, board }: { readonly label: string; readonly board: Board },
): BoardDocument {
  refuse(board);
  return step(db, id, version, (row, before) => {
    if (sameValue(before(), board)) return undefined;
    addStep(db, row.number, { step: row.version + 1, label, before: before(), after: board });
    return board;
  });
}

/** Throws 'board-unknown', 'board-changed', 'nothing-to-undo'. */
export function undoBoard(db: Library, id: string, version: number): BoardDocument {
  return step(db, id, version, (row) => {
    const last = nextStep(db, row.number, 'done');
    if (!last) throw new AppError('nothing-to-undo', 'There is nothing to undo.');
    setUndone(db, row.number, last.step, true);
    return last.before;
  });
}

/** Throws 'board-unknown', 'board-changed', 'nothing-to-undo' when nothing was undone. */
export function redoBoard(db: Library, id: string, version: number): BoardDocument {
  return step(db, id, version, (row) => {
    const next = nextStep(db, row.number, 'undone');
    if (!next) throw new AppError('nothing-to-undo', 'There is nothing to redo.');
    setUndone(db, row.number, next.step, false);
    return next.after;
  });
}

function refuse(board: Board): void {
  const problem = problemOf(board);
  if (problem !== null) throw new AppError('bad-edit', problem);
}

/** One transaction: `decide` gives the board that becomes the next version, or undefined for none. */
function step(
  db: Library,
  id: string,
  version: number,
  decide: (row: BoardRow, before: () => Board) => Board | undefined,
): BoardDocument {
  return db.write(() => {
    const row = boardRow(db, id);
    if (row.version !== version) {
      throw new AppError(
        'board-changed',
        `The board '${row.name}' was changed elsewhere; what is shown is out of date.`,
      );
    }
    const board = decide(row, () => boardOf(row));
    if (!board) return documentOf(db, row, boardOf(row));
    const next = { ...row, version: version + 1 };
    storeBoard(db, row, board, next.version);
    return documentOf(db, next, board);
  });
}

function documentOf(db: Library, { id, number, version }: BoardRow, board: Board): BoardDocument {
  const [undo, redo] = [nextLabel(db, number, 'done'), nextLabel(db, number, 'undone')];
  return { id, version, board, undo, redo };
}
