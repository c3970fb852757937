/** Rows of what people did to spans, clip by clip: each step has the person's rows it changed, as they were and as they became. */
import { deflateSync, inflateSync } from 'node:zlib';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { parseJson } from '../base/json.ts';
import type { Library } from './db.ts';
import type { SpanRow } from './span-edits.ts';

/** Steps that are kept of a clip; the oldest go first. */
const MOST_STEPS = 1000;
/** Bytes the rows of one step may unpack to. */
const MOST_UNPACKED = 1 << 28;

export interface SpanStep {
  readonly before: readonly SpanRow[];
  readonly after: readonly SpanRow[];
}

const spanSchema: z.ZodType<SpanRow> = z.object({
  id: z.string(),
  label: z.string(),
  start: z.number(),
  end: z.number(),
  score: z.number().nullable(),
  state: z.enum(['accepted', 'rejected', 'marked', 'removed']),
  engine: z.string().nullable(),
  version: z.string().nullable(),
  origin: z.object({ id: z.string(), label: z.string(), start: z.number(), end: z.number() }).nullable(),
  at: z.number(),
});
const pairSchema = z.object({ before: z.array(spanSchema), after: z.array(spanSchema) });

/** A new last step; what was undone can be redone no more. */
export function addStep(db: Library, clip: number, { before, after }: SpanStep, now: number): void {
  db.run('DELETE FROM tag_steps WHERE clip = ? AND undone = 1', clip);
  db.run(
    `INSERT INTO tag_steps (clip, step, rows, at)
     VALUES (?, (SELECT COALESCE(MAX(step), 0) + 1 FROM tag_steps WHERE clip = ?), ?, ?)`,
    ...[clip, clip, deflateSync(JSON.stringify({ before, after }), { level: 1 }), now],
  );
  db.run(
    'DELETE FROM tag_steps WHERE clip = ? AND step <= (SELECT MAX(step) FROM tag_steps WHERE clip = ?) - ?',
    ...[clip, clip, MOST_STEPS],
  );
}

const stepSchema = z.object({ step: z.number(), rows: z.instanceof(Uint8Array) });

/** What undoing ('done') or redoing ('undone') takes next. */
const ORDER = { done: 'undone = 0 ORDER BY step DESC', undone: 'undone = 1 ORDER BY step ASC' } as const;

/** Takes the step that undoing or redoing takes next, and turns it round. Throws 'nothing-to-undo', 'database'. */
export function turnStep(db: Library, clip: number, from: keyof typeof ORDER): SpanStep {
  const row = db.get(stepSchema, `SELECT step, rows FROM tag_steps WHERE clip = ? AND ${ORDER[from]} LIMIT 1`, clip);
  if (!row) throw new AppError('nothing-to-undo', `There is nothing to ${from === 'done' ? 'undo' : 'redo'}.`);
  db.run('UPDATE tag_steps SET undone = ? WHERE clip = ? AND step = ?', Number(from === 'done'), clip, row.step);
  const pair = unpacked(row.rows);
  if (pair) return pair;
  throw new AppError('database', 'The history of that clip holds something Inbetween did not write.');
}

const endsSchema = z.object({ done: z.number(), undone: z.number() });

export function historyEnds(db: Library, clip: number): { canUndo: boolean; canRedo: boolean } {
  const { done, undone } = db.get(
    endsSchema,
    `SELECT EXISTS(SELECT 1 FROM tag_steps WHERE clip = ? AND undone = 0) AS done,
       EXISTS(SELECT 1 FROM tag_steps WHERE clip = ? AND undone = 1) AS undone`,
    ...[clip, clip],
  )!;
  return { canUndo: done !== 0, canRedo: undone !== 0 };
}

function unpacked(bytes: Uint8Array): z.infer<typeof pairSchema> | undefined {
  try {
    return parseJson(pairSchema, inflateSync(bytes, { maxOutputLength: MOST_UNPACKED }).toString('utf8'));
  } catch {
    return undefined;
  }
}
