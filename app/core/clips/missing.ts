/** Files that are not where they were, and where they are now. */
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import {
  clipByPath,
  clipPlaces,
  deleteClip,
  foundAgain,
  moveClip,
  needClip,
  probeAgain,
  setMissing,
  type ClipRow,
} from '../library/clip-rows.ts';
import { clipsById } from '../library/clip-search.ts';
import { indexClip, tagClips } from '../library/clip-tags.ts';
import type { Library } from '../library/db.ts';
import { contentHash } from './content-hash.ts';
import { eachOf, fileState, type FileState } from './files.ts';
import { findFiles, type FoundFile, type ScanOptions } from './scan.ts';

/** Files looked at together: a network drive answers each slowly. */
const LANES = 16;

/** Looks whether files are where they were and as they were; the ids whose rows changed. Throws cancelled. */
export async function checkFiles(db: Library, signal?: AbortSignal): Promise<string[]> {
  const changed: string[] = [];
  await eachOf(clipPlaces(db), LANES, async (clip) => {
    signal?.throwIfAborted();
    const now = await fileState(clip.path);
    signal?.throwIfAborted();
    if (typeof now === 'string') {
      if (clip.state === 'missing') return;
      setMissing(db, clip.id);
    } else if (now.bytes !== clip.bytes || now.mtimeNs !== clip.mtime_ns) {
      probeAgain(db, clip.id, now);
    } else if (clip.state === 'missing') {
      foundAgain(db, clip.id);
    } else return;
    changed.push(clip.id);
  });
  return changed;
}

export interface RelinkOptions {
  /** Takes another content too. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Names of projects that show a clip. */
  readonly usedBy: (id: string) => readonly string[];
}

/**
 * A clip's file is at `path` (absolute, checked) now. Where the library has that file as another clip, that one goes and leaves its tags, unless a project shows it. Throws
 * clip-unknown, not-found, not-a-file, relink-mismatch for another content unless forced, clip-in-use, cancelled.
 */
export async function relink(db: Library, id: string, path: string, options: RelinkOptions): Promise<void> {
  const clip = needClip(db, id);
  const file = await fileState(path);
  if (file === 'none') throw new AppError('not-found', `There is no file ${path}.`);
  if (file === 'other') throw new AppError('not-a-file', `${path} is not a file.`);
  const same = await sameContent(clip, path, file, options.signal);
  if (!same && !options.force) {
    const why = file.bytes === clip.bytes ? 'its content differs' : `it has ${file.bytes} bytes, not ${clip.bytes}`;
    throw new AppError('relink-mismatch', `${path} is not the file that ${clip.name} was: ${why}.`);
  }
  move(db, clip, path, file, same, options.usedBy);
}

function move(
  db: Library,
  clip: ClipRow,
  path: string,
  file: FileState,
  same: boolean,
  usedBy: (id: string) => readonly string[],
): void {
  db.write(() => {
    const other = clipByPath(db, path);
    if (other && other.id !== clip.id) {
      const [project] = usedBy(other.id);
      if (project !== undefined) {
        throw new AppError('clip-in-use', `${path} is in the library already, and ${project} shows it.`);
      }
      const tags = clipsById(db, [other.id])[0]?.tags ?? [];
      deleteClip(db, other.id);
      tagClips(db, [clip.id], tags, []);
    }
    moveClip(db, clip.id, { path, bytes: file.bytes, mtimeNs: file.mtimeNs });
    indexClip(db, clip.id);
    if (same && clip.hash !== null) {
      foundAgain(db, clip.id);
      // What probing said names the old path.
      db.run(`UPDATE clips SET state = 'probing' WHERE id = ? AND state = 'ready'`, clip.id);
    } else probeAgain(db, clip.id, file);
  });
}

/** Whether the file is what the clip was. Where its content was never hashed, size and time of change must do. */
async function sameContent(clip: ClipRow, path: string, file: FileState, signal?: AbortSignal): Promise<boolean> {
  if (file.bytes !== clip.bytes) return false;
  if (clip.hash === null) return file.mtimeNs === clip.mtimeNs || sameName(clip, path);
  return (await contentHash(path, { signal })) === clip.hash;
}

function sameName(clip: ClipRow, path: string): boolean {
  return join(path, '..', clip.name) === path;
}

export type RelinkFolderOptions = ScanOptions & Pick<RelinkOptions, 'usedBy'>;

/**
 * Looks below `folder` for the files of all missing clips: of the same size, then of the same content; files that
 * are no clips yet first. Throws cancelled.
 */
export async function relinkFolder(
  db: Library,
  folder: string,
  options: RelinkFolderOptions,
): Promise<{ found: string[]; missing: number }> {
  const missing = clipPlaces(db).filter(({ state }) => state === 'missing');
  if (missing.length === 0) return { found: [], missing: 0 };
  const sizes = new Set(missing.map(({ bytes }) => bytes));
  const { files } = await findFiles([folder], options);
  const candidates = Map.groupBy(
    files.filter((file) => sizes.has(file.bytes)),
    (file) => file.bytes,
  );
  const hashes = new Map<string, string>();
  const found: string[] = [];
  for (const { id, bytes } of missing) {
    options.signal?.throwIfAborted();
    const clip = needClip(db, id);
    const file = await pick(db, clip, candidates.get(bytes) ?? [], hashes, options.signal);
    if (!file) continue;
    try {
      move(db, clip, file.path, file, true, options.usedBy);
    } catch (error) {
      if (error instanceof AppError && error.code === 'clip-in-use') continue;
      throw error;
    }
    candidates.set(
      bytes,
      (candidates.get(bytes) ?? []).filter((one) => one !== file),
    );
    found.push(id);
  }
  return { found, missing: missing.length - found.length };
}

/** The candidate with the clip's content: first one that is no clip yet, and of its name. */
async function pick(
  db: Library,
  clip: ClipRow,
  candidates: readonly FoundFile[],
  hashes: Map<string, string>,
  signal?: AbortSignal,
): Promise<FoundFile | undefined> {
  const rank = ({ path }: FoundFile): number => 2 * Number(!clipByPath(db, path)) + Number(sameName(clip, path));
  const named = candidates.toSorted((a, b) => rank(b) - rank(a));
  if (clip.hash === null) return named.find((file) => sameName(clip, file.path));
  for (const file of named) {
    const hash = hashes.get(file.path) ?? (await contentHash(file.path, { signal }));
    hashes.set(file.path, hash);
    if (hash === clip.hash) return file;
  }
  return undefined;
}
