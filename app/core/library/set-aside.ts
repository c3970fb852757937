/** Files of a damaged database: marked, then kept under another name. Whoever calls `setAside` holds the recovery lock. */
import { existsSync, renameSync, rmSync } from 'node:fs';

/** A file beside the database that says: look at it closely before opening it. */
export function damageMark(path: string): string {
  return `${path}.damaged`;
}

export function clearMark(path: string): void {
  rmSync(damageMark(path), { force: true });
}

/** Renames the database and its write-ahead log; the new path of the database. Nothing is deleted: somebody may want to salvage it. */
export function setAside(path: string, now = new Date()): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(':', '-');
  let aside = `${path}.damaged-${stamp}`;
  for (let again = 2; existsSync(aside); again++) aside = `${path}.damaged-${stamp}-${again}`;
  // The log first: a log without its database is ignored, a database with a stranger's log is not.
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  clearMark(path);
  return aside;
}
