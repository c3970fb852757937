import type { Migration } from './migration.ts';

/** Actions on clips: what recognisers said (runs and their scores), spans, and what people did to them. [Note: who said so] in contract/tags.ts. */
export const tags: Migration = {
  version: 11,
  sql: `
    -- All that a recogniser knows, once however many clips it looked at: a JSON list of labels, and its hex SHA-256.
    CREATE TABLE tag_vocabularies (
      number INTEGER PRIMARY KEY,
      hash TEXT NOT NULL UNIQUE,
      labels TEXT NOT NULL
    ) STRICT;

    CREATE TABLE tag_runs (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      clip INTEGER NOT NULL REFERENCES clips (number) ON DELETE CASCADE,
      engine TEXT NOT NULL,
      version TEXT NOT NULL,
      -- Which content of the clip was looked at.
      content TEXT NOT NULL,
      vocabulary INTEGER NOT NULL REFERENCES tag_vocabularies (number),
      -- JSON of the SpanRules.
      rules TEXT NOT NULL,
      -- Scores a second, numbers of an embedding, scores there are.
      rate REAL NOT NULL CHECK (rate > 0),
      embedding INTEGER NOT NULL,
      scores INTEGER NOT NULL DEFAULT 0,
      finished INTEGER NOT NULL DEFAULT 0 CHECK (finished IN (0, 1)),
      -- When it began, milliseconds since 1970.
      at INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX tag_runs_by_clip ON tag_runs (clip, engine);

    -- Scores in the order they were appended; how they are packed is said in library/score-pack.ts.
    CREATE TABLE tag_scores (
      run INTEGER NOT NULL REFERENCES tag_runs (number) ON DELETE CASCADE,
      first INTEGER NOT NULL,
      count INTEGER NOT NULL,
      probabilities BLOB NOT NULL,
      embeddings BLOB NOT NULL,
      PRIMARY KEY (run, first)
    ) STRICT;

    -- What is kept of a run beside its scores: the recogniser's state after the last of them, while the run is not finished, and for each
    -- label the largest of its probabilities and their sum (float64 each).
    CREATE TABLE tag_states (
      run INTEGER PRIMARY KEY REFERENCES tag_runs (number) ON DELETE CASCADE,
      totals BLOB NOT NULL,
      state BLOB
    ) STRICT;

    CREATE TABLE tag_labels (
      number INTEGER PRIMARY KEY,
      label TEXT NOT NULL UNIQUE,
      -- In lower case, for searching.
      folded TEXT NOT NULL
    ) STRICT;

    CREATE INDEX tag_labels_by_folded ON tag_labels (folded);

    CREATE TABLE tag_sources (
      number INTEGER PRIMARY KEY,
      engine TEXT NOT NULL,
      version TEXT NOT NULL,
      UNIQUE (engine, version)
    ) STRICT;

    -- Rows that are 'found' are an engine's, and are replaced by it; all others are a person's.
    CREATE TABLE tag_spans (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      clip INTEGER NOT NULL REFERENCES clips (number) ON DELETE CASCADE,
      label INTEGER NOT NULL REFERENCES tag_labels (number),
      start REAL NOT NULL,
      end REAL NOT NULL CHECK (end > start),
      score REAL,
      -- 'removed' by a person: never shown, and not found again.
      state TEXT NOT NULL CHECK (state IN ('found', 'accepted', 'rejected', 'marked', 'removed')),
      -- Null for what a person marked.
      source INTEGER REFERENCES tag_sources (number),
      -- A person said something where an engine found this; or it is removed.
      hidden INTEGER NOT NULL CHECK (hidden IN (0, 1)),
      -- What the engine had said, of a person's row that began as found: its id, label and times.
      origin TEXT,
      origin_label INTEGER REFERENCES tag_labels (number),
      origin_start REAL,
      origin_end REAL,
      -- When it was found or marked. Milliseconds since 1970.
      at INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX tag_spans_by_clip ON tag_spans (clip, start);
    CREATE INDEX tag_spans_by_id ON tag_spans (id);
    -- What a search reads instead of the rows.
    CREATE INDEX tag_spans_shown ON tag_spans (clip, label, state, start, end, score, source, at) WHERE hidden = 0;
    CREATE INDEX tag_spans_by_label ON tag_spans (label, clip, state) WHERE hidden = 0;

    -- One more with every change, and the last of them that a person made.
    CREATE TABLE tag_versions (
      clip INTEGER PRIMARY KEY REFERENCES clips (number) ON DELETE CASCADE,
      version INTEGER NOT NULL,
      edited INTEGER NOT NULL
    ) STRICT;

    -- What people did, clip by clip. Undone steps are the newest ones, and go when something else is done.
    CREATE TABLE tag_steps (
      clip INTEGER NOT NULL REFERENCES clips (number) ON DELETE CASCADE,
      step INTEGER NOT NULL,
      -- Deflated JSON of the person's rows that the step changed, before and after (library/span-steps.ts).
      rows BLOB NOT NULL,
      undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1)),
      at INTEGER NOT NULL,
      PRIMARY KEY (clip, step)
    ) STRICT;
  `,
};
