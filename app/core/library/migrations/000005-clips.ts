import type { Migration } from './migration.ts';

/** The library of clips. Rows are kept small, so that a search reads little: what is long is beside them, in `clip_infos`. */
export const clips: Migration = {
  version: 5,
  sql: `
    CREATE TABLE clips (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      -- Absolute; a number pattern for an image sequence. This is what a clip is: the same path is the same clip.
      path TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      -- The name for ordering: lower case, its numbers of equal length.
      sort_name TEXT NOT NULL,
      -- Name and tags in lower case, for searching.
      search TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('probing', 'ready', 'refused', 'missing')),
      problem TEXT,
      -- It was named by the user, not found while looking through a folder.
      named INTEGER NOT NULL,
      -- The file as it was when it was last looked at. mtime_ns are decimal digits.
      bytes INTEGER NOT NULL,
      mtime_ns TEXT NOT NULL,
      duration REAL,
      rate_num INTEGER,
      rate_den INTEGER,
      rate REAL,
      vfr INTEGER NOT NULL DEFAULT 0,
      width INTEGER,
      height INTEGER,
      codec TEXT,
      bit_depth INTEGER,
      hdr INTEGER NOT NULL DEFAULT 0,
      has_audio INTEGER NOT NULL DEFAULT 0,
      -- Hex SHA-256 of the content.
      hash TEXT,
      thumbs INTEGER NOT NULL DEFAULT 0,
      thumb_state TEXT NOT NULL DEFAULT 'wanted' CHECK (thumb_state IN ('wanted', 'ready', 'failed')),
      peaks_state TEXT NOT NULL DEFAULT 'wanted' CHECK (peaks_state IN ('wanted', 'ready', 'failed')),
      proxy_state TEXT NOT NULL DEFAULT 'unneeded'
        CHECK (proxy_state IN ('unneeded', 'wanted', 'making', 'ready', 'failed')),
      proxy_path TEXT,
      -- Milliseconds since 1970.
      added_at INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX clips_by_name ON clips (sort_name, number);
    CREATE INDEX clips_by_duration ON clips (duration, number);
    CREATE INDEX clips_by_rate ON clips (rate, number);
    CREATE INDEX clips_by_bytes ON clips (bytes, number);
    CREATE INDEX clips_by_height ON clips (height, width, number);
    CREATE INDEX clips_by_hash ON clips (hash) WHERE hash IS NOT NULL;
    CREATE INDEX clips_probing ON clips (number) WHERE state = 'probing';
    CREATE INDEX clips_without_thumb ON clips (number) WHERE state = 'ready' AND thumb_state = 'wanted';
    CREATE INDEX clips_without_peaks ON clips (number) WHERE state = 'ready' AND has_audio = 1 AND peaks_state = 'wanted';
    CREATE INDEX clips_without_hash ON clips (number) WHERE state = 'ready' AND hash IS NULL;
    CREATE INDEX clips_with_proxy_work ON clips (number) WHERE proxy_state IN ('wanted', 'making');

    CREATE TABLE clip_infos (
      clip INTEGER PRIMARY KEY REFERENCES clips (number) ON DELETE CASCADE,
      -- What probing said, as JSON.
      info TEXT NOT NULL
    ) STRICT;

    CREATE TABLE clip_tags (
      clip INTEGER NOT NULL REFERENCES clips (number) ON DELETE CASCADE,
      tag TEXT NOT NULL COLLATE NOCASE,
      PRIMARY KEY (clip, tag)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX clip_tags_by_tag ON clip_tags (tag);
  `,
};
