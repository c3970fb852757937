/**
 * Files that are there after the power fails: write aside, fsync, rename, fsync the folder.
 *
 * [Note: power cuts] Every file that is to last goes through here; what can be fetched or measured again does not (downloads in parts, ffmpeg itself,
 * what a device was found to take, where a window stood). What holds at each step:
 * - 'sync-file': the bytes are on the disk, under a name that nobody takes for the finished thing.
 * - 'rename', 'link': the final name shows them. After a power cut it does or it does not; never with other bytes, since those were synced first.
 * - 'sync-folder': the name is on the disk too. Only then may the database say that it is done ('commit', library/db.ts).
 * A chunk, whose loss costs only its making, may be in the database before its folder is synced: a row without a file is dropped when it is asked for.
 * Pictures that are kept only to be looked at are renamed without a sync; an empty one counts as missing.
 * test/long/power.long.ts cuts the power after each step, and replays it with everything lost that was not synced.
 */
import { renameSync } from 'node:fs';
import { link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../contract/errors.ts';

/** Something was done to the disk. 'commit': the database, with all that was committed before, is on it. */
export interface DurableStep {
  readonly op: 'sync-file' | 'rename' | 'link' | 'unlink' | 'sync-folder' | 'commit';
  readonly path: string;
  /** Of 'rename' and 'link'. */
  readonly to?: string;
}

let observer: ((step: DurableStep) => void) | undefined;

/** Hears of every step right after it was done, in this process. For tests. */
export function observeDurable(heard: ((step: DurableStep) => void) | undefined): void {
  observer = heard;
}

/** For the steps that others take. */
export function tellStep(step: DurableStep): void {
  observer?.(step);
}

/** Waits until the file's bytes are on the disk. Throws `disk-full` when they do not fit. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } catch (error) {
    throw asDiskFull(error, path);
  } finally {
    await file.close();
  }
  tellStep({ op: 'sync-file', path });
}

/** Waits until the folder's names are on the disk. Windows cannot open a folder and does not need to. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    // Some network and FUSE file systems refuse fsync on a folder; there is nothing more to do on them.
    if (!isErrno(error, 'EINVAL', 'ENOTSUP', 'EBADF')) throw error;
  } finally {
    await folder.close();
  }
  tellStep({ op: 'sync-folder', path });
}

/** Milliseconds after which a name that is held is tried again: virus scanners and network folders hold new files for a moment. */
const HELD_MS = [20, 100, 400];
/** On Windows a held file is "not permitted"; elsewhere that is an answer. */
const HELD = process.platform === 'win32' ? ['EBUSY', 'EPERM', 'EACCES'] : ['EBUSY'];

/** Gives a file or folder another name, on the same file system; what has that name is replaced. Throws what rename throws. */
export async function renameTo(from: string, to: string): Promise<void> {
  for (let again = 0; ; again++) {
    try {
      await rename(from, to);
      break;
    } catch (error) {
      const wait = HELD_MS[again];
      if (wait === undefined || !isErrno(error, ...HELD)) throw error;
      await sleep(wait);
    }
  }
  tellStep({ op: 'rename', path: from, to });
}

/** As `renameTo`, at once: inside a transaction. */
export function renameNow(from: string, to: string): void {
  renameSync(from, to);
  tellStep({ op: 'rename', path: from, to });
}

/** Moves a file to a name that nothing has. Throws EEXIST where something has it, and what link throws where there are no hard links. */
export async function moveNew(from: string, to: string): Promise<void> {
  await link(from, to);
  tellStep({ op: 'link', path: from, to });
  await unlink(from);
  tellStep({ op: 'unlink', path: from });
}

/** Gives the written file its final name; both in one folder. After it returns the file survives a power cut. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await syncFile(from);
  await renameTo(from, to);
  await syncFolder(dirname(to));
}

/**
 * Makes the folder and those above it; what was made survives a power cut, so that what is synced inside does. (Node's own recursive mkdir never
 * returns where a file system says ENOENT though the parent is there, as /proc does.) Throws what mkdir throws; EEXIST where it is no folder.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (await isFolder(path)) return;
    if (!isErrno(error, 'ENOENT') || dirname(path) === path || (await isFolder(dirname(path)))) throw error;
    await makeFolder(dirname(path));
    return await makeFolder(path);
  }
  // A folder that may be written to but not read cannot be synced: that is no reason not to use it.
  await syncFolder(dirname(path)).catch(() => {});
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Whether `error` is a system error with one of these codes ('ENOENT', ...). */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** The same error, or `disk-full` when the disk was full. */
export function asDiskFull(error: unknown, path: string): unknown {
  if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) return error;
  return new AppError('disk-full', `The disk is full: ${path} could not be written.`, { cause: error });
}

/** Why a file could not be put in its place, in words: `output-folder`, `disk-full`; anything that is no system error as it is. */
export function asPlaceError(cause: unknown, to: string): unknown {
  if (cause instanceof AppError || !(cause instanceof Error) || !('code' in cause)) return cause;
  const full = asDiskFull(cause, to);
  if (full !== cause) return full;
  const why = PLACE_WORDS[String(cause.code)] ?? cause.message;
  return new AppError('output-folder', `${to} could not be put in place: ${why}.`, { cause });
}

const PLACE_WORDS: Readonly<Record<string, string>> = {
  EISDIR: 'there is a folder of that name',
  ENOTEMPTY: 'there is a folder of that name',
  ENOENT: 'its folder, or what was written into it, is gone',
  ENOTDIR: 'its folder has become a file',
  EACCES: 'its folder may not be written to',
  EPERM: 'its folder may not be written to',
  EROFS: 'its disk may only be read',
  EXDEV: 'its folder is spread over two disks; write to another folder',
  EBUSY: 'another program holds a file of that name; close it',
  ESTALE: 'the network folder is gone; connect it again',
  EIO: 'the disk fails; write to another',
};
