/** Which files a caller may name. */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep, basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';

/** The library's folder, and those in it that a page may name: what was dropped on it, films that were made for its timelines. */
interface Library {
  readonly folder: string;
  readonly open: readonly string[];
}

/** The folders that were opened to a page; a window, whose user picks files with native dialogs, has no such limit. */
export class Access {
  readonly roots: readonly string[] | null;
  readonly #library: Library | undefined;

  /** `roots` absolute, links resolved; null for no limit. */
  constructor(roots: readonly string[] | null, library?: Library) {
    this.roots = roots;
    this.#library = library;
  }

  /**
   * Opens folders; links in their names are followed once, here. Of the library's own folder, wherever it lies, a page may name what is in the
   * folders said to be open and nothing else: who writes over the database or a chunk by the name of an export has lost more than a file.
   */
  static async to(folders: readonly string[] | null, library?: Library): Promise<Access> {
    if (folders === null) return new Access(null);
    const real = await Promise.all(folders.map((one) => realpath(resolve(one))));
    if (!library) return new Access([...new Set(real)]);
    const folder = await realpath(library.folder);
    const open = await Promise.all(library.open.map((one) => realpath(one)));
    return new Access([...new Set([...real, ...open])], { folder, open });
  }

  /**
   * The absolute path that may be used for `path`, with links resolved as far as it exists; a file that is yet to be written is judged by its folder.
   * Throws `path-refused` for a path that is not absolute, has a NUL, leads out of the opened folders, or to something hidden in them: who opens
   * the home folder does not mean ~/.ssh.
   */
  async check(path: string): Promise<string> {
    if (path.includes('\0') || !isAbsolute(path)) {
      throw new AppError('path-refused', 'That is no absolute path of a file.');
    }
    const absolute = resolve(path);
    if (this.roots === null) return absolute;
    const real = await realOf(absolute);
    if (this.roots.some((root) => within(root, real)) && !this.#isLibrarys(real)) return absolute;
    throw new AppError(
      'path-refused',
      `${absolute} is not in a folder that was opened to this page; start it with: inbetween serve FOLDER.`,
    );
  }

  #isLibrarys(real: string): boolean {
    if (!this.#library) return false;
    const { folder, open } = this.#library;
    return isBelow(folder, real) && !open.some((one) => isBelow(one, real));
  }
}

/** Whether `path` is `root` or below it; both absolute, without links. */
function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return !isAbsolute(way) && way.split(sep)[0] !== '..';
}

/** Whether `path` is `root` or below it, with nothing hidden on the way; both absolute, without links. */
function within(root: string, path: string): boolean {
  const way = relative(root, path);
  // '..' begins with a dot too.
  return !isAbsolute(way) && !way.split(sep).some((name) => name.startsWith('.'));
}

async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realOf(parent), basename(path));
  }
}
