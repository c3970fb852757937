import type { Migration } from './migration.ts';

/** The user's settings. */
export const settings: Migration = {
  version: 4,
  sql: `
    CREATE TABLE settings (
      name TEXT PRIMARY KEY,
      -- JSON; whoever reads it checks it.
      value TEXT NOT NULL
    ) STRICT;
  `,
};
