/** Native dialogs and the system's file manager, as the core asks for them. */
import { dialog, shell, type BrowserWindow, type OpenDialogOptions } from 'electron';
import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Client } from '../contract/api.ts';
import { AppError } from '../contract/errors.ts';
import type { DesktopHost } from '../core/studio/context.ts';

/** `window` and `client` are asked for when they are needed: the host is there before them. */
export function desktopHost(window: () => BrowserWindow | undefined, client: () => Client): DesktopHost {
  /** Files and folders the user chose in our dialogs. */
  const chosen = new Set<string>();
  const choose = (paths: string[]): string[] => {
    for (const path of paths) chosen.add(resolve(path));
    return paths;
  };
  const open = async (options: OpenDialogOptions): Promise<string[] | null> => {
    const owner = window();
    const { canceled, filePaths } = await (owner
      ? dialog.showOpenDialog(owner, options)
      : dialog.showOpenDialog(options));
    return canceled || filePaths.length === 0 ? null : choose(filePaths);
  };
  return {
    pickFiles: ({ title, endings, many }) =>
      open({
        title,
        properties: many ? ['openFile', 'multiSelections'] : ['openFile'],
        filters: filtersOf(endings),
      }),
    pickFolder: async ({ title }) =>
      (await open({ title, properties: ['openDirectory', 'createDirectory'] }))?.[0] ?? null,
    async pickSave({ title, name, endings }) {
      const options = { title, defaultPath: basename(name), filters: filtersOf(endings) };
      const owner = window();
      const { canceled, filePath } = await (owner
        ? dialog.showSaveDialog(owner, options)
        : dialog.showSaveDialog(options));
      return canceled || filePath === '' ? null : choose([filePath])[0]!;
    },
    async reveal(path) {
      const place = resolve(path);
      if (!chosen.has(place) && !chosen.has(dirname(place)) && !(await isKnown(place, client()))) {
        throw new AppError('not-allowed', `${place} is no file of the library or of the queue.`);
      }
      const found = await realpath(place).catch((cause: unknown) => {
        throw new AppError('not-found', `${place} is not there any more.`, { cause });
      });
      shell.showItemInFolder(found);
    },
    async fullscreen(on) {
      window()?.setFullScreen(on);
    },
  };
}

function filtersOf(endings: readonly string[]): { name: string; extensions: string[] }[] {
  if (endings.length === 0) return [];
  return [
    { name: endings.map((ending) => `.${ending}`).join(', '), extensions: [...endings] },
    { name: 'All files', extensions: ['*'] },
  ];
}

/** Whether a path is that of a clip, or of something the queue has written or will write. */
async function isKnown(path: string, client: Client): Promise<boolean> {
  const { items } = await client.call('queue.status', {});
  const written = items.flatMap(({ job }) => [job.spec.output, job.result?.output ?? '']);
  if (written.some((output) => output !== '' && (resolve(output) === path || dirname(resolve(output)) === path)))
    return true;
  const pairs = await client.call('pair.list', {});
  if (pairs.some(({ output }) => output !== null && resolve(output) === path)) return true;
  const { clips } = await client.call('library.query', { query: { text: basename(path) }, offset: 0, limit: 1000 });
  return clips.some((clip) => resolve(clip.path) === path);
}
