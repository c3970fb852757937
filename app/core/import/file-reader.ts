/** Random access to a checkpoint's bytes: a file, or a folder of files. Nothing is read that is not asked for. */
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { isErrno } from '../base/durable.ts';

export interface FileReader extends AsyncDisposable {
  /** As given; for messages. */
  readonly path: string;
  readonly isFolder: boolean;
  /** Bytes; 0 for a folder. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`, in memory of their own. Throws `checkpoint-damaged` when they are not all inside
   * the file, before any memory is set aside.
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Names of the files and folders in this folder, sorted; for a file, of those beside it. At most MAX_NAMES. */
  list(): Promise<readonly string[]>;
  /**
   * The file `name` in this folder, or beside this file; `name` may have folders ('variables/variables.index'). Undefined when
   * there is none. It is closed with this one. Throws `checkpoint-refused` for a name that leads out of the folder.
   */
  open(name: string): Promise<FileReader | undefined>;
}

const MAX_NAMES = 10_000;

/** Opens a file or a folder. Throws `not-found`, `not-a-file` (a device, a pipe) or `unreadable`. */
export async function openReader(path: string): Promise<FileReader> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return createReader(path, undefined, 0);
    if (!found.isFile()) throw new AppError('not-a-file', `${path} is neither a file nor a folder.`);
    const handle = await open(path, 'r');
    // The size of what was opened, should the path have been exchanged in between.
    return createReader(path, handle, (await handle.stat()).size);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) throw new AppError('not-found', `There is no ${path}.`, { cause });
    throw new AppError('unreadable', `${path} cannot be read.`, { cause });
  }
}

function createReader(path: string, handle: FileHandle | undefined, size: number): FileReader {
  const folder = handle === undefined ? path : dirname(path);
  const opened: FileReader[] = [];
  return {
    path,
    isFolder: handle === undefined,
    size,
    read: async (offset, length) => {
      if (handle === undefined) throw new AppError('not-a-file', `${path} is a folder.`);
      return await readExactly(handle, path, size, offset, length);
    },
    list: async () => (await readdir(folder)).toSorted().slice(0, MAX_NAMES),
    async open(name) {
      refuseTricks(name);
      const found = await openReader(join(folder, name)).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'not-found') return undefined;
        throw error;
      });
      if (found !== undefined) opened.push(found);
      return found;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((reader) => reader[Symbol.asyncDispose]()));
      await handle?.close();
    },
  };
}

/** One read of the system may give less than asked for; a file that shrank gives nothing at all. */
async function readExactly(
  handle: FileHandle,
  path: string,
  size: number,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const inside = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!inside || offset + length > size) throw outside(path, offset, length, size);
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw outside(path, offset, length, offset + done);
    done += bytesRead;
  }
  return bytes;
}

function outside(path: string, offset: number, length: number, size: number): AppError {
  const sentence = `${basename(path)} is damaged or cut off: ${length} bytes at ${offset} are asked for and it has ${size}.`;
  return new AppError('checkpoint-damaged', sentence);
}

/** Names come from inside untrusted files too ("model_checkpoint_path: ..."), so none may leave the folder. */
function refuseTricks(name: string): void {
  const parts = name.split('/');
  const bad =
    name.includes('\\') || name.includes('\0') || name.includes(':') || parts.some((part) => /^\.{0,2}$/.test(part));
  if (bad)
    throw new AppError(
      'checkpoint-refused',
      `The checkpoint names the file ${JSON.stringify(name)}, outside its folder.`,
    );
}
