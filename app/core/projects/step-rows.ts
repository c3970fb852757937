/** Rows of a project's history. */
import { deflateSync, inflateSync } from 'node:zlib';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { Change, HistoryEntry } from '../../contract/project.ts';
import { parseJson } from '../base/json.ts';
import type { Library } from '../library/db.ts';
import { changeSchema } from '../sequence/schemas.ts';

/** Steps that are kept of a project, and their bytes (deflated) together; the oldest go first. */
export const HISTORY_LIMITS = { steps: 2000, bytes: 64 << 20 };
/** Entries of the history that are told with a project; undoing goes beyond them. */
const TOLD = 500;
/** Bytes the changes of one step may unpack to. */
export const MOST_UNPACKED = 1 << 30;

const entrySchema = z
  .object({ step: z.number(), label: z.string(), at: z.number() })
  .transform((row): HistoryEntry => ({ ...row, at: new Date(row.at).toISOString() }));

/** What can be undone, oldest first, and what can be redone, next first. */
export function historyOf(db: Library, project: number): { done: HistoryEntry[]; undone: HistoryEntry[] } {
  const entries = (undone: 0 | 1, order: 'ASC' | 'DESC') =>
    db.all(
      entrySchema,
      `SELECT step, label, at FROM project_steps WHERE project = ? AND undone = ? ORDER BY step ${order} LIMIT ?`,
      ...[project, undone, TOLD],
    );
  return { done: entries(0, 'DESC').toReversed(), undone: entries(1, 'ASC') };
}

/** A new last step; what was undone can be redone no more. */
export function addStep(
  db: Library,
  project: number,
  { step, label, changes, now }: { step: number; label: string; changes: readonly Change[]; now: number },
): void {
  db.run('DELETE FROM project_steps WHERE project = ? AND undone = 1', project);
  db.run(
    'INSERT INTO project_steps (project, step, label, changes, at) VALUES (?, ?, ?, ?, ?)',
    ...[project, step, label, deflateSync(JSON.stringify(changes), { level: 1 }), now],
  );
  db.run(
    `DELETE FROM project_steps WHERE project = ? AND step < ? AND step <= (
       SELECT max(step) FROM (
         SELECT step, row_number() OVER newest AS place, sum(length(changes)) OVER newest AS bytes FROM project_steps
         WHERE project = ? WINDOW newest AS (ORDER BY step DESC)
       ) WHERE place > ? OR bytes > ?
     )`,
    ...[project, step, project, HISTORY_LIMITS.steps, HISTORY_LIMITS.bytes],
  );
}

/** A step of any project. Numbers are used again after steps were undone and replaced, with another time. */
export interface StepKey {
  readonly project: number;
  readonly step: number;
  readonly at: number;
}

const keySchema = z.object({ project: z.number(), step: z.number(), at: z.number() });
const packedSchema = z.object({ changes: z.instanceof(Uint8Array) });

/** Of all projects, undone ones included. */
export function allSteps(db: Library): StepKey[] {
  return db.all(keySchema, 'SELECT project, step, at FROM project_steps');
}

/** A step's changes as they are stored: JSON, deflated, at most MOST_UNPACKED bytes. Undefined where it is gone. */
export function packedChanges(db: Library, { project, step, at }: StepKey): Uint8Array | undefined {
  const sql = 'SELECT changes FROM project_steps WHERE project = ? AND step = ? AND at = ?';
  return db.get(packedSchema, sql, project, step, at)?.changes;
}

export interface Step {
  readonly step: number;
  readonly changes: Change[];
}

const stepSchema = z.object({ step: z.number(), changes: z.instanceof(Uint8Array) });
const changesSchema = z.array(changeSchema);

/** The step that undoing ('done') or redoing ('undone') would take next. */
export function nextStep(db: Library, project: number, from: 'done' | 'undone'): Step | undefined {
  const [undone, order] = from === 'done' ? [0, 'DESC'] : [1, 'ASC'];
  const row = db.get(
    stepSchema,
    `SELECT step, changes FROM project_steps WHERE project = ? AND undone = ? ORDER BY step ${order} LIMIT 1`,
    ...[project, undone],
  );
  if (!row) return undefined;
  const text = inflateSync(row.changes, { maxOutputLength: MOST_UNPACKED }).toString('utf8');
  const changes = parseJson(changesSchema, text);
  if (changes) return { step: row.step, changes };
  throw new AppError('database', 'The history of that project holds something Inbetween did not write.');
}

export function setUndone(db: Library, project: number, step: number, undone: boolean): void {
  db.run('UPDATE project_steps SET undone = ? WHERE project = ? AND step = ?', Number(undone), project, step);
}
