/** A batch as it is shown. */
import type { BatchFile, BatchStatus, QueueItem } from '../../contract/queue.ts';
import { jobSummary } from '../jobs/control.ts';
import type { Library } from '../library/db.ts';
import { jobById } from '../library/job-rows.ts';
import { fileRows, type BatchRow, type FileRow } from './batch-rows.ts';

/** `items` are those of the queue, by id; jobs that were cleared off it are looked up. */
export function batchStatus(db: Library, row: BatchRow, items: ReadonlyMap<string, QueueItem>): BatchStatus {
  return {
    id: row.id,
    spec: row.spec,
    startedAt: new Date(row.startedAt).toISOString(),
    watching: row.watching,
    files: fileRows(db, row.id).map((file) => batchFile(db, file, items)),
  };
}

function batchFile(db: Library, file: FileRow, items: ReadonlyMap<string, QueueItem>): BatchFile {
  const { path, output, problem, job } = file;
  if (file.state !== 'queued' || job === null) {
    return { path, output, state: file.state === 'queued' ? 'new' : file.state, problem, job };
  }
  const item = items.get(job);
  const row = item === undefined ? jobById(db, job) : undefined;
  const summary = item?.job ?? (row && jobSummary(row));
  const state = item?.state ?? summary?.state ?? 'cancelled';
  return { path, output, state, problem: state === 'failed' ? (summary?.error?.message ?? null) : null, job };
}
