/** Tags of clips. */
import { z } from 'zod';
import type { Library } from './db.ts';
import { foldCase } from './name-order.ts';

const tagsSchema = z.object({ tag: z.string(), clips: z.number() });

/** All tags with how many clips have them, by name. */
export function allTags(db: Library): { tag: string; clips: number }[] {
  return db.all(tagsSchema, 'SELECT MIN(tag) AS tag, COUNT(*) AS clips FROM clip_tags GROUP BY tag ORDER BY tag');
}

/** Adds and removes tags; ids that are not in the library are passed over. Tags differ by more than case and blanks at their ends. */
export function tagClips(db: Library, ids: readonly string[], add: readonly string[], remove: readonly string[]): void {
  const clean = (tags: readonly string[]): string[] =>
    tags.map((tag) => tag.normalize('NFC').trim().replaceAll(/\s+/g, ' ')).filter((tag) => tag !== '');
  const [adding, removing] = [clean(add), clean(remove)];
  db.write(() => {
    for (const id of ids) {
      for (const tag of removing) {
        db.run('DELETE FROM clip_tags WHERE clip = (SELECT number FROM clips WHERE id = ?) AND tag = ?', id, tag);
      }
      for (const tag of adding) {
        db.run('INSERT OR IGNORE INTO clip_tags (clip, tag) SELECT number, ? FROM clips WHERE id = ?', tag, id);
      }
      indexClip(db, id);
    }
  });
}

const searchedSchema = z.object({ name: z.string(), tags: z.string() });

/** Brings what a search looks through up to date with the clip's name and tags. */
export function indexClip(db: Library, id: string): void {
  const found = db.get(
    searchedSchema,
    `SELECT name, (SELECT COALESCE(GROUP_CONCAT(tag, char(10)), '') FROM clip_tags WHERE clip = number) AS tags FROM clips WHERE id = ?`,
    id,
  );
  if (found) db.run('UPDATE clips SET search = ? WHERE id = ?', foldCase(`${found.name}\n${found.tags}`), id);
}
