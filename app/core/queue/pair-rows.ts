/** Rows of pairs of photos. */
import { z } from 'zod';
import type { WireError } from '../../contract/errors.ts';
import type { PairSpec, PairStatus } from '../../contract/queue.ts';
import { parseJson } from '../base/json.ts';
import { wireErrorSchema } from '../jobs/messages.ts';
import type { Library } from '../library/db.ts';
import { pairSpecSchema } from './pair-messages.ts';

const rowSchema = z.object({
  id: z.string(),
  spec: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  done: z.number(),
  output: z.string().nullable(),
  problem: z.string().nullable(),
});

export interface PairRow {
  readonly id: string;
  readonly spec: PairSpec;
  readonly state: PairStatus['state'];
  readonly done: number;
  readonly output: string | null;
  readonly problem: WireError | null;
}

/** Pairs shown. */
const MOST = 50;

/** Newest first. One that another version wrote and this one cannot read is left out. */
export function pairRows(db: Library): PairRow[] {
  return db
    .all(
      rowSchema,
      'SELECT id, spec, state, done, output, problem FROM pairs ORDER BY started_at DESC, rowid DESC LIMIT ?',
      MOST,
    )
    .flatMap((row) => {
      const spec = parseJson(pairSpecSchema, row.spec);
      const problem = row.problem === null ? null : (parseJson(wireErrorSchema, row.problem) ?? null);
      return spec === undefined ? [] : [{ ...row, spec, problem }];
    });
}

export function addPair(db: Library, id: string, spec: PairSpec, now = Date.now()): void {
  db.run(
    `INSERT INTO pairs (id, spec, state, started_at, done) VALUES (?, ?, 'running', ?, 0)`,
    ...[id, JSON.stringify(spec), now],
  );
}

export function endPair(db: Library, { id, state, done, output, problem }: Omit<PairRow, 'spec'>): void {
  db.run(
    'UPDATE pairs SET state = ?, done = ?, output = ?, problem = ? WHERE id = ?',
    ...[state, done, output, problem && JSON.stringify(problem), id],
  );
}

/** What ran when the app ended has failed. */
export function failRunning(db: Library, problem: WireError): void {
  db.run(`UPDATE pairs SET state = 'failed', problem = ? WHERE state = 'running'`, JSON.stringify(problem));
}
