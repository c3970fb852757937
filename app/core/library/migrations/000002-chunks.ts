import type { Migration } from './migration.ts';

/** What the chunk store holds, so that it can be kept to a size. */
export const chunks: Migration = {
  version: 2,
  sql: `
    CREATE TABLE chunks (
      key TEXT PRIMARY KEY,
      -- Name within its folder of the store: the key and an extension.
      file TEXT NOT NULL,
      -- A file of another size is not the chunk any more.
      bytes INTEGER NOT NULL,
      -- Milliseconds since 1970; the least goes first.
      last_used INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX chunks_by_use ON chunks (last_used);

    -- Which job has made or used which chunk: those of a running job stay. No foreign key to chunks, because a
    -- chunk may be dropped (and made again) while a job that used it still runs.
    CREATE TABLE chunk_uses (
      job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      key TEXT NOT NULL,
      PRIMARY KEY (job, key)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX chunk_uses_by_key ON chunk_uses (key);
  `,
};
