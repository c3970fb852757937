/** Files by what is in them: hashes, and copies that are safely on the disk. */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, constants, copyFile, link, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { asDiskFull, isErrno, makeFolder, renameTo } from '../base/durable.ts';

export interface Content {
  readonly bytes: number;
  readonly sha256: string;
  /** Git's name for a file of this content: SHA-1 over 'blob SIZE\0' and the bytes. */
  readonly gitBlobSha1: string;
}

const PIECE = 1 << 20;

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of every piece read, in bytes. */
  readonly onBytes?: (bytes: number) => void;
}

/** Hashes a file in constant memory. Throws `not-found`, `not-a-file`, `unreadable`; `source-changed` when it changes length meanwhile. */
export async function hashFile(path: string, { signal, onBytes }: HashOptions = {}): Promise<Content> {
  const file = await openToRead(path);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new AppError('not-a-file', `${path} is not a file.`);
    const sha256 = createHash('sha256');
    const git = createHash('sha1').update(`blob ${found.size}\0`);
    const piece = Buffer.alloc(Math.min(PIECE, Math.max(1, found.size)));
    let bytes = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(piece, 0, piece.length, bytes);
      if (bytesRead === 0) break;
      bytes += bytesRead;
      const read = piece.subarray(0, bytesRead);
      sha256.update(read);
      git.update(read);
      onBytes?.(bytesRead);
    }
    if (bytes !== found.size) throw new AppError('source-changed', `${path} changed while it was read.`);
    return { bytes, sha256: sha256.digest('hex'), gitBlobSha1: git.digest('hex') };
  } finally {
    await file.close();
  }
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) throw new AppError('not-found', `There is no ${path}.`, { cause });
    throw new AppError('unreadable', `${path} cannot be read.`, { cause });
  }
}

/** Copies a file (sharing blocks where the file system can). Throws `disk-full`, `not-found`, `unreadable`. */
export async function copyContent(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    // A copy has the mode of what it was copied from, and a file must be writable to be synced.
    await chmod(to, 0o644);
  } catch (cause) {
    await rm(to, { force: true });
    if (isErrno(cause, 'ENOENT')) throw new AppError('not-found', `There is no ${from}.`, { cause });
    if (isErrno(cause, 'EACCES', 'EPERM', 'EIO'))
      throw new AppError('unreadable', `${from} cannot be read.`, { cause });
    throw asDiskFull(cause, to);
  }
}

/**
 * Shares `file`, whose hash is `sha256`, with everything else of that content: one copy on the disk, which `blobs` names. A blob that is
 * not what its name says is replaced. Where the file system has no hard links each file stays its own.
 */
export async function shareContent(file: string, sha256: string, blobs: string): Promise<void> {
  const blob = join(blobs, sha256);
  try {
    await link(file, blob);
    return;
  } catch (error) {
    if (isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EISDIR')) return;
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  // It may go away at any moment: another process removes its last model.
  const there = await hashFile(blob).catch(() => undefined);
  const [from, to] = there?.sha256 === sha256 ? [blob, file] : [file, blob];
  // A short name: the file's own may be as long as names can be.
  const aside = join(dirname(file), `.${randomBytes(8).toString('hex')}`);
  try {
    await link(from, aside);
    await renameTo(aside, to);
  } catch (error) {
    await rm(aside, { force: true });
    if (!isErrno(error, 'ENOENT', 'EEXIST', 'EPERM', 'EACCES', 'EMLINK')) throw error;
  }
}

/** Makes the folder and those above it, as `makeFolder`. Throws `disk-full` and what mkdir throws. */
export async function makeFolders(path: string): Promise<void> {
  await makeFolder(path).catch((error: unknown) => {
    throw asDiskFull(error, path);
  });
}
