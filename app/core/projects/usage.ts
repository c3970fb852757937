/** Which projects show a clip of the library. */
import { z } from 'zod';
import type { Library } from '../library/db.ts';

const schema = z.object({ id: z.string(), name: z.string() });

/** Projects that show any of these clips of the library now, each once. Steps that were undone or deleted do not count. */
export function projectsUsing(db: Library, media: string | readonly string[]): { id: string; name: string }[] {
  return db.all(
    schema,
    `SELECT id, name FROM projects WHERE number IN (
       SELECT project FROM project_records WHERE media IN (SELECT value FROM json_each(?))
     ) ORDER BY name, number`,
    JSON.stringify(typeof media === 'string' ? [media] : media),
  );
}
