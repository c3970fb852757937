/**
 * When painted masks are deleted.
 *
 * [Note: unused masks] A mask is in use while a project, its history (what can be undone and redone), a job, the queue or a batch names it. Whenever a library is opened, at
 * most once a day, those in use are stamped with the time; one that nothing names goes when its stamp is 30 days old. So what was painted and not used yet,
 * cut to a clipboard, or lost by removing a project stays for a month. Nothing goes beside a damaged library that was set aside: it may name any of them.
 */
import { renameSync, rmSync, statSync } from 'node:fs';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { inflate, inflateSync } from 'node:zlib';
import { z } from 'zod';
import { masksFolder, type Home } from '../base/home.ts';
import type { Library } from '../library/db.ts';
import { maskPath } from '../media/mask/painted.ts';
import { allSteps, MOST_UNPACKED, packedChanges, type StepKey } from './step-rows.ts';

const DAY_MS = 24 * 3600 * 1000;
const MONTH_MS = 30 * DAY_MS;

/** Names of a folder of masks: a mask, one that was being deleted, one that was being written. */
const MASK = /^([0-9a-f]{64})\.png$/;
const ASIDE = /^[0-9a-f]{64}\.png\.old$/;
const SCRATCH = /^\.new-/;

export interface SweepOptions {
  readonly signal?: AbortSignal;
  readonly now?: number;
}

/** [Note: unused masks] The ids that went. Throws 'database', and the signal's reason; then nothing went. */
export async function sweepMasks(
  db: Library,
  home: Pick<Home, 'root'>,
  { signal, now = Date.now() }: SweepOptions = {},
): Promise<string[]> {
  const folder = masksFolder(home);
  const due = await masksUntil(folder, now - DAY_MS);
  if (due.length === 0 || (await isSetAside(db.path))) return [];
  const seen = new Set<string>();
  const used = await namedAnywhere(db, seen, signal);
  for (const { id } of due)
    if (used.has(id)) await utimes(maskPath(folder, id), now / 1000, now / 1000).catch(() => {});
  const old = due.filter(({ id, mtimeMs }) => !used.has(id) && mtimeMs <= now - MONTH_MS);
  if (old.length === 0) return [];
  // What is written meanwhile waits: nothing can begin to name a mask between the last look and its end.
  return db.write(() => {
    const late = namedLately(db, seen);
    const gone = old.filter(({ id }) => !late.has(id) && removeOld(maskPath(folder, id), now - MONTH_MS));
    return gone.map(({ id }) => id);
  });
}

/** Those that were last stamped at `until` or before. Clears up what a crash left. */
async function masksUntil(folder: string, until: number): Promise<{ id: string; mtimeMs: number }[]> {
  const found: { id: string; mtimeMs: number }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if (ASIDE.test(name)) await rename(path, path.replace(/\.old$/, '')).catch(() => {});
    const mtimeMs = (await stat(ASIDE.test(name) ? path.replace(/\.old$/, '') : path).catch(() => undefined))?.mtimeMs;
    if (mtimeMs === undefined || mtimeMs > until) continue;
    if (SCRATCH.test(name)) await rm(path, { recursive: true, force: true }).catch(() => {});
    const id = MASK.exec(name.replace(/\.old$/, ''))?.[1];
    if (id !== undefined) found.push({ id, mtimeMs });
  }
  return found;
}

async function isSetAside(database: string): Promise<boolean> {
  const damaged = `${basename(database)}.damaged`;
  return (await readdir(dirname(database))).some((name) => name.startsWith(damaged));
}

const nameSchema = z.object({ name: z.string() });
const columnSchema = z.object({ name: z.string(), type: z.string() });
const textSchema = z.object({ text: z.string() });
const inflated = promisify(inflate);

/** Masks that are named in any text of the library, whatever table it is in, and in any project's history; the steps looked at are put into `seen`. */
async function namedAnywhere(db: Library, seen: Set<string>, signal?: AbortSignal): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const { name: table } of db.all(nameSchema, "SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    const columns = db.all(columnSchema, 'SELECT name, type FROM pragma_table_info(?)', table);
    for (const { name } of columns.filter(({ type }) => type === 'TEXT')) addNamed(ids, db, table, name);
    await breathe();
    signal?.throwIfAborted();
  }
  for (const key of allSteps(db)) {
    const packed = packedChanges(db, key);
    seen.add(nameOf(key));
    if (packed) addIds(ids, (await inflated(packed, { maxOutputLength: MOST_UNPACKED })).toString('latin1'));
    signal?.throwIfAborted();
  }
  return ids;
}

/** Those that work begun since may name. */
function namedLately(db: Library, seen: ReadonlySet<string>): Set<string> {
  const ids = new Set<string>();
  addNamed(ids, db, 'project_records', 'data');
  addNamed(ids, db, 'jobs', 'spec');
  addNamed(ids, db, 'batches', 'spec');
  for (const key of allSteps(db)) {
    const packed = seen.has(nameOf(key)) ? undefined : packedChanges(db, key);
    if (packed) addIds(ids, inflateSync(packed, { maxOutputLength: MOST_UNPACKED }).toString('latin1'));
  }
  return ids;
}

/** A mask is always under the key `painted` (MaskChoice). */
function addNamed(ids: Set<string>, db: Library, table: string, column: string): void {
  const texts = db.all(textSchema, `SELECT "${column}" AS text FROM "${table}" WHERE "${column}" LIKE '%painted%'`);
  for (const { text } of texts) addIds(ids, text);
}

function addIds(ids: Set<string>, text: string): void {
  for (const [id] of text.matchAll(/\b[0-9a-f]{64}\b/g)) ids.add(id);
}

function nameOf({ project, step, at }: StepKey): string {
  return `${project} ${step} ${at}`;
}

/** Deletes a mask unless somebody has painted the same again since: that is seen once nobody can put another in its place. */
function removeOld(path: string, until: number): boolean {
  const aside = `${path}.old`;
  try {
    renameSync(path, aside);
    if (statSync(aside).mtimeMs > until) {
      renameSync(aside, path);
      return false;
    }
    rmSync(aside);
    return true;
  } catch {
    return false;
  }
}
