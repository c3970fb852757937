/** The steps from an empty database to today's, in order. A step that has shipped is never edited: add the next one. */
import { jobs } from './000001-jobs.ts';
import { chunks } from './000002-chunks.ts';
import { analyses } from './000003-analyses.ts';
import { settings } from './000004-settings.ts';
import { clips } from './000005-clips.ts';
import { projects } from './000006-projects.ts';
import { queue } from './000007-queue.ts';
import { chunkFacts } from './000008-chunk-facts.ts';
import { engineSpeeds } from './000009-engine-speeds.ts';
import { boards } from './000010-boards.ts';
import { tags } from './000011-tags.ts';
import { taught } from './000012-taught.ts';
import { hdrLooks } from './000013-hdr-looks.ts';
import type { Migration } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [
  jobs,
  chunks,
  analyses,
  settings,
  clips,
  projects,
  queue,
  chunkFacts,
  engineSpeeds,
  boards,
  tags,
  taught,
  hdrLooks,
];
