/**
 * Who works on a job. [Note: leases]
 *
 * A lease is taken in one transaction that holds the write lock: of any number of processes exactly one gets it. It stays valid as long as
 * its holder's process lives, however long that process is suspended; a holder that cannot be looked at (another host, or a platform without
 * start times) is believed dead STALE_MS after its last heartbeat. Everything a holder writes to the job names its token, so that one that was
 * believed dead and was not can do no harm: it finds out within a poll and stops.
 *
 * [Note: clocks] What is waited for here is measured by a clock that nobody sets (performance.now). Times of day are only written down and compared with each
 * other: a job's age, and the heartbeats of holders that cannot be looked at. Those run on this machine too, in another container: SQLite's log does not work
 * over a network. A clock that is set back makes such a holder look alive for longer, one set ahead costs it its lease, and its work goes on where it stopped.
 */
import { z } from 'zod';
import type { JobState } from '../../contract/jobs.ts';
import { liveness, thisHost, type ProcessIdentity } from '../base/process-identity.ts';
import type { Library } from './db.ts';
import { jobById, type Holder, type JobRow } from './job-rows.ts';

/** Milliseconds after the last heartbeat at which a holder that cannot be looked at is believed dead. */
export const STALE_MS = 15_000;

/** Whether a holder still works. */
export function holderAlive(holder: Holder, now = Date.now()): boolean {
  const fresh = now - holder.heartbeatAt < STALE_MS;
  if (holder.host !== thisHost()) return fresh;
  const state = liveness(holder);
  return state === 'alive' || (state === 'unknown' && fresh);
}

export type Taken =
  | { readonly taken: true; readonly before: JobRow }
  | { readonly taken: false; readonly reason: 'busy' | 'changed'; readonly holder?: Holder };

export interface Taking {
  readonly token: string;
  readonly self: ProcessIdentity;
  /** The spec to run: it may differ from the stored one in what is no part of its identity. JSON. */
  readonly spec: string;
  /** JSON of what it is made from. */
  readonly source: string;
  /** `updatedAt` of the row the decision to run was made on: a job that was finished since is 'changed'. */
  readonly seen: number;
}

/** Takes the job if nobody alive holds it; it is running then. What an earlier attempt has made of the same inputs is kept, so how far it came is too. */
export function takeLease(db: Library, id: string, taking: Taking, now = Date.now()): Taken {
  return db.write((): Taken => {
    const before = jobById(db, id);
    if (before === undefined) return { taken: false, reason: 'changed' };
    if (before.holder !== undefined && holderAlive(before.holder, now))
      return { taken: false, reason: 'busy', holder: before.holder };
    if (before.state === 'done' && before.updatedAt !== taking.seen) return { taken: false, reason: 'changed' };
    db.run(
      `UPDATE jobs SET state = 'running', lease_token = ?, holder_pid = ?, holder_start = ?, holder_host = ?, heartbeat_at = ?,
         fraction = CASE WHEN source = ? AND state <> 'done' THEN fraction ELSE 0 END,
         spec = ?, source = ?, stage = NULL, result = NULL, error = NULL, cancel_requested = 0, updated_at = ?,
         worker_pid = NULL, worker_start = NULL
       WHERE id = ?`,
      taking.token,
      taking.self.pid,
      taking.self.start,
      taking.self.host,
      now,
      taking.source,
      taking.spec,
      taking.source,
      now,
      id,
    );
    return { taken: true, before };
  });
}

const pollSchema = z.object({ lease_token: z.string().nullable(), cancel_requested: z.number() });

/** What the holder must know several times a second. */
export function pollLease(db: Library, id: string, token: string): 'held' | 'cancel' | 'lost' {
  const row = db.get(pollSchema, 'SELECT lease_token, cancel_requested FROM jobs WHERE id = ?', id);
  if (row?.lease_token !== token) return 'lost';
  return row.cancel_requested === 1 ? 'cancel' : 'held';
}

/** Says that the holder lives. */
export function beat(db: Library, id: string, token: string, now = Date.now()): void {
  db.soft(() => db.run('UPDATE jobs SET heartbeat_at = ? WHERE id = ? AND lease_token = ?', now, id, token));
}

/** Notes which process works for the holder; false when the lease is lost. */
export function recordWorker(db: Library, id: string, token: string, worker: { pid: number; start: string }): boolean {
  return (
    db.run(
      'UPDATE jobs SET worker_pid = ?, worker_start = ? WHERE id = ? AND lease_token = ?',
      worker.pid,
      worker.start,
      id,
      token,
    ) > 0
  );
}

/** Notes how far the job is; it does not go back. */
export function recordProgress(
  db: Library,
  id: string,
  token: string,
  stage: string,
  fraction: number,
  now = Date.now(),
): void {
  db.soft(() =>
    db.run(
      'UPDATE jobs SET stage = ?, fraction = MAX(fraction, ?), heartbeat_at = ?, updated_at = ? WHERE id = ? AND lease_token = ?',
      stage,
      fraction,
      now,
      now,
      id,
      token,
    ),
  );
}

export interface Ending {
  /** 'waiting' for a job that goes on later: its chunks stay. */
  readonly state: Exclude<JobState, 'running'>;
  /** JSON. */
  readonly result?: string;
  /** JSON. */
  readonly error?: string;
}

/** Sets how it ended and gives the lease back, once: false when the lease is not held (any more). */
export function endLease(db: Library, id: string, token: string, ending: Ending, now = Date.now()): boolean {
  return db.write(() => {
    const changed = db.run(
      `UPDATE jobs SET state = ?, result = ?, error = ?, fraction = CASE ? WHEN 'done' THEN 1 ELSE fraction END, stage = NULL, updated_at = ?,
         lease_token = NULL, holder_pid = NULL, holder_start = NULL, holder_host = NULL, heartbeat_at = NULL,
         worker_pid = NULL, worker_start = NULL, cancel_requested = 0
       WHERE id = ? AND lease_token = ?`,
      ending.state,
      ending.result ?? null,
      ending.error ?? null,
      ending.state,
      now,
      id,
      token,
    );
    if (changed > 0 && ending.state !== 'waiting') db.run('DELETE FROM chunk_uses WHERE job = ?', id);
    return changed > 0;
  });
}

/**
 * Asks for a job to be cancelled. 'asked': a live holder will see it; 'cancelled': nobody worked on it and it is cancelled now;
 * 'ended': it had ended already.
 */
export function requestCancel(
  db: Library,
  id: string,
  error: string,
  now = Date.now(),
): 'asked' | 'cancelled' | 'ended' {
  return db.write(() => {
    const row = jobById(db, id);
    if (row === undefined || (row.state !== 'running' && row.state !== 'waiting')) return 'ended';
    if (row.holder === undefined) {
      db.run(`UPDATE jobs SET state = 'cancelled', error = ?, updated_at = ? WHERE id = ?`, error, now, id);
      db.run('DELETE FROM chunk_uses WHERE job = ?', id);
      return 'cancelled';
    }
    if (!holderAlive(row.holder, now)) {
      endLease(db, id, row.holder.token, { state: 'cancelled', error }, now);
      return 'cancelled';
    }
    db.run('UPDATE jobs SET cancel_requested = 1 WHERE id = ?', id);
    return 'asked';
  });
}
