/** Which files a job has put in place. A file counts as a job's own while its size and time are as written down. */
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import type { Library } from './db.ts';
import { isErrno } from '../base/durable.ts';

export interface OutputFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly mtimeNs: string;
}

const rowSchema = z.object({ path: z.string(), bytes: z.number(), mtime_ns: z.string() });

/** What is written down as the job's. Before a new version is in place there may be two rows of one path. */
export function jobOutputs(db: Library, job: string): OutputFile[] {
  return db
    .all(rowSchema, 'SELECT path, bytes, mtime_ns FROM outputs WHERE job = ? ORDER BY path', job)
    .map(({ path, bytes, mtime_ns }) => ({ path, bytes, mtimeNs: mtime_ns }));
}

/** Writes down files that are about to be renamed into place. */
export function addOutputs(db: Library, job: string, files: readonly OutputFile[]): void {
  for (const { path, bytes, mtimeNs } of files) {
    db.run('INSERT OR IGNORE INTO outputs (job, path, bytes, mtime_ns) VALUES (?, ?, ?, ?)', job, path, bytes, mtimeNs);
  }
}

/** Forgets all but these. */
export function keepOutputs(db: Library, job: string, files: readonly OutputFile[]): void {
  db.write(() => {
    db.run('DELETE FROM outputs WHERE job = ?', job);
    addOutputs(db, job, files);
  });
}

/** The file as it is on disk now, or undefined. */
export async function outputOnDisk(path: string): Promise<OutputFile | undefined> {
  try {
    const { size, mtimeNs } = await stat(path, { bigint: true });
    return { path, bytes: Number(size), mtimeNs: String(mtimeNs) };
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return undefined;
    throw error;
  }
}

export function sameOutput(a: OutputFile, b: OutputFile): boolean {
  return a.path === b.path && a.bytes === b.bytes && a.mtimeNs === b.mtimeNs;
}
