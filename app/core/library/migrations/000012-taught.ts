import type { Migration } from './migration.ts';

/** Labels that were taught by examples. */
export const taught: Migration = {
  version: 12,
  sql: `
    CREATE TABLE taught_labels (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      label TEXT NOT NULL UNIQUE,
      -- The taught label as a file ([Note: taught file] in core/teach/taught-file.ts).
      file TEXT NOT NULL,
      -- Of the spans it was made from (core/teach/gather.ts); '' for an imported one.
      said TEXT NOT NULL,
      seconds REAL NOT NULL,
      -- Milliseconds since 1970.
      at INTEGER NOT NULL
    ) STRICT;
  `,
};
