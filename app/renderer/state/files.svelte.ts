/** Choosing files: by the system's dialogs in a window, by a dialog of ours over files.browse in a page; and what is dropped. */
import { app, bridge, client } from './connection.svelte.ts';
import { toasts } from './toasts.svelte.ts';

export type Picking =
  | { what: 'files'; title: string; endings: readonly string[]; many: boolean; done(paths: string[] | null): void }
  | { what: 'folder'; title: string; done(paths: string[] | null): void }
  | { what: 'save'; title: string; name: string; endings: readonly string[]; done(paths: string[] | null): void };

class Picker {
  /** What the dialog in the page is asked for now. */
  current: Picking | null = $state.raw(null);

  ask(make: (done: (paths: string[] | null) => void) => Picking): Promise<string[] | null> {
    this.current?.done(null);
    return new Promise((resolve) => {
      this.current = make((paths) => {
        this.current = null;
        resolve(paths);
      });
    });
  }
}

export const picker = new Picker();

/** Paths of files with one of the endings (without dot; none: any), null when the user thought better of it. */
export async function pickFiles(options: {
  title: string;
  endings?: readonly string[];
  many?: boolean;
}): Promise<string[] | null> {
  const { title, endings = [], many = true } = options;
  if (app.info.host === 'window') {
    return (await client.call('host.pickFiles', { title, endings: [...endings], many })).paths;
  }
  return await picker.ask((done) => ({ what: 'files', title, endings, many, done }));
}

export async function pickFolder({ title }: { title: string }): Promise<string | null> {
  if (app.info.host === 'window') return (await client.call('host.pickFolder', { title })).path;
  return (await picker.ask((done) => ({ what: 'folder', title, done })))?.[0] ?? null;
}

/** Where a file shall be written. */
export async function pickSave(options: {
  title: string;
  name: string;
  endings?: readonly string[];
}): Promise<string | null> {
  const { title, name, endings = [] } = options;
  if (app.info.host === 'window') {
    return (await client.call('host.pickSave', { title, name, endings: [...endings] })).path;
  }
  return (await picker.ask((done) => ({ what: 'save', title, name, endings, done })))?.[0] ?? null;
}

/** Paths of what was dropped. A page sends the files to the core first, which keeps them in the library's folder. Call it at once in the drop handler. */
export async function pathsOfDrop(data: DataTransfer): Promise<string[]> {
  const files = [...data.files];
  const own = bridge;
  if (own) return files.map((file) => own.pathOf(file)).filter((path) => path !== '');
  // Entries are only there while the event is handled.
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found = (await Promise.all(entries.map(filesOf))).flat();
  const paths: string[] = [];
  for (const [index, file] of found.entries()) {
    const id = toasts.show(`Copying ${file.name} (${index + 1} of ${found.length}) ...`);
    try {
      paths.push(await upload(file));
    } catch (thrown) {
      toasts.failed(thrown);
    } finally {
      toasts.close(id);
    }
  }
  return paths;
}

async function upload(file: File): Promise<string> {
  if (app.info.upload === null) throw new Error('Files cannot be dropped here; use Add files.');
  const response = await fetch(`${app.info.upload}?name=${encodeURIComponent(file.name)}`, {
    method: 'POST',
    body: file,
  });
  const answer = (await response.json()) as { path?: string; error?: { message: string } };
  if (answer.path === undefined) throw new Error(answer.error?.message ?? `${file.name} could not be copied.`);
  return answer.path;
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  if (!entry.isDirectory) return [];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesOf))).flat();
}
