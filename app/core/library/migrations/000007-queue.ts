import type { Migration } from './migration.ts';

/** The order in which jobs run. */
export const queue: Migration = {
  version: 7,
  sql: `
    CREATE TABLE queue (job TEXT PRIMARY KEY) STRICT;
  `,
};
