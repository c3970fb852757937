/** Rows of the queue: which jobs are in it, in which order, and what is to become of each. What a job is doing now says its own row. */
import { z } from 'zod';
import { processTag, tagLiveness, thisProcess } from '../base/process-identity.ts';
import type { Library } from '../library/db.ts';

const rowSchema = z.object({
  job: z.string(),
  position: z.number(),
  state: z.enum(['waiting', 'paused', 'left', 'ended']),
  owner: z.string().nullable(),
  title: z.string(),
  batch: z.string().nullable(),
  frames: z.number().nullable(),
});

/** `left`: it waited or ran when the app that had it ended. `owner` is the process that runs it when its turn comes. */
export type QueueRow = z.infer<typeof rowSchema>;

export type QueueRowState = QueueRow['state'];

/** Tag of this process, for `owner`. */
export function ownTag(): string {
  return processTag(thisProcess());
}

/** In the order of running. */
export function queueRows(db: Library): QueueRow[] {
  return db.all(rowSchema, 'SELECT * FROM queue ORDER BY position, job');
}

export function queueRow(db: Library, job: string): QueueRow | undefined {
  return db.get(rowSchema, 'SELECT * FROM queue WHERE job = ?', job);
}

/** Those that `owner` is to run, in order. */
export function waitingFor(db: Library, owner: string): QueueRow[] {
  return db.all(rowSchema, `SELECT * FROM queue WHERE state = 'waiting' AND owner = ? ORDER BY position, job`, owner);
}

export interface NewRow {
  readonly job: string;
  readonly owner: string;
  readonly title: string;
  readonly batch: string | null;
  readonly frames: number | null;
}

/** Puts a job at the end, waiting. One that is in the queue and has ended goes to the end again; one that has not stays where it is. */
export function addToQueue(db: Library, row: NewRow): void {
  db.write(() => {
    const before = queueRow(db, row.job);
    const position = before === undefined || before.state === 'ended' ? lastPosition(db) + 1 : before.position;
    if (before?.state === 'waiting') return;
    db.run(
      `INSERT INTO queue (job, position, state, owner, title, batch, frames) VALUES (?, ?, 'waiting', ?, ?, ?, ?)
       ON CONFLICT (job) DO UPDATE SET position = excluded.position, state = 'waiting', owner = excluded.owner,
         title = excluded.title, batch = excluded.batch, frames = excluded.frames`,
      ...[row.job, position, row.owner, row.title, row.batch, row.frames],
    );
  });
}

/** `owner` for 'waiting' alone. */
export function setQueueState(db: Library, job: string, state: QueueRowState, owner: string | null = null): void {
  db.run('UPDATE queue SET state = ?, owner = ? WHERE job = ?', state, owner, job);
}

/** Puts `job` before the job `before`, or last. Nothing happens when one of them is not there. */
export function moveInQueue(db: Library, job: string, before: string | null): void {
  db.write(() => {
    const rows = queueRows(db);
    const moved = rows.find((row) => row.job === job);
    if (moved === undefined || before === job) return;
    const rest = rows.filter((row) => row !== moved);
    const found = before === null ? rest.length : rest.findIndex((row) => row.job === before);
    rest.splice(found < 0 ? rest.length : found, 0, moved);
    rest.forEach((row, position) => {
      if (row.position !== position) db.run('UPDATE queue SET position = ? WHERE job = ?', position, row.job);
    });
  });
}

/** Takes those of the jobs off the list that have ended. */
export function clearEnded(db: Library, jobs: readonly string[]): void {
  db.run(
    `DELETE FROM queue WHERE state = 'ended' AND job IN (SELECT value FROM json_each(?))`,
    JSON.stringify([...jobs]),
  );
}

const ownerSchema = z.object({ owner: z.string() });

/** What belongs to processes that are gone, or is in `mine` though this process has just begun, is left; the number of those. */
export function leaveOrphans(db: Library, mine?: string): number {
  const owners = db.all(ownerSchema, `SELECT DISTINCT owner FROM queue WHERE state = 'waiting'`);
  const gone = owners.map(({ owner }) => owner).filter((owner) => owner === mine || tagLiveness(owner) === 'dead');
  return gone.reduce((sum, owner) => sum + leave(db, owner), 0);
}

/** What `owner` was to run is left. */
export function leave(db: Library, owner: string): number {
  return db.run(`UPDATE queue SET state = 'left', owner = NULL WHERE state = 'waiting' AND owner = ?`, owner);
}

/** Jobs that were left, in order. */
export function leftJobs(db: Library): string[] {
  return queueRows(db).flatMap(({ job, state }) => (state === 'left' ? [job] : []));
}

const heldSchema = z.object({ held: z.number() });

/** Whether the whole queue waits. */
export function isHeld(db: Library): boolean {
  return db.get(heldSchema, 'SELECT held FROM queue_hold')?.held === 1;
}

export function setHeld(db: Library, held: boolean): void {
  db.run(
    'INSERT INTO queue_hold (one, held) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET held = excluded.held',
    held ? 1 : 0,
  );
}

const lastSchema = z.object({ last: z.number().nullable() });

function lastPosition(db: Library): number {
  return db.get(lastSchema, 'SELECT MAX(position) AS last FROM queue')?.last ?? -1;
}
