import type { Migration } from './migration.ts';

/** What is known of the frames of a chunk besides their pixels. */
export const chunkFacts: Migration = {
  version: 8,
  sql: `
    CREATE TABLE chunk_facts (
      key TEXT PRIMARY KEY REFERENCES chunks (key) ON DELETE CASCADE,
      -- JSON: for each frame how far it may be trusted, 0 to 1, null for a real one.
      confidence TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
  `,
};
