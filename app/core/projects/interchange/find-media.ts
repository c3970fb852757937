/** Media that a project file names, found on this machine and put into the library. */
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import type { AddReport } from '../../../contract/library.ts';
import { clipById, clipByPath, insertClip, setMissing, type ClipRow } from '../../library/clip-rows.ts';
import type { Library } from '../../library/db.ts';
import { cleanName, type ForeignMedia } from './foreign.ts';

export interface FindOptions {
  /** The project file. */
  readonly file: string;
  /** Which paths may be looked at: the absolute path, or throws path-refused. */
  readonly check: (path: string) => Promise<string>;
  /** Puts files into the library. */
  readonly add: (paths: string[]) => Promise<AddReport>;
  readonly signal: AbortSignal;
}

/** Seconds the library is given to find out what new files are. */
const PROBING = 30;

/**
 * The library's clip for each of `wanted`, in order: what is in the library with that content, else the file at its absolute path, at its path from the
 * project file's folder, or beside it, else the only clip of the library with that name. What is nowhere becomes a missing clip, which can
 * be told later where it is. `notes` says what was not found, or is not the same any more.
 */
export async function findMedia(
  db: Library,
  wanted: readonly ForeignMedia[],
  options: FindOptions,
): Promise<{ ids: string[]; notes: string[] }> {
  const notes: string[] = [];
  const places = await Promise.all(wanted.map((media) => placeOf(db, media, options)));
  const files = [...new Set(places.flatMap((place) => (place.path === undefined ? [] : [place.path])))];
  const report = files.length > 0 ? await options.add(files) : { ids: [], refused: [] };
  for (const { path, reason } of report.refused) notes.push(`${path}: ${reason}`);
  await probed(db, report.ids, options.signal);
  const ids: string[] = [];
  const missing = new Map<string, string>();
  for (const [i, media] of wanted.entries()) {
    const { path, id } = places[i]!;
    const row = id === undefined ? (path === undefined ? undefined : clipByPath(db, path)) : clipById(db, id);
    if (row && media.hash && row.hash && row.hash !== media.hash) {
      notes.push(`${row.path} is not the file it was when the project was saved.`);
    }
    const key = `${media.path ?? ''}\0${media.relative ?? ''}\0${media.name}`;
    if (!row && !missing.has(key)) {
      notes.push(`'${cleanName(media.name)}' was not found; say where it is in the library.`);
      missing.set(key, await missingClip(db, media, options));
    }
    ids.push(row?.id ?? missing.get(key)!);
  }
  return { ids, notes };
}

/** Where a clip is: known to the library, or a file that may be added to it. */
async function placeOf(
  db: Library,
  media: ForeignMedia,
  { file, check }: FindOptions,
): Promise<{ id?: string; path?: string }> {
  const known = media.hash === undefined ? undefined : onlyId(db, 'hash = ?', media.hash, 'ready');
  if (known !== undefined) return { id: known };
  const folder = dirname(file);
  const base = (media.path ?? media.name).split(/[\\/]/).at(-1)!;
  const tries = [
    media.path !== undefined && isAbsolute(media.path) ? media.path : undefined,
    media.relative === undefined ? undefined : resolve(folder, media.relative),
    media.path !== undefined && !isAbsolute(media.path) ? resolve(folder, media.path) : undefined,
    plainName(base) ? join(folder, base) : undefined,
  ];
  for (const path of tries) {
    if (path === undefined || path.length > 32_000) continue;
    // A path that may not be looked at is as good as none: whether it is there is nobody's business.
    const allowed = await check(path).catch(() => undefined);
    if (allowed !== undefined && ((await isFile(allowed)) || clipByPath(db, allowed)?.state === 'ready'))
      return { path: allowed };
  }
  const named = onlyId(db, 'name = ?', base, 'ready');
  return named === undefined ? {} : { id: named };
}

const idSchema = z.object({ id: z.string() });

/** The oldest clip with that content; or the clip with that name where only one has it. */
function onlyId(db: Library, where: 'hash = ?' | 'name = ?', value: string, state: string): string | undefined {
  const sql = `SELECT id FROM clips WHERE ${where} AND state = ? ORDER BY number LIMIT 2`;
  const found = db.all(idSchema, sql, value, state);
  return where === 'name = ?' && found.length > 1 ? undefined : found[0]?.id;
}

function plainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[\0/\\]/.test(name) && Buffer.byteLength(name) <= 255;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/** Waits until it is known what new files are, so that they can be placed with their true length. */
async function probed(db: Library, ids: readonly string[], signal: AbortSignal): Promise<void> {
  for (let waited = 0; waited < PROBING; waited += 0.1) {
    if (!ids.some((id) => clipById(db, id)?.state === 'probing')) return;
    await delay(100, undefined, { signal });
  }
}

/** A clip of the library whose file is not there: where it was said to be if that may be looked at, else beside the project file. */
async function missingClip(db: Library, media: ForeignMedia, { file, check }: FindOptions): Promise<string> {
  const base = cleanName((media.path ?? media.name).split(/[\\/]/).at(-1)!);
  const beside = join(dirname(file), plainName(base) ? base : 'missing clip');
  const said = media.path !== undefined && isAbsolute(media.path) ? media.path : beside;
  const path = await check(said).catch(() => beside);
  return db.write(() => {
    const known: ClipRow | undefined = clipByPath(db, path);
    if (known) return known.id;
    const id = insertClip(db, { path, bytes: 0, mtimeNs: '0', named: true });
    setMissing(db, id);
    return id;
  });
}
