import type { Migration } from './migration.ts';

/** What is known of the frames of a chunk besides their pixels. */
export const chunkFacts: Migration = {
  version: 8,
  sql: `
    CREATE TABLE chunk_facts (key TEXT PRIMARY KEY) STRICT;
  `,
};
