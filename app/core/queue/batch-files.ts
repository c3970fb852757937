/** A folder of clips and its mirror: which files are clips, and where each one's output goes. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { AppError } from '../../contract/errors.ts';

/** Files with these endings are clips; anything else in the folder is left alone and counted. */
const CLIP =
  /\.(mp4|m4v|mov|mkv|webm|avi|gif|flv|ts|m2ts|mts|mpg|mpeg|vob|wmv|asf|3gp|3g2|ogv|mxf|y4m|nut|apng|webp)$/i;
/** Containers we write; other clips become .mp4. */
const WRITABLE = new Set(['.mp4', '.mov', '.mkv', '.webm']);

export interface BatchClip {
  /** Absolute, if the folders were. */
  readonly input: string;
  readonly output: string;
}

export interface FindOptions {
  /** Folders within the folder too. Default true. */
  readonly recursive?: boolean;
  /** Ending with its dot for the output of a file, by its path below the folder; that of the file unless given, where we write it. */
  readonly endingOf?: (path: string) => string | undefined;
  /** Links to files are files too. Not where only some folders may be read: a link may lead out of them. */
  readonly links?: boolean;
  /** Outputs that were given to inputs before: they keep them. */
  readonly given?: ReadonlyMap<string, string>;
}

/**
 * Every clip below `folder` in a stable order with its place in the mirrored tree, and the number of other files. `out` (the output folder) is not
 * entered where it lies within. Throws `not-found`.
 */
export async function findClips(
  folder: string,
  out: string,
  { recursive = true, endingOf, links = false, given = new Map() }: FindOptions = {},
): Promise<{ items: BatchClip[]; others: number }> {
  const entries = await readdir(folder, { recursive, withFileTypes: true }).catch((cause: unknown) => {
    throw new AppError('not-found', `The folder '${folder}' cannot be read.`, { cause });
  });
  const inside = (path: string) => path === out || path.startsWith(out.endsWith(sep) ? out : `${out}${sep}`);
  const isFile = async (entry: Dirent): Promise<boolean> => {
    if (!links || !entry.isSymbolicLink()) return entry.isFile();
    return (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.isFile() ?? false;
  };
  const are = await Promise.all(entries.map(isFile));
  const files = entries
    .filter((_, i) => are[i])
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !isHidden(relative(folder, path)))
    .filter((path) => out === folder || !inside(path))
    .toSorted();
  const clips = files.filter((path) => CLIP.test(path));
  const isClip = new Set(clips);
  const taken = new Set(given.values());
  const items = clips.map((input) => {
    const before = given.get(input);
    if (before !== undefined) return { input, output: before };
    const ending = extname(input);
    const stem = input.slice(0, -ending.length);
    const own = WRITABLE.has(ending.toLowerCase()) ? ending : '.mp4';
    const target = endingOf?.(relative(folder, input)) ?? own;
    const mirror = (path: string) => join(out, relative(folder, path));
    let output = mirror(stem + target);
    // a.avi and a.mp4 beside each other both want a.mp4.
    if (taken.has(output) || (target !== ending && isClip.has(stem + target))) output = mirror(input) + target;
    taken.add(output);
    return { input, output };
  });
  return { items, others: files.length - clips.length };
}

/** A file whose name begins with a dot, or that lies in a folder whose name does: trash, previews of other programs, what nobody means. */
function isHidden(path: string): boolean {
  return path.split(sep).some((name) => name.startsWith('.'));
}
