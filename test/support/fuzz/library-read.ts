/** Everything a start of the app reads out of a library. */
import { listedBoards } from '../../../app/core/boards/rows.ts';
import { jobSummaries } from '../../../app/core/jobs/control.ts';
import { clipTags } from '../../../app/core/library/span-rows.ts';
import type { Library } from '../../../app/core/library/db.ts';
import { readProject } from '../../../app/core/projects/edit.ts';
import { listProjects } from '../../../app/core/projects/list.ts';

export function readLibrary(db: Library): void {
  for (const { id } of listProjects(db)) readProject(db, id);
  jobSummaries(db);
  listedBoards(db);
  clipTags(db, 'seed-0');
}
