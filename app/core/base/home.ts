/** Where a library lives: one folder with the database, the chunk store, the scratch folders and the models. */
import { access, constants, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { makeFolder } from './durable.ts';

export interface Home {
  readonly root: string;
  readonly database: string;
  readonly chunks: string;
  readonly scratch: string;
  readonly models: string;
}

export interface HomeOptions {
  /** `--library DIR`; wins over INBETWEEN_HOME. */
  readonly library?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
}

/** The folders of the library at `root`; touches nothing. */
export function homeAt(root: string): Home {
  return {
    root,
    database: join(root, 'library.db'),
    chunks: join(root, 'chunks'),
    scratch: join(root, 'scratch'),
    models: join(root, 'models'),
  };
}

/** What was dropped on a page. */
export function uploadsFolder({ root }: Pick<Home, 'root'>): string {
  return join(root, 'uploads');
}

/** Masks that were painted, each named by its content. */
export function masksFolder({ root }: Pick<Home, 'root'>): string {
  return join(root, 'masks');
}

/** Films that were made for a timeline. */
export function filmsFolder({ root }: Pick<Home, 'root'>): string {
  return join(root, 'films');
}

/** What tag jobs write that nobody named a file for. */
export function tagsFolder({ root }: Pick<Home, 'root'>): string {
  return join(root, 'tags');
}

/** Absolute path of the library's folder: `library`, else INBETWEEN_HOME, else the platform's data folder. */
export function homeFolder({ library, env = process.env, platform = process.platform }: HomeOptions = {}): string {
  const asked = library ?? env['INBETWEEN_HOME'];
  if (asked !== undefined && asked !== '') return resolve(asked);
  const user = homedir();
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(user, 'AppData', 'Local'), 'inbetween');
  if (platform === 'darwin') return join(user, 'Library', 'Application Support', 'inbetween');
  const xdg = env['XDG_DATA_HOME'];
  // The XDG specification asks to ignore a relative path here.
  return join(xdg !== undefined && xdg.startsWith('/') ? xdg : join(user, '.local', 'share'), 'inbetween');
}

/** The library's folders, created where missing. Throws `library-folder` when they cannot be made or written to. */
export async function openHome(options: HomeOptions = {}): Promise<Home> {
  const home = homeAt(homeFolder(options));
  try {
    for (const folder of [home.root, home.chunks, home.scratch]) {
      await makeFolder(folder);
      await access(folder, constants.W_OK | constants.X_OK);
    }
  } catch (cause) {
    throw new AppError('library-folder', await sentence(home.root, cause), { cause });
  }
  return home;
}

async function sentence(root: string, cause: unknown): Promise<string> {
  const isFile = await stat(root).then(
    (found) => !found.isDirectory(),
    () => false,
  );
  const why = isFile ? 'it is a file' : cause instanceof Error ? cause.message : String(cause);
  return `The library folder ${root} cannot be used (${why}); choose another with --library DIR or INBETWEEN_HOME.`;
}
