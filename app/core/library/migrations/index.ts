/** The steps from an empty database to today's, in order. A step that has shipped is never edited: add the next one. */
import { jobs } from './000001-jobs.ts';
import { chunks } from './000002-chunks.ts';
import { analyses } from './000003-analyses.ts';

export interface Migration {
  /** What `PRAGMA user_version` says after it; one more than the step before. */
  readonly version: number;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [jobs, chunks, analyses];
