import type { Migration } from './migration.ts';

/** What was once found out about a file at a cost, such as its source index. A cache: losing it costs time only. */
export const analyses: Migration = {
  version: 3,
  sql: `
    CREATE TABLE analyses (
      path TEXT NOT NULL,
      -- What was found out, with the version of the code that did: 'source-index/1'.
      kind TEXT NOT NULL,
      -- The file as it was then. Any difference makes the row worthless.
      bytes INTEGER NOT NULL,
      mtime_ns TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      -- Deflated JSON; whoever reads it checks it.
      data BLOB NOT NULL,
      last_used INTEGER NOT NULL,
      PRIMARY KEY (path, kind)
    ) STRICT;

    CREATE INDEX analyses_by_use ON analyses (last_used);
  `,
};
