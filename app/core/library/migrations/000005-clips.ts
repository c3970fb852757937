import type { Migration } from './migration.ts';

/** The library of clips. */
export const clips: Migration = {
  version: 5,
  sql: `
    CREATE TABLE clips (id TEXT PRIMARY KEY) STRICT;
  `,
};
