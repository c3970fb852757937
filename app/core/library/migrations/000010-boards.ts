import type { Migration } from './migration.ts';

/** Morph boards, and everything that was done to them. */
export const boards: Migration = {
  version: 10,
  sql: `
    CREATE TABLE boards (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      -- One more after every edit, undo and redo.
      version INTEGER NOT NULL DEFAULT 0,
      -- JSON of the Board.
      board TEXT NOT NULL,
      -- What lists show: the board's name, its keyframes, the frames of its film, and the key of the first keyframe's picture.
      name TEXT NOT NULL,
      keyframes INTEGER NOT NULL DEFAULT 0,
      frames INTEGER NOT NULL DEFAULT 0,
      thumb TEXT,
      -- Milliseconds since 1970.
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX boards_by_time ON boards (updated_at);

    -- The history. Undone steps are the newest ones, and go when something else is done.
    CREATE TABLE board_steps (
      board INTEGER NOT NULL REFERENCES boards (number) ON DELETE CASCADE,
      -- The version that the edit made.
      step INTEGER NOT NULL,
      label TEXT NOT NULL,
      -- Deflated JSON of the board before the edit and after it.
      boards BLOB NOT NULL,
      undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1)),
      at INTEGER NOT NULL,
      PRIMARY KEY (board, step)
    ) STRICT;

    -- Films that go to a timeline as soon as their job is done.
    CREATE TABLE board_films (
      job TEXT PRIMARY KEY,
      -- JSON of where to (core/boards/film-rows.ts).
      placing TEXT NOT NULL,
      asked_at INTEGER NOT NULL
    ) STRICT;
  `,
};
