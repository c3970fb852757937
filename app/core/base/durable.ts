/** Files that are there after the power fails: write aside, fsync, rename, fsync the folder. */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../../contract/errors.ts';

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
}

/** Gives the written file its final name; both in one folder. After it returns the file survives a power cut. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await syncFile(from);
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** Whether `error` is a system error with one of these codes ('ENOENT', ...). */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** The same error, or `disk-full` when the disk was full. */
export function asDiskFull(error: unknown, path: string): unknown {
  if (!isErrno(error, 'ENOSPC', 'EDQUOT')) return error;
  return new AppError('disk-full', `The disk is full: ${path} could not be written.`, { cause: error });
}
