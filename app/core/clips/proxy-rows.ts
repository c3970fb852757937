/** A clip's proxy in its row. */
import { z } from 'zod';
import type { VideoInfo } from '../../contract/media.ts';
import type { ClipSummary } from '../../contract/library.ts';
import { parseJson } from '../base/json.ts';
import type { Library } from '../library/db.ts';

export type ProxyState = ClipSummary['proxy'];

export interface ProxyRow {
  readonly id: string;
  readonly path: string;
  readonly state: ProxyState;
  /** Of the finished proxy. */
  readonly proxyPath: string | null;
}

const row = z
  .object({
    id: z.string(),
    path: z.string(),
    proxy_state: z.enum(['unneeded', 'wanted', 'making', 'ready', 'failed']),
    proxy_path: z.string().nullable(),
  })
  .transform((found): ProxyRow => ({
    id: found.id,
    path: found.path,
    state: found.proxy_state,
    proxyPath: found.proxy_path,
  }));

const COLUMNS = 'id, path, proxy_state, proxy_path';

export function proxyRow(db: Library, id: string): ProxyRow | undefined {
  return db.get(row, `SELECT ${COLUMNS} FROM clips WHERE id = ?`, id);
}

/** The clip whose turn it is, the last added first: it is what the user has in mind. */
export function nextWanted(db: Library): ProxyRow | undefined {
  return db.get(
    row,
    `SELECT ${COLUMNS} FROM clips WHERE proxy_state = 'wanted' AND state = 'ready' ORDER BY number DESC LIMIT 1`,
  );
}

/** Clips that wait for a proxy or get one. */
export function proxiesToDo(db: Library): number {
  const sql = `SELECT count(*) AS n FROM clips WHERE proxy_state IN ('wanted', 'making') AND state = 'ready'`;
  return db.get(z.object({ n: z.number() }), sql)?.n ?? 0;
}

/** False when there is no such clip any more. */
export function setProxy(db: Library, id: string, state: ProxyState, path: string | null = null): boolean {
  return db.soft(() => db.run('UPDATE clips SET proxy_state = ?, proxy_path = ? WHERE id = ?', state, path, id)) > 0;
}

/** What a former run was making is wanted again. */
export function requeueProxies(db: Library): void {
  db.soft(() => db.run(`UPDATE clips SET proxy_state = 'wanted' WHERE proxy_state = 'making'`));
}

/** All finished proxies are as if they had never been; the ids of their clips. */
export function forgetProxies(db: Library): string[] {
  return db.write(() => {
    const ids = db.all(z.object({ id: z.string() }), `SELECT id FROM clips WHERE proxy_state IN ('ready', 'failed')`);
    db.run(`UPDATE clips SET proxy_state = 'unneeded', proxy_path = NULL WHERE proxy_state IN ('ready', 'failed')`);
    return ids.map(({ id }) => id);
  });
}

/** What probing said of the clip; undefined where that is not known. */
export function infoOf(db: Library, id: string): VideoInfo | undefined {
  const sql = 'SELECT info FROM clip_infos WHERE clip = (SELECT number FROM clips WHERE id = ?)';
  const found = db.get(z.object({ info: z.string() }), sql, id);
  // Written by our own probing; that it has pictures is all that is checked.
  const schema = z.looseObject({ path: z.string(), video: z.looseObject({ width: z.number() }) });
  return found && (parseJson(schema, found.info) as unknown as VideoInfo | undefined);
}
