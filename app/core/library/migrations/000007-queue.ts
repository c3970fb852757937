import type { Migration } from './migration.ts';

/** The order in which jobs run, folders that are worked through, and pairs of photos. */
export const queue: Migration = {
  version: 7,
  sql: `
    CREATE TABLE queue (
      job TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      -- What is to become of it; what it is doing now says the job. 'left': it waited or ran when the app that had it ended.
      state TEXT NOT NULL CHECK (state IN ('waiting', 'paused', 'left', 'ended')),
      -- Tag of the process that runs it when its turn comes: two apps on one library do not run each other's.
      owner TEXT,
      title TEXT NOT NULL,
      batch TEXT,
      -- How many frames it makes, where whoever put it here knew: for the time still to go.
      frames INTEGER,
      CHECK ((state = 'waiting') = (owner IS NOT NULL))
    ) STRICT;

    CREATE INDEX queue_by_position ON queue (position);

    CREATE TABLE queue_hold (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      held INTEGER NOT NULL CHECK (held IN (0, 1))
    ) STRICT;

    CREATE TABLE batches (
      -- Follows from the spec: the same folder done the same way is the same batch.
      id TEXT PRIMARY KEY,
      -- JSON of the BatchSpec.
      spec TEXT NOT NULL,
      -- Milliseconds since 1970.
      started_at INTEGER NOT NULL,
      watching INTEGER NOT NULL CHECK (watching IN (0, 1))
    ) STRICT;

    CREATE TABLE batch_files (
      batch TEXT NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
      -- Relative to the batch's input folder.
      path TEXT NOT NULL,
      output TEXT NOT NULL,
      -- 'queued': its job says how it is.
      state TEXT NOT NULL CHECK (state IN ('new', 'valid', 'queued', 'failed', 'left out')),
      problem TEXT,
      job TEXT,
      -- Size and time of the file when it was taken: a file that changes is taken again.
      stamp TEXT NOT NULL,
      PRIMARY KEY (batch, path)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE pairs (
      id TEXT PRIMARY KEY,
      -- JSON of the PairSpec.
      spec TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
      -- Milliseconds since 1970.
      started_at INTEGER NOT NULL,
      done INTEGER NOT NULL,
      output TEXT,
      -- JSON of a WireError.
      problem TEXT
    ) STRICT;
  `,
};
