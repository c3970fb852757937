/** What is to be done about proxies, over all clips. A clip's own columns are in library/clip-rows.ts. */
import { basename } from 'node:path';
import { z } from 'zod';
import type { Library } from '../library/db.ts';

const idSchema = z.object({ id: z.string() });

/** The clip whose turn it is, the last added first: it is what the user has in mind. */
export function nextWanted(db: Library): string | undefined {
  const sql = `SELECT id FROM clips WHERE proxy_state = 'wanted' AND state = 'ready' ORDER BY number DESC LIMIT 1`;
  return db.get(idSchema, sql)?.id;
}

/** What a former run was making is wanted again. */
export function requeueProxies(db: Library): void {
  db.soft(() => db.run(`UPDATE clips SET proxy_state = 'wanted' WHERE proxy_state = 'making'`));
}

/** All finished proxies are as if they had never been; the ids of their clips. */
export function forgetProxies(db: Library): string[] {
  return db.write(() => {
    const ids = db.all(idSchema, `SELECT id FROM clips WHERE proxy_state IN ('ready', 'failed')`);
    db.run(`UPDATE clips SET proxy_state = 'unneeded', proxy_path = NULL WHERE proxy_state IN ('ready', 'failed')`);
    return ids.map(({ id }) => id);
  });
}

const pathSchema = z.object({ path: z.string() });

/** Names of the files that are clips' proxies. */
export function usedProxies(db: Library): Set<string> {
  const rows = db.all(pathSchema, 'SELECT DISTINCT proxy_path AS path FROM clips WHERE proxy_path IS NOT NULL');
  return new Set(rows.map(({ path }) => basename(path)));
}
