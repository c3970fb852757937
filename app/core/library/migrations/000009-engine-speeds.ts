import type { Migration } from './migration.ts';

/** How fast engines were when the user had them measured on this machine. */
export const engineSpeeds: Migration = {
  version: 9,
  sql: `
    CREATE TABLE engine_speeds (
      engine TEXT PRIMARY KEY,
      -- Of the engine that was measured: another version, or other weights, count as not measured.
      version TEXT NOT NULL,
      milliseconds REAL NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      device TEXT NOT NULL,
      -- ISO 8601.
      measured_at TEXT NOT NULL
    ) STRICT;
  `,
};
