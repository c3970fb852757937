/** The steps from an empty database to today's, in order. A step that has shipped is never edited: add the next one. */
import { jobs } from './000001-jobs.ts';
import { chunks } from './000002-chunks.ts';
import { analyses } from './000003-analyses.ts';
import type { Migration } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [jobs, chunks, analyses];
