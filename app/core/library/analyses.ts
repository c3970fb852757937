/** A cache of what was found out about files at a cost. A row is good for one file in one state and one version of the code. */
import { z } from 'zod';
import type { Library } from './db.ts';
import type { FileIdentity } from './file-identity.ts';

/** Bytes of `data` kept in all; the least recently used go first. */
const CAP_BYTES = 512 * 2 ** 20;

const rowSchema = z.object({ data: z.instanceof(Uint8Array) });

/** What is known of exactly this file in this state. `kind` names the analysis and its version: 'source-index/1'. */
export function findAnalysis(
  db: Library,
  file: FileIdentity,
  kind: string,
  now = Date.now(),
): { data: Uint8Array } | undefined {
  const row = db.get(
    rowSchema,
    'SELECT data FROM analyses WHERE path = ? AND kind = ? AND bytes = ? AND mtime_ns = ? AND fingerprint = ?',
    file.path,
    kind,
    file.bytes,
    file.mtimeNs,
    file.fingerprint,
  );
  if (row !== undefined)
    db.soft(() => db.run('UPDATE analyses SET last_used = ? WHERE path = ? AND kind = ?', now, file.path, kind));
  return row;
}

/** Remembers an analysis of the file in the state that `file` says, in place of what was known before. */
export function storeAnalysis(
  db: Library,
  file: FileIdentity,
  kind: string,
  data: Uint8Array,
  capBytes = CAP_BYTES,
  now = Date.now(),
): void {
  db.soft(() => {
    db.run(
      `INSERT OR REPLACE INTO analyses (path, kind, bytes, mtime_ns, fingerprint, data, last_used) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      file.path,
      kind,
      file.bytes,
      file.mtimeNs,
      file.fingerprint,
      data,
      now,
    );
    db.run(
      `DELETE FROM analyses WHERE rowid IN (
         SELECT rowid FROM (SELECT rowid, SUM(length(data)) OVER (ORDER BY last_used DESC, rowid DESC) AS total FROM analyses)
         WHERE total > ?)`,
      capBytes,
    );
  });
}
