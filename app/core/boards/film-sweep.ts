/**
 * When films that boards made for a timeline are deleted: once the clip that they are has been removed from the library, a week after they were made, when the library is
 * opened. While the clip is there somebody's timeline may show it; within the week a removal may be a mistake, and the file can be added again.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { filmsFolder, type Home } from '../base/home.ts';
import { jobSummary } from '../jobs/control.ts';
import { clipByPath } from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { jobById } from '../library/job-rows.ts';
import { pendingFilms } from './film-rows.ts';

const WEEK_MS = 7 * 24 * 3600 * 1000;

/** Deletes them; the folders that went. What cannot be read or deleted stays. */
export async function sweepFilms(db: Library, home: Home, now = Date.now()): Promise<string[]> {
  const coming = new Set(
    pendingFilms(db).map(({ job }) => {
      const row = jobById(db, job);
      return row && dirname(jobSummary(row)?.spec.output ?? '');
    }),
  );
  const gone: string[] = [];
  for (const name of await readdir(filmsFolder(home)).catch(() => [])) {
    const folder = join(filmsFolder(home), name);
    if (coming.has(folder)) continue;
    const files = await readdir(folder).catch(() => undefined);
    if (!files || files.some((file) => clipByPath(db, join(folder, file)))) continue;
    const made = await Promise.all([folder, ...files.map((file) => join(folder, file))].map((path) => stat(path)));
    if (made.some(({ mtimeMs }) => now - mtimeMs < WEEK_MS)) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    gone.push(folder);
  }
  return gone;
}
