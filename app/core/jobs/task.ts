/** What a task (the code behind a kind of JobSpec) is given and what it must do. Runs inside the job's own process. */
import { AppError } from '../../contract/errors.ts';
import type { JobEvent, JobSpec, RetimeResult } from '../../contract/jobs.ts';
import type { AnalysisCache } from '../library/analysis-cache.ts';
import type { Library } from '../library/db.ts';
import type { FileIdentity } from '../library/file-identity.ts';
import type { ChunkStore } from './chunk-store.ts';
import type { Relief } from './relief.ts';

export interface TaskContext {
  /** The job's id, for names and messages. */
  readonly id: string;
  readonly signal: AbortSignal;
  /** Call it as often as you like: it is thinned out, and `etaSeconds` is added when absent. */
  readonly emit: (event: Extract<JobEvent, { type: 'progress' | 'note' }>) => void;
  readonly chunks: ChunkStore;
  /** The inputs as they were when the job began, in the order of `specInputs`; the `fingerprint` of what it shows belongs into every chunk's key. */
  readonly sources: readonly FileIdentity[];
  /** For what a job leaves in the library besides its output. */
  readonly db: Library;
  /** What was found out about files in earlier runs. */
  readonly analyses: AnalysisCache;
  /** A folder of this job alone, emptied when the job ends. */
  readonly scratch: string;
  /** Where to write the finished output before it is verified: in the output's own folder and with its extension. Removed when the job ends. */
  readonly part: string;
  /** The same for another output of the job (`specOutputs`). */
  readonly partFor: (output: string) => string;
  /**
   * Puts verified files in place: fsynced, written down as this job's, renamed. `from` and `to` in one folder (`part` or below it, for one).
   * Throws `output-exists` for a file that is not this job's unless the spec says force, `source-changed` when the input is not what it was.
   */
  readonly publish: (files: readonly { readonly from: string; readonly to: string }[]) => Promise<void>;
  /** Threads the engine may use. */
  readonly threads: number;
  /** How much less than usual it is to take, after memory ran out; its `threads` are in `threads` already. */
  readonly relief: Omit<Relief, 'threads'>;
}

export type Task<Spec> = (spec: Spec, context: TaskContext) => Promise<RetimeResult>;

/** The input at `path` as it was when the job began. */
export function sourceAt(sources: readonly FileIdentity[], path: string): FileIdentity {
  const found = sources.find((source) => source.path === path);
  if (found === undefined) throw new AppError('internal', `The job says nothing of its input ${path}.`);
  return found;
}

/** One row for each kind of job, loaded only when one runs. */
export type TaskTable = { readonly [Kind in JobSpec['kind']]: () => Promise<Task<Extract<JobSpec, { kind: Kind }>>> };
