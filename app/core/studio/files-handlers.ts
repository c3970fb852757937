/** Handlers of files.* and host.*: choosing files, by the system's dialogs in a window, by looking into opened folders in a page. */
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FolderEntry } from '../../contract/api.ts';
import { AppError } from '../../contract/errors.ts';
import type { Access } from './access.ts';
import type { DesktopHost } from './context.ts';
import type { HandlersOf } from './handlers.ts';

/** Entries shown of one folder. */
const MOST = 5000;

export function filesHandlers(access: Access): HandlersOf<'files'> {
  return {
    'files.browse': async ({ path }) => {
      if (path === '') return await roots(access);
      const folder = await access.check(path);
      const parent = dirname(folder);
      const upwards = await access.check(parent).then(
        () => (parent === folder ? null : parent),
        () => null,
      );
      return {
        path: folder,
        parent: upwards ?? (access.roots === null ? null : ''),
        entries: await entriesOf(folder, access),
      };
    },
  };
}

async function roots(access: Access): ReturnType<HandlersOf<'files'>['files.browse']> {
  const folders = access.roots ?? [homedir()];
  return {
    path: '',
    parent: null,
    entries: folders.map((path) => ({ name: path, path, kind: 'folder' as const, bytes: 0 })),
  };
}

async function entriesOf(folder: string, access: Access): Promise<FolderEntry[]> {
  let found;
  try {
    found = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new AppError('not-found', `${folder} cannot be opened.`, { cause });
  }
  const entries: FolderEntry[] = [];
  for (const entry of found.slice(0, MOST)) {
    const { name } = entry;
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    // What a link that leads out is, and how large, is nobody's business.
    if (entry.isSymbolicLink() && !(await isOpen(path, access))) continue;
    const is = await stat(path).catch(() => undefined);
    if (is?.isDirectory()) entries.push({ name, path, kind: 'folder', bytes: 0 });
    else if (is?.isFile()) entries.push({ name, path, kind: 'file', bytes: is.size });
  }
  return entries.toSorted(
    (a, b) => Number(a.kind === 'file') - Number(b.kind === 'file') || a.name.localeCompare(b.name, 'en'),
  );
}

async function isOpen(path: string, access: Access): Promise<boolean> {
  return await access.check(path).then(
    () => true,
    () => false,
  );
}

export function hostHandlers(desktop: DesktopHost | undefined): HandlersOf<'host'> {
  const need = (): DesktopHost => {
    if (desktop) return desktop;
    throw new AppError('host-cannot', 'A page in a browser cannot do that; the desktop app can.');
  };
  return {
    'host.pickFiles': async (options) => ({ paths: await need().pickFiles(options) }),
    'host.pickFolder': async (options) => ({ path: await need().pickFolder(options) }),
    'host.pickSave': async (options) => ({ path: await need().pickSave(options) }),
    'host.reveal': async ({ path }) => {
      await need().reveal(path);
      return {};
    },
    'host.fullscreen': async ({ on }) => {
      await need().fullscreen(on);
      return {};
    },
  };
}
