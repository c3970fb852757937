/** What a task (the code behind a kind of JobSpec) is given and what it must do. Runs inside the job's own process. */
import type { JobEvent, RetimeResult } from '../../contract/jobs.ts';
import type { ChunkStore } from './chunk-store.ts';

export interface TaskContext {
  readonly signal: AbortSignal;
  readonly emit: (event: Extract<JobEvent, { type: 'progress' | 'note' }>) => void;
  readonly chunks: ChunkStore;
  /** A folder of this job alone, emptied when the job ends. */
  readonly scratch: string;
  /** Threads the engine may use. */
  readonly threads: number;
}

export type Task<Spec> = (spec: Spec, context: TaskContext) => Promise<RetimeResult>;
