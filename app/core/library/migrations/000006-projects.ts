import type { Migration } from './migration.ts';

/** Projects, and everything that was done to them. */
export const projects: Migration = {
  version: 6,
  sql: `
    CREATE TABLE projects (id TEXT PRIMARY KEY) STRICT;
  `,
};
