import type { Migration } from './migration.ts';

/** Jobs, who holds them, what they left and what they said. */
export const jobs: Migration = {
  version: 1,
  sql: `
    CREATE TABLE jobs (
      -- The first 12 hex digits of spec_hash: the same command is the same job.
      id TEXT PRIMARY KEY,
      spec_hash TEXT NOT NULL UNIQUE,
      kind TEXT NOT NULL,
      -- JSON of the JobSpec, paths absolute.
      spec TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
      stage TEXT,
      fraction REAL NOT NULL DEFAULT 0,
      -- Milliseconds since 1970.
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      -- JSON of the FileIdentity of the input that the run used: the result is valid for no other.
      source TEXT,
      result TEXT,
      error TEXT,
      -- Set by any process; the holder looks for it several times a second.
      cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
      -- The lease. The token is new with every taking, so a holder that lost the job cannot write to it any more.
      lease_token TEXT,
      holder_pid INTEGER,
      holder_start TEXT,
      holder_host TEXT,
      heartbeat_at INTEGER,
      -- The process that works for the holder: whoever takes the job over must be sure that it has ended.
      worker_pid INTEGER,
      worker_start TEXT,
      CHECK ((state = 'running') = (lease_token IS NOT NULL))
    ) STRICT;

    -- The list shows the newest first.
    CREATE INDEX jobs_by_time ON jobs (created_at);

    -- The files a job has put, or is about to put, in place: only these may it replace without being forced.
    -- One path may have two rows for the moment between writing a new version down and renaming it.
    CREATE TABLE outputs (
      job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      path TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      -- Nanoseconds do not fit a double: text.
      mtime_ns TEXT NOT NULL,
      PRIMARY KEY (job, path, bytes, mtime_ns)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE job_log (
      id INTEGER PRIMARY KEY,
      job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      at INTEGER NOT NULL,
      message TEXT NOT NULL
    ) STRICT;

    CREATE INDEX job_log_by_job ON job_log (job, id);
  `,
};
