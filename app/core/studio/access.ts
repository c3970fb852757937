/** Which files a caller may name. */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep, basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';

/** The folders that were opened to a page; a window, whose user picks files with native dialogs, has no such limit. */
export class Access {
  readonly roots: readonly string[] | null;

  /** `roots` absolute, links resolved; null for no limit. */
  constructor(roots: readonly string[] | null) {
    this.roots = roots;
  }

  /** Opens folders; links in their names are followed once, here. */
  static async to(folders: readonly string[] | null): Promise<Access> {
    if (folders === null) return new Access(null);
    const real = await Promise.all(folders.map((folder) => realpath(resolve(folder))));
    return new Access([...new Set(real)]);
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
    if (this.roots.some((root) => within(root, real))) return absolute;
    throw new AppError(
      'path-refused',
      `${absolute} is not in a folder that was opened to this page; start it with: inbetween serve FOLDER.`,
    );
  }
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
