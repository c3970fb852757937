/** Rows of a board's history: each step has the board before it and after it, so that undoing reads one row. */
import { deflateSync, inflateSync } from 'node:zlib';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { Board } from '../../contract/morph.ts';
import { parseJson } from '../base/json.ts';
import type { Library } from '../library/db.ts';
import { boardSchema } from './schema.ts';

/** Steps that are kept of a board, and their bytes (deflated) together; the oldest go first. */
export const HISTORY_LIMITS = { steps: 1000, bytes: 32 << 20 };
/** Bytes the boards of one step may unpack to. */
const MOST_UNPACKED = 1 << 28;

export interface Step {
  readonly step: number;
  readonly before: Board;
  readonly after: Board;
}

/** A new last step; what was undone can be redone no more. */
export function addStep(
  db: Library,
  board: number,
  { step, label, before, after }: Step & { readonly label: string },
  now = Date.now(),
): void {
  db.run('DELETE FROM board_steps WHERE board = ? AND undone = 1', board);
  db.run(
    'INSERT INTO board_steps (board, step, label, boards, at) VALUES (?, ?, ?, ?, ?)',
    ...[board, step, label, deflateSync(JSON.stringify({ before, after }), { level: 1 }), now],
  );
  db.run(
    `DELETE FROM board_steps WHERE board = ? AND step < ? AND step <= (
       SELECT max(step) FROM (
         SELECT step, row_number() OVER newest AS place, sum(length(boards)) OVER newest AS bytes FROM board_steps
         WHERE board = ? WINDOW newest AS (ORDER BY step DESC)
       ) WHERE place > ? OR bytes > ?
     )`,
    ...[board, step, board, HISTORY_LIMITS.steps, HISTORY_LIMITS.bytes],
  );
}

const labelSchema = z.object({ label: z.string() });
const stepSchema = z.object({ step: z.number(), boards: z.instanceof(Uint8Array) });
const pairSchema = z.object({ before: boardSchema, after: boardSchema });

/** What undoing ('done') or redoing ('undone') would take next. */
const ORDER = { done: 'undone = 0 ORDER BY step DESC', undone: 'undone = 1 ORDER BY step ASC' } as const;

/** The label of that step; null when there is none. */
export function nextLabel(db: Library, board: number, from: keyof typeof ORDER): string | null {
  const row = db.get(labelSchema, `SELECT label FROM board_steps WHERE board = ? AND ${ORDER[from]} LIMIT 1`, board);
  return row?.label ?? null;
}

/** That step. Throws 'database' where it is not what Inbetween wrote. */
export function nextStep(db: Library, board: number, from: keyof typeof ORDER): Step | undefined {
  const row = db.get(
    stepSchema,
    `SELECT step, boards FROM board_steps WHERE board = ? AND ${ORDER[from]} LIMIT 1`,
    board,
  );
  if (!row) return undefined;
  const pair = unpacked(row.boards);
  if (pair) return { step: row.step, ...pair };
  throw new AppError('database', 'The history of that board holds something Inbetween did not write.');
}

function unpacked(bytes: Uint8Array): z.infer<typeof pairSchema> | undefined {
  try {
    return parseJson(pairSchema, inflateSync(bytes, { maxOutputLength: MOST_UNPACKED }).toString('utf8'));
  } catch {
    return undefined;
  }
}

export function setUndone(db: Library, board: number, step: number, undone: boolean): void {
  db.run('UPDATE board_steps SET undone = ? WHERE board = ? AND step = ?', Number(undone), board, step);
}
