import type { Migration } from './migration.ts';

/** Projects, and everything that was done to them. */
export const projects: Migration = {
  version: 6,
  sql: `
    CREATE TABLE projects (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      -- One more after every edit, undo and redo.
      version INTEGER NOT NULL DEFAULT 0,
      -- JSON of the SequenceSettings.
      settings TEXT NOT NULL,
      -- Nobody has said them: the first clip that is put in does.
      settings_from_clip INTEGER NOT NULL CHECK (settings_from_clip IN (0, 1)),
      -- What lists show: how many clips, and seconds.
      clips INTEGER NOT NULL DEFAULT 0,
      duration REAL NOT NULL DEFAULT 0,
      -- Milliseconds since 1970.
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX projects_by_time ON projects (updated_at);

    -- The clips and markers of a project, as they are now.
    CREATE TABLE project_records (
      project INTEGER NOT NULL REFERENCES projects (number) ON DELETE CASCADE,
      kind TEXT NOT NULL CHECK (kind IN ('clip', 'marker')),
      id TEXT NOT NULL,
      -- Of a clip: the id of its clip in the library, which may be gone from there.
      media TEXT,
      -- JSON of the TimelineClip or Marker.
      data TEXT NOT NULL,
      PRIMARY KEY (project, kind, id)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX project_records_by_media ON project_records (media) WHERE media IS NOT NULL;

    -- The history. Undone steps are the newest ones, and go when something else is done.
    CREATE TABLE project_steps (
      project INTEGER NOT NULL REFERENCES projects (number) ON DELETE CASCADE,
      -- The version that the edit made.
      step INTEGER NOT NULL,
      label TEXT NOT NULL,
      -- Deflated JSON of the changes, in the order they were done.
      changes BLOB NOT NULL,
      undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1)),
      at INTEGER NOT NULL,
      PRIMARY KEY (project, step)
    ) STRICT;
  `,
};
