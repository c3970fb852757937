/** Rows of boards: what they are now. The history is in step-rows.ts. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { Board } from '../../contract/morph.ts';
import { parseJson } from '../base/json.ts';
import type { Library } from '../library/db.ts';
import { filmFrames } from './problem.ts';
import { boardSchema } from './schema.ts';

const rowSchema = z.object({
  number: z.number(),
  id: z.string(),
  version: z.number(),
  board: z.string(),
  name: z.string(),
});

export type BoardRow = z.output<typeof rowSchema>;

const listedSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    keyframes: z.number(),
    frames: z.number(),
    thumb: z.string().nullable(),
    first: z.string().nullable(),
    updated_at: z.number(),
  })
  .transform(({ updated_at, ...row }) => ({ ...row, changedAt: updated_at }));

export type ListedBoard = z.output<typeof listedSchema>;

/** Throws board-unknown. */
export function boardRow(db: Library, id: string): BoardRow {
  const row = db.get(rowSchema, 'SELECT number, id, version, board, name FROM boards WHERE id = ?', id);
  if (row) return row;
  throw new AppError('board-unknown', 'There is no such board; it may have been removed.');
}

/** Newest change first, with the path of the first keyframe. A board that cannot be read is listed like any other. */
export function listedBoards(db: Library): ListedBoard[] {
  const first = `CASE WHEN json_valid(board) THEN json_extract(board, '$.keyframes[0].path') END AS first`;
  const columns = `id, name, keyframes, frames, thumb, ${first}, updated_at`;
  return db.all(
    listedSchema as z.ZodType<ListedBoard>,
    `SELECT ${columns} FROM boards ORDER BY updated_at DESC, number DESC`,
  );
}

/** The board of a row. Throws 'database' where it is not what Inbetween wrote. */
export function boardOf(row: Pick<BoardRow, 'board' | 'name'>): Board {
  const board = parseJson(boardSchema, row.board);
  if (board) return board;
  throw new AppError('database', `The board '${row.name}' holds something Inbetween did not write.`);
}

/** A board without history; its id. */
export function insertBoard(db: Library, board: Board, now = Date.now()): string {
  const id = randomUUID();
  db.run(
    'INSERT INTO boards (id, board, name, keyframes, frames, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ...[id, JSON.stringify(board), board.name, board.keyframes.length, filmFrames(board), now, now],
  );
  return id;
}

export function storeBoard(db: Library, { number }: BoardRow, board: Board, version: number, now = Date.now()): void {
  db.run(
    'UPDATE boards SET board = ?, name = ?, keyframes = ?, frames = ?, version = ?, updated_at = ? WHERE number = ?',
    ...[JSON.stringify(board), board.name, board.keyframes.length, filmFrames(board), version, now, number],
  );
}

/** Key of the picture lists show. */
export function setThumb(db: Library, id: string, thumb: string | null): void {
  db.soft(() => db.run('UPDATE boards SET thumb = ? WHERE id = ? AND thumb IS NOT ?', thumb, id, thumb));
}

export function deleteBoard(db: Library, id: string): void {
  db.run('DELETE FROM boards WHERE id = ?', id);
}
